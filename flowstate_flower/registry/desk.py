"""The only way to write to a registry: rows, their audit events and the signed head in one transaction, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry.binding import lift
from flowstate_flower.registry.database import Registry, log_origin
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tables import AuditEventRow, LogHeadRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.transparency.checkpoint import Checkpoint
from flowstate_flower.transparency.merkle import Frontier, leaf_hash
from flowstate_flower.trust.canonical import canonical, digest


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
    _events: list[tuple[str, Row]] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """A new row. Its sealed columns are encrypted here."""
        self.vault.seal(row)
        self.session.add(row)
        self._events.append(("added", row))

    def change(self, row: Row, what: str) -> None:
        """A row of this session whose attributes were just set. `what` names the change in the log."""
        self.session.add(row)
        self._events.append((what, row))

    def entries(self, first: int) -> Iterator[AuditEventRow]:
        """The audit events of this transaction, numbered from `first`."""
        for position, (what, row) in enumerate(self._events, start=first):
            entry = AuditEventRow(
                position=position,
                at=self.now,
                actor=self.actor,
                tenant=row.owner(),
                kind=f"{row.__tablename__}.{what}",
                subject=row.subject(),
                row_digest=digest(row.content()),
                leaf_hash="",
            )
            entry.leaf_hash = leaf_hash(entry_bytes(entry)).hex()
            yield entry


def entry_bytes(entry: AuditEventRow) -> bytes:
    """The exact bytes of a leaf: every column but the hash itself."""
    return canonical(entry.model_dump(exclude={"leaf_hash"}))


@contextmanager
def desk(registry: Registry, *, actor: str) -> Iterator[Desk]:
    """All of what is done inside, its audit events and a new signed head; or, if it raises, none of it.

    Raises `BrokenRegistry` where the database cannot be written.
    """
    if registry.signer is None or registry.wrapper is None:
        raise BadInput(f"{registry.path} is open for reading", hint="open it with the operator's key to write")
    with _writing(registry) as session:
        open_desk = Desk(session, actor, timestamp(), Vault(session, registry.wrapper))
        yield open_desk
        session.flush()
        lift(session)
        head = session.exec(select(LogHeadRow).order_by(col(LogHeadRow.size).desc()).limit(1)).first()
        frontier = Frontier.parse(head.frontier) if head else Frontier()
        entries = list(open_desk.entries(frontier.size))
        if not entries:  # what is only counted is kept without an entry
            session.commit()
            return
        frontier = frontier.extend(bytes.fromhex(entry.leaf_hash) for entry in entries)
        session.add_all(entries)
        checkpoint = Checkpoint(log_origin(registry.operator), frontier.size, frontier.root())
        session.add(LogHeadRow(size=frontier.size, note=checkpoint.sign(registry.signer), frontier=frontier.to_text()))
        session.commit()


@contextmanager
def _writing(registry: Registry) -> Iterator[Session]:
    """A session that holds the write lock. What the disk refuses is one clear error."""
    try:
        with registry.session(writes=True) as session:
            yield session
    except OperationalError as error:
        raise BrokenRegistry(f"{registry.path} cannot be written: {error.orig}", hint="check the disk") from error
