"""Rényi accounting of the Poisson-subsampled Gaussian mechanism (Mironov, Talwar, Zhang 2019, arXiv:1908.10530).

Divergences add up order by order even when each release is chosen after seeing the earlier ones, so a run may be stopped
by the total: the Rényi filter of Feldman and Zrnic (arXiv:2008.11193).
"""

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from flowstate_flower.privacy.events import GaussianRelease

Curve = NDArray[np.float64]

ORDERS: tuple[float, ...] = (
    *(1 + step / 10 for step in range(1, 100)),
    *range(11, 64),
    *(72, 80, 96, 128, 192, 256, 512, 1024),
)
TAIL = -30.0
"""Terms below e^TAIL no longer change the sum of the series."""


class Accountant:
    """The releases of one data set so far, as their total Rényi divergence at each of `ORDERS`. Immutable."""

    def __init__(self, total: Curve | None = None) -> None:
        self._total = np.zeros(len(ORDERS)) if total is None else total

    def after(self, release: GaussianRelease) -> "Accountant":
        """The accountant once `release` has happened too."""
        if release.steps == 0:
            return self
        return Accountant(self._total + release.steps * step_curve(release.sample_rate, release.noise_multiplier))

    def epsilon(self, delta: float) -> float:
        """ε at `delta` of everything so far (Canonne, Kamath, Steinke 2020, arXiv:2004.00010, proposition 12)."""
        if not self._total.any():
            return 0.0
        orders = np.array(ORDERS)
        bounds = self._total + np.log1p(-1 / orders) - (math.log(delta) + np.log(orders)) / (orders - 1)
        return float(max(0.0, bounds.min()))


def epsilon_of(releases: Iterable[GaussianRelease], delta: float) -> float:
    """ε at `delta` of `releases` together."""
    accountant = Accountant()
    for release in releases:
        accountant = accountant.after(release)
    return accountant.epsilon(delta)


@lru_cache(maxsize=4096)
def step_curve(sample_rate: float, noise_multiplier: float) -> Curve:
    """Rényi divergence of one step at each of `ORDERS`."""
    curve = np.array([_divergence(sample_rate, noise_multiplier, order) for order in ORDERS])
    curve.flags.writeable = False
    return curve


def _divergence(q: float, sigma: float, order: float) -> float:
    if q == 1.0:
        return order / (2 * sigma**2)
    log_moment = _log_moment_integer(q, sigma, int(order)) if order == int(order) else _log_moment(q, sigma, order)
    return log_moment / (order - 1)


def _log_moment_integer(q: float, sigma: float, order: int) -> float:
    """Log E[(1 - q + q·L)^α] of the likelihood ratio L, by the binomial theorem."""
    k = np.arange(order + 1)
    terms = (
        special.gammaln(order + 1)
        - special.gammaln(k + 1)
        - special.gammaln(order - k + 1)
        + k * math.log(q)
        + (order - k) * math.log1p(-q)
        + (k * k - k) / (2 * sigma**2)
    )
    return float(special.logsumexp(terms))


def _log_moment(q: float, sigma: float, order: float) -> float:
    """The same for a fractional order: the two series of section 3.3, split where both mixture parts weigh equally."""
    split = sigma**2 * math.log(1 / q - 1) + 0.5
    below, above, i = -math.inf, -math.inf, 0
    while True:
        coefficient = special.binom(order, i)
        size, rest = math.log(abs(coefficient)), order - i
        low = size + i * math.log(q) + rest * math.log1p(-q) + (i * i - i) / (2 * sigma**2)
        high = size + rest * math.log(q) + i * math.log1p(-q) + (rest * rest - rest) / (2 * sigma**2)
        low += float(special.log_ndtr((split - i) / sigma))
        high += float(special.log_ndtr((rest - split) / sigma))
        below, above = _add(below, low, coefficient), _add(above, high, coefficient)
        i += 1
        if i > order and max(low, high) < TAIL:
            return float(np.logaddexp(below, above))


def _add(total: float, term: float, sign: float) -> float:
    """Log(e^total ± e^term)."""
    if sign > 0:
        return float(np.logaddexp(total, term))
    return total + math.log1p(-math.exp(term - total)) if term < total else -math.inf
