"""Coordinate rules: each column of the updates is decided alone, so there are no weights of whole rows."""

import numpy as np

from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Updates, Vector


def median(updates: Updates, byzantine: int) -> Aggregate:
    """The middle value of each coordinate, or the mean of the two middle ones."""
    n = updates.n
    return Aggregate(_mean_of_ranks(updates, (n - 1) // 2, n // 2 + 1), None)


def trimmed_mean(updates: Updates, byzantine: int) -> Aggregate:
    """The mean of each coordinate without its f smallest and f largest values."""
    return Aggregate(_mean_of_ranks(updates, byzantine, updates.n - byzantine), None)


def _mean_of_ranks(updates: Updates, first: int, stop: int) -> Vector:
    """(d,) mean of the values of rank first…stop-1. The kept values are added: subtracting outliers from a total would
    leave nothing but their rounding.
    """
    result = np.empty(updates.layout.dimension)
    for where, block in updates.blocks():
        block.sort(axis=0)
        kept = np.zeros(block.shape[1])
        for row in block[first:stop]:
            kept += row
        result[where] = kept / (stop - first)
    return result
