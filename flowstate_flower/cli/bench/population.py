"""Choosing a cohort out of a great many tenants, in a scratch registry that is filled in bulk, without signatures or a log."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flowstate_flower.cli.output import stderr
from flowstate_flower.registry import Registry, gate
from flowstate_flower.registry.tables import ConsentRow, InvitationRow, KeyRow, PrivacyEventRow, RoundRow, RunRow, TenantRow
from flowstate_flower.registry.tenancy_tables import PlaceRow, SettingsRow, UsageRow
from flowstate_flower.trust.bounds import Ask
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

COHORT, CHUNK = 100, 50_000
BEFORE, LATER, TODAY = "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z", 2**40
WORK, PRIVACY = LocalWork(steps=1, batch_size=1, learning_rate=0.1), PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0)
POPULATION = Ask("population", "population", WORK, PRIVACY)
ENVELOPE = "x" * 800
"""As long as a signed consent is."""
Rows = Iterator[tuple[Any, dict[str, Any]]]
"""Tables, and what goes into them."""


def populated(folder: Path, count: int) -> Registry:
    """A registry of `count` tenants. Of every ten one is suspended, one has withdrawn, one has an expired consent, one has used
    up its quota for the day, one its privacy budget; two more have a quota or a budget that is not used up.
    """
    made, rng = Registry.create(folder), random.Random(1)  # noqa: S311  a population to measure with
    plan: dict[str, Any] = {
        "purpose": POPULATION.purpose,
        "rule": "mean",
        "byzantine": 0,
        "planned_rounds": 1,
        "base_digest": "",
    }
    run = RunRow(id=POPULATION.run, status="running", started_at=BEFORE, **plan)
    closed = RoundRow(run=run.id, number=1, status="aggregated", why="", base_digest="", model_digest="", closed_at=LATER)
    with made.session(writes=True) as session:
        session.add(run)
        session.flush()
        session.add(closed)
        session.commit()
    for first in range(0, count, CHUNK):
        rows: dict[Any, list[dict[str, Any]]] = {}
        for number in range(first, min(first + CHUNK, count)):
            for table, values in _tenant(number, rng):
                rows.setdefault(table, []).append(values)
        with made.session(writes=True) as session:
            for table, all_values in rows.items():
                session.connection().execute(table.__table__.insert(), all_values)
            session.commit()
        stderr.print(f"{min(first + CHUNK, count):,} of {count:,} tenants")
    return made


def cohort(opened: Registry, rng: random.Random) -> None:
    """What is measured: a cohort out of all tenants."""
    if len(gate.cohort(opened, POPULATION, COHORT, rng, model_bytes=1000)) != COHORT:
        raise RuntimeError("a cohort is not full")


def among_connected(opened: Registry, names: list[str]) -> None:
    """What a roster does where the nodes of `names` are connected."""
    gate.candidates(opened, POPULATION, names)


def name_of(number: int) -> str:
    """The tenant's name; neighbours in number are so in the registry."""
    return f"tenant-{number:07}"


def _tenant(number: int, rng: random.Random) -> Rows:
    name, kind = name_of(number), number % 10
    own = {"tenant": name, "purpose": POPULATION.purpose}
    yield TenantRow, {"name": name, "status": "suspended" if kind == 0 else "active", "created_at": BEFORE}
    key = rng.randbytes(32).hex()
    yield KeyRow, {"tenant": name, "public_key": key, "use": "signing", "added_at": BEFORE, "revoked_at": None}
    yield PlaceRow, {**own, "position": number + 1}
    yield (
        ConsentRow,
        {
            **own,
            "signed_at": BEFORE,
            "granted_at": BEFORE,
            "withdrawn_at": LATER if kind == 1 else None,
            "expires_at": LATER if kind == 2 else None,
            "largest_epsilon": {4: 1.0, 5: 3.0}.get(kind),
            "most_rounds": 2 if kind == 5 else None,
            "envelope": ENVELOPE,
        },
    )
    if kind in (3, 6):
        body = f'{{"quotas":{{"rounds_per_day":{5 if kind == 3 else 50}}}}}'
        setting = {"layer": f"tenant:{name}", "version": 1, "tenant": name, "body": body, "set_at": BEFORE, "actor": "operator"}
        yield SettingsRow, setting
        yield UsageRow, {"tenant": name, "counter": "rounds per 1 day", "amount": 5, "until": TODAY}
    if kind in (4, 5):
        asked = {"run": POPULATION.run, "round": 1, "tenant": name}
        yield InvitationRow, {**asked, "node": str(number)}
        said = {"unit": "example", "relation": "add-or-remove", "noise_multiplier": 1.0, "clip_norm": 1.0, "sample_rate": 0.1}
        said |= {"clipping": "flat", "truncated_at": None, "account": None}
        yield PrivacyEventRow, {**asked, **said, "steps": 1, "epsilon": 1.5, "delta": 1e-5, "randomness": "os"}
