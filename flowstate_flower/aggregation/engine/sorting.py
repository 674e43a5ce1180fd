"""Windows of ranks by the kernels of `emit`, compiled by numba: over rows where they lie, and over rows mixed in cache."""

from typing import Any, NamedTuple

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from flowstate_flower.aggregation.engine.intrinsics import address_pointer, call, compiled, float_pointer, next_of
from flowstate_flower.machine_code import FLOAT_BYTES, WIDEST_LANES

MIX_TILE = 512


class Entries(NamedTuple):
    """The entries of a matrix that are not 0: row by row, their columns and values, and where each row begins."""

    starts: Any
    columns: Any
    values: Any

    @classmethod
    def of(cls, matrix: Any) -> "Entries":
        """The entries of `matrix`."""
        rows, columns = np.nonzero(matrix)
        starts = np.searchsorted(rows, np.arange(len(matrix) + 1))
        return cls(starts, columns, matrix[rows, columns].astype(np.float32))


@compiled()
def sort(kernel: int, n: int, spans: Any, ranges: Any, counter: int, out: Any) -> int:
    """The kernel at address `kernel` on n rows over each range of the `sharing.Spans` that nobody else takes. Above 0 where one
    of them is not finite.
    """
    flag, k = 0, next_of(counter)
    while k < len(ranges) - 1:
        for table, base, start, end, place in spans[ranges[k] : ranges[k + 1]]:
            target = np.int64(out.ctypes.data) + FLOAT_BYTES * place
            whole = start + (end - start) // WIDEST_LANES * WIDEST_LANES
            if whole > start:
                flag |= call(kernel, table, base, start, whole, target)
            if whole < end:
                flag |= sort_rest(kernel, carray(address_pointer(table), (n,)), base, whole, end, target)
        k = next_of(counter)
    return flag


@compiled()
def sort_rest(kernel: int, rows: Any, base: int, start: int, end: int, out: int) -> Any:
    """The kernel on copies of fewer columns than it takes at a time."""
    copies, places = np.zeros((len(rows) + 1, WIDEST_LANES), np.float32), np.empty(len(rows), np.uintp)
    result = np.empty(WIDEST_LANES, np.float32)
    for i in range(len(rows)):
        copies[i, : end - start] = carray(float_pointer(rows[i]), (end,))[start:end]
        places[i] = copies[i].ctypes.data
    copies[-1, : end - start] = carray(float_pointer(base), (end,))[start:end]
    flag = call(kernel, places.ctypes.data, copies[-1].ctypes.data, 0, WIDEST_LANES, result.ctypes.data)
    carray(float_pointer(out), (end,))[start:end] = result[: end - start]
    return flag


@compiled(fastmath={"contract", "nsz"})
def mix_tile(rows: Any, entries: Any, base: int, start: int, end: int, gaps: Any, out: Any) -> None:
    """One tile of mixed rows: out (m, tile) is the matrix, given by its entries, times the differences of rows to the base."""
    size = end - start
    starts, columns, values = entries
    origin = carray(float_pointer(base), (end,))[start:end]
    for i in range(len(rows)):
        row = carray(float_pointer(rows[i]), (end,))[start:end]
        for k in range(size):
            gaps[i, k] = row[k] - origin[k]
    for a in range(len(out)):
        target = out[a]
        e, stop = starts[a], starts[a + 1]
        for k in range(size):
            target[k] = np.float32(0)
        while e + 3 < stop:
            g0, g1, g2, g3 = gaps[columns[e]], gaps[columns[e + 1]], gaps[columns[e + 2]], gaps[columns[e + 3]]
            v0, v1, v2, v3 = values[e], values[e + 1], values[e + 2], values[e + 3]
            for k in range(size):
                target[k] += (v0 * g0[k] + v1 * g1[k]) + (v2 * g2[k] + v3 * g3[k])
            e += 4
        while e < stop:
            gap, value = gaps[columns[e]], values[e]
            for k in range(size):
                target[k] += value * gap[k]
            e += 1


@compiled()
def mix_and_sort(kernel: int, rows: Any, entries: Any, base: int, start: int, end: int, out: Any) -> int:
    """Columns start…end of `out`: the kernel at address `kernel` on mixed rows, tile by tile, in cache. Above 0 where one of
    them is not finite.
    """
    m = len(entries[0]) - 1
    gaps = np.empty((len(rows), MIX_TILE), np.float32)
    tile = np.zeros((m, MIX_TILE), np.float32)
    origin, result = np.zeros(MIX_TILE, np.float32), np.empty(MIX_TILE, np.float32)
    mixed = np.empty(m, np.uintp)
    for a in range(m):
        mixed[a] = tile[a].ctypes.data
    flag = 0
    for low in range(start, end, MIX_TILE):
        high = min(low + MIX_TILE, end)
        mix_tile(rows, entries, base, low, high, gaps, tile)
        # a whole tile even at the end: what lies beyond are older values, and their results are dropped
        flag |= call(kernel, mixed.ctypes.data, origin.ctypes.data, 0, MIX_TILE, result.ctypes.data)
        out[low:high] = result[: high - low]
    return flag
