"""A small registry with real history: two rounds of a run, recorded by the real strategy."""

import importlib.util
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowstate_flower import wiring
from flowstate_flower.registry import Registry, certificates, configuration, consents, rounds
from flowstate_flower.registry.certificates import Certified
from flowstate_flower.registry.database import log_origin
from flowstate_flower.registry.deployment_tables import RoundStateRow, RunAttemptRow, RunSpecRow, ServerEventRow, TicketRow
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.log import newest_checkpoint
from flowstate_flower.registry.witnesses import add_cosignatures
from flowstate_flower.strategies import RunTerms
from flowstate_flower.transparency.checkpoint import verified
from flowstate_flower.transparency.witness import cosign
from flowstate_flower.trust.keys import PublicKey, SigningKey
from flowstate_flower.trust.statements import Refused


def cosigned(registry: Registry, key: SigningKey, known: Sequence[PublicKey] = ()) -> str:
    """Cosign the newest checkpoint, store the cosignature, and return the note."""
    note = newest_checkpoint(registry)
    line = cosign(verified(note, log_origin(registry.operator), registry.operator), key, 1_800_000_000).line()
    add_cosignatures(registry, note + line, known, actor="operator")
    return note + line


@pytest.fixture
def witness() -> Callable[..., str]:
    """`cosigned`."""
    return cosigned


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """A PostgreSQL server, started once."""
    postgresql = _module("postgresql")
    if why := postgresql.missing():
        pytest.skip(why)
    with postgresql.running() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def create(request: pytest.FixtureRequest) -> Callable[[Path], Registry]:
    """`create(folder)` makes a registry with its files in `folder`: every test that asks runs on both databases.

    What concerns a file alone says `@pytest.mark.parametrize("create", ["sqlite"], indirect=True)`.
    """
    if request.param == "sqlite":
        return Registry.create
    server = request.getfixturevalue("server")
    return lambda folder: Registry.create(server.new_database(), folder)


@pytest.fixture
def raw(request: pytest.FixtureRequest) -> Callable[..., list[tuple]]:
    """`raw(registry, statement, ...)`: somebody with all rights on the database, past this package.

    Returns the rows; a statement that changes nothing is a mistake of the test.
    """

    def run(registry: Registry, *statements: str) -> list[tuple]:
        rows: list[tuple] = []
        for statement in statements:
            if registry.place.url is None:
                with sqlite3.connect(registry.path) as connection:
                    cursor = connection.execute(statement)
                    found, changed = cursor.fetchall(), cursor.rowcount
            else:
                found, changed = request.getfixturevalue("server").sql(statement, registry.place.url.database)
            assert changed, statement
            rows += found
        return rows

    return run


@pytest.fixture
def on_disk(request: pytest.FixtureRequest) -> Callable[[Registry], bytes]:
    """Every byte that the database keeps in its tables' files."""

    def read(registry: Registry) -> bytes:
        if registry.place.url is None:
            return b"".join(path.read_bytes() for path in registry.path.parent.glob("registry.db*"))
        return request.getfixturevalue("server").content(registry.place.url.database)

    return read


def _module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def deployed(registry: Registry, run_id: str, tenants: Sequence[str]) -> None:
    """A deployment's rows: tickets, certificates and events of `tenants`, and what a run needs to go on."""
    with desk(registry, actor="operator") as d:
        for tenant in tenants:
            uri, until = f"spiffe://example/tenant/{tenant}", "2099-01-01T00:00:00Z"
            certificates.add(d, Certified(f"0f{tenant}", tenant, uri, "0" * 64, "2026-01-01T00:00:00Z", until))
            d.add(ServerEventRow(id=f"e-{tenant}", at=d.now, kind="rate-limited", tenant=tenant, count=3, detail="sampled"))
            d.add(TicketRow(id=f"t-{tenant}", tenant=tenant, token_digest="0" * 64, made_at=d.now, expires_at=d.now))
        d.add(RunSpecRow(run=run_id, spec="{}"))
        d.add(RunAttemptRow(run=run_id, number=1, flower_run="4711", first_round=1, started_at=d.now))
        d.add(RoundStateRow(run=run_id, round=2, digest="0" * 64))


@pytest.fixture
def deploy() -> Callable[[Registry, str, Sequence[str]], None]:
    """`deployed`."""
    return deployed


@pytest.fixture
def recorded(tmp_path: Path, create, federation, run_terms: RunTerms, voice) -> Callable[[], Registry]:
    """Makes a registry in `tmp_path/registry` that holds contributions, a refusal, a rejection and a withdrawal."""

    def make() -> Registry:
        registry = create(tmp_path / "registry")
        voices = {name: voice(name, federation.keys[name]) for name in federation.tenants}
        for speaker in voices.values():
            wiring.admit(registry, speaker.request(contact="somebody@example.org"))
            consents.accept(registry, speaker.consent("research"))
        federation.lies["tenant-5"] = lambda reply, request: reply.refuse(request, Refused.BUDGET)
        federation.lies["tenant-6"] = lambda reply, _: reply.layers["bias"].fill(np.nan)
        terms = replace(run_terms, closing=replace(run_terms.closing, quorum=1))
        rounds.start_run(registry, rounds.RunPlan("run-1", "research", "median", 2, 2, "0" * 64))
        federation.run(terms, rounds=2)
        for closed in federation.closed:
            rounds.record_round(registry, closed)
            rounds.record_evaluation(registry, "run-1", closed.number, [("accuracy", 0.5)])
        consents.accept(registry, voices["tenant-4"].withdrawal("research"))
        configuration.change(registry, "quotas.nodes", 3, actor="operator", tenant="tenant-0")
        cosigned(registry, federation.keys["tenant-0"])
        rounds.finish_run(registry, "run-1", rounds.COMPLETED, model_digest="1" * 64)
        return registry

    return make
