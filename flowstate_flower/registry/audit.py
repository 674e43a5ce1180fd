"""Checking a registry against its log: every leaf, every signed head, every row. The first wrong entry is named."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from flowstate_flower.registry.database import Registry, log_origin
from flowstate_flower.registry.desk import entry_bytes
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tables import AUDITED, AuditEventRow, LogHeadRow
from flowstate_flower.transparency.checkpoint import BadCheckpoint, Checkpoint, verified
from flowstate_flower.transparency.merkle import EMPTY_ROOT, Frontier, leaf_hash
from flowstate_flower.trust.canonical import digest
from flowstate_flower.trust.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was recorded. `entry` is the position in the log, None where no entry is to blame."""

    entry: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found. `root` is the Merkle root of the entries as they stand, in hexadecimal."""

    verified: bool
    entries: int
    root: str
    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding | None:
        """The finding with the smallest position."""
        return self.findings[0] if self.findings else None


def verify(registry: Registry, operator: PublicKey) -> Verdict:
    """Recompute the log and compare it with the signed heads and with every row that it vouches for.

    Finds: changed, removed, inserted or reordered entries; changed, removed or unrecorded rows; heads that the operator did
    not sign. Not: a truncation to an earlier signed head by somebody who also removed the rows after it, which only a kept
    later checkpoint shows.
    """
    findings: list[Finding] = []
    with Session(registry.engine) as session:
        try:
            entries = list(session.exec(select(AuditEventRow).order_by(col(AuditEventRow.position))))
            heads = list(session.exec(select(LogHeadRow).order_by(col(LogHeadRow.size))))
        except (DatabaseError, ValueError, TypeError) as error:
            return Verdict(False, 0, EMPTY_ROOT.hex(), (Finding(None, f"the log cannot be read: {error}"),))
        findings += _check_entries(entries)
        frontier, head_findings = _check_heads(entries, heads, operator)
        findings += head_findings
        latest = {entry.subject: entry for entry in entries}
        for table in AUDITED:
            try:
                findings += _check_rows(session, table, latest)
            except (DatabaseError, ValueError, TypeError) as error:
                findings.append(Finding(None, f"table {table.__tablename__} cannot be read: {error}"))
    findings.sort(key=lambda finding: (finding.entry is None, finding.entry))
    return Verdict(not findings, len(entries), frontier.root().hex(), tuple(findings))


def _check_entries(entries: list[AuditEventRow]) -> Iterator[Finding]:
    for expected, entry in enumerate(entries):
        if entry.position != expected:
            yield Finding(expected, f"entry {expected} is missing")
            return
        if _leaf(entry).hex() != entry.leaf_hash:
            yield Finding(expected, f"entry {expected} ({entry.kind} {entry.subject}) was changed")


def _leaf(entry: AuditEventRow) -> bytes:
    try:
        return leaf_hash(entry_bytes(entry))
    except (ValueError, TypeError):  # a value that has no canonical form was never written by us
        return b""


def _check_heads(entries: list[AuditEventRow], heads: list[LogHeadRow], operator: PublicKey) -> tuple[Frontier, list[Finding]]:
    """Fold the leaves and compare the root wherever a head was signed."""
    findings, frontier, done = [], Frontier(), 0
    for head in heads:
        frontier = frontier.extend(_leaf(entry) for entry in entries[done : head.size])
        covered = f"entries {done} to {head.size - 1}"
        problem = _head_problem(head, frontier, operator)
        if problem:
            findings.append(Finding(done, f"{covered}: {problem}"))
            break
        done = head.size
    if not findings and done != len(entries):
        findings.append(Finding(done, f"no signed head covers entries {done} to {len(entries) - 1}"))
    return Frontier().extend(_leaf(entry) for entry in entries), findings


def _head_problem(head: LogHeadRow, frontier: Frontier, operator: PublicKey) -> str:
    try:
        checkpoint = verified(head.note, log_origin(operator), operator)
    except BadCheckpoint as error:
        return f"the head of size {head.size} is {error}"
    if checkpoint != Checkpoint(log_origin(operator), frontier.size, frontier.root()) or checkpoint.size != head.size:
        return f"the log is not the one that was signed at size {checkpoint.size}"
    return "" if head.frontier == frontier.to_text() else f"the frontier at size {head.size} was changed"


def _check_rows(session: Session, table: type[Row], latest: dict[str, AuditEventRow]) -> Iterator[Finding]:
    prefix = f"{table.__tablename__}:"
    recorded = {subject: entry for subject, entry in latest.items() if subject.startswith(prefix)}
    for row in session.exec(select(table)):
        entry = recorded.pop(row.subject(), None)
        if entry is None:
            yield Finding(None, f"{row.subject()} is in no entry: it was inserted, or its key was changed")
        elif digest(row.content()) != entry.row_digest:
            yield Finding(entry.position, f"{row.subject()} is not as entry {entry.position} ({entry.kind}) recorded it")
    for subject, entry in recorded.items():
        yield Finding(entry.position, f"{subject} of entry {entry.position} was removed")
