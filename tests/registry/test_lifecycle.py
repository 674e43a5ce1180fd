"""From a signed request to a tombstone, one drawn step at a time."""

import itertools
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.errors import BadInput, BrokenRegistry, UnknownName
from flowstate_flower.registry import Registry, audit, consents, gate, rounds, tenants, views
from flowstate_flower.registry.tables import RefusalRow, RejectionRow
from flowstate_flower.registry.tenancy_tables import DataKeyRow
from flowstate_flower.registry.tenants import MOVES, Status
from flowstate_flower.registry.vault import Vault
from flowstate_flower.trust.bounds import Ask
from flowstate_flower.trust.dsse import seal
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import REQUEST_TYPE, RequestStatement, sign
from flowstate_flower.trust.terms import LocalWork

ASK = Ask("run-1", "research", LocalWork(steps=1, batch_size=1, learning_rate=0.1), None)
NOW = "2026-01-01T00:00:00.000000Z"
PATHS = {
    Status.REQUESTED: [],
    Status.APPROVED: [Status.APPROVED],
    Status.ACTIVE: [Status.APPROVED, Status.ACTIVE],
    Status.SUSPENDED: [Status.APPROVED, Status.ACTIVE, Status.SUSPENDED],
    Status.DELETING: [Status.APPROVED, Status.ACTIVE, Status.SUSPENDED, Status.DELETING],
    Status.DELETED: [Status.APPROVED, Status.ACTIVE, Status.SUSPENDED, Status.DELETING, Status.DELETED],
}


def status(registry: Registry, name: str) -> str:
    return next(view.status for view in views.tenants(registry) if view.tenant == name)


@pytest.mark.parametrize(("start", "to"), list(itertools.product(Status, Status)), ids=str)
def test_only_the_drawn_moves_are_made(tmp_path: Path, voice, start: Status, to: Status, create) -> None:
    registry = create(tmp_path)
    tenants.request(registry, voice("a").request(), actor="operator")
    for step in PATHS[start]:
        tenants.move(registry, "a", step, actor="operator")
    if to in MOVES[start]:
        tenants.move(registry, "a", to, actor="operator")
        assert status(registry, "a") == to
    else:
        before = len(views.audit_log(registry))
        with pytest.raises(BadInput, match=f"a is {start} (already|and cannot become {to})"):
            tenants.move(registry, "a", to, actor="operator")
        assert (status(registry, "a"), len(views.audit_log(registry))) == (start, before)
    assert audit.verify(registry, registry.operator).verified


def test_the_machine_is_the_one_that_is_drawn() -> None:
    assert {(a, b) for a, after in MOVES.items() for b in after} == {
        ("requested", "approved"),
        ("approved", "active"),
        ("active", "suspended"),
        ("suspended", "active"),
        ("suspended", "deleting"),
        ("deleting", "deleted"),
    }


def test_a_request_moves_only_public_material_and_its_contact_is_encrypted(tmp_path: Path, voice, create, on_disk) -> None:
    registry, a = create(tmp_path), voice("a")
    envelope = a.request(contact="Dr Jane Roe, +41 44 000 00 00")
    assert a.key._key.private_bytes_raw().hex() not in envelope.to_bytes().decode()
    tenants.request(registry, envelope, actor="operator")
    assert tenants.show(registry, "a").contact == "Dr Jane Roe, +41 44 000 00 00"
    registry.scrub()
    assert b"Jane Roe" not in on_disk(registry)


def test_a_request_is_signed_by_the_key_that_it_names(tmp_path: Path, voice, create) -> None:
    registry = create(tmp_path)
    mine, other = SigningKey.generate(), SigningKey.generate()
    forged = sign(RequestStatement(tenant="a", key=mine.public.text, nodes=(), contact="", at=NOW), other)
    with pytest.raises(BadInput, match="not signed by the key that it names"):
        tenants.request(registry, forged, actor="operator")
    late = RequestStatement(tenant="a", key=mine.public.text, nodes=(), contact="", at="2999-01-01T00:00:00.000000Z")
    with pytest.raises(BadInput, match="in the future"):
        tenants.request(registry, sign(late, mine), actor="operator")
    with pytest.raises(BadInput, match="not a request to join"):
        tenants.request(registry, seal(REQUEST_TYPE, b'{"tenant": "a"}', mine), actor="operator")
    with pytest.raises(BadInput, match="not a request to join"):
        tenants.request(registry, voice("a").consent("research"), actor="operator")
    with pytest.raises(BadInput, match="the request: contact"):
        voice("a").request(contact="\x1b[2J what the operator would see")
    assert views.tenants(registry) == []


