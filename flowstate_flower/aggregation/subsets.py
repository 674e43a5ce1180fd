"""Row rules that look for the best n - f rows among all subsets, exactly."""

from itertools import combinations
from math import comb

import numpy as np

from flowstate_flower.aggregation.geometry import centred_gram
from flowstate_flower.aggregation.one_thread import one_blas_thread
from flowstate_flower.aggregation.updates import Matrix, Vector
from flowstate_flower.aggregation.weighing import mean_of
from flowstate_flower.errors import RunImpossible

MOST_SUBSETS = 200_000


def mda(distances: Matrix, byzantine: int) -> Vector:
    """Minimum-diameter averaging: the mean of the n - f rows whose largest mutual distance is smallest.

    Exact. n - f rows lie within a diameter exactly if f rows cover every pair that is farther apart: a vertex cover, found by
    a bounded search, under a bisection over the distances that occur.
    """
    n = len(distances)
    candidates = np.unique(distances[np.triu_indices(n, 1)])
    reach = np.sort(distances, axis=1)[:, n - byzantine - 1].min()  # some row has n - f rows within: between ½ and 1 diameter
    low = int(np.searchsorted(candidates, reach))
    high = min(int(np.searchsorted(candidates, 4 * reach, side="right")), len(candidates) - 1)
    best = (1 << n) - 1
    while low <= high:
        middle = (low + high) // 2
        within = _independent(_far_pairs(distances, float(candidates[middle])), (1 << n) - 1, byzantine)
        if within is None:
            low = middle + 1
        else:
            best, high = within, middle - 1
    rows = np.array([i for i in range(n) if best >> i & 1])
    inner = distances[np.ix_(rows, rows)].sum(axis=1)
    return mean_of(rows[np.argsort(inner, kind="stable")[: n - byzantine]], n)


def smea(distances: Matrix, byzantine: int) -> Vector:
    """Smallest maximum eigenvalue averaging: the mean of the n - f rows whose covariance has the smallest top eigenvalue.

    Exact, by trying every subset. Raises `RunImpossible` where there are too many.
    """
    n = len(distances)
    if comb(n, byzantine) > MOST_SUBSETS:
        raise RunImpossible(f"smea would try {comb(n, byzantine)} subsets", hint="fewer tenants, or caf")

    def spread(rows: tuple[int, ...]) -> float:
        return float(np.linalg.eigvalsh(centred_gram(distances[np.ix_(rows, rows)]))[-1])

    with one_blas_thread(n):
        best = min(combinations(range(n), n - byzantine), key=spread)
    return mean_of(np.array(best), n)


def _far_pairs(distances: Matrix, limit: float) -> list[int]:
    """For each row, as bits, the rows that are farther from it than `limit`."""
    return [sum(1 << int(j) for j in np.flatnonzero(row > limit)) for row in distances]


def _independent(far: list[int], alive: int, budget: int) -> int | None:
    """`alive` without at most `budget` rows, such that no two rows left are far apart; None where there is no such set."""
    while True:
        degrees = {v: (far[v] & alive).bit_count() for v in _bits(alive)}
        worst = max(degrees, key=degrees.__getitem__, default=-1)
        if worst < 0 or degrees[worst] == 0:
            return alive
        if sum(degrees.values()) > 2 * budget * degrees[worst]:
            return None  # each removal settles at most so many pairs
        single = next((v for v, degree in degrees.items() if degree == 1), None)
        if degrees[worst] > budget:
            alive &= ~(1 << worst)  # keeping it would cost all its neighbours
            budget -= 1
        elif single is not None:
            alive &= ~far[single]  # removing the only neighbour is never worse
            budget -= 1
        else:
            without = _independent(far, alive & ~(1 << worst), budget - 1)
            if without is not None:
                return without
            neighbours = far[worst] & alive
            return _independent(far, alive & ~neighbours, budget - neighbours.bit_count())


def _bits(mask: int) -> list[int]:
    return [i for i in range(mask.bit_length()) if mask >> i & 1]
