"""A budget as a Rényi filter (Feldman, Zrnic 2020, arXiv:2008.11193): a stop that holds against whoever chooses each release
after seeing the ones before.

What makes it hold is that everything is fixed when the account is opened: how much divergence is allowed at which order, and
how much of δ is kept for truncated samples. The least ε over all orders, which is what is reported, is proven for plans that
were fixed beforehand only; it never passes the budget.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from flowstate_flower.privacy.accountant import Accountant, conversion
from flowstate_flower.privacy.budget import Budget
from flowstate_flower.privacy.divergence import ORDERS, Curve, release_curve
from flowstate_flower.privacy.events import GaussianRelease

FOR_THE_PLAN = 0.99
"""The part of δ that stands behind the planned order. The rest is shared by the ladder, so that whoever names the first
release cannot make the budget useless for all that follow.
"""
LADDER = tuple(ORDERS.index(order) for order in (1.5, 2, 3, 5, 8, 12, 20, 32, 64, 192, 1024))
FOR_TRUNCATION = 0.001
"""The part of δ that is kept for truncated samples."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A budget, and the order at which most of it is held.

    A sequence of releases passes while at some order its divergence stays below the limit there. Each limit has its own part
    of δ, and the parts make δ: at the end one of the limits held all along, and each alone bounds by its part how much the
    privacy loss exceeds ε.
    """

    budget: Budget
    order: float

    def admits(self, accountant: Accountant) -> bool:
        """Whether the releases together stay within the budget."""
        limits, truncation = _limits(self.budget, self.order)
        return accountant.excess <= truncation and bool((accountant.total <= limits).any())

    def rounds_left(self, accountant: Accountant, release: GaussianRelease) -> int:
        """How often `release` may still happen."""
        limits, truncation = _limits(self.budget, self.order)
        if not self.admits(accountant) or release.steps == 0:
            return 0
        each = release_curve(release)
        rounds = float(np.floor(((limits - accountant.total) / each).max() * (1 + 1e-12)))
        if release.excess > 0:
            rounds = min(rounds, math.floor((truncation - accountant.excess) / (release.steps * release.excess)))
        return max(0, int(rounds))


def planned_order(budget: Budget, release: GaussianRelease) -> float:
    """The order at which `release` may happen most often within `budget`."""
    limits = budget.epsilon - conversion((1 - FOR_TRUNCATION) * FOR_THE_PLAN * budget.delta)
    return ORDERS[int((limits / release_curve(release)).argmax())]


@lru_cache(maxsize=256)
def _limits(budget: Budget, order: float) -> tuple[Curve, float]:
    """The largest total divergence at each order, -∞ where none is held, and the largest total excess."""
    rest = (1 - FOR_TRUNCATION) * budget.delta
    limits = np.full(len(ORDERS), -np.inf)
    for part, places in (((1 - FOR_THE_PLAN) / len(LADDER), LADDER), (FOR_THE_PLAN, (ORDERS.index(order),))):
        for place in places:
            limits[place] = budget.epsilon - conversion(part * rest)[place]
    limits.flags.writeable = False
    return limits, FOR_TRUNCATION * budget.delta / (1 + math.exp(min(budget.epsilon, 700.0)))
