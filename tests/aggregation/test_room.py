"""Memory of results: used again when nobody holds a result any more, and never before."""

import weakref

import numpy as np
import pytest

from flowstate_flower.aggregation import CATALOGUE, Updates
from flowstate_flower.aggregation.engine.room import LEAST_BYTES, MOST_BYTES, Room

SINGLE = np.dtype(np.float32)
SIZE = LEAST_BYTES // SINGLE.itemsize


def address(array: np.ndarray) -> int:
    return array.ctypes.data


def test_what_nobody_holds_is_used_again() -> None:
    room = Room()
    where = address(room.vector(2 * SIZE, SINGLE))
    assert address(room.vector(2 * SIZE, SINGLE)) == where
    assert address(room.vector(SIZE, SINGLE)) == where  # it is large enough
    assert address(room.vector(3 * SIZE, SINGLE)) != where
    assert room.vector(SIZE, np.dtype(np.float64)).dtype == np.float64


HOLDS = {
    "itself": lambda v: v,
    "a slice": lambda v: v[5:],
    "another shape": lambda v: v.reshape(2, -1),
    "turned round": lambda v: v[::-1],
    "a memoryview": memoryview,
    "bytes": lambda v: np.frombuffer(v, np.uint8),
}


@pytest.mark.parametrize("hold", HOLDS.values(), ids=HOLDS)
def test_what_somebody_holds_in_any_form_is_not(hold) -> None:
    room = Room()
    first = room.vector(SIZE, SINGLE)
    first[:] = 1
    held = hold(first)
    del first
    second = room.vector(SIZE, SINGLE)
    second[:] = 2
    assert not np.shares_memory(np.asarray(held), second)
    assert np.ascontiguousarray(held).view(np.uint8).tobytes()[:4] == np.float32(1).tobytes()


def test_a_tensor_holds_it_too() -> None:
    torch = pytest.importorskip("torch")
    room = Room()
    held = torch.from_numpy(room.vector(SIZE, SINGLE))
    assert address(room.vector(SIZE, SINGLE)) != held.data_ptr()


def test_neither_little_nor_much_is_kept() -> None:
    room = Room()
    for size in (SIZE - 1, MOST_BYTES // SINGLE.itemsize + 1):
        died = weakref.ref(room.vector(size, SINGLE))
        assert died() is None
    assert all(kept.size == 0 for kept in room._kept.values())


def test_the_result_of_a_round_outlives_the_next() -> None:
    rows = np.full((5, SIZE), 3, np.float32)
    first = CATALOGUE["median"](Updates.from_matrix(rows)).update
    second = CATALOGUE["mean"](Updates.from_matrix(rows + 1)).update
    assert set(first.tolist()) == {3}
    assert set(second.tolist()) == {4}
