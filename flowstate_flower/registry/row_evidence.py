"""What rows claim beyond themselves: that a tenant signed a statement, that a model's file is the one named."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from flowstate_flower.errors import BadInput, BrokenRegistry, FlowstateError
from flowstate_flower.registry.deployment_tables import RoundStateRow
from flowstate_flower.registry.models import load_model
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tables import ContributionRow, KeyRow, RefusalRow, RoundRow, RunRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.registry.verdict import Finding
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.dsse import Envelope, MalformedEnvelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import RefusalStatement, UpdateStatement, read

SIGNING = "signing"
SLICE = 64

Recorded = tuple[int, str, dict[str, Any]]
"""A row whose digest is that of its entry: the entry's position, the row's name in the log, the row."""


@dataclass(slots=True)
class Readable:
    """Rows with their sealed texts opened, for whoever holds the key-encryption key. `vault` is None for everybody else.

    `sealed` counts the rows that could not be read, because the key is elsewhere or was destroyed.
    """

    vault: Vault | None
    sealed: int = 0
    findings: list[Finding] = field(default_factory=list)

    def of(self, table: type[Row], rows: Sequence[Recorded]) -> Sequence[Recorded]:
        """The rows that can be read. A text that was not encrypted for its place is a finding."""
        if table is not RefusalRow:
            return rows
        return [(position, subject, opened) for position, subject, row in rows if (opened := self._opened(position, row))]

    def _opened(self, position: int, row: dict[str, Any]) -> dict[str, Any] | None:
        stored = RefusalRow(**row)
        try:
            texts = {column: self.vault.open(stored, column) if self.vault else None for column in stored.sealed}
        except BrokenRegistry as error:
            self.findings.append(Finding(position, str(error)))
            return None
        except BadInput:  # another key-encryption key, or a data key that is not as the log recorded it
            texts = dict.fromkeys(stored.sealed)
        if None in texts.values():
            self.sealed += 1
            return None
        return row | texts


class _Round(NamedTuple):
    """When a round was open: after `after`, until `until`."""

    after: str
    until: str


def statement_problems(session: Session, pool: Executor, table: type[Row], rows: Sequence[Recorded]) -> Iterator[Finding]:
    """Contributions and refusals whose envelope the tenant did not sign, with a key of that time, or that says otherwise.

    The signatures are checked by `pool` from now on, whenever the result is asked for.
    """
    if table not in {ContributionRow, RefusalRow} or not rows:
        return iter(())
    keys = _signing_keys(session, {row["tenant"] for _, _, row in rows})
    times = _times(session, [row for _, _, row in rows])
    work = [(recorded, _valid(keys.get(recorded[2]["tenant"], ()), times.get(_round(recorded[2])))) for recorded in rows]
    slices = [work[i : i + SLICE] for i in range(0, len(work), SLICE)]
    parts = pool.map(lambda part: [_problem(table, recorded, valid) for recorded, valid in part], slices)
    return (finding for part in parts for finding in part if finding)


def model_problems(folder: Path, table: type[Row], rows: Sequence[Recorded]) -> Iterator[Finding]:
    """Rounds whose model's file, or that of what they left behind, is missing or holds something else than was recorded."""
    column = {RoundRow: "model_digest", RoundStateRow: "digest"}.get(table)
    if column is None:
        return
    for position, subject, row in rows:
        named = row[column]
        try:
            found = model_digest(load_model(folder / f"{named}.npz").items())
        except FlowstateError as error:
            yield Finding(position, f"the model of {subject}: {error}")
            continue
        if found != named:
            yield Finding(position, f"the model of {subject} is not the one recorded: {folder / named}.npz was changed")


def _problem(table: type[Row], recorded: Recorded, keys: Sequence[PublicKey]) -> Finding | None:
    position, subject, row = recorded
    try:
        envelope = Envelope.parse(row["envelope"].encode())
        told, written = _update(envelope, row) if table is ContributionRow else _refusal(envelope, row)
    except MalformedEnvelope as error:
        return Finding(position, f"the envelope of {subject} cannot be read: {error}")
    if not any(envelope.is_signed_by(key) for key in keys):
        return Finding(position, f"the envelope of {subject} is not signed by a key that {row['tenant']} had then")
    return None if told == written else Finding(position, f"the envelope of {subject} says something else than the row")


def _update(envelope: Envelope, row: dict[str, Any]) -> tuple[object, object]:
    said = read(UpdateStatement, envelope)
    told = (said.run, said.round, said.tenant, said.update, said.examples)
    return told, (row["run"], row["round"], row["tenant"], row["update_digest"], row["examples"])


def _refusal(envelope: Envelope, row: dict[str, Any]) -> tuple[object, object]:
    said = read(RefusalStatement, envelope)
    told = (said.run, said.round, said.tenant, str(said.reason), said.detail)
    return told, (row["run"], row["round"], row["tenant"], row["reason"], row["detail"])


def _signing_keys(session: Session, tenants: set[str]) -> dict[str, list[KeyRow]]:
    found: dict[str, list[KeyRow]] = {}
    with session.no_autoflush:
        for row in session.exec(select(KeyRow).where(KeyRow.use == SIGNING, col(KeyRow.tenant).in_(tenants))):
            found.setdefault(row.tenant, []).append(row)
    return found


def _times(session: Session, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, int], _Round]:
    """When the rounds of these rows were open: each after the one before it closed, the first after its run began."""
    found = {}
    for run in {row["run"] for row in rows}:
        numbers = [row["round"] for row in rows if row["run"] == run]
        after = session.exec(select(RunRow.started_at).where(RunRow.id == run)).first() or ""
        before = select(RoundRow.closed_at).where(RoundRow.run == run, col(RoundRow.number) < min(numbers))
        after = session.exec(before.order_by(col(RoundRow.number).desc()).limit(1)).first() or after
        inside = col(RoundRow.number).between(min(numbers), max(numbers))
        closed = select(RoundRow.number, RoundRow.closed_at).where(RoundRow.run == run, inside)
        for number, until in session.exec(closed.order_by(col(RoundRow.number))):
            found[run, number] = _Round(after, until)
            after = until
    return found


def _round(row: dict[str, Any]) -> tuple[str, int]:
    return row["run"], row["round"]


def _valid(keys: Sequence[KeyRow], time: _Round | None) -> list[PublicKey]:
    """The keys that were added before the round closed and not withdrawn before it could have begun."""
    if time is None:
        return []
    then = [k for k in keys if k.added_at <= time.until and (k.revoked_at is None or k.revoked_at >= time.after)]
    return [key for row in then if (key := _key(row.public_key)) is not None]


@lru_cache(maxsize=4096)
def _key(text: str) -> PublicKey | None:
    """None for a row that was changed into no key at all, which is a finding of its own."""
    try:
        return PublicKey(text)
    except BadInput:
        return None