def test_names_and_keys_are_taken_once_and_a_tombstone_keeps_its_name(tmp_path: Path, voice, create) -> None:
    registry, a = create(tmp_path), voice("a")
    tenants.request(registry, a.request(nodes=("aa",)), actor="operator")
    for again in (voice("a").request(), voice("b", a.key).request(), voice("c").request(nodes=("aa",))):
        with pytest.raises(BadInput, match=r"exists already|is registered already"):
            tenants.request(registry, again, actor="operator")
    with pytest.raises(BadInput, match="names a key twice"):
        tenants.request(registry, voice("d").request(nodes=("bb", "bb")), actor="operator")
    for step in (Status.APPROVED, Status.ACTIVE, Status.SUSPENDED):
        tenants.move(registry, "a", step, actor="operator")
    tenants.remove(registry, "a", actor="operator")
    with pytest.raises(BadInput, match="exists already"):
        tenants.request(registry, voice("a").request(), actor="operator")


def test_a_tenant_is_not_its_own_operator(tmp_path: Path, voice, create) -> None:
    registry = create(tmp_path)
    wiring.admit(registry, voice("a").request())
    with pytest.raises(BadInput, match="the operator's to direct"):
        tenants.move(registry.as_tenant("a"), "a", Status.SUSPENDED, actor="a")
    with pytest.raises(UnknownName, match="unknown tenant 'b'"):
        tenants.move(registry, "b", Status.SUSPENDED, actor="operator")


def test_suspending_stops_new_rounds_and_turns_replies_in_flight_away(tmp_path: Path, voice, create) -> None:
    registry = create(tmp_path)
    for name in ("a", "b"):
        speaker = voice(name)
        wiring.admit(registry, speaker.request())
        consents.accept(registry, speaker.consent("research"))
    assert set(gate.candidates(registry, ASK, ("a", "b"))) == {"a", "b"}
    assert gate.dispatch(registry, ASK, ["a", "b"], 100) == {}
    tenants.move(registry, "a", Status.SUSPENDED, actor="operator")
    assert set(gate.candidates(registry, ASK, ("a", "b"))) == {"b"}
    assert gate.dispatch(registry, ASK, ["a", "b"], 100) == {"a": ("tenant-suspended", "the tenant is suspended")}
    assert gate.standing(registry, ASK, {"a": 0, "b": 0})["a"] == ("tenant-suspended", "the tenant is suspended")
    tenants.move(registry, "a", Status.ACTIVE, actor="operator")
    assert set(gate.candidates(registry, ASK, ("a", "b"))) == {"a", "b"}


def remains(text: str, raw: bytes) -> list[str]:
    """Every piece of ten characters of `text` that is in `raw`: nothing of a key may stay, not even its end."""
    return [text[i : i + 10] for i in range(len(text) - 9) if text[i : i + 10].encode() in raw]


def shredded(registry: Registry, name: str) -> None:
    tenants.move(registry, name, Status.SUSPENDED, actor="operator")
    tenants.remove(registry, name, actor="operator")


def test_deleting_destroys_the_data_key_and_the_log_still_verifies(recorded, on_disk) -> None:
    """On the raw file: what was encrypted is there and unreadable, the wrapped key is nowhere."""
    registry = recorded()
    with registry.reading() as session:
        wrapped = session.get_one(DataKeyRow, ("tenant-6", 1)).wrapped
        ciphertext = session.get_one(RejectionRow, ("run-1", 1, 0)).detail
        keys = Vault(session, registry.wrapper)
        plaintext = keys.open(session.get_one(RejectionRow, ("run-1", 1, 0)), "detail")
    assert plaintext == "layer bias"
    registry.scrub()
    assert wrapped.encode() in on_disk(registry)
    shredded(registry, "tenant-6")
    raw = on_disk(registry)
    assert remains(wrapped, raw) == []
    assert ciphertext.encode() in raw
    with registry.reading() as session:
        keys = Vault(session, registry.wrapper)
        assert keys.open(session.get_one(RejectionRow, ("run-1", 1, 0)), "detail") is None
        assert session.get_one(DataKeyRow, ("tenant-6", 1)).wrapped == ""
        assert keys.open(session.get_one(RefusalRow, ("run-1", 1, "tenant-5")), "detail") == "no"  # others are untouched
    assert status(registry, "tenant-6") == "deleted"
    assert tenants.show(registry, "tenant-6").contact is None
    assert "tenant-6" not in tenants.signing_keys(registry)
    assert audit.verify(registry, registry.operator).verified
    kinds = [entry.kind for entry in views.audit_log(registry, tenant="tenant-6")]
    assert kinds[-5:] == ["tenant.suspended", "tenant.deleting", "data_key.destroyed", "tenant_key.revoked", "tenant.deleted"]
    registry.close()
    assert remains(wrapped, on_disk(registry)) == []


