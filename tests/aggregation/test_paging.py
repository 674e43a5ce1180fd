"""Rows in mapped files: the same results, and what a pass has read does not stay in memory."""

import importlib
import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from flowstate_flower.aggregation import Layer, Layout, Updates, rule_named
from flowstate_flower.aggregation.engine.paging import Mapped
from tests.strategies.test_spool import resident

N, SIZES, HEADER = 5, (1_000_000, 7, 40_000), 128
STRETCH = 1 << 19  # several ranges for each layer, so that threads read beside each other

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pages are let go of, and seen, on Linux")


def mapped_rows(folder: Path, rows: list[tuple[np.ndarray, ...]]) -> list[tuple[np.ndarray, ...]]:
    """The same rows, each layer behind a header in one read-only file for each row."""
    found = []
    for number, row in enumerate(rows):
        path = folder / f"{number}"
        path.write_bytes(b"".join(bytes(HEADER) + layer.tobytes() for layer in row))
        with path.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        layers, at = [], HEADER
        for layer in row:
            layers.append(np.frombuffer(view, layer.dtype, layer.size, at).reshape(layer.shape))
            at += layer.nbytes + HEADER
        found.append(tuple(layers))
    return found


def updates(rows: list[tuple[np.ndarray, ...]], threads: int) -> Updates:
    layout = Layout(tuple(Layer(f"{i}", layer.shape, layer.dtype) for i, layer in enumerate(rows[0])))
    base = tuple(np.full_like(layer, 0.5) for layer in rows[0])
    return Updates(layout, base, tuple(rows), np.full(len(rows), 1 / len(rows)), threads)


@pytest.mark.parametrize(
    ("rule", "threads", "dtype"),
    [("mean", 1, "f4"), ("median", 2, "f4"), ("krum", 2, "f8"), ("nnm >> trimmed-mean", 2, "f2")],
)
def test_pages_that_were_read_do_not_stay_and_nothing_else_changes(
    rule: str, threads: int, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("flowstate_flower.aggregation.engine.sharing"), "STRETCH_BYTES", STRETCH)
    rng = np.random.default_rng(0)
    rows = [tuple(rng.standard_normal(size).astype(dtype) for size in SIZES) for _ in range(N)]
    on_disk = mapped_rows(tmp_path, rows)
    f = 0 if rule == "mean" else 1
    expected = rule_named(rule)(updates(rows, threads), byzantine=f).update
    np.testing.assert_allclose(rule_named(rule)(updates(on_disk, threads), byzantine=f).update, expected, rtol=1e-6, atol=1e-7)
    whole = sum(layer.nbytes for row in rows for layer in row) // 1024
    assert resident(tmp_path) == 0
    for row, mine in zip(on_disk, rows, strict=True):
        for layer, same in zip(row, mine, strict=True):
            np.testing.assert_array_equal(layer, same)  # they come back from the file
    assert resident(tmp_path) >= whole


def test_only_read_only_files_are_let_go_of(tmp_path: Path) -> None:
    (row,) = mapped_rows(tmp_path, [(np.arange(9, dtype="f4"), np.arange(2.0))])
    assert [place and place.begins for place in map(Mapped.of, row)] == [HEADER, 2 * HEADER + 36]
    anonymous = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    for other in (np.zeros(3), np.frombuffer(anonymous, "f4"), np.frombuffer(b"abcd", "f4"), object()):
        assert Mapped.of(other) is None
