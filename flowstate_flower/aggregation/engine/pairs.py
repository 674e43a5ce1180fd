"""Distances between rows and weighted sums of rows, compiled by numba on first use and kept in its cache.

Distances are direct differences: float32 over short stretches, float64 across them. They need no centre, lose nothing when
updates are small beside the model, and leave a NaN or an infinity in its own row and column. They are right to a millionth.
"""

from typing import Any

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from flowstate_flower.aggregation.engine.differences import ASKED_BYTES, MOST_PAIRS, MOST_ROWS
from flowstate_flower.aggregation.engine.intrinsics import address_pointer, call, compiled, float_pointer, next_of
from flowstate_flower.machine_code import FLOAT_BYTES

SUM_TILE = 32_768  # long enough a stretch of each row for the processor to read ahead, and the sum still in its cache
LARGEST = np.finfo(np.float32).max


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


@compiled()
def weighted_sums(weights: Any, spans: Any, ranges: Any, counter: int, out: Any) -> int:
    """`weighted_sum` over each range of the `sharing.Spans` that nobody else takes."""
    flag, k = 0, next_of(counter)
    while k < len(ranges) - 1:
        for table, base, start, end, place in spans[ranges[k] : ranges[k + 1]]:
            rows = carray(address_pointer(table), (len(weights),))
            flag |= weighted_sum(rows, weights, base, start, end, np.int64(out.ctypes.data) + FLOAT_BYTES * place)
        k = next_of(counter)
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


@compiled()
def sum_squared_distances(plan: Any, rows: Any, start: int, end: int, total: Any) -> None:
    """Add to `total`, (n, n) float64, the squared distances of n rows over columns start…end, above its diagonal. `rows` are
    addresses, `plan` is their `compiled.PairPlan` as a plain tuple: numba's cache of an older version may not know its type.
    """
    kernels, members, taken, lanes, asks, pace = plan
    n, whole = len(rows), start + (end - start) // lanes * lanes
    sums, places = np.zeros((len(kernels), MOST_PAIRS, lanes // 2)), np.empty((len(kernels), MOST_ROWS), np.uintp)
    for block in range(len(kernels)):
        for k in range(MOST_ROWS):
            places[block, k] = rows[members[block, k]]
    tile, each = ASKED_BYTES // pace, FLOAT_BYTES // pace  # columns, and how often a row of them is asked for
    ahead = np.empty(asks, np.uintp)
    for low in range(start, whole, tile):
        high = min(low + tile, whole)
        wanted = n * each if high + tile <= whole else 0
        for block in range(len(kernels)):
            for k in range(asks):
                place, turn = places[block, 0] + np.uintp(FLOAT_BYTES * low), block * asks + k  # it is there already
                if turn < wanted:
                    place = rows[turn // each] + np.uintp(FLOAT_BYTES * high + ASKED_BYTES * (turn % each))
                ahead[k] = place - np.uintp(pace * low)
            call(kernels[block], places[block].ctypes.data, ahead.ctypes.data, low, high, sums[block].ctypes.data)
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


@compiled()
def distances(plan: Any, n: int, spans: Any, ranges: Any, counter: int, totals: Any) -> None:
    """`sum_squared_distances` of n rows over each range of the `sharing.Spans` that nobody else takes. Each has its own of
    `totals`, (ranges, n, n): so they are added up in the same order, whoever took them.
    """
    k = next_of(counter)
    while k < len(ranges) - 1:
        for table, _base, start, end, _place in spans[ranges[k] : ranges[k + 1]]:
            sum_squared_distances(plan, carray(address_pointer(table), (n,)), start, end, totals[k])
        k = next_of(counter)


@compiled()
def symmetric(upper: Any, totals: Any) -> Any:
    """(n, n): `upper` and what `distances` added up, on both sides of the diagonal."""
    both = upper.copy()
    for total in totals:
        both += total
    for i in range(len(both)):
        for j in range(i):
            both[i, j] = both[j, i]
    return both
