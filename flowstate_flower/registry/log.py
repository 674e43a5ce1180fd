"""The log as it is stored: entries, the bytes of their leaves, complete tiles of the tree, and proofs from them.

A row of `log_node` is the root of a complete tile: 256 neighbouring hashes of the level below. Such rows are written once and
never change; where they are missing, as after a migration, they are computed, and stored with the next tile.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import func, insert
from sqlmodel import Session, col, select

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry.database import Registry, log_origin
from flowstate_flower.registry.tables import AuditEventRow, AuditPartyRow, CosignatureRow, LogHeadRow, LogNodeRow
from flowstate_flower.transparency.checkpoint import Checkpoint, verified
from flowstate_flower.transparency.proof_file import ConsistencyProof, InclusionProof
from flowstate_flower.transparency.proofs import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    consistency_proof,
    fold,
    inclusion_proof,
    root_at,
)
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.keys import PublicKey

ENTRY_FIELDS = ("position", "at", "actor", "tenant", "kind", "subject", "row_digest")
CACHED_TILES = 16


class Entry(Protocol):
    """What a leaf is made of: a row of `audit_event`."""

    position: int
    at: str
    actor: str
    tenant: str | None
    kind: str
    subject: str
    row_digest: str


def entry_bytes(entry: Entry, parties: Sequence[str] = ()) -> bytes:
    """The exact bytes of a leaf."""
    return leaf_bytes({name: getattr(entry, name) for name in ENTRY_FIELDS}, parties)


def leaf_bytes(fields: Mapping[str, object], parties: Sequence[str]) -> bytes:
    """Canonical JSON of the entry's fields, and of the other tenants that it concerns where there are any."""
    return canonical({**fields, "parties": sorted(parties)} if parties else fields)


def whole(registry: Registry) -> None:
    """Raises `BadInput` for a registry as one tenant sees it: a part of the log proves nothing."""
    if registry.tenant is not None:
        raise BadInput(f"{registry.tenant} sees a part of the log only", hint="ask the operator for a proof, or for a copy")


def stored_tiles(session: Session) -> Tile:
    """Tiles as the database holds them, the last few kept in memory. What is not stored is computed from the level below."""

    @lru_cache(maxsize=CACHED_TILES)
    def tile(level: int, index: int) -> Sequence[bytes]:
        first = index * TILE_WIDTH
        places = range(first, first + TILE_WIDTH)
        if level == 0:
            return _contiguous(session.execute(_leaves(places)).all(), first)
        found = _contiguous(session.execute(_nodes(level, places)).all(), first)
        if len(found) < TILE_WIDTH:
            found = [*found, *_computed(tile, level, range(first + len(found), places.stop))]
        return found

    return tile


def grow(session: Session, size: int) -> None:
    """Store the roots of all complete tiles of a log of `size` entries that are not stored yet."""
    tile, level = stored_tiles(session), 1
    while complete := size >> TILE_HEIGHT * level:
        newest = session.execute(select(func.max(LogNodeRow.position)).where(col(LogNodeRow.level) == level)).scalar()
        missing = range(0 if newest is None else newest + 1, complete)
        rows = [{"level": level, "position": i, "hash": fold(tile(level - 1, i)).hex()} for i in missing]
        if rows:
            session.execute(insert(LogNodeRow), rows)
            tile.cache_clear()  # type: ignore[attr-defined]
        level += 1


def newest_checkpoint(registry: Registry) -> str:
    """The newest signed head, with the cosignatures of its witnesses. Raises `BadInput` where nothing was recorded yet."""
    with registry.reading() as session:
        head = session.exec(select(LogHeadRow).order_by(col(LogHeadRow.size).desc()).limit(1)).first()
        if head is None:
            raise BadInput(f"{registry.name} has no entries yet", hint="a checkpoint exists once something is recorded")
        return head.note + "".join(row.line for row in cosignature_rows(session) if row.log_size == head.size)


