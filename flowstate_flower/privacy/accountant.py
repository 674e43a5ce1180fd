"""What releases cost together: divergences add up order by order, and the best order gives ε.

Samples that were truncated are paid for out of δ: see `sampling`.
"""

import math
from collections.abc import Iterable
from typing import Self

import numpy as np

from flowstate_flower.privacy.divergence import ORDERS, Curve, release_curve
from flowstate_flower.privacy.events import GaussianRelease

_ORDERS = np.array(ORDERS)
SETTLED = 1e-13
"""Relative changes of ε below this one are rounding."""


class Accountant:
    """The releases of one data set so far: their total Rényi divergence at each of `ORDERS`, and `excess`, the probability
    that any of their samples was truncated. Immutable.
    """

    def __init__(self, total: Curve | None = None, excess: float = 0.0) -> None:
        self.total = np.zeros(len(ORDERS)) if total is None else total
        self.excess = excess

    @classmethod
    def parse(cls, data: bytes, excess: float) -> Self:
        """What `to_bytes` wrote. Raises `ValueError` where it was for other orders."""
        total = np.frombuffer(data, dtype="<f8")
        if len(total) != len(ORDERS):
            raise ValueError(f"{len(total)} orders, not {len(ORDERS)}")
        return cls(total, excess)

    def to_bytes(self) -> bytes:
        """The total, eight bytes an order."""
        return self.total.astype("<f8").tobytes()

    def after(self, release: GaussianRelease) -> "Accountant":
        """The accountant once `release` has happened too."""
        if release.steps == 0 and release.metrics_noise_multiplier is None:
            return self
        return Accountant(self.total + release_curve(release), self.excess + release.steps * release.excess)

    def agrees_with(self, other: "Accountant") -> bool:
        """Whether both say the same, but for rounding."""
        return bool(np.allclose(self.total, other.total, rtol=1e-9, atol=0)) and math.isclose(self.excess, other.excess)

    def epsilon(self, delta: float) -> float:
        """ε at `delta` of everything so far; infinity where truncation alone costs that much.

        The least ε with ε = ε' at δ - (1 + e^ε) · excess, found from below.
        """
        if not self.total.any():
            return 0.0
        epsilon = 0.0
        while True:
            rest = delta - (1 + math.exp(min(epsilon, 700.0))) * self.excess
            if rest <= 0:
                return math.inf
            raised = float(max(0.0, (self.total + conversion(rest)).min()))
            if raised <= epsilon * (1 + SETTLED) or self.excess == 0:
                return raised
            epsilon = raised


def conversion(delta: float) -> Curve:
    """What is added to the divergence of each of `ORDERS` to make it ε at `delta` (Canonne, Kamath, Steinke 2020,
    arXiv:2004.00010, proposition 12).
    """
    added: Curve = np.log1p(-1 / _ORDERS) - (math.log(delta) + np.log(_ORDERS)) / (_ORDERS - 1)
    return added


def epsilon_of(releases: Iterable[GaussianRelease], delta: float) -> float:
    """ε at `delta` of `releases` together."""
    accountant = Accountant()
    for release in releases:
        accountant = accountant.after(release)
    return accountant.epsilon(delta)
