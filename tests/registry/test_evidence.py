"""What only evidence from outside the log shows: forks, truncations, statements that nobody signed, models that changed."""

import shutil
import tracemalloc
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlmodel import Session, col, select

from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import Registry, audit, log, rounds, safekeeping, tenants, views
from flowstate_flower.registry.database import KEK_FILE, KEY_FILE, log_origin
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.log import entry_bytes
from flowstate_flower.registry.tables import AuditEventRow, ContributionRow, CosignatureRow, KeyRow, LogHeadRow, RefusalRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.registry.witnesses import add_cosignatures
from flowstate_flower.transparency.checkpoint import BadCheckpoint, Checkpoint, verified
from flowstate_flower.transparency.merkle import Frontier, leaf_hash
from flowstate_flower.transparency.witness import cosign
from flowstate_flower.trust.canonical import digest
from flowstate_flower.trust.keys import SigningKey


@pytest.fixture
def registry(recorded) -> Registry:
    return recorded()


def whats(registry: Registry, **against) -> list[str]:
    return [f.what for f in audit.verify(registry, registry.operator, audit.Against(**against)).findings]


def record(registry: Registry, number: int, value: float = 0.5) -> str:
    rounds.record_evaluation(registry, "run-2", number, [("accuracy", value)])
    return log.newest_checkpoint(registry)


def copy_of(registry: Registry, folder: Path) -> Registry:
    """A file of its own, whatever database the registry is in."""
    safekeeping.backup(registry, folder.with_suffix(".copy"))
    safekeeping.restore(folder.with_suffix(".copy"), folder, keys=registry.path.parent)
    return Registry.open(folder, to_write=True)


def test_the_log_begins_with_every_checkpoint_that_was_kept(registry: Registry) -> None:
    kept = [log.newest_checkpoint(registry), record(registry, 1), record(registry, 2)]
    assert whats(registry, notes=kept) == []


def test_a_log_that_was_cut_back_cleanly_is_found_by_a_kept_checkpoint(registry: Registry, tmp_path: Path) -> None:
    """Entries, heads and rows are all gone, as if an earlier copy had been restored: without the kept one nothing shows."""
    earlier = copy_of(registry, tmp_path / "earlier")
    kept = record(registry, 1)
    assert whats(earlier) == []
    size = len(views.audit_log(earlier))
    assert whats(earlier, notes=[kept]) == [f"the log was cut back: a kept checkpoint has {size + 1} entries, the log {size}"]


def test_a_fork_between_two_checkpoints_is_called_one(registry: Registry, tmp_path: Path) -> None:
    """The operator signs two histories. Each verifies alone; a checkpoint of one does not fit the other."""
    other = copy_of(registry, tmp_path / "other")
    shown_to_one, shown_to_other = record(registry, 1, 0.9), record(other, 1, 0.1)
    assert whats(registry) == whats(other) == []
    (found,) = whats(other, notes=[shown_to_one])
    assert found.startswith("a fork: the operator signed another log")
    record(registry, 2)
    (found,) = whats(registry, notes=[shown_to_other])
    assert found.startswith("a fork: ")
    with pytest.raises(BadCheckpoint, match="not shown"):
        log.prove_extension(registry, shown_to_other, log.newest_checkpoint(registry), registry.operator)


def test_a_kept_checkpoint_of_somebody_else_is_not_one(registry: Registry) -> None:
    stranger = SigningKey.generate()
    note = Checkpoint(log_origin(stranger.public), 3, b"\0" * 32).sign(stranger)
    with pytest.raises(BadCheckpoint):
        whats(registry, notes=[note])


def forge(registry: Registry, change) -> None:
    """With the operator's key: change rows, then write entries, leaves and one head that agree with them."""
    with Session(registry.engine.execution_options(writes=True, owner=True)) as session:
        change(session)
        session.flush()
        frontier = Frontier()
        for position, entry in enumerate(session.exec(select(AuditEventRow).order_by(col(AuditEventRow.position)))):
            entry.position = position
            entry.leaf_hash = leaf_hash(entry_bytes(entry)).hex()
            frontier = frontier.append(bytes.fromhex(entry.leaf_hash))
        session.execute(delete(LogHeadRow))
        head = Checkpoint(log_origin(registry.operator), frontier.size, frontier.root())
        assert registry.signer is not None
        session.add(LogHeadRow(size=frontier.size, note=head.sign(registry.signer), frontier=frontier.to_text()))
        session.commit()


def redo_digest(session: Session, row) -> None:
    session.flush()
    for entry in session.exec(select(AuditEventRow).where(AuditEventRow.subject == row.subject())):
        entry.row_digest = digest(row.content())


