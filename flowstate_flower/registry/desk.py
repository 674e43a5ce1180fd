"""The only way to write to a registry: rows, their audit events and the signed head in one transaction, or nothing."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry.binding import lift
from flowstate_flower.registry.database import Registry, hint, log_origin
from flowstate_flower.registry.engines import cause
from flowstate_flower.registry.log import grow, leaf_bytes
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tables import AuditEventRow, AuditPartyRow, LogHeadRow, TenantRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.transparency.checkpoint import Checkpoint
from flowstate_flower.transparency.merkle import Frontier, leaf_hash
from flowstate_flower.transparency.proofs import TILE_HEIGHT
from flowstate_flower.trust.canonical import digest
from flowstate_flower.trust.keys import SigningKey


def timestamp() -> str:
    """Now, in UTC, to the microsecond: `2026-11-22T16:00:00.000000Z`."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Desk:
    """An open transaction. `actor` is who asks; everything added or changed here is theirs in the log."""

    session: Session
    actor: str
    now: str
    vault: Vault
    _events: list[tuple[str, Row, frozenset[str]]] = field(default_factory=list)
    _duties: list[Callable[[Session], None]] = field(default_factory=list)

    def add(self, row: Row, *, concerns: Iterable[str] = ()) -> None:
        """A new row. Its sealed columns are encrypted here. `concerns` are other tenants than its own in whose views the
        entry belongs.
        """
        self.vault.seal(row)
        self.session.add(row)
        self._events.append(("added", row, frozenset(concerns)))

    def change(self, row: Row, what: str, *, concerns: Iterable[str] = ()) -> None:
        """A row of this session whose attributes were just set. `what` names the change in the log."""
        self.session.add(row)
        self._events.append((what, row, frozenset(concerns)))

    def before_commit(self, duty: Callable[[Session], None]) -> None:
        """Something that the desk itself does before it commits, in a session that sees all tenants."""
        self._duties.append(duty)

    def tidy(self) -> None:
        """Do it."""
        for duty in self._duties:
            duty(self.session)

    def entries(self, first: int) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """The audit events of this transaction, numbered from `first`, each with the other tenants that it concerns."""
        also = acting_tenant(self.session, self.actor)
        for position, (what, row, concerns) in enumerate(self._events, start=first):
            tenant = row.owner()
            parties = sorted((concerns | also) - {tenant})
            entry = {
                "position": position,
                "at": self.now,
                "actor": self.actor,
                "tenant": tenant,
                "kind": f"{row.__tablename__}.{what}",
                "subject": row.subject(),
                "row_digest": digest(row.content()),
            }
            entry["leaf_hash"] = leaf_hash(leaf_bytes(entry, parties)).hex()
            yield entry, parties


@contextmanager
def desk(registry: Registry, *, actor: str) -> Iterator[Desk]:
    """All of what is done inside, its audit events and a new signed head; or, if it raises, none of it.

    Raises `BrokenRegistry` where the database cannot be written.
    """
    if registry.signer is None or registry.wrapper is None:
        raise BadInput(f"{registry.name} is open for reading", hint="open it with the operator's key to write")
    with _writing(registry) as session:
        open_desk = Desk(session, actor, timestamp(), Vault(session, registry.wrapper))
        yield open_desk
        session.flush()
        lift(session)
        open_desk.tidy()
        frontier = newest_frontier(session)
        entries = list(open_desk.entries(frontier.size))
        if not entries:  # what is only counted is kept without an entry
            session.commit()
            return
        append(session, registry.signer, frontier, entries)
        session.commit()


def newest_frontier(session: Session) -> Frontier:
    """Where the log grows from."""
    head = session.exec(select(LogHeadRow).order_by(col(LogHeadRow.size).desc()).limit(1)).first()
    return Frontier.parse(head.frontier) if head else Frontier()


def append(session: Session, signer: SigningKey, frontier: Frontier, entries: list[tuple[dict[str, Any], list[str]]]) -> None:
    """Entries, tiles that they complete, and the signed head over all of it."""
    grown = frontier.extend(bytes.fromhex(entry["leaf_hash"]) for entry, _ in entries)
    session.execute(insert(AuditEventRow), [entry for entry, _ in entries])
    if parties := [{"position": entry["position"], "tenant": name} for entry, names in entries for name in names]:
        session.execute(insert(AuditPartyRow), parties)
    if grown.size >> TILE_HEIGHT != frontier.size >> TILE_HEIGHT:
        grow(session, grown.size)
    checkpoint = Checkpoint(log_origin(signer.public), grown.size, grown.root())
    head = {"size": grown.size, "note": checkpoint.sign(signer), "frontier": grown.to_text()}
    session.execute(insert(LogHeadRow), head)


def acting_tenant(session: Session, actor: str) -> frozenset[str]:
    """The tenant that acts, where it is one: what it does to another's rows is in both views."""
    return frozenset((actor,)) if session.get(TenantRow, actor) else frozenset()


@contextmanager
def _writing(registry: Registry) -> Iterator[Session]:
    """A session that holds the write lock. What the disk refuses is one clear error."""
    try:
        with registry.session(writes=True) as session:
            yield session
    except DBAPIError as error:
        raise BrokenRegistry(f"{registry.name} cannot be written: {cause(error)}", hint=hint(registry.place)) from error
