"""A model computed inside the bytes of its files: the same record as Flower's own encoding, and safe to keep."""

import gc

import numpy as np
import pytest
from flwr.app import Array

from flowstate_flower.aggregation import Layout
from flowstate_flower.aggregation.updates import BFLOAT16, applied
from flowstate_flower.strategies.encoding import Rooms, to_record

NAMES = ("w", "scalar", "empty", "half", "seen")


def model() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(70, 30)).astype("f4"),
        np.array(2.5, "f4"),
        np.zeros((0, 3), "f4"),
        rng.normal(size=5).astype(BFLOAT16),
        np.array(7),
    )


def test_a_record_from_rooms_is_flowers_own() -> None:
    base = model()
    layout = Layout.of(NAMES, base)
    update = np.random.default_rng(1).normal(size=layout.dimension).astype("f4")
    rooms = Rooms()
    placed = applied(layout, base, update, rooms.room)
    expected = applied(layout, base, update)
    record = rooms.record(NAMES, placed)
    for name, array in zip(NAMES, expected, strict=True):
        assert record[name] == Array(np.asarray(array, order="C"))
        assert record[name] == to_record((name,), (array,))[name]


def test_a_model_outlives_its_rooms_and_its_record() -> None:
    base = (np.arange(100_000, dtype="f4"),)
    layout = Layout.of(("w",), base)
    rooms = Rooms()
    (placed,) = applied(layout, base, np.ones(100_000, "f4"), rooms.room)
    data = rooms.record(("w",), (placed,))["w"].data
    del rooms
    gc.collect()
    keep = [bytes(500_000) for _ in range(50)]  # whatever was freed is overwritten now
    np.testing.assert_array_equal(placed, base[0] + 1)
    del placed, keep
    gc.collect()
    assert Array(dtype="float32", shape=(100_000,), stype="numpy.ndarray", data=data).numpy()[-1] == 100_000


def test_what_others_have_seen_is_written_no_more() -> None:
    base = (np.zeros(4, "f4"),)
    rooms = Rooms()
    (placed,) = applied(Layout.of(("w",), base), base, np.ones(4, "f4"), rooms.room)
    rooms.record(("w",), (placed,))
    with pytest.raises(ValueError, match="read-only"):
        placed[0] = 9
