"""Proofs by the vectors of Certificate Transparency, against the RFC's own recursive definition, and refused when bent."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstate_flower.transparency.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash
from flowstate_flower.transparency.proofs import (
    Tile,
    consistency_proof,
    fold,
    inclusion_proof,
    is_consistent,
    is_included,
    root_at,
)

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def tiles(leaves: Sequence[bytes]) -> Tile:
    """Stored tiles, as a registry keeps them: only complete subtrees."""

    def level_hashes(level: int) -> list[bytes]:
        below = list(leaves) if level == 0 else level_hashes(level - 1)
        return below if level == 0 else [fold(below[i : i + 256]) for i in range(0, len(below) - 255, 256)]

    return lambda level, index: level_hashes(level)[256 * index : 256 * (index + 1)]


def split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def mth(leaves: Sequence[bytes]) -> bytes:
    """The RFC's MTH, word for word, on leaf hashes."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else EMPTY_ROOT
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The RFC's PATH."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """The RFC's SUBPROOF."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def log(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


REFERENCE = [leaf_hash(bytes.fromhex(text)) for text in LEAVES]


@pytest.mark.parametrize("case", INCLUSION)
def test_inclusion_proofs_are_those_of_the_reference(case: tuple[int, int]) -> None:
    index, size = case
    proof = inclusion_proof(tiles(REFERENCE), index, size)
    assert [step.hex() for step in proof] == INCLUSION[case]
    assert is_included(REFERENCE[index], index, size, mth(REFERENCE[:size]), proof)


@pytest.mark.parametrize("case", CONSISTENCY)
def test_consistency_proofs_are_those_of_the_reference(case: tuple[int, int]) -> None:
    old, new = case
    proof = consistency_proof(tiles(REFERENCE), old, new)
    assert [step.hex() for step in proof] == CONSISTENCY[case]
    assert is_consistent(old, mth(REFERENCE[:old]), new, mth(REFERENCE[:new]), proof)


@given(st.data(), st.integers(1, 90))
def test_proofs_are_the_definition(data: st.DataObject, size: int) -> None:
    leaves, index, old = log(size), data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    tile, root = tiles(leaves), mth(leaves)
    inclusion, consistency = inclusion_proof(tile, index, size), consistency_proof(tile, old, size)
    assert root_at(tile, size) == root
    assert inclusion == path(index, leaves)
    assert consistency == subproof(old, leaves, True)
    assert is_included(leaves[index], index, size, root, inclusion)
    assert is_consistent(old, mth(leaves[:old]), size, root, consistency)


@pytest.mark.parametrize("size", [255, 256, 257, 511, 513, 65536 + 256 + 3])
def test_tiles_of_every_height_are_the_same_tree(size: int) -> None:
    leaves = log(size)
    stored = {level: _rows(leaves, level) for level in (0, 1, 2)}

    def tile(level: int, index: int) -> Sequence[bytes]:
        return stored[level][256 * index : 256 * (index + 1)]

    root = Frontier().extend(leaves).root()
    assert root_at(tile, size) == root
    for index in (0, 1, size // 3, size - 2, size - 1):
        assert is_included(leaves[index], index, size, root, inclusion_proof(tile, index, size))
    for old in (1, 2, 255, 256, size // 2, size - 1, size):
        old_root = Frontier().extend(leaves[:old]).root() if old <= size else b""
        if old <= size:
            assert is_consistent(old, old_root, size, root, consistency_proof(tile, old, size)), old


def _rows(leaves: Sequence[bytes], level: int) -> list[bytes]:
    row = list(leaves)
    for _ in range(level):
        row = [fold(row[i : i + 256]) for i in range(0, len(row) - 255, 256)]
    return row


@given(st.data(), st.integers(2, 40))
def test_a_bent_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    leaves, index = log(size), data.draw(st.integers(0, size - 1))
    proof, root = path(index, leaves), mth(leaves)
    step = data.draw(st.integers(0, len(proof) - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    assert not is_included(leaves[other], index, size, root, proof)
    assert not is_included(leaves[index], other, size, root, proof)
    assert not is_included(leaves[index], index, size, b"\0" * 32, proof)
    assert not is_included(leaves[index], index, size, root, proof[:step] + proof[step + 1 :])
    assert not is_included(leaves[index], index, size, root, [*proof, b"\0" * 32])
    assert not is_included(leaves[index], index, size, root, [*proof[:step], b"\0" * 32, *proof[step + 1 :]])
    assert not is_included(leaves[index], size, size, root, proof)


@given(st.data(), st.integers(2, 40))
def test_a_bent_consistency_proof_is_refused(data: st.DataObject, size: int) -> None:
    """The second size and the second root are checked too: leaving one out is how such checks have failed elsewhere."""
    leaves, old = log(size), data.draw(st.integers(1, size - 1))
    proof, before, after = subproof(old, leaves, True), mth(leaves[:old]), mth(leaves)
    step = data.draw(st.integers(0, len(proof) - 1))
    assert is_consistent(old, before, size, after, proof)
    assert not is_consistent(old, before, size, b"\0" * 32, proof)
    assert not is_consistent(old, b"\0" * 32, size, after, proof)
    assert not is_consistent(old, before, size, before, proof)
    assert not is_consistent(old, before, old, after, proof)
    assert not is_consistent(size, after, old, before, proof)
    assert not is_consistent(old, before, size, after, proof[:step] + proof[step + 1 :])
    assert not is_consistent(old, before, size, after, [*proof, b"\0" * 32])
    assert not is_consistent(old, before, size, after, [*proof[:step], b"\0" * 32, *proof[step + 1 :]])
    assert not is_consistent(old, before, size, after, [])
    for wrong in range(old + 1, 2 * size + 2):  # sizes of one shape need the same hashes; what tells them apart is signed
        if len(subproof(old, log(wrong), True)) != len(proof):
            assert not is_consistent(old, before, wrong, after, proof), wrong


def test_the_empty_log_begins_every_log() -> None:
    root = mth(log(5))
    assert is_consistent(0, EMPTY_ROOT, 5, root, [])
    assert is_consistent(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not is_consistent(0, root, 5, root, [])
    assert not is_consistent(0, EMPTY_ROOT, 0, root, [])
    assert not is_consistent(0, EMPTY_ROOT, 5, root, [root])
    assert not is_consistent(5, root, 5, root, [root])
    assert consistency_proof(tiles(log(5)), 0, 5) == []


@pytest.mark.parametrize(("old", "new"), [(3, 9), (6, 5), (-1, 5)])
def test_what_the_log_does_not_hold_is_not_proven(old: int, new: int) -> None:
    with pytest.raises(LookupError):
        consistency_proof(tiles(log(8)), old, new)


@pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 9), (3, 10)])
def test_no_entry_is_proven_that_the_log_does_not_hold(index: int, size: int) -> None:
    with pytest.raises(LookupError):
        inclusion_proof(tiles(log(8)), index, size)
