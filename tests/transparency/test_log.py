"""RFC 9162 by the reference vectors of Certificate Transparency, and checkpoints that only the operator can sign."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstate_flower.transparency.checkpoint import BadCheckpoint, Checkpoint, verified
from flowstate_flower.transparency.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash
from flowstate_flower.trust.keys import SigningKey

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_vectors(size: int) -> None:
    leaves = (leaf_hash(bytes.fromhex(text)) for text in LEAVES[:size])
    assert Frontier().extend(leaves).root().hex() == ROOTS[size - 1]


def test_the_empty_log_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of the RFC, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


@given(st.lists(st.binary(max_size=8).map(leaf_hash), min_size=1, max_size=70))
def test_growing_leaf_by_leaf_gives_the_definition(leaves: list[bytes]) -> None:
    frontier = Frontier().extend(leaves)
    assert frontier.root() == recursive_root(leaves)
    assert Frontier.parse(frontier.to_text()) == frontier


@pytest.mark.parametrize("text", ["", "3:00", "-1:", "x:", "1:zz"])
def test_a_frontier_that_does_not_fit_its_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Frontier.parse(text)


def test_a_checkpoint_is_a_signed_note() -> None:
    key = SigningKey.generate()
    checkpoint = Checkpoint("flowstate-log/1", 8, bytes.fromhex(ROOTS[-1]))
    note = checkpoint.sign(key)
    assert note.startswith("flowstate-log/1\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n\u2014 flowstate-log/1 ")
    assert verified(note, "flowstate-log/1", key.public) == checkpoint


@pytest.mark.parametrize(
    ("old", "new"), [("\n8\n", "\n9\n"), ("Xcna", "Ycna"), ("log/1\n8", "log/2\n8"), ("\u2014", "-"), ("\n\n", "\n")]
)
def test_a_changed_note_is_not_a_checkpoint(old: str, new: str) -> None:
    key = SigningKey.generate()
    note = Checkpoint("flowstate-log/1", 8, bytes.fromhex(ROOTS[-1])).sign(key)
    assert old in note
    with pytest.raises(BadCheckpoint):
        verified(note.replace(old, new), "flowstate-log/1", key.public)


def test_another_key_does_not_sign_for_the_operator() -> None:
    note = Checkpoint("flowstate-log/1", 0, EMPTY_ROOT).sign(SigningKey.generate())
    with pytest.raises(BadCheckpoint, match="operator"):
        verified(note, "flowstate-log/1", SigningKey.generate().public)