@pytest.mark.parametrize("table", [ContributionRow, RefusalRow])
def test_even_the_operator_cannot_put_words_into_a_tenants_mouth(registry: Registry, table) -> None:
    """The whole log is signed anew over a changed row: its own heads fit, the tenant's signature does not."""

    def change(session: Session) -> None:
        row = session.exec(select(table).order_by(table.round, table.tenant)).first()
        if table is ContributionRow:
            row.examples += 1
        else:
            assert registry.wrapper is not None
            vault = Vault(session, registry.wrapper)
            row.envelope, row.detail = vault.open(row, "envelope"), "yes"
            vault.seal(row)
        redo_digest(session, row)

    forge(registry, change)
    found = [w for w in whats(registry) if "cosignature" not in w]
    assert len(found) == 1
    assert "says something else than the row" in found[0]


def test_refusals_are_read_by_whoever_has_the_keys(registry: Registry) -> None:
    """An auditor without them is told how many statements were not read; so is everybody once a tenant is deleted."""
    reader = Registry.open(registry.path)

    def sealed(source: Registry) -> int:
        verdict = audit.verify(source, registry.operator)
        assert verdict.verified
        return verdict.sealed

    assert (sealed(registry), sealed(reader), sealed(reader.with_keys())) == (0, 2, 0)
    tenants.move(registry, "tenant-5", tenants.Status.SUSPENDED, actor="operator")
    tenants.move(registry, "tenant-5", tenants.Status.DELETING, actor="operator")
    assert sealed(registry) == 2


def test_an_auditor_without_the_keys_is_told_what_was_not_read(registry: Registry, capsys) -> None:
    folder = registry.path.parent
    registry.close()
    assert run(["audit", "verify", "--registry", str(folder)]) == 0
    assert "sealed" not in capsys.readouterr().out
    (folder / KEK_FILE).unlink()
    assert run(["audit", "verify", "--registry", str(folder)]) == 0
    assert "2 sealed statements were not read" in capsys.readouterr().out


def test_a_refusal_that_was_sealed_for_another_place_is_found(registry: Registry) -> None:
    def change(session: Session) -> None:
        one, other = session.exec(select(RefusalRow).order_by(RefusalRow.round))
        one.detail, other.detail = other.detail, one.detail
        redo_digest(session, one)
        redo_digest(session, other)

    forge(registry, change)
    assert sum("detail does not decrypt" in what for what in whats(registry)) == 2


def test_an_envelope_with_anothers_signature_is_found(registry: Registry) -> None:
    def change(session: Session) -> None:
        one, other = session.exec(select(ContributionRow).where(ContributionRow.round == 1).limit(2))
        one.envelope, other.envelope = other.envelope, one.envelope
        redo_digest(session, one)
        redo_digest(session, other)

    forge(registry, change)
    found = [w for w in whats(registry) if "is not signed by a key that" in w]
    assert len(found) == 2


def test_a_key_counts_for_the_rounds_of_its_time(registry: Registry) -> None:
    """A key that was withdrawn later still signed what it signed; one that came later did not."""
    with desk(registry, actor="operator") as d:
        row = d.session.exec(select(KeyRow).where(KeyRow.tenant == "tenant-1")).one()
        row.revoked_at = d.now
        d.change(row, "revoked")
    assert whats(registry) == []
    with desk(registry, actor="operator") as d:
        row = d.session.exec(select(KeyRow).where(KeyRow.tenant == "tenant-1")).one()
        row.revoked_at = row.added_at
        d.change(row, "revoked")
        row = d.session.exec(select(KeyRow).where(KeyRow.tenant == "tenant-2")).one()
        row.added_at = d.now
        d.change(row, "moved")
    found = whats(registry)
    assert sum("a key that tenant-1 had then" in what for what in found) == 2
    assert sum("a key that tenant-2 had then" in what for what in found) == 2


def test_models_are_looked_at_where_asked(registry: Registry) -> None:
    assert whats(registry, models=True) == []
    first, second = sorted((registry.path.parent / "models").glob("*.npz"))
    shutil.copy(first, second)
    assert whats(registry) == []
    (changed,) = whats(registry, models=True)
    assert "is not the one recorded" in changed
    second.write_bytes(b"nothing")
    assert "is not a model file" in whats(registry, models=True)[0]
    second.unlink()
    assert "no model at" in whats(registry, models=True)[0]


