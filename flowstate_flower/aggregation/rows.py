"""Row rules by selection: they see the updates only through their mutual distances, and keep some of them whole.

One pass over the columns gives the (n, n) matrix of squared distances, the rule maps it to n weights, one more pass gives the
weighted sum.
"""

import numpy as np

from flowstate_flower.aggregation.engine import mean_around, weighted_sum
from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Matrix, Updates, Vector
from flowstate_flower.aggregation.weighing import distances_of, mean_of


def mean(updates: Updates, byzantine: int) -> Aggregate:
    """FedAvg: the mean by the shares that policy gave, uniform unless it weighs by examples."""
    return Aggregate(weighted_sum(updates, updates.shares), updates.shares)


def krum_scores(distances: Matrix, byzantine: int) -> Vector:
    """(n,) sums of the squared distances from each row to its n - f - 2 nearest others (not itself)."""
    n = len(distances)
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    scores: Vector = np.sort(others, axis=1)[:, : n - byzantine - 2].sum(axis=1)
    return scores


def krum(distances: Matrix, byzantine: int) -> Vector:
    """The one row nearest to its n - f - 2 nearest others."""
    return mean_of(_best(distances, byzantine)[:1], len(distances))


def multi_krum(distances: Matrix, byzantine: int) -> Vector:
    """The mean of the n - f rows with the best Krum scores."""
    n = len(distances)
    return mean_of(_best(distances, byzantine)[: n - byzantine], n)


def medoid(distances: Matrix, byzantine: int) -> Vector:
    """The one row with the smallest sum of distances to all others."""
    sums = np.sqrt(distances).sum(axis=1)
    return mean_of(np.array([np.argmin(sums)]), len(distances))


def bulyan(updates: Updates, byzantine: int) -> Aggregate:
    """Krum, applied again and again to what is left, selects n - 2f rows; then MeaMed of the selected, keeping n - 4f.

    Selecting by the scores of one single Krum is another rule, and a weaker one.
    """
    distances = distances_of(updates)
    left = list(range(updates.n))
    selected: list[int] = []
    while len(selected) < updates.n - 2 * byzantine:
        order = _best(distances[np.ix_(left, left)], _still_possible(len(left), byzantine))
        selected.append(left.pop(int(order[0])))
    chosen = updates.only(sorted(selected))
    m = chosen.n
    return Aggregate(mean_around(chosen, m - 2 * byzantine, ((m - 1) // 2, m // 2 + 1)), None)


def _best(distances: Matrix, byzantine: int) -> Vector:
    """Rows by Krum score. Two rows that are each other's only counted neighbour tie: the one nearer to everybody goes first, so
    that the order of tenants decides nothing.
    """
    return np.lexsort((distances.sum(axis=1), krum_scores(distances, byzantine)))


def _still_possible(n: int, byzantine: int) -> int:
    """F for the inner Krum: as the paper, f, until so few rows are left that no neighbour would be counted."""
    return min(byzantine, max(0, n - 3))
