"""Checking a registry against its log: every leaf, every signed head, every row. The first wrong entry is named.

Everything is read as a stream, in the order in which it is stored: memory grows with the 256th part of the log at most.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col

from flowstate_flower.registry.database import MODELS, Registry, log_origin
from flowstate_flower.registry.log import ENTRY_FIELDS, leaf_bytes, whole
from flowstate_flower.registry.release_evidence import release_problems
from flowstate_flower.registry.row_check import Progress, RowCheck, streamed
from flowstate_flower.registry.row_evidence import Readable
from flowstate_flower.registry.tables import AUDITED, AuditEventRow, AuditPartyRow, LogHeadRow, LogNodeRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.registry.verdict import Finding, Verdict
from flowstate_flower.registry.witnesses import check_witnesses, cosigned_sizes
from flowstate_flower.transparency.checkpoint import BadCheckpoint, Checkpoint, verified
from flowstate_flower.transparency.merkle import EMPTY_ROOT, Frontier, leaf_hash
from flowstate_flower.transparency.proofs import TILE_WIDTH, fold
from flowstate_flower.trust.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Against:
    """What the registry is compared with beside its own heads.

    Notes of checkpoints that somebody kept, keys of witnesses that are no tenants, and with `models` the files of models.
    """

    notes: Sequence[str] = ()
    witnesses: Sequence[PublicKey] = ()
    models: bool = False


NOTHING_ELSE = Against()


def verify(
    registry: Registry, operator: PublicKey, against: Against = NOTHING_ELSE, progress: Progress = lambda *_: None
) -> Verdict:
    """Recompute the log and compare it with the signed heads, with what was kept, and with every row that it vouches for.

    Finds: changed, removed, inserted or reordered entries; changed, removed or unrecorded rows; heads that the operator did
    not sign; statements that their tenant did not sign; an account of the federation that does not add up; a fork from a kept
    checkpoint, or a truncation below it; with `models`, files that are missing or other than named. Not: a truncation to an
    earlier signed head by somebody who also removed the rows after it, where nobody kept a later checkpoint. Raises
    `BadCheckpoint` for a kept note that the operator did not sign, `BadInput` for a tenant's registry, which holds a part of
    the log.
    """
    whole(registry)
    kept = [verified(note, log_origin(operator), operator) for note in against.notes]
    with Session(registry.engine) as session:
        try:
            reading = _Reading(session, operator, kept, progress)
            reading.read()
            findings = [*reading.findings, *_check_nodes(session, reading.nodes)]
            witnesses, problems = check_witnesses(session, reading.roots, against.notes, against.witnesses, operator)
            findings += problems
        except (DatabaseError, ValueError, TypeError) as error:
            return Verdict(False, 0, EMPTY_ROOT.hex(), (Finding(None, f"the log cannot be read: {error}"),))
        readable = Readable(Vault(session, registry.wrapper) if registry.wrapper else None)
        models = registry.path.parent / MODELS if against.models else None
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="verify") as pool:
            for table in AUDITED:
                findings += RowCheck(session, table, pool, progress, readable, models).findings(reading.added)
        findings += release_problems(session)
    findings += readable.findings
    findings.sort(key=lambda finding: (finding.entry is None, finding.entry))
    return Verdict(
        not findings, reading.frontier.size, reading.frontier.root().hex(), tuple(findings), witnesses, readable.sealed
    )


@dataclass(slots=True)
class _Reading:
    """One pass over the entries, beside them the other tenants they concern and the signed heads."""

    session: Session
    operator: PublicKey
    kept: Sequence[Checkpoint]
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier)
    added: Counter[str] = field(default_factory=Counter)
    """How many rows each kind of entry added."""
    roots: dict[int, bytes] = field(default_factory=dict)
    """The root at every size that somebody signed elsewhere."""
    nodes: list[bytes] = field(default_factory=list)
    """The roots of the complete tiles of leaves."""
    _tile: list[bytes] = field(default_factory=list)
    _covered: int = 0
    _sound: bool = True
    _wanted: list[int] = field(default_factory=list)
    _heads: Iterator[Any] = field(default_factory=lambda: iter(()))
    _head: Any = None

    def read(self) -> None:
        """Fold the leaves, and compare wherever a head was signed or a checkpoint was kept."""
        total = self.session.scalar(select(func.count()).select_from(AuditEventRow)) or 0
        self._wanted = sorted({checkpoint.size for checkpoint in self.kept} | cosigned_sizes(self.session), reverse=True)
        columns: list[Any] = [LogHeadRow.size, LogHeadRow.note, LogHeadRow.frontier]
        heads = streamed(self.session, select(*columns).order_by(col(LogHeadRow.size)))
        self._heads = (head for part in heads for head in part)
        self._head = next(self._heads, None)
        for leaves in self._leaves():
            self._fold(leaves)
            self.progress("entries", self.frontier.size, total)
        if self._head:
            self._check_head()
        elif self._sound and self._covered != self.frontier.size:
            last = self.frontier.size - 1
            self.findings.append(Finding(self._covered, f"no signed head covers entries {self._covered} to {last}"))
        self._compare_with_kept()

    def _leaves(self) -> Iterator[list[bytes]]:
        """The hashes of all entries as they stand; an entry that does not have the hash it was given is a finding."""
        columns = [getattr(AuditEventRow, name) for name in (*ENTRY_FIELDS, "leaf_hash")]
        expected, contiguous, used = 0, True, 0
        for part in streamed(self.session, select(*columns).order_by(col(AuditEventRow.position))):
            parties = self._parties(part[0].position, part[-1].position)
            used += sum(map(len, parties.values()))
            leaves = []
            for entry in part:
                leaf = _leaf(entry, parties.get(entry.position, ()))
                leaves.append(leaf)
                if contiguous and entry.position != expected:
                    self.findings.append(Finding(expected, f"entry {expected} is missing"))
                    contiguous = False
                elif contiguous and leaf.hex() != entry.leaf_hash:
                    self.findings.append(Finding(expected, f"entry {expected} ({entry.kind} {entry.subject}) was changed"))
                self.added[entry.kind] += 1
                expected += 1
            yield leaves
        if used != self.session.scalar(select(func.count()).select_from(AuditPartyRow)):
            self.findings.append(Finding(None, "the table audit_party names tenants for entries that do not exist"))

    def _parties(self, first: int, last: int) -> dict[int, list[str]]:
        columns: list[Any] = [AuditPartyRow.position, AuditPartyRow.tenant]
        found: dict[int, list[str]] = {}
        for position, tenant in self.session.execute(select(*columns).where(columns[0].between(first, last))):
            found.setdefault(position, []).append(tenant)
        return found

    def _fold(self, leaves: list[bytes]) -> None:
        self._tile += leaves
        while len(self._tile) >= TILE_WIDTH:
            self.nodes.append(fold(self._tile[:TILE_WIDTH]))
            del self._tile[:TILE_WIDTH]
        done = 0
        while True:
            stop = min(self._head.size if self._head else inf, self._wanted[-1] if self._wanted else inf)
            take = int(min(max(0, stop - self.frontier.size), len(leaves) - done))
            self.frontier = self.frontier.extend(leaves[done : done + take])
            done += take
            if self.frontier.size < stop:
                return
            if self._wanted and self._wanted[-1] == stop:
                self.roots[self._wanted.pop()] = self.frontier.root()
            else:
                self._check_head()

    def _check_head(self) -> None:
        """Compare with the next head. After the first that does not fit, none is asked any more."""
        problem = _head_problem(self._head, self.frontier, self.operator)
        if problem:
            covered = f"entries {self._covered} to {self._head.size - 1}"
            self.findings.append(Finding(self._covered, f"{covered}: {problem}"))
            self._head, self._sound = None, False
        else:
            self._covered = self._head.size
            self._head = next(self._heads, None)

    def _compare_with_kept(self) -> None:
        for checkpoint in self.kept:
            if checkpoint.size > self.frontier.size:
                what = f"the log was cut back: a kept checkpoint has {checkpoint.size} entries, the log {self.frontier.size}"
                self.findings.append(Finding(self.frontier.size, what))
            elif self.roots.get(checkpoint.size, EMPTY_ROOT) != checkpoint.root:
                what = f"a fork: the operator signed another log of {checkpoint.size} entries in a kept checkpoint"
                self.findings.append(Finding(None, what))


def _leaf(entry: Any, parties: Sequence[str]) -> bytes:
    try:
        return leaf_hash(leaf_bytes(dict(zip(ENTRY_FIELDS, entry[:-1], strict=True)), parties))
    except (ValueError, TypeError):  # a value that has no canonical form was never written by us
        return b""


def _head_problem(head: Any, frontier: Frontier, operator: PublicKey) -> str:
    try:
        checkpoint = verified(head.note, log_origin(operator), operator)
    except BadCheckpoint as error:
        return f"the head of size {head.size} is {error}"
    if checkpoint != Checkpoint(log_origin(operator), frontier.size, frontier.root()) or checkpoint.size != head.size:
        return f"the log is not the one that was signed at size {checkpoint.size}"
    return "" if head.frontier == frontier.to_text() else f"the frontier at size {head.size} was changed"


def _check_nodes(session: Session, nodes: list[bytes]) -> Iterator[Finding]:
    """Stored tiles are those of the entries. Tiles that are not stored are computed by whoever needs them."""
    levels: list[list[bytes]] = [[], nodes]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        levels.append([fold(below[i : i + TILE_WIDTH]) for i in range(0, len(below) - TILE_WIDTH + 1, TILE_WIDTH)])
    columns: list[Any] = [LogNodeRow.level, LogNodeRow.position, LogNodeRow.hash]
    for part in streamed(session, select(*columns)):
        for level, position, text in part:
            known = levels[level] if 0 <= level < len(levels) else []
            if not 0 <= position < len(known) or known[position].hex() != text:
                first = position * TILE_WIDTH**level
                yield Finding(first, f"the stored hash of level {level} over the entries from {first} on was changed")
