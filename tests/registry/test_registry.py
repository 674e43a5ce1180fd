"""One transaction or none, and a log that says so."""

import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.errors import BadInput, BrokenRegistry, UnknownName
from flowstate_flower.registry import Registry, audit, consents, tenants, views
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.models import load_model, write_model
from flowstate_flower.registry.tables import TenantRow
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import RequestStatement, sign


def request_of(name: str, *nodes: str) -> Envelope:
    key = SigningKey.generate()
    at = "2026-01-01T00:00:00.000000Z"
    return sign(RequestStatement(tenant=name, key=key.public.text, nodes=nodes, contact="", at=at), key)


@pytest.fixture
def enrolled(create) -> Callable[..., Registry]:
    """`enrolled(folder, name, ...)`."""

    def make(folder: Path, *names: str) -> Registry:
        registry = create(folder)
        for name in names:
            wiring.admit(registry, request_of(name, name.encode().hex()))
        return registry

    return make


def test_a_round_is_recorded_as_it_was(recorded, envelope_payload, raw) -> None:
    registry = recorded()
    assert [(r.status, r.invited, r.accepted, r.refused, r.rejected) for r in views.rounds(registry, "run-1")] == [
        ("aggregated", 7, 5, 1, 1)
    ] * 2
    parts = {part.tenant: part for part in views.participation(registry, "run-1")}
    assert parts["tenant-5"].reasons == {"budget-exhausted": 2}
    assert parts["tenant-6"].reasons == {"not-finite": 2}
    assert parts["tenant-4"].status == "withdrawn"
    assert parts["tenant-0"].epsilon == 0.5
    assert sum(part.share for part in parts.values()) == pytest.approx(1)
    ((envelope,),) = raw(registry, "select envelope from contribution where tenant='tenant-0' and round=2")
    assert envelope_payload(envelope)["round"] == 2
    assert load_model(registry.path.parent / "models" / f"{views.rounds(registry, 'run-1')[0].model_digest}.npz")


def test_nodes_belong_to_the_tenant_that_registered_their_key(tmp_path: Path, enrolled) -> None:
    assert tenants.node_owners(enrolled(tmp_path, "a", "b"), ("61", "62", "63")) == {"61": "a", "62": "b"}


def test_mistakes_leave_no_trace(tmp_path: Path, voice, enrolled) -> None:
    registry = enrolled(tmp_path, "a")
    before = len(views.audit_log(registry))
    with pytest.raises(BadInput, match="exists already"):
        tenants.request(registry, request_of("a"), actor="operator")
    with pytest.raises(UnknownName, match="unknown tenant 'aa'"):
        consents.accept(registry, voice("aa").consent("research"))
    assert len(views.audit_log(registry)) == before
    assert audit.verify(registry, registry.operator).verified


def test_what_raises_inside_a_desk_never_happened(tmp_path: Path, enrolled) -> None:
    registry = enrolled(tmp_path, "a")
    before = views.tenants(registry)

    def halfway() -> None:
        with desk(registry, actor="operator") as d:
            d.add(TenantRow(name="b", status="active", created_at=d.now))
            d.session.flush()
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        halfway()
    assert views.tenants(registry) == before
    assert audit.verify(registry, registry.operator).verified


def test_writers_at_the_same_time_extend_one_log(tmp_path: Path, enrolled) -> None:
    registry = enrolled(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: tenants.request(registry, request_of(f"t-{i}"), actor="operator"), range(40)))
    verdict = audit.verify(registry, registry.operator)
    assert verdict.verified
    assert verdict.entries == 160  # each a tenant, a data key, a signing key and the request


@pytest.mark.parametrize("create", ["sqlite"], indirect=True)
def test_files_are_the_operators_alone(tmp_path: Path, enrolled) -> None:
    registry = enrolled(tmp_path)
    for name in ("registry.db", "operator.key", "kek.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name
    assert registry.signer is not None


def test_a_registry_is_created_once(tmp_path: Path, create, enrolled) -> None:
    enrolled(tmp_path)
    with pytest.raises(BadInput, match="exists already"):
        create(tmp_path)


def test_reading_needs_no_secret_key_and_cannot_write(tmp_path: Path, enrolled) -> None:
    enrolled(tmp_path, "a").close()
    (tmp_path / "operator.key").unlink()
    registry = Registry.open(tmp_path)
    assert audit.verify(registry, registry.operator).verified
    with pytest.raises(BadInput, match="open for reading"):
        tenants.move(registry, "a", tenants.Status.SUSPENDED, actor="operator")


def test_what_is_not_a_registry_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no registry at"):
        Registry.open(tmp_path)
    (tmp_path / "registry.db").write_bytes(b"not a database, but long enough to be asked" * 100)
    with pytest.raises(BrokenRegistry, match="cannot be read: file is not a database"):
        Registry.open(tmp_path)
    with sqlite3.connect(tmp_path / "other.db") as raw:
        raw.execute("pragma user_version = 99")
    with pytest.raises(BrokenRegistry, match="schema 99"):
        Registry.open(tmp_path / "other.db")


def test_a_model_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(BrokenRegistry, match="disk full"):
        write_model(tmp_path / "model.npz", ("w",), (np.zeros(3),))
    assert list(tmp_path.iterdir()) == []


def test_a_model_file_is_never_unpickled(tmp_path: Path) -> None:
    import numpy as np

    np.savez(tmp_path / "evil.npz", w=np.array([object()], dtype=object))
    with pytest.raises(BrokenRegistry):
        load_model(tmp_path / "evil.npz")


@pytest.mark.parametrize("create", ["sqlite"], indirect=True)
def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path, enrolled) -> None:
    registry = enrolled(tmp_path, "a")
    with registry.engine.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar_one()

    from sqlalchemy import event

    @event.listens_for(registry.engine, "checkout")
    def _full(connection, *_) -> None:
        connection.execute(f"pragma max_page_count = {pages}")

    def enrol_until_full() -> None:
        for number in range(1000):
            tenants.request(registry, request_of(f"tenant-{number}"), actor="operator")

    with pytest.raises(BrokenRegistry, match="full"):
        enrol_until_full()
    assert audit.verify(registry, registry.operator).verified
