"""Somebody with write access to the file: whatever they change is found, and the first wrong entry is named."""

import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from flowstate_flower.errors import BrokenRegistry
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, audit, views
from flowstate_flower.registry.federation_ledger import RegistryLedger
from flowstate_flower.registry.log import entry_bytes
from flowstate_flower.registry.tables import AUDITED, AuditEventRow, ContributionRow
from flowstate_flower.transparency.merkle import leaf_hash
from flowstate_flower.trust.canonical import digest
from flowstate_flower.trust.keys import SigningKey

ON_A_FILE = pytest.mark.parametrize("create", ["sqlite"], indirect=True)


@pytest.fixture
def registry(recorded, deploy) -> Registry:
    made = recorded()
    deploy(made, "run-1", ["tenant-0"])
    RegistryLedger(made, "run-1").reserve(MeanRelease(10.0, cohort=7, population=7), Budget(8.0, 1e-5))
    made.close()
    return Registry.open(made.path)


@pytest.fixture
def tampered(raw) -> Callable[..., audit.Verdict]:
    def verdict(registry: Registry, *statements: str) -> audit.Verdict:
        raw(registry, *statements)
        return audit.verify(registry, registry.operator)

    return verdict


def test_an_untouched_registry_verifies(registry: Registry) -> None:
    verdict = audit.verify(registry, registry.operator)
    assert verdict.verified
    assert verdict.first is None
    assert verdict.entries == len(views.audit_log(registry)) > 60


@pytest.mark.long
@ON_A_FILE
def test_any_column_of_any_row_is_vouched_for(registry: Registry, tampered, subtests: pytest.Subtests) -> None:
    """Every column that is not part of the key, one at a time: the entry that recorded the row is named."""
    for table in AUDITED:
        keys = {column.name for column in table.__table__.primary_key.columns}
        for column in sorted(set(table.model_fields) - keys):
            with subtests.test(f"{table.__tablename__}.{column}"):
                copy = registry.path.with_suffix(f".{table.__tablename__}.{column}.db")
                shutil.copy(registry.path, copy)
                value = "x" if table.__table__.columns[column].type.python_type is str else 12345
                name = f'"{table.__tablename__}"'
                verdict = tampered(
                    Registry.open(copy), f"update {name} set {column} = '{value}' where rowid = (select min(rowid) from {name})"
                )
                assert not verdict.verified
                first = verdict.first
                assert first is not None
                assert first.entry is not None
                assert str(first.entry) in first.what


def test_a_removed_row_is_named(registry: Registry, tampered) -> None:
    verdict = tampered(registry, "delete from rejection where round = 2")
    assert verdict.first is not None
    assert re.fullmatch(r"rejection:run-1/2/0 of entry \d+ was removed", verdict.first.what)


def test_an_inserted_row_is_in_no_entry(registry: Registry, tampered) -> None:
    verdict = tampered(registry, "insert into tenant values ('tenant-9', 'active', '2026-01-01')")
    assert verdict.first is not None
    assert "is in no entry" in verdict.first.what


def test_a_withdrawal_cannot_be_undone_quietly(registry: Registry, tampered) -> None:
    verdict = tampered(registry, "update consent set withdrawn_at = null where tenant = 'tenant-4'")
    assert verdict.first is not None
    assert "consent.withdrawn" in verdict.first.what


@pytest.mark.parametrize("column", ["at", "actor", "tenant", "kind", "subject", "row_digest", "leaf_hash"])
def test_a_changed_entry_is_named(registry: Registry, column: str, tampered) -> None:
    verdict = tampered(registry, f"update audit_event set {column} = 'x' where position = 20")
    assert verdict.first is not None
    assert verdict.first.entry is not None
    assert verdict.first.entry <= 20
    assert any(f.entry == 20 and "was changed" in f.what for f in verdict.findings)


def test_a_removed_entry_is_named(registry: Registry, tampered) -> None:
    verdict = tampered(registry, "delete from audit_event where position = 33")
    assert verdict.first is not None
    assert any(finding.what == "entry 33 is missing" for finding in verdict.findings)


def test_reordered_entries_are_found(registry: Registry, tampered) -> None:
    verdict = tampered(
        registry,
        "update audit_event set position = -1 where position = 10",
        "update audit_event set position = 10 where position = 11",
        "update audit_event set position = 11 where position = -1",
    )
    assert verdict.first is not None
    assert verdict.first.entry is not None
    assert verdict.first.entry <= 10


def test_a_forger_who_recomputes_every_hash_lacks_the_operators_key(registry: Registry, raw) -> None:
    """The row, the digest in its entry and the leaf are all made to agree: the signed head does not."""
    with registry.reading() as session:
        row = session.exec(
            select(ContributionRow).where(ContributionRow.tenant == "tenant-0", ContributionRow.round == 1)
        ).first()
        assert row is not None
        entry = session.exec(select(AuditEventRow).where(AuditEventRow.subject == row.subject())).one()
        row.share = 0.99
        row_digest, position = digest(row.content()), entry.position
        entry.row_digest = row_digest
        leaf = leaf_hash(entry_bytes(entry)).hex()
        session.rollback()
    raw(
        registry,
        "update contribution set share = 0.99 where tenant = 'tenant-0' and round = 1",
        f"update audit_event set row_digest = '{row_digest}', leaf_hash = '{leaf}' where position = {position}",
    )
    verdict = audit.verify(registry, registry.operator)
    assert verdict.first is not None
    assert "not the one that was signed" in verdict.first.what
    low, high = map(int, re.findall(r"entries (\d+) to (\d+)", verdict.first.what)[0])
    assert low <= position <= high


def test_a_truncated_log_without_its_rows_removed_is_found(registry: Registry, tampered) -> None:
    verdict = tampered(registry, "delete from audit_event where position >= 60", "delete from log_head where size > 60")
    assert not verdict.verified


def test_entries_beyond_the_last_head_are_found(registry: Registry, tampered) -> None:
    verdict = tampered(registry, "delete from log_head where size = (select max(size) from log_head)")
    assert verdict.first is not None
    assert "no signed head covers" in verdict.first.what


def test_another_operators_key_does_not_verify_it(registry: Registry) -> None:
    assert not audit.verify(registry, SigningKey.generate().public).verified


@pytest.mark.long
@ON_A_FILE
def test_a_flipped_byte_anywhere_is_found_or_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    """Bytes of the file at random, but for zeros: the verdict is no, or it cannot be read, or what it says is the same."""
    original = registry.path.read_bytes()
    registry.engine.dispose()
    told = dump(registry)
    used = [place for place, byte in enumerate(original) if byte and place >= 100]
    rng, found = random.Random(1), 0
    for _ in range(150):
        place = rng.choice(used)
        copy = tmp_path / "flipped.db"
        for stale in tmp_path.glob("flipped.db*"):
            stale.unlink()
        copy.write_bytes(original[:place] + bytes([original[place] ^ (1 << rng.randrange(8))]) + original[place + 1 :])
        try:
            opened = Registry.open(copy)
            verdict = audit.verify(opened, registry.operator)
            same = verdict.verified and dump(opened) == told
        except BrokenRegistry:
            verdict, same = None, False
        assert same or verdict is None or not verdict.verified, place
        found += not same
    assert found > 30


def dump(registry: Registry) -> dict[str, list[tuple]]:
    tables = [*(t.__tablename__ for t in AUDITED), "audit_event", "log_head"]
    with sqlite3.connect(registry.path) as raw:
        return {table: sorted(map(repr, raw.execute(f'select * from "{table}" not indexed'))) for table in tables}
