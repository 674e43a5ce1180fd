"""Row rules: they weigh whole updates, and see them only through their mutual distances.

One pass over the columns gives the (n, n) matrix of squared distances, the rule maps it to n weights, one more pass
gives the weighted sum.
"""

import numpy as np

from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Matrix, Updates, Vector


def squared_distances(updates: Updates) -> Matrix:
    """(n, n) squared Euclidean distances by direct differences in float64.

    No Gram matrix: it loses every digit once updates are small beside the model, and then selects the attacker.
    """
    n = updates.n
    distances = np.zeros((n, n))
    for _, block in updates.blocks():
        for i in range(n - 1):
            gaps = block[i + 1 :] - block[i]
            distances[i, i + 1 :] += np.einsum("ij,ij->i", gaps, gaps)
    return distances + distances.T


def weighted_sum(updates: Updates, weights: Vector) -> Vector:
    """(d,) sum of rows times weights; rows of weight 0 are never read, so whatever they hold cannot leak in."""
    total = np.empty(updates.layout.dimension)
    kept = np.flatnonzero(weights)
    for where, block in updates.blocks():
        part = np.zeros(block.shape[1])
        for i in kept:  # in order, one product and one sum each: the same bits on every machine
            part += weights[i] * block[i]
        total[where] = part
    return total


def krum_scores(distances: Matrix, byzantine: int) -> Vector:
    """(n,) sums of the squared distances from each row to its n - f - 2 nearest others (not itself)."""
    n = len(distances)
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    scores: Vector = np.sort(others, axis=1)[:, : n - byzantine - 2].sum(axis=1)
    return scores


def mean(updates: Updates, byzantine: int) -> Aggregate:
    """FedAvg: the mean by the shares that policy gave, uniform unless it weighs by examples."""
    return Aggregate(weighted_sum(updates, updates.shares), updates.shares)


def krum(updates: Updates, byzantine: int) -> Aggregate:
    """The one row nearest to its n - f - 2 nearest others."""
    return _mean_of_best(updates, byzantine, keep=1)


def multi_krum(updates: Updates, byzantine: int) -> Aggregate:
    """The mean of the n - f rows with the best Krum scores."""
    return _mean_of_best(updates, byzantine, keep=updates.n - byzantine)


def _mean_of_best(updates: Updates, byzantine: int, keep: int) -> Aggregate:
    scores = krum_scores(squared_distances(updates), byzantine)
    weights = np.zeros(updates.n)
    weights[np.argsort(scores, kind="stable")[:keep]] = 1 / keep
    return Aggregate(weighted_sum(updates, weights), weights)