def test_a_key_destroyed_among_many_leaves_nothing_in_free_pages(tmp_path: Path, voice, create) -> None:
    registry = create(tmp_path)
    for number in range(60):
        tenants.request(registry, voice(f"t-{number:02d}").request(contact="x" * 200), actor="operator")
    with registry.reading() as session:
        wrapped = session.get_one(DataKeyRow, ("t-31", 1)).wrapped
    for step in (Status.APPROVED, Status.ACTIVE):
        tenants.move(registry, "t-31", step, actor="operator")
    shredded(registry, "t-31")
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("registry.db*"))
    assert remains(wrapped, raw) == []


def test_a_deletion_that_cannot_clear_the_log_file_stays_deleting_and_is_taken_up_again(
    tmp_path: Path, voice, monkeypatch: pytest.MonkeyPatch, create
) -> None:
    registry = create(tmp_path)
    wiring.admit(registry, voice("a").request())
    tenants.move(registry, "a", Status.SUSPENDED, actor="operator")

    def busy(_self: Registry) -> None:
        raise BadInput("being read")

    with monkeypatch.context() as patch:
        patch.setattr(Registry, "scrub", busy)
        with pytest.raises(BadInput, match="being read"):
            tenants.remove(registry, "a", actor="operator")
    assert status(registry, "a") == "deleting"
    tenants.remove(registry, "a", actor="operator")
    assert status(registry, "a") == "deleted"
    with pytest.raises(BadInput, match="a is deleted and cannot become deleting"):
        tenants.remove(registry, "a", actor="operator")
    assert audit.verify(registry, registry.operator).verified


def test_a_reader_in_the_middle_keeps_the_log_file_and_is_named(tmp_path: Path, voice, create) -> None:
    registry = create(tmp_path)
    wiring.admit(registry, voice("a").request())
    with registry.reading() as session:
        session.get(DataKeyRow, ("a", 1))
        tenants.move(registry, "a", Status.SUSPENDED, actor="operator")
        with pytest.raises(BadInput, match="is being read"):
            registry.scrub()
    registry.scrub()


def test_a_round_that_ends_after_the_deletion_records_no_text_of_the_deleted(recorded, federation) -> None:
    registry = recorded()
    shredded(registry, "tenant-6")
    from dataclasses import replace

    outcome = federation.closed[-1].outcome
    turned_away = replace(outcome.admitted, submissions=(), refusals=())
    late = replace(federation.closed[-1], number=3, outcome=replace(outcome, contributions=(), admitted=turned_away))
    rounds.record_round(registry, late)
    with registry.reading() as session:
        assert session.get_one(RejectionRow, ("run-1", 3, 0)).detail == ""
    assert audit.verify(registry, registry.operator).verified


def test_another_kek_opens_nothing(recorded, tmp_path: Path) -> None:
    registry = recorded()
    registry.close()
    kek = tmp_path / "registry" / "kek.key"
    kek.write_text("00" * 32)
    opened = Registry.open(tmp_path / "registry", to_write=True)
    with pytest.raises(BadInput, match=r"the key-encryption key \w+ is not in .*kek.key"):
        tenants.show(opened, "tenant-0")
    kek.chmod(0o644)
    with pytest.raises(BadInput, match="can be read by others"):
        Registry.open(tmp_path / "registry", to_write=True)
    kek.unlink()
    with pytest.raises(BadInput, match="cannot read the key-encryption key"):
        Registry.open(tmp_path / "registry", to_write=True)


def test_a_text_moved_to_another_row_or_tenant_does_not_decrypt(recorded) -> None:
    registry = recorded()
    with registry.reading() as session:
        keys = Vault(session, registry.wrapper)
        one, two = (session.get_one(RejectionRow, ("run-1", number, 0)) for number in (1, 2))
        mine = session.get_one(RefusalRow, ("run-1", 1, "tenant-5"))
        for wrong, column in (
            (RejectionRow(**{**two.model_dump(), "detail": one.detail}), "detail"),
            (RefusalRow(**{**mine.model_dump(), "detail": mine.envelope}), "detail"),
            (RefusalRow(**{**mine.model_dump(), "tenant": "tenant-4"}), "detail"),
            (RejectionRow(**{**one.model_dump(), "detail": "v1.7.xxxx"}), "detail"),
            (RejectionRow(**{**one.model_dump(), "detail": "plain text"}), "detail"),
        ):
            with pytest.raises(BrokenRegistry, match="does not decrypt"):
                keys.open(wrong, column)
