"""What a pass reads at a time: a range of columns of one layer, in place where kernels can, else block by block as float32."""

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.engine import plain
from flowstate_flower.aggregation.engine.paging import STRETCH_BYTES, Mapped, mapped
from flowstate_flower.aggregation.turns import take_turns
from flowstate_flower.aggregation.updates import BFLOAT16, Layer, Updates

ALIGNED_COLUMNS = 1024
SMALLEST_PARALLEL = 65_536
SMALLEST_RANGE, MOST_RANGES = 32_768, 4  # columns, and how many ranges for each thread
WIDENED_BYTES = 1 << 19  # of the float32 copy of a block: it stays in a core's own cache

Flat = NDArray[Any]
Work = Callable[["Part"], Any]
NO_RESULT: Flat = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class Part:
    """Columns start…end of one floating layer; `out` is where its result begins, `place` its first column among all.

    `addresses` are those of the rows where they are contiguous, else there are none and rows are read by copying slices.
    `files` are the mapped files in which rows lie.
    """

    layer: Layer
    place: int
    base: Any
    rows: tuple[Any, ...]
    addresses: NDArray[np.uintp] | None
    start: int
    end: int
    out: Flat
    files: tuple[Mapped, ...] = ()

    @property
    def is_compiled(self) -> bool:
        """Whether the kernels can read it in place."""
        return self.addresses is not None and self.layer.dtype == np.float32 == self.out.dtype and has_kernels()

    @property
    def origin(self) -> int:
        """Where the base lies."""
        return int(self.base.ctypes.data)

    @property
    def target(self) -> int:
        """Where the result lies."""
        return int(self.out.ctypes.data)

    def pieces(self) -> Iterator["Part"]:
        """Itself; or where only the type or the order of its numbers keeps the kernels away, float32 copies of its blocks."""
        kinds = (np.dtype(np.float32), np.dtype(np.float16), BFLOAT16)
        if self.is_compiled or self.layer.dtype not in kinds or self.out.dtype != np.float32 or not has_kernels():
            yield self
            return
        width = max(ALIGNED_COLUMNS, WIDENED_BYTES // (4 * (len(self.rows) + 1)) // ALIGNED_COLUMNS * ALIGNED_COLUMNS)
        copies = np.empty((len(self.rows) + 1, width), np.float32)
        base, *rows = copies
        layer, addresses, fill = Layer(self.layer.name, (width,), copies.dtype), _addresses(rows), self._widening(copies)
        for low in range(self.start, self.end, width):
            high = min(low + width, self.end)
            fill(low, high)
            yield Part(layer, self.place + low, base, tuple(rows), addresses, 0, high - low, self.out[low:high])

    def let_go(self) -> None:
        """What was read of mapped files need not stay in memory."""
        width = self.layer.dtype.itemsize
        for file in self.files:
            file.let_go(width * self.start, width * self.end)

    def _widening(self, copies: NDArray[np.float32]) -> Callable[[int, int], None]:
        """What writes the columns low…high-1 of the base and the rows into `copies`."""

        def one_by_one(low: int, high: int) -> None:
            for copy, row in zip(copies, (self.base, *self.rows), strict=True):
                copy[: high - low] = row[low:high]

        if self.addresses is None or self.layer.dtype == np.float32:
            return one_by_one
        from flowstate_flower.aggregation.engine.widen import widen

        rows, bits, is_bfloat = (
            np.append(np.uintp(self.origin), self.addresses),
            copies.view(np.uint32),
            self.layer.dtype == BFLOAT16,
        )
        return lambda low, high: widen(rows, is_bfloat, low, high, copies, bits)

    def plainly(self, work: plain.Work, start: int | None = None) -> int:
        """Run `work(rows, base, out)` on blocks, from `start` on: rows is an (n, k) copy in the working precision. Above 0
        where one of them is not finite.
        """
        first, flag = self.start if start is None else start, 0
        for low in range(first, self.end, plain.BLOCK_COLUMNS):
            columns = slice(low, min(low + plain.BLOCK_COLUMNS, self.end))
            kind = self.out.dtype
            block = np.array([row[columns] for row in self.rows], dtype=kind)
            flag += not np.isfinite(block).all()
            work(block, self.base[columns].astype(kind), self.out[columns])
        return flag


class Scattered:
    """An array whose order forbids to see it as one dimension. Its slices, rows first, are copies of little more than that."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __getitem__(self, columns: slice) -> Flat:
        return _slice(self._array, columns.start, columns.stop)


def _slice(array: NDArray[Any], low: int, high: int) -> Flat:
    if array.ndim == 1 or array.flags.c_contiguous:
        return array.reshape(-1)[low:high]
    width = array[0].size
    first, last = low // width, -(-high // width)
    if width <= high - low:
        return array[first:last].reshape(-1)[low - first * width : high - first * width]
    cuts = ((i, max(0, low - i * width), min(width, high - i * width)) for i in range(first, last))
    return np.concatenate([_slice(array[i], start, end) for i, start, end in cuts])


@cache
def has_kernels() -> bool:
    """Whether compiled kernels can be used: llvmlite and numba are there, and `FLOWSTATE_KERNELS=numpy` does not forbid it."""
    if os.environ.get("FLOWSTATE_KERNELS") == "numpy":
        return False
    try:
        for module in ("compiled", "pairs", "places", "votes", "widen"):
            importlib.import_module(f"flowstate_flower.aggregation.engine.{module}")
    except ImportError:
        return False
    return True


def parts(updates: Updates, kept: Sequence[int], out: Flat = NO_RESULT, *, worth: int = SMALLEST_PARALLEL) -> Iterator[Part]:
    """Every floating layer; one of at least `worth` coordinates in ranges, as many for each thread."""
    offset = 0
    everybody = len(kept) == len(updates.rows)
    for index, layer in enumerate(updates.layout.layers):
        if not layer.is_floating or layer.size == 0:
            continue
        place = _place(updates, index)
        rows = place.rows if everybody else tuple(place.rows[i] for i in kept)
        addresses = place.addresses if everybody or place.addresses is None else place.addresses[kept]
        target = out[offset : offset + layer.size]
        step = _range(layer.size, updates.threads if layer.size >= worth else 1)
        if place.files:
            step = min(step, _aligned(STRETCH_BYTES // (len(place.files) * layer.dtype.itemsize)))
        for start in range(0, layer.size, step):
            end = min(start + step, layer.size)
            yield Part(layer, offset, place.base, rows, addresses, start, end, target, place.files)
        offset += layer.size


class _Place(NamedTuple):
    """Where one layer lies: of the base and of every row, as one dimension; see `Part`."""

    base: Any
    rows: tuple[Any, ...]
    addresses: NDArray[np.uintp] | None
    files: tuple[Mapped, ...]


def _place(updates: Updates, index: int) -> _Place:
    """Found once for all passes over the same updates: for small layers it takes as long as a pass."""
    found: _Place | None = updates.found.get(index)
    if found is None:
        base, rows = updates.base[index], [row[index] for row in updates.rows]
        are_whole = base.flags.c_contiguous and all(row.flags.c_contiguous for row in rows)
        flat = tuple(_flat(row) for row in rows)
        files = mapped(rows) if are_whole else ()
        found = updates.found[index] = _Place(_flat(base), flat, _addresses(flat) if are_whole else None, files)
    return found


def _range(size: int, threads: int) -> int:
    """Columns of one range: the same number of ranges for each thread, so that one which was held up leaves some to others."""
    each = max(1, min(MOST_RANGES, size // (threads * SMALLEST_RANGE)))
    ranges = threads * each if threads > 1 else 1
    return _aligned(-(-size // ranges)) or size


def _aligned(columns: int) -> int:
    """Rounded up, so that no two ranges share what is read at a time."""
    return -(-columns // ALIGNED_COLUMNS) * ALIGNED_COLUMNS


def run(work: Work, todo: Iterable[Part], threads: int) -> list[Any]:
    """A result for each part, in order: the sum of those of its pieces. Other threads help where a layer is in ranges."""
    given = list(todo)
    results: list[Any] = [None] * len(given)

    def summed(turn: int) -> None:
        total: Any = 0
        for piece in given[turn].pieces():
            total = total + work(piece)
        given[turn].let_go()
        results[turn] = total

    in_ranges = any(part.end - part.start < part.layer.size for part in given)
    take_turns(summed, len(given), threads if in_ranges else 1)
    return results


def _flat(array: NDArray[Any]) -> Any:
    """The array as one dimension, never copied."""
    if array.ndim == 1:
        return array
    return array.reshape(-1) if array.ndim == 0 or array.flags.c_contiguous else Scattered(array)


def _addresses(rows: Iterable[Flat]) -> NDArray[np.uintp]:
    return np.array([row.__array_interface__["data"][0] for row in rows], dtype=np.uintp)
