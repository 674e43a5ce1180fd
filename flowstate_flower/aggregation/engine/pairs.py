"""Distances between rows and weighted sums of rows, compiled by numba on first use and kept in its cache.

Distances are direct differences: float32 over short stretches, float64 across them. They need no centre, lose nothing when
updates are small beside the model, and leave a NaN or an infinity in its own row and column. They are right to a millionth.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.extending import intrinsic

from flowstate_flower.aggregation.engine.differences import MOST_PAIRS, MOST_ROWS

TILE = 4096  # columns; long stretches of many rows, for the processor to read ahead
LEAST_FEW, MOST_FEW, FEW_TILE = 6, 20, 256  # rows of which a tile stays in a core's first cache, and its columns
SUM_TILE = 32_768  # long enough a stretch of each row for the processor to read ahead, and the sum still in its cache
MIX_TILE = 512
FLOAT_BYTES, LINE = 4, 16  # and how many of them are fetched at a time
LARGEST = np.finfo(np.float32).max


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


@intrinsic
def _float_pointer(_context: Any, address: Any) -> Any:
    """An address as a pointer to float32."""
    signature = types.CPointer(types.float32)(address)  # type: ignore[no-untyped-call]

    def codegen(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return signature, codegen


@intrinsic
def _prefetch(_context: Any, address: Any) -> Any:
    """Ask for the line at an address."""
    signature = types.void(address)

    def codegen(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        from llvmlite import ir

        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
        builder.call(ask, [builder.inttoptr(arguments[0], pointer), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return signature, codegen


float_pointer: Any = _float_pointer  # numba passes the first argument itself
prefetch: Any = _prefetch


def compiled(**options: Any) -> Any:
    """Compile for this processor on first use, once for all processes, and let other threads run meanwhile."""
    return njit(nogil=True, cache=True, error_model="numpy", boundscheck=False, **options)


@compiled()
def not_finite(values: Any) -> Any:
    """How many of the values are NaN or infinite."""
    found = np.int32(0)
    for k in range(len(values)):
        found += np.int32(not (np.abs(values[k]) <= LARGEST))
    return found


@compiled()
def weighted_sum(rows: Any, weights: Any, base: int, start: int, end: int, out: int) -> int:
    """Σ weights[i] · (rows[i] - base) over columns start…end, in float32 and in the order of rows: the bits of the numpy path.

    `rows`, `base` and `out` are addresses; no fast-math, so nothing is fused or reordered. Above 0 where the sum is not finite.
    """
    origin = carray(float_pointer(base), (end,))
    target = carray(float_pointer(out), (end,))
    flag = 0
    for tile in range((end - start - 1) // SUM_TILE, -1, -1):  # the last first: a pass before this one has just read it
        low = start + tile * SUM_TILE
        high = min(end, low + SUM_TILE)
        b, o = origin[low:high], target[low:high]
        i = 0
        while i + 4 < len(weights):
            r0 = carray(float_pointer(rows[i]), (end,))[low:high]
            r1 = carray(float_pointer(rows[i + 1]), (end,))[low:high]
            r2 = carray(float_pointer(rows[i + 2]), (end,))[low:high]
            r3 = carray(float_pointer(rows[i + 3]), (end,))[low:high]
            r4 = carray(float_pointer(rows[i + 4]), (end,))[low:high]
            w0, w1, w2, w3, w4 = weights[i], weights[i + 1], weights[i + 2], weights[i + 3], weights[i + 4]
            if i == 0:
                for k in range(high - low):
                    s = (w0 * (r0[k] - b[k]) + w1 * (r1[k] - b[k])) + w2 * (r2[k] - b[k])
                    o[k] = (s + w3 * (r3[k] - b[k])) + w4 * (r4[k] - b[k])
            else:
                for k in range(high - low):
                    s = ((o[k] + w0 * (r0[k] - b[k])) + w1 * (r1[k] - b[k])) + w2 * (r2[k] - b[k])
                    o[k] = (s + w3 * (r3[k] - b[k])) + w4 * (r4[k] - b[k])
            i += 5
        if i == 0:
            first = carray(float_pointer(rows[0]), (end,))[low:high]
            for k in range(high - low):
                o[k] = weights[0] * (first[k] - b[k])
            i = 1
        while i < len(weights):
            row = carray(float_pointer(rows[i]), (end,))[low:high]
            w = weights[i]
            for k in range(high - low):
                o[k] = o[k] + w * (row[k] - b[k])
            i += 1
        flag |= not_finite(o)
    return flag


@compiled(fastmath={"reassoc", "contract", "nsz"})
def add_moments(  # noqa: PLR0913, PLR0917  numba takes no structures
    rows: Any, base: int, direction: Any, place: int, start: int, end: int, width: int, total: Any
) -> None:
    """Add to `total`, (2, n, groups) float64, each row's products with `direction` and its squares, group by group.

    `direction` is indexed from `place`, where column 0 of this layer lies; stretches of `width` columns go to groups in turn.
    """
    groups = total.shape[2]
    origin = carray(float_pointer(base), (end,))
    low = start
    while low < end:
        group = (place + low) // width % groups
        high = min(end, low + width - (place + low) % width)
        b, towards = origin[low:high], direction[place + low : place + high]
        for i in range(len(rows)):
            row = carray(float_pointer(rows[i]), (end,))[low:high]
            product = square = np.float32(0)
            for k in range(high - low):
                gap = row[k] - b[k]
                product += gap * towards[k]
                square += gap * gap
            total[0, i, group] += product
            total[1, i, group] += square
        low = high


@intrinsic
def _kernel_call(_context: Any, address: Any, rows: Any, base: Any, start: Any, end: Any, out: Any) -> Any:
    """Call the kernel at `address` on columns start…end."""
    signature = types.int64(address, rows, base, start, end, out)

    def codegen(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        from llvmlite import ir

        place, *given = arguments
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(64)
        kind = ir.FunctionType(number, [pointer, pointer, number, number, pointer])
        kernel = builder.inttoptr(place, kind.as_pointer())
        rows_, base_, out_ = (builder.inttoptr(given[i], pointer) for i in (0, 1, 4))
        return builder.call(kernel, [rows_, base_, given[2], given[3], out_])

    return signature, codegen


_call: Any = _kernel_call


@compiled()
def ask_for(rows: Any, start: int, end: int) -> None:
    """Have columns start…end of each row brought into the cache, while other work is done."""
    for row in rows:
        for column in range(start, end, LINE):
            prefetch(row + np.uintp(FLOAT_BYTES * column))


@compiled()
def sum_squared_distances(plan: Any, rows: Any, start: int, end: int, total: Any) -> None:
    """Add to `total`, (n, n) float64, the squared distances of n rows over columns start…end, above its diagonal. `rows` are
    addresses, `plan` is their `compiled.PairPlan` as a plain tuple: numba's cache of an older version may not know its type.
    """
    kernels, members, taken, lanes = plan
    n, whole = len(rows), start + (end - start) // lanes * lanes
    sums, places = np.zeros((len(kernels), MOST_PAIRS, lanes // 2)), np.empty((len(kernels), MOST_ROWS), np.uintp)
    for block in range(len(kernels)):
        for k in range(MOST_ROWS):
            places[block, k] = rows[members[block, k]]
    are_few = LEAST_FEW <= n <= MOST_FEW
    tile = FEW_TILE if are_few else TILE
    for low in range(start, whole, tile):
        high, asked = min(low + tile, whole), 0
        for block in range(len(kernels)):
            if are_few and high + tile <= whole:  # of each row the next tile, a few rows with each block of this one
                more = n * (block + 1) // len(kernels)
                ask_for(rows[asked:more], high, high + tile)
                asked = more
            _call(kernels[block], places[block].ctypes.data, 0, low, high, sums[block].ctypes.data)
    for k in range(len(taken)):
        block, place, i, j = taken[k]
        total[i, j] += sums[block, place].sum()
    for i in range(n):
        row = carray(float_pointer(rows[i]), (end,))
        for j in range(i + 1, n):
            other = carray(float_pointer(rows[j]), (end,))
            for k in range(whole, end):
                gap = np.float64(row[k]) - np.float64(other[k])
                total[i, j] += gap * gap


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
        flag |= _call(kernel, mixed.ctypes.data, origin.ctypes.data, 0, MIX_TILE, result.ctypes.data)
        out[low:high] = result[: high - low]
    return flag
