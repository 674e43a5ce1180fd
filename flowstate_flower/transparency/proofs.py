"""Inclusion and consistency proofs of RFC 9162, sections 2.1.3 and 2.1.4: made from stored tiles, checked from nothing.

A tile holds up to 256 neighbouring hashes: `tile(0, i)` leaves, `tile(1, i)` roots of complete subtrees of 256 leaves, and so
on. A proof for a log of a million entries reads about six of them.
"""

from collections.abc import Callable, Sequence

from flowstate_flower.transparency.merkle import EMPTY_ROOT, node_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

Tile = Callable[[int, int], Sequence[bytes]]
"""`tile(level, index)`: hashes of the complete subtrees of 256**level leaves, from the 256 × index-th on."""


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over 2**k neighbouring hashes."""
    row = hashes
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def root_at(tile: Tile, size: int) -> bytes:
    """The root of the first `size` entries. Raises `LookupError` where the log is shorter."""
    return _range_root(tile, 0, size) if size else EMPTY_ROOT


def inclusion_proof(tile: Tile, index: int, size: int) -> list[bytes]:
    """Hashes that lead from entry `index` to the root of the first `size` entries (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise LookupError(f"no entry {index} among {size}")
    proof, start, stop = [], 0, size
    while stop - start > 1:
        split = start + _left(stop - start)
        if index < split:
            proof.append(_range_root(tile, split, stop))
            stop = split
        else:
            proof.append(_range_root(tile, start, split))
            start = split
    return proof[::-1]


def consistency_proof(tile: Tile, old: int, new: int) -> list[bytes]:
    """Hashes that show that the first `new` entries begin with the first `old` (section 2.1.4.1).

    None are needed from the empty log, or from a log to itself.
    """
    if not 0 <= old <= new:
        raise LookupError(f"a log of {new} entries does not extend one of {old}")
    if old == 0:
        return []
    proof, start, stop = [], 0, new
    while old != stop:
        split = start + _left(stop - start)
        if old <= split:
            proof.append(_range_root(tile, split, stop))
            stop = split
        else:
            proof.append(_range_root(tile, start, split))
            start = split
    if start:
        proof.append(_range_root(tile, start, stop))
    return proof[::-1]


def is_included(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `leaf` is entry `index` of the log with `size` entries and this root (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the log of `new` entries begins with the one of `old` (section 2.1.4.2): both roots, both sizes."""
    if not 0 < old < new:
        same = old == new and old_root == new_root
        return not proof and (same or (old == 0 < new and old_root == EMPTY_ROOT))
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _left(size: int) -> int:
    """The largest power of two below `size`: where the RFC splits."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(tile: Tile, start: int, stop: int) -> bytes:
    """The root of the entries from `start` to `stop`, a range as the RFC's splits make them."""
    size = stop - start
    if size & (size - 1) == 0:
        return _subtree(tile, start, size.bit_length() - 1)
    split = start + _left(size)
    return node_hash(_range_root(tile, start, split), _range_root(tile, split, stop))


def _subtree(tile: Tile, start: int, height: int) -> bytes:
    level, rest = divmod(height, TILE_HEIGHT)
    index, first = divmod(start >> TILE_HEIGHT * level, TILE_WIDTH)
    hashes = tile(level, index)[first : first + (1 << rest)]
    if len(hashes) != 1 << rest:
        raise LookupError(f"the log ends before entry {start + (1 << height) - 1}")
    return fold(hashes)