def cosignature_rows(session: Session) -> Sequence[CosignatureRow]:
    """What witnesses signed, by size."""
    return session.exec(select(CosignatureRow).order_by(col(CosignatureRow.log_size), col(CosignatureRow.public_key))).all()


def prove_entry(registry: Registry, index: int, checkpoint: str, operator: PublicKey) -> InclusionProof:
    """That entry `index` is in the log of `checkpoint`.

    Raises `BadInput` where there is no such entry, `BadCheckpoint` where the checkpoint is not the operator's or not of this
    log, `BrokenRegistry` where the entry is gone.
    """
    whole(registry)
    head = verified(checkpoint, log_origin(operator), operator)
    with registry.reading() as session:
        tile = stored_tiles(session)
        proof = _from_log(lambda: inclusion_proof(tile, index, head.size), f"no entry {index} in a log of {head.size} entries")
        entry = session.get(AuditEventRow, index)
        if entry is None:
            raise BrokenRegistry(f"entry {index} is missing", hint="run `flowstate audit verify`")
        text = entry_bytes(entry, parties_of(session, index)).decode()
    made = InclusionProof(checkpoint=checkpoint, index=index, entry=text, proof=tuple(step.hex() for step in proof))
    made.check(head.origin, operator)
    return made


def prove_extension(registry: Registry, earlier: str, checkpoint: str, operator: PublicKey) -> ConsistencyProof:
    """That the log of `checkpoint` begins with that of `earlier`. Raises as `prove_entry` does."""
    whole(registry)
    origin = log_origin(operator)
    old, new = verified(earlier, origin, operator), verified(checkpoint, origin, operator)
    with registry.reading() as session:
        tile = stored_tiles(session)
        what = f"a log of {new.size} entries does not extend one of {old.size}"
        proof = _from_log(lambda: consistency_proof(tile, old.size, new.size), what)
    made = ConsistencyProof(earlier=earlier, checkpoint=checkpoint, proof=tuple(step.hex() for step in proof))
    made.check(origin, operator)
    return made


def holds(registry: Registry, checkpoint: Checkpoint) -> bool:
    """Whether the stored log begins with that of `checkpoint`."""
    whole(registry)
    with registry.reading() as session:
        try:
            return root_at(stored_tiles(session), checkpoint.size) == checkpoint.root
        except LookupError:
            return False


def parties_of(session: Session, position: int) -> Sequence[str]:
    """The other tenants that an entry concerns."""
    return session.exec(select(AuditPartyRow.tenant).where(AuditPartyRow.position == position)).all()


def _from_log(made: Callable[[], list[bytes]], complaint: str) -> list[bytes]:
    try:
        return made()
    except LookupError as error:
        raise BadInput(complaint, hint=f"{error}; `flowstate audit log --last 1` prints the newest entry") from error


def _leaves(places: range) -> Any:
    return (
        select(AuditEventRow.position, AuditEventRow.leaf_hash)
        .where(col(AuditEventRow.position).between(places.start, places.stop - 1))
        .order_by(col(AuditEventRow.position))
    )


def _nodes(level: int, places: range) -> Any:
    return (
        select(LogNodeRow.position, LogNodeRow.hash)
        .where(LogNodeRow.level == level, col(LogNodeRow.position).between(places.start, places.stop - 1))
        .order_by(col(LogNodeRow.position))
    )


def _contiguous(rows: Sequence[Any], first: int) -> list[bytes]:
    """The hashes up to the first gap."""
    found = []
    for expected, (position, text) in enumerate(rows, start=first):
        if position != expected:
            break
        found.append(bytes.fromhex(text))
    return found


def _computed(tile: Tile, level: int, places: range) -> list[bytes]:
    found = []
    for place in places:
        below = tile(level - 1, place)
        if len(below) < TILE_WIDTH:
            break
        found.append(fold(below))
    return found
