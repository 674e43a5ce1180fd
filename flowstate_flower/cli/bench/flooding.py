"""One tenant that floods, and what the others notice of it."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flowstate_flower.cli.bench import goals
from flowstate_flower.cli.bench.driving import Notes, fleet
from flowstate_flower.cli.bench.fleet import Member
from flowstate_flower.cli.bench.flood import DUE, SENT, FloodSpec
from flowstate_flower.cli.bench.founding import founded
from flowstate_flower.cli.bench.measures import Measure, at_most, figure
from flowstate_flower.cli.bench.ours import PURPOSE, Ours, our_superlink
from flowstate_flower.deployment.processes import flower_environment
from flowstate_flower.registry import Registry, audit, server_events, views
from flowstate_flower.superlink.hostile import Attack
from flowstate_flower.trust.keys import SigningKey

HOSTILE, HONEST = "hostile", tuple(f"honest-{number}" for number in range(9))
PARAMETERS, OBJECT_BYTES = 250_000, 4 * 2**20
CALM_ROUNDS, MOST_ROUNDS, LOOK_SECONDS = 6, 200, 0.2
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Flooded:
    """What was seen: seconds of the honest tenants' rounds before and during the flood, what was sent, and peaks in bytes."""

    calm: list[float]
    flooded: list[float]
    counts: Counts
    peak_before: int
    peak: int


def flooding(folder: Path, per_second: int, seconds: int) -> Iterator[Measure]:
    """All measures. The hostile tenant is asked as the others are, and answers with another's signature."""
    made = founded(folder, (HOSTILE, *HONEST), PURPOSE)
    SigningKey.generate().write(folder / "stolen.key")
    liar = made.members[0].model_copy(update={"signing_key": folder / "stolen.key"})
    members = (liar, *made.members[1:])
    with our_superlink(folder / "ours", made, OBJECT_BYTES) as ours:
        seen = _seen(ours, folder, members, per_second, seconds)
    title = f"{len(HONEST)} tenants while another sends {per_second} hostile requests a second for {seconds} s"
    yield at_most(f"{title}: a round, of one in calm", median(seen.flooded) / median(seen.calm), "×", goals.MOST_FLOODED_RATIO)
    yield figure(f"{title}: a round in calm", median(seen.calm), "s")
    yield at_most(
        f"{title}: memory of the SuperLink above calm",
        (seen.peak - seen.peak_before) / 1e6,
        "MB",
        goals.MOST_FLOODED_BYTES / 1e6,
    )
    yield from _recorded(made.operator, title, seen.counts, seconds)


def _seen(ours: Ours, folder: Path, members: tuple[Member, ...], per_second: int, seconds: int) -> Flooded:
    honest = members[1:]
    with (
        fleet(folder / "calm", ours.address, ours.founded.ca, members) as notes,
        ours.started("calm", honest, PARAMETERS, CALM_ROUNDS),
    ):
        pass
    calm, before = notes.round_seconds(HONEST), ours.peaks.superlink
    rounds = min(MOST_ROUNDS, max(CALM_ROUNDS, math.ceil(seconds / median(calm))))
    with (
        fleet(folder / "flooded", ours.address, ours.founded.ca, members) as notes,
        ours.started("flooded", honest, PARAMETERS, rounds) as run_id,
    ):
        spec = FloodSpec(
            address=ours.address,
            ca=ours.founded.ca,
            member=members[0],
            node_id=_node(notes),
            run_id=run_id,
            oversize_bytes=2 * OBJECT_BYTES,
            per_second=float(per_second),
            seconds=float(seconds),
        )
        counts = _flooded(folder, spec)
    return Flooded(calm, notes.round_seconds(HONEST), counts, before, ours.peaks.superlink)


def _node(notes: Notes) -> int:
    """The hostile tenant's node, once it has answered in the first round."""
    while (found := notes.node_of(HOSTILE)) is None:
        time.sleep(LOOK_SECONDS)
    return found


def _flooded(folder: Path, spec: FloodSpec) -> Counts:
    (folder / "flood.json").write_text(spec.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "flowstate_flower.cli.bench.flood", str(folder / "flood.json")]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=flower_environment(folder), check=True)
    counts: Counts = json.loads(done.stdout)
    return counts


def _recorded(operator: Path, title: str, counts: Counts, seconds: int) -> Iterator[Measure]:
    """What the registry says of it."""
    with closing(Registry.open(operator)) as registry:
        parts = {part.tenant: part for run in ("calm", "flooded") for part in views.participation(registry, run)}
        with registry.reading() as session:
            events = server_events.counted(session).get(HOSTILE, {})
        verified = audit.verify(registry.with_keys(), registry.operator).verified
    admitted = parts[HOSTILE].trained if HOSTILE in parts else 0
    yield Measure(f"{title}: answers of it that were admitted", admitted, "", "= 0", admitted == 0)
    due, sent = (sum(found.get(what, 0) for found in counts.values()) for what in (DUE, SENT))
    yield figure(f"{title}: offered", due / seconds, "/s")
    yield figure(f"{title}: taken from it", sent / seconds, "/s")
    for attack in Attack:
        count = events.get(str(attack), 0)
        yield Measure(f"{title}: {attack}, counted and audited", count, "", "> 0", count > 0)
    yield figure(f"{title}: all that was counted of it", sum(events.values()), "")
    yield Measure(f"{title}: the log verifies", float(verified), "", "= 1", verified)
