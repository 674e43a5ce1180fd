"""Rows against the entries that recorded them: every row of a table, in the order in which it is stored."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col

from flowstate_flower.registry.row import Row
from flowstate_flower.registry.row_evidence import Readable, model_problems, statement_problems
from flowstate_flower.registry.tables import AuditEventRow
from flowstate_flower.registry.verdict import Finding
from flowstate_flower.trust.canonical import digest

CHUNK = 2000

Progress = Callable[[str, int, int], None]
"""`progress(what, done, of)`: called every few thousand rows."""


def streamed(session: Session, statement: Any) -> Iterator[Sequence[Any]]:
    """The result, some thousand rows at a time."""
    yield from session.execute(statement.execution_options(yield_per=CHUNK)).partitions()


@dataclass(frozen=True, slots=True)
class RowCheck:
    """One table. `readable` opens what is sealed; `models` is the folder with the files that rounds name, None where they are
    not looked at.
    """

    session: Session
    table: type[Row]
    pool: Executor
    progress: Progress
    readable: Readable
    models: Path | None

    def findings(self, added: Counter[str]) -> list[Finding]:
        """Rows that are not as recorded, in no entry, or gone; `added` counts the entries of each kind."""
        try:
            return list(self._findings(added))
        except (DatabaseError, ValueError, TypeError) as error:
            return [Finding(None, f"table {self.table.__tablename__} cannot be read: {error}")]

    def _findings(self, added: Counter[str]) -> Iterator[Finding]:
        name, table = self.table.__tablename__, self.table.__table__  # type: ignore[attr-defined]
        total, done, recorded = self.session.scalar(select(func.count()).select_from(table)) or 0, 0, 0
        statements: Iterator[Finding] = iter(())
        for part in streamed(self.session, select(table)):
            rows = [dict(row._mapping) for row in part]
            subjects = self._subjects(rows)
            latest, sound = self._latest(subjects), []
            for subject, row in zip(subjects, rows, strict=True):
                entry = latest.get(subject)
                recorded += entry is not None
                if entry is None:
                    yield Finding(None, f"{subject} is in no entry: it was inserted, or its key was changed")
                elif _digest(row) != entry.row_digest:
                    what = f"{subject} is not as entry {entry.position} ({entry.kind}) recorded it"
                    yield Finding(entry.position, what)
                else:
                    sound.append((entry.position, subject, row))
            yield from statements  # those of the rows before, which were checked while these were read
            statements = statement_problems(self.session, self.pool, self.table, self.readable.of(self.table, sound))
            if self.models is not None:
                yield from model_problems(self.models, self.table, sound)
            done += len(rows)
            self.progress(f"rows of {name}", done, total)
        yield from statements
        if recorded != added[f"{name}.added"]:
            yield from self._removed()

    def _latest(self, subjects: list[str]) -> dict[str, Any]:
        """The newest entry of each subject."""
        columns: list[Any] = [AuditEventRow.subject, AuditEventRow.position, AuditEventRow.kind, AuditEventRow.row_digest]
        found: dict[str, Any] = {}
        for entry in self.session.execute(select(*columns).where(col(AuditEventRow.subject).in_(subjects))):
            if entry.subject not in found or entry.position > found[entry.subject].position:
                found[entry.subject] = entry
        return found

    def _removed(self) -> Iterator[Finding]:
        """What the log recorded and the table does not hold. Only asked where something is missing: it holds all keys."""
        name = self.table.__tablename__
        parts = streamed(self.session, select(self.table.__table__))  # type: ignore[attr-defined]
        there = {subject for part in parts for subject in self._subjects([dict(row._mapping) for row in part])}
        gone: dict[str, int] = {}
        columns: list[Any] = [AuditEventRow.subject, AuditEventRow.position]
        for part in streamed(self.session, select(*columns)):
            for subject, position in part:
                if subject.startswith(f"{name}:") and subject not in there:
                    gone[subject] = max(position, gone.get(subject, 0))
        for subject, position in gone.items():
            yield Finding(position, f"{subject} of entry {position} was removed")

    def _subjects(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        """How the log names rows."""
        keys = [column.name for column in self.table.__table__.primary_key.columns]  # type: ignore[attr-defined]
        prefix = f"{self.table.__tablename__}:"
        return [prefix + "/".join([str(row[key]) for key in keys]) for row in rows]


def _digest(row: dict[str, Any]) -> str:
    try:
        return digest(row)
    except (ValueError, TypeError):  # a value that has no canonical form was never written by us
        return ""
