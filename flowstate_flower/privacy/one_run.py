"""A lower bound on ε from one run (Steinke, Nasr, Jagielski 2023, arXiv:2305.08846).

Each of m canaries is in the data or not, by a fair coin. Whoever sees the outcome guesses some of the coins. Of guesses about
an (ε, δ)-private outcome, more than a binomial number with success probability e^ε / (1 + e^ε) is right only where δ allows.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # whose parts are loaded when they are first used
from numpy.typing import NDArray

CONFIDENCE = 0.95
GUESSES = (200, 1000)
"""How many of the canaries are guessed. All of these are tried, and the confidence pays for so many tries."""
MOST_EPSILON, HALVINGS = 60.0, 40


@dataclass(frozen=True, slots=True)
class Bound:
    """At least `epsilon`, from so many guesses of which so many are right."""

    epsilon: float
    guesses: int
    right: int


def lower_bound(scores: NDArray[np.float64], included: NDArray[np.bool_], delta: float) -> Bound:
    """ε is at least this at `delta`, with 95 % confidence. The highest `scores` (m,) are taken for canaries that are in the
    data, the lowest for those that are not, and no guess is made about others.
    """
    order, m = np.argsort(scores, kind="stable"), len(scores)
    halves = {min(guesses, m) // 2 for guesses in GUESSES}
    bounds = []
    for half in halves:
        right = int(included[order[m - half :]].sum() + (~included[order[:half]]).sum())
        least = least_epsilon(m, 2 * half, right, delta, (1 - CONFIDENCE) / len(halves))
        bounds.append(Bound(least, 2 * half, right))
    return max(bounds, key=lambda bound: bound.epsilon)


def least_epsilon(canaries: int, guesses: int, right: int, delta: float, error: float) -> float:
    """The largest ε at which so many right guesses would be less likely than `error`; 0 where there is none."""
    low, high = 0.0, MOST_EPSILON
    if chance(canaries, guesses, right, low, delta) > error:
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(canaries, guesses, right, middle, delta) <= error else (low, middle)
    return low


def chance(canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """At most so likely are `right` or more right guesses about an (ε, δ)-private outcome: theorem 5.2, exactly.

    P[W ≥ v] + 2 m δ · max over i of P[v - i ≤ W < v] / i, where W is binomial.
    """
    correct = scipy.stats.binom(guesses, 1 / (1 + np.exp(-epsilon)))
    likely = float(correct.sf(right - 1))
    if right == 0:
        return likely
    just_below = np.cumsum(correct.pmf(np.arange(right - 1, -1, -1)))
    share = float((just_below / np.arange(1, right + 1)).max())
    return min(1.0, likely + 2 * canaries * delta * share)
