"""Coordinate rules: each column of the updates is decided alone, so there are no weights of whole rows."""

import numpy as np

from flowstate_flower.aggregation.engine import mean_around, rank_mean, sign_vote, voted_mean
from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Updates
from flowstate_flower.aggregation.weighing import distances_of
from flowstate_flower.errors import BadInput


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


def sign_majority(updates: Updates, byzantine: int, *, step: float | None = None) -> Aggregate:
    """SignSGD by majority vote: `step` times the sign that most updates have; without one, as long as the median update."""
    if step is not None and not step > 0:
        raise BadInput(f"sign-majority with a step of {step}", hint="above 0")
    if step is None:
        distances = distances_of(updates.with_origin())
        step = float(np.median(np.sqrt(distances[-1, :-1]))) / max(1.0, updates.layout.dimension**0.5)
    return Aggregate(sign_vote(updates) * step, None)


def robust_learning_rate(updates: Updates, byzantine: int, *, threshold: int | None = None) -> Aggregate:
    """The mean of each coordinate, its sign turned where fewer than `threshold` more updates agree on it than not."""
    if threshold is not None and not threshold > 0:
        raise BadInput(f"robust-learning-rate with a threshold of {threshold}", hint="at least 1")
    return Aggregate(voted_mean(updates, updates.n // 3 + 1 if threshold is None else threshold), None)
