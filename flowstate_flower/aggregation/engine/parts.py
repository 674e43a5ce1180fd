"""What a pass reads at a time: a range of columns of one layer, in place where kernels can, else block by block as float32."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowstate_flower import machine_code
from flowstate_flower.aggregation.engine import plain
from flowstate_flower.aggregation.engine.paging import STRETCH_BYTES, Mapped
from flowstate_flower.aggregation.turns import take_turns
from flowstate_flower.aggregation.updates import BFLOAT16, Layer, Updates

ALIGNED_COLUMNS = 1024
WORTH_SHARING, WORTH_SHARING_A_SUM = 1 << 21, 1 << 22
"""Numbers in all, from which on a pass is shared among threads: another core that sleeps takes longer to wake."""
SMALLEST_RANGE = 32_768  # columns
SINGLE = np.dtype(np.float32)
WIDENED = (SINGLE, np.dtype(np.float16), BFLOAT16)
WIDENED_BYTES = 1 << 19  # of the float32 copy of a block: it stays in a core's own cache
APART = 16  # columns between the copies of two rows, so that no two begin at the same place of a page

Flat = NDArray[Any]
Work = Callable[["Part"], Any]
NO_RESULT: Flat = np.empty(0, np.float32)


class Part(NamedTuple):
    """Columns start…end of one floating layer; `out` is where its result begins, `place` its first column among all.

    `addresses` are those of the rows where they are contiguous, else there are none and rows are read by copying slices;
    `table` is where these addresses lie, `origin` is the base's, `target` that of `out`. It `is_compiled` where the kernels can read it in place. `files` are the
    mapped files in which rows lie.
    """

    layer: Layer
    place: int
    base: Any
    rows: tuple[Any, ...]
    addresses: NDArray[np.uintp] | None
    table: int
    origin: int
    start: int
    end: int
    out: Flat
    target: int
    is_compiled: bool
    files: tuple[Mapped, ...] = ()

    def pieces(self) -> Iterable["Part"]:
        """Itself; or where only the type or the order of its numbers keeps the kernels away, float32 copies of its blocks."""
        if self.is_compiled or not has_kernels() or self.out.dtype != np.float32 or self.layer.dtype not in WIDENED:
            return (self,)
        return self._widened()

    def _widened(self) -> Iterator["Part"]:
        width = max(ALIGNED_COLUMNS, WIDENED_BYTES // (4 * (len(self.rows) + 1)) // ALIGNED_COLUMNS * ALIGNED_COLUMNS)
        copies = np.empty((len(self.rows) + 1, width + APART), np.float32)
        (base, *rows), (origin, *addresses) = copies, _addresses(copies)
        layer, lying, fill = Layer(self.layer.name, (width,), copies.dtype), np.array(addresses), self._widening(copies)
        for low in range(self.start, self.end, width):
            high = min(low + width, self.end)
            fill(low, high)
            out, target = self.out[low:high], self.target + copies.itemsize * low
            where = (base, tuple(rows), lying, _address(lying), int(origin))
            yield Part(layer, self.place + low, *where, 0, high - low, out, target, True)

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
    if not machine_code.is_at_hand():
        return False
    try:
        for module in ("compiled", "pairs", "places", "spread", "votes", "widen"):
            importlib.import_module(f"flowstate_flower.aggregation.engine.{module}")
    except ImportError:
        return False
    return True


def parts(
    updates: Updates, kept: Sequence[int], out: Flat = NO_RESULT, threads: int = 1, *, last_first: bool = False
) -> Iterator[Part]:
    """Every floating layer; a large one in ranges, as many for each thread, the largest to be done first."""
    offset, target = 0, _address(out) if out.size > 0 else 0
    everybody = len(kept) == len(updates.rows)
    for index, layer in enumerate(updates.layout.layers):
        if not layer.is_floating or layer.size == 0:
            continue
        base, rows, addresses, table, origin, files, is_readable = _place(updates, index)
        if not everybody:
            rows, addresses = tuple(rows[i] for i in kept), None if addresses is None else addresses[kept]
            table = 0 if addresses is None else _address(addresses)
        result = out[offset : offset + layer.size]
        is_compiled = is_readable and out.dtype == SINGLE and has_kernels()
        most = STRETCH_BYTES // (len(files) * layer.dtype.itemsize) if files else layer.size
        for start, end in _ranges(layer.size, threads, most, last_first):
            yield Part(layer, offset, base, rows, addresses, table, origin, start, end, result, target, is_compiled, files)
        offset += layer.size
        target += result.nbytes


class _Place(NamedTuple):
    """Where one layer lies: of the base and of every row, as one dimension; see `Part`."""

    base: Any
    rows: tuple[Any, ...]
    addresses: NDArray[np.uintp] | None
    table: int
    origin: int
    files: tuple[Mapped, ...]
    is_readable: bool  # by kernels, in place


def _place(updates: Updates, index: int) -> _Place:
    """Found once for all passes over the same updates: for small layers it takes as long as a pass."""
    found: _Place | None = updates.found.get(index)
    if found is None:
        arrays = (updates.base[index], *[row[index] for row in updates.rows])
        known = updates.lying
        lying_of = [(known.get(id(array)) or _lying(array, known))[1] for array in arrays]
        flat, is_whole, addresses, files = zip(*lying_of, strict=True)
        lying = np.array(addresses[1:], np.uintp) if all(is_whole) else None
        mapped = tuple(file for file in files[1:] if file is not None) if lying is not None else ()
        is_readable = lying is not None and updates.layout.layers[index].dtype == SINGLE
        table = 0 if lying is None else _address(lying)
        found = updates.found[index] = _Place(flat[0], flat[1:], lying, table, addresses[0], mapped, is_readable)
    return found


def _lying(array: Flat, known: dict[int, Any]) -> tuple[Flat, tuple[Any, bool, int, Mapped | None]]:
    """The array, so that no other has its identity; and it as one dimension, whether it lies in one piece, its address, and the
    mapped file. Kept in `known`: in rounds of many small layers, to look again would take longer than a pass.
    """
    about = (_flat(array), array.flags.c_contiguous, _address(array), Mapped.of(array))
    found = known[id(array)] = (array, about)
    return found


@lru_cache(1 << 12)
def _ranges(size: int, threads: int, most: int, last_first: bool) -> Sequence[tuple[int, int]]:
    """Where ranges of `size` columns begin and end, of about `most` columns at most. Threads share half of what is left, then
    half of that, so that one which was held up leaves some to others: factoring, Hummel, Schonberg and Flynn 1992
    (doi:10.1145/135226.135232).
    """
    ranges: list[tuple[int, int]] = []
    start = 0
    while start < size:
        shares = threads if threads == 1 or size - start < 2 * threads * SMALLEST_RANGE else 2 * threads
        step = min(_aligned(-(-(size - start) // shares)), _aligned(most))
        for _ in range(threads):
            if start < size:
                ranges.append((start, min(start + step, size)))
            start += step
    return [(size - end, size - start) for start, end in reversed(ranges)] if last_first else ranges


def _aligned(columns: int) -> int:
    """Rounded up, so that no two ranges share what is read at a time."""
    return -(-columns // ALIGNED_COLUMNS) * ALIGNED_COLUMNS


def run(
    work: Work,
    updates: Updates,
    kept: Sequence[int],
    out: Flat = NO_RESULT,
    *,
    worth: int = WORTH_SHARING,
    last_first: bool = False,
) -> list[Any]:
    """A result for each part, the sum of those of its pieces; threads share them where there are `worth` numbers in all."""
    threads = updates.threads if len(kept) * updates.layout.dimension >= worth else 1
    given = list(parts(updates, kept, out, threads, last_first=last_first))
    if last_first:
        given.reverse()
    results: list[Any] = [None] * len(given)

    def summed(turn: int) -> None:
        total: Any = 0
        for piece in given[turn].pieces():
            total = total + work(piece)
        given[turn].let_go()
        results[turn] = total

    take_turns(summed, len(given), threads)
    return results


def _flat(array: NDArray[Any]) -> Any:
    """The array as one dimension, never copied."""
    if array.ndim == 1:
        return array
    return array.reshape(-1) if array.ndim == 0 or array.flags.c_contiguous else Scattered(array)


def _addresses(rows: Iterable[Flat]) -> NDArray[np.uintp]:
    return np.array([_address(row) for row in rows], dtype=np.uintp)


def _address(array: Flat) -> int:
    return int(array.__array_interface__["data"][0])
