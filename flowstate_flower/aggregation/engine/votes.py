"""Votes by sign, compiled by numba: how many rows raise a coordinate, how many lower it, and their mean where that counts.

Differences of floats have an exact sign, so comparing with the base is enough.
"""

from typing import Any

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from flowstate_flower.aggregation.engine.intrinsics import compiled, float_pointer
from flowstate_flower.aggregation.engine.pairs import not_finite
from flowstate_flower.aggregation.engine.sorting import MIX_TILE, mix_tile

VOTE_TILE = 2048


@compiled()
def vote(rows: Any, base: int, start: int, end: int, threshold: float, out: Any) -> int:
    """Columns start…end of `out`: the mean of the rows' differences to the base, or minus it where the signs' sum is below the
    threshold; the sign of that sum where the threshold is NaN. Above 0 where a row may not be finite.

    `rows` and `base` are addresses; differences are added in the order of rows: the bits of the numpy path.
    """
    n = len(rows)
    share = np.float32(1 / n)
    only_signs = np.isnan(threshold)
    origin = carray(float_pointer(base), (end,))
    votes, sums = np.empty(VOTE_TILE, np.int32), np.empty(VOTE_TILE, np.float32)
    flag = 0
    for low in range(start, end, VOTE_TILE):
        high = min(end, low + VOTE_TILE)
        size = high - low
        b, o = origin[low:high], out[low:high]
        votes[:size] = 0
        sums[:size] = 0
        for i in range(n):
            row = carray(float_pointer(rows[i]), (end,))[low:high]
            for k in range(size):
                sums[k] = sums[k] + (row[k] - b[k])
                votes[k] += np.int32(row[k] > b[k]) - np.int32(row[k] < b[k])
        flag |= not_finite(sums[:size])
        if only_signs:
            for k in range(size):
                o[k] = np.float32(np.int32(votes[k] > 0) - np.int32(votes[k] < 0))
        else:
            for k in range(size):
                mean = sums[k] * share
                o[k] = mean if abs(votes[k]) >= threshold else -mean
    return flag


@compiled()
def add_sign_counts(rows: Any, base: int, start: int, end: int, total: Any) -> None:
    """Add to `total`, (n, 3), how many of each row's differences to the base are negative, zero, positive. NaNs are neither."""
    origin = carray(float_pointer(base), (end,))
    for low in range(start, end, VOTE_TILE):
        high = min(end, low + VOTE_TILE)
        b = origin[low:high]
        for i in range(len(rows)):
            row = carray(float_pointer(rows[i]), (end,))[low:high]
            below = equal = above = np.int32(0)
            for k in range(high - low):
                below += np.int32(row[k] < b[k])
                equal += np.int32(row[k] == b[k])
                above += np.int32(row[k] > b[k])
            total[i, 0] += below
            total[i, 1] += equal
            total[i, 2] += above


@compiled()
def mix_and_vote(rows: Any, entries: Any, base: int, start: int, end: int, threshold: float, out: Any) -> int:
    """`vote` on mixed rows, tile by tile, in cache."""
    m = len(entries[0]) - 1
    gaps, tile = np.empty((len(rows), MIX_TILE), np.float32), np.zeros((m, MIX_TILE), np.float32)
    origin, result = np.zeros(MIX_TILE, np.float32), np.empty(MIX_TILE, np.float32)
    mixed = np.empty(m, np.uintp)
    for a in range(m):
        mixed[a] = tile[a].ctypes.data
    flag = 0
    for low in range(start, end, MIX_TILE):
        high = min(low + MIX_TILE, end)
        mix_tile(rows, entries, base, low, high, gaps, tile)
        flag |= vote(mixed, origin.ctypes.data, 0, high - low, threshold, result)
        out[low:high] = result[: high - low]
    return flag


@compiled()
def mix_and_count(rows: Any, entries: Any, base: int, start: int, end: int, total: Any) -> None:
    """`add_sign_counts` on mixed rows, tile by tile, in cache."""
    m = len(entries[0]) - 1
    gaps, tile = np.empty((len(rows), MIX_TILE), np.float32), np.zeros((m, MIX_TILE), np.float32)
    origin, mixed = np.zeros(MIX_TILE, np.float32), np.empty(m, np.uintp)
    for a in range(m):
        mixed[a] = tile[a].ctypes.data
    for low in range(start, end, MIX_TILE):
        high = min(low + MIX_TILE, end)
        mix_tile(rows, entries, base, low, high, gaps, tile)
        add_sign_counts(mixed, origin.ctypes.data, 0, high - low, total)