def test_an_inserted_entry_is_found(registry: Registry) -> None:
    """A copy of an entry at the end, and one in the middle with all later ones moved up."""
    with Session(registry.engine.execution_options(writes=True, owner=True)) as session:
        entries = session.exec(select(AuditEventRow).order_by(col(AuditEventRow.position))).all()
        size = len(entries)
        session.add(AuditEventRow(**(entries[-1].model_dump() | {"position": size})))
        session.commit()
    assert any(what.startswith(f"entry {size} (") for what in whats(registry))
    with Session(registry.engine.execution_options(writes=True, owner=True)) as session:
        entries = session.exec(select(AuditEventRow).order_by(col(AuditEventRow.position))).all()
        values = [entry.model_dump() for entry in entries[:-1]]
        session.execute(delete(AuditEventRow))
        values.insert(10, values[9] | {"subject": "consent:tenant-0/other"})
        session.add_all([AuditEventRow(**(value | {"position": p})) for p, value in enumerate(values)])
        session.commit()
    verdict = audit.verify(registry, registry.operator)
    assert not verdict.verified
    assert any(f.entry == 10 and "was changed" in f.what for f in verdict.findings)


def test_witnesses_are_reported_by_the_most_that_they_signed(registry: Registry, witness) -> None:
    verdict = audit.verify(registry, registry.operator)
    assert [(w.tenant, w.at) for w in verdict.witnesses] == [("tenant-0", "2027-01-15T08:00:00Z")]
    assert 0 < verdict.witnesses[0].size < verdict.entries
    stranger = SigningKey.generate()
    seen = audit.verify(registry, registry.operator, audit.Against(witnesses=[stranger.public])).witnesses
    assert [(w.tenant, w.size) for w in seen] == [(None, 0), ("tenant-0", verdict.witnesses[0].size)]
    with pytest.raises(BadInput, match="not a known witness"):
        witness(registry, stranger)
    note = witness(registry, stranger, known=[stranger.public])
    seen = audit.verify(registry, registry.operator, audit.Against(witnesses=[stranger.public])).witnesses
    assert (seen[0].tenant, seen[0].size) == (None, int(note.splitlines()[1]))
    assert "tenant-0" in {view.tenant for view in views.audit_log(registry) if view.kind == "cosignature.added"}


def test_a_cosignature_in_a_kept_checkpoint_counts_too(registry: Registry) -> None:
    note, key = log.newest_checkpoint(registry), SigningKey.generate()
    line = cosign(verified(note, log_origin(registry.operator), registry.operator), key, 1_800_000_000).line()
    against = audit.Against(notes=[note + line], witnesses=[key.public])
    assert audit.verify(registry, registry.operator, against).witnesses[0].size == int(note.splitlines()[1])


def test_a_log_that_was_signed_anew_lacks_its_witness(registry: Registry) -> None:
    def change(session: Session) -> None:
        row = session.exec(select(CosignatureRow)).one()
        entry = session.exec(select(AuditEventRow).where(AuditEventRow.position == 3)).one()
        entry.actor = "somebody"
        assert row

    forge(registry, change)
    (found,) = whats(registry)
    assert found.endswith("the witness tenant-0 did not sign this log")


def test_only_checkpoints_of_this_log_are_stored(registry: Registry, tmp_path: Path, federation) -> None:
    other, key = copy_of(registry, tmp_path / "other"), federation.keys["tenant-1"]
    record(registry, 1)
    note = record(other, 1, 0.1)
    checkpoint = verified(note, log_origin(registry.operator), registry.operator)
    with pytest.raises(BadInput, match="does not begin with this checkpoint"):
        add_cosignatures(registry, note + cosign(checkpoint, key, 1).line(), (), actor="operator")
    with pytest.raises(BadInput, match="no witness signed"):
        add_cosignatures(other, note, (), actor="operator")
    assert (tmp_path / "other" / KEY_FILE).exists()


@pytest.mark.long
def test_memory_does_not_grow_with_the_log(tmp_path: Path, create) -> None:
    registry = create(tmp_path)

    def peak() -> int:
        tracemalloc.start()
        assert audit.verify(registry, registry.operator).verified
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak()  # what is loaded at the first look stays
    for number in range(2):
        rounds.record_evaluation(registry, "run", number, [(f"m-{i}", 0.0) for i in range(2000)])
    small = peak()
    for number in range(2, 8):
        rounds.record_evaluation(registry, "run", number, [(f"m-{i}", 0.0) for i in range(2000)])
    assert peak() < 2 * small  # four times as many entries


def test_progress_is_told(registry: Registry) -> None:
    told: list[tuple[str, int, int]] = []
    audit.verify(registry, registry.operator, progress=lambda *said: told.append(said))
    size = len(views.audit_log(registry))
    assert ("entries", size, size) in told
    assert ("rows of contribution", 10, 10) in told
