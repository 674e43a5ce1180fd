"""`flowstate bench registry`: recording, proving and verifying in a log of a million entries, and what a kill leaves."""

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer

from flowstate_flower import wiring
from flowstate_flower.admission import Admitted, Invitation, Submission
from flowstate_flower.attribution import Share
from flowstate_flower.cli.bench.measures import CheckOption, Measure, figure, show
from flowstate_flower.cli.bench.population import COHORT, among_connected, cohort, name_of, populated
from flowstate_flower.cli.output import Format, FormatOption, stderr
from flowstate_flower.clients import TenantPolicy
from flowstate_flower.clients.home import TenantVoice
from flowstate_flower.registry import Registry, audit, log, rounds
from flowstate_flower.round import ClosedRound, Contribution, Outcome
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import PrivacyClaim, UpdateStatement, sign

LEAST_EVENTS_PER_SECOND = 5000.0
MOST_PROOF_MS = 5.0
MOST_VERIFY_SECONDS = 60.0
MOST_ROUND_MS = 50.0
MOST_COHORT_MS = 50.0
MOST_OVERHEAD = 5.0
COHORTS, CONNECTED, PER_CONNECTED = 200, 1000, 20
TENANTS, BATCH, BATCHES, PROOFS = 100, 100, 200, 300
PURPOSE, DIGEST, NONCE = "bench", "0" * 64, "0" * 32
Keys = dict[str, SigningKey]


