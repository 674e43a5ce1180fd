"""Coordinate rules: each column of the updates is decided alone, so there are no weights of whole rows."""

from flowstate_flower.aggregation.engine import mean_around, rank_mean
from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Updates


def median(updates: Updates, byzantine: int) -> Aggregate:
    """The middle value of each coordinate, or the mean of the two middle ones."""
    n = updates.n
    return Aggregate(rank_mean(updates, (n - 1) // 2, n // 2 + 1), None)


def trimmed_mean(updates: Updates, byzantine: int) -> Aggregate:
    """The mean of each coordinate without its f smallest and f largest values."""
    return Aggregate(rank_mean(updates, byzantine, updates.n - byzantine), None)


def mean_around_median(updates: Updates, byzantine: int) -> Aggregate:
    """MeaMed: the mean of the n - f values of each coordinate nearest its median."""
    n = updates.n
    return Aggregate(mean_around(updates, n - byzantine, ((n - 1) // 2, n // 2 + 1)), None)


def phocas(updates: Updates, byzantine: int) -> Aggregate:
    """The mean of the n - f values of each coordinate nearest its trimmed mean."""
    n = updates.n
    return Aggregate(mean_around(updates, n - byzantine, (byzantine, n - byzantine)), None)
