"""What a pass reads at a time: a range of columns of one layer, in place where kernels can, else block by block as float32."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowstate_flower import machine_code
from flowstate_flower.aggregation.engine import plain
from flowstate_flower.aggregation.engine.lying import SINGLE, Addresses, Flat, address, addresses_of, place
from flowstate_flower.aggregation.engine.paging import Mapped
from flowstate_flower.aggregation.updates import BFLOAT16, Layer, Updates

ALIGNED_COLUMNS = 1024
WIDENED = (SINGLE, np.dtype(np.float16), BFLOAT16)
WIDENED_BYTES = 1 << 19  # of the float32 copy of a block: it stays in a core's own cache
APART = 16  # columns between the copies of two rows, so that no two begin at the same place of a page
NO_RESULT: Flat = np.empty(0, np.float32)


class Part(NamedTuple):
    """Columns start…end of one floating layer; `out` is where its result begins, `place` its first column among all.

    `addresses` are those of the rows where they are contiguous, else there are none and rows are read by copying slices;
    `table` is where these addresses lie, `origin` is the base's. It `is_compiled` where the kernels can read it in place.
    `files` are the mapped files in which rows lie.
    """

    layer: Layer
    place: int
    base: Any
    rows: tuple[Any, ...]
    addresses: Addresses | None
    table: int
    origin: int
    start: int
    end: int
    out: Flat
    is_compiled: bool
    files: tuple[Mapped, ...] = ()

    @property
    def is_direct(self) -> bool:
        """Whether compiled code may have it without coming back: nothing is to be copied before, nor let go of after."""
        return self.is_compiled and not self.files

    def pieces(self) -> Iterable["Part"]:
        """Itself; or where only the type or the order of its numbers keeps the kernels away, float32 copies of its blocks."""
        if self.is_compiled or not has_kernels() or self.out.dtype != np.float32 or self.layer.dtype not in WIDENED:
            return (self,)
        return self._widened()

    def _widened(self) -> Iterator["Part"]:
        width = max(ALIGNED_COLUMNS, WIDENED_BYTES // (4 * (len(self.rows) + 1)) // ALIGNED_COLUMNS * ALIGNED_COLUMNS)
        copies = np.empty((len(self.rows) + 1, width + APART), np.float32)
        (base, *rows), (origin, *addresses) = copies, addresses_of(copies)
        layer, lying, fill = Layer(self.layer.name, (width,), copies.dtype), np.array(addresses), self._widening(copies)
        for low in range(self.start, self.end, width):
            high = min(low + width, self.end)
            fill(low, high)
            where = (base, tuple(rows), lying, address(lying), int(origin))
            yield Part(layer, self.place + low, *where, 0, high - low, self.out[low:high], True)

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

    def plainly(self, work: plain.Work) -> int:
        """Run `work(rows, base, out)` on blocks: rows is an (n, k) copy in the working precision. Above 0 where one of them is
        not finite.
        """
        flag = 0
        for low in range(self.start, self.end, plain.BLOCK_COLUMNS):
            columns = slice(low, min(low + plain.BLOCK_COLUMNS, self.end))
            kind = self.out.dtype
            block = np.array([row[columns] for row in self.rows], dtype=kind)
            flag += not np.isfinite(block).all()
            work(block, self.base[columns].astype(kind), self.out[columns])
        return flag


@cache
def has_kernels() -> bool:
    """Whether compiled kernels can be used: llvmlite and numba are there, and `FLOWSTATE_KERNELS=numpy` does not forbid it."""
    if not machine_code.is_at_hand():
        return False
    try:
        for module in ("compiled", "pairs", "places", "sorting", "spread", "votes", "widen"):
            importlib.import_module(f"flowstate_flower.aggregation.engine.{module}")
    except ImportError:
        return False
    return True


def wholes(updates: Updates, kept: Sequence[int], out: Flat = NO_RESULT) -> Iterator[Part]:
    """Every floating layer, undivided."""
    offset, everybody = 0, len(kept) == len(updates.rows)
    for index, layer in enumerate(updates.layout.layers):
        if not layer.is_floating or layer.size == 0:
            continue
        base, rows, addresses, table, origin, files, is_readable = place(updates, index)
        if not everybody:
            rows, addresses = tuple(rows[i] for i in kept), None if addresses is None else addresses[kept]
            table = 0 if addresses is None else address(addresses)
        result = out[offset : offset + layer.size]
        is_compiled = is_readable and out.dtype == SINGLE and has_kernels()
        yield Part(layer, offset, base, rows, addresses, table, origin, 0, layer.size, result, is_compiled, files)
        offset += layer.size