def registry(
    entries: Annotated[int, typer.Option(help="Entries of the log.", min=1000)] = 1_000_000,
    population: Annotated[int, typer.Option(help="Tenants out of which cohorts are chosen.", min=1000)] = 1_000_000,
    training: Annotated[float, typer.Option(help="Seconds that a tenant trains in the round that is compared.", min=0)] = 10.0,
    kills: Annotated[int, typer.Option(help="How often a process that records rounds is killed.", min=0)] = 100,
    check: CheckOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """The registry: recording rounds, appending to the log, proving and verifying it, choosing cohorts, what tenancy adds to a
    round, and kill -9 at random points.

    The goals are those of a log of 1 000 000 entries and of 1 000 000 tenants.

    Example: `flowstate bench registry --check`
    """
    from flowstate_flower.cli.bench.kills import survived

    with TemporaryDirectory(prefix="flowstate-bench-") as folder:
        opened, keys = enrolled(Path(folder) / "registry", TENANTS)
        measures = [_recording(opened, keys, entries), _appending(opened), _proving(opened), *_verifying(opened)]
        opened.close()
    with TemporaryDirectory(prefix="flowstate-bench-") as folder:
        measures += [*_choosing(Path(folder) / "registry", population), *_tenancy(Path(folder) / "tenancy", training)]
    if kills:
        whole = survived(kills)
        measures.append(Measure(f"kill -9, {kills} times: registries whole", whole, "", f"= {kills}", whole == kills))
    show(measures, output, check=check)


def enrolled(folder: Path, count: int) -> tuple[Registry, Keys]:
    """A new registry with a run that has begun, and its tenants."""
    made = Registry.create(folder)
    keys = {f"tenant-{number:03}": SigningKey.generate() for number in range(count)}
    for name, key in keys.items():
        policy = TenantPolicy(tenant=name, purposes=(PURPOSE,), allow_without_privacy=True)
        wiring.admit(made, TenantVoice(policy, key).request())
    rounds.start_run(made, rounds.RunPlan(PURPOSE, PURPOSE, "median", 0, 1, DIGEST))
    return made, keys


def closed_round(number: int, keys: Keys) -> ClosedRound:
    """A round of `PURPOSE` in which every tenant's signed and private update counted."""
    model = (np.full(8, number, dtype=np.float32),)
    claim = PrivacyClaim(
        noise_multiplier=1, clip_norm=1, sample_rate=0.1, steps=5, epsilon=number * 0.1, delta=1e-5, randomness="os"
    )
    contributions = []
    for node, (name, key) in enumerate(keys.items()):
        statement = UpdateStatement(
            run=PURPOSE,
            round=number,
            tenant=name,
            base=DIGEST,
            nonce=NONCE,
            update=DIGEST,
            examples=100,
            privacy=claim,
            at="2026-11-22T16:00:00Z",
        )
        share = Share(1 / len(keys), 0.0, 1.0)
        contributions.append(Contribution(Submission(node, sign(statement, key), statement, model), 1 / len(keys), share))
    invitations = tuple(Invitation(name, node, key.public, NONCE) for node, (name, key) in enumerate(keys.items()))
    admitted = Admitted(tuple(c.submission for c in contributions), (), ())
    outcome = Outcome(admitted, tuple(contributions), np.zeros(8), "")
    return ClosedRound(PURPOSE, number, invitations, outcome, DIGEST, ("w",), model)


def _recording(opened: Registry, keys: Keys, entries: int) -> Measure:
    """Fill the log with whole rounds."""
    milliseconds: list[float] = []
    told, number = time.monotonic(), 0
    per_round = 1 + 3 * len(keys)
    while number * per_round < entries:
        number += 1
        closed = closed_round(number, keys)
        milliseconds.append(_milliseconds(partial(rounds.record_round, opened, closed)))
        if time.monotonic() > told + 10:
            stderr.print(f"recorded {number * per_round:,} of {entries:,} entries")
            told = time.monotonic()
    p95 = _p95(milliseconds)
    return _at_most(f"round of {len(keys)} contributions recorded, p95 of {number}", p95, "ms", MOST_ROUND_MS)


def _appending(opened: Registry) -> Measure:
    begun = time.perf_counter()
    for batch in range(BATCHES):
        rounds.record_evaluation(opened, PURPOSE, batch, [(f"metric-{i}", 0.5) for i in range(BATCH)])
    rate = BATCHES * BATCH / (time.perf_counter() - begun)
    goal = LEAST_EVENTS_PER_SECOND
    return Measure(f"events appended in batches of {BATCH}", rate, "/s", f"≥ {goal:g}", rate >= goal)


def _proving(opened: Registry) -> Measure:
    rng, note = np.random.default_rng(1), log.newest_checkpoint(opened)
    size = int(note.splitlines()[1])
    milliseconds: list[float] = []
    for _ in range(PROOFS):
        index = rng.integers(size).item()
        milliseconds.append(_milliseconds(partial(log.prove_entry, opened, index, note, opened.operator)))
    return _at_most(f"inclusion proof from {size} entries, p95", _p95(milliseconds), "ms", MOST_PROOF_MS)


def _verifying(opened: Registry) -> Iterator[Measure]:
    told = [0.0]

    def progress(what: str, done: int, of: int) -> None:
        if time.monotonic() > told[0] + 5:
            stderr.print(f"{what}: {done:,} of {of:,}")
            told[0] = time.monotonic()

    begun = time.perf_counter()
    verdict = audit.verify(opened, opened.operator, progress=progress)
    seconds = time.perf_counter() - begun
    yield _at_most(f"{verdict.entries} entries verified, rows and signatures", seconds, "s", MOST_VERIFY_SECONDS)
    yield Measure("verified", float(verdict.verified), "", "= 1", verdict.verified)


def _choosing(folder: Path, population: int) -> Iterator[Measure]:
    opened, rng = populated(folder, population), random.Random(2)  # noqa: S311  a draw to measure
    cohorts = [_milliseconds(partial(cohort, opened, rng)) for _ in range(COHORTS)]
    title = f"cohort of {COHORT} out of {population:,} tenants".replace(",", " ")
    yield _at_most(f"{title}, p95", _p95(cohorts), "ms", MOST_COHORT_MS)
    yield figure(f"{title}, median", median(cohorts), "ms")
    connected = [[name_of(number) for number in rng.sample(range(population), CONNECTED)] for _ in range(PER_CONNECTED)]
    among = [_milliseconds(partial(among_connected, opened, names)) for names in connected]
    yield figure(f"all eligible among {CONNECTED} connected, out of as many tenants, median", median(among), "ms")
    opened.close()


def _tenancy(folder: Path, training: float) -> Iterator[Measure]:
    from flowstate_flower.cli.bench.tenancy import round_seconds

    bare, ours = round_seconds(folder, TENANTS, training)
    what = f"a whole in-process round of {TENANTS} tenants that train at once for {training:g} s"
    yield _at_most(f"{what}: TenantStrategy with registry, more than FedAvg", 100 * (ours / bare - 1), "%", MOST_OVERHEAD)
    yield figure(f"{what}: FedAvg", 1000 * bare, "ms")
    yield figure(f"{what}: what tenancy adds", 1000 * (ours - bare), "ms")


def _milliseconds(work: Callable[[], object]) -> float:
    """Wall time of one call; garbage waits until it is done."""
    gc.disable()
    try:
        begun = time.perf_counter()
        work()
        return 1000 * (time.perf_counter() - begun)
    finally:
        gc.enable()


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def _at_most(name: str, value: float, unit: str, bound: float) -> Measure:
    return Measure(name, value, unit, f"< {bound:g}", value < bound)
