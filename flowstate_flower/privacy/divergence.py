"""Rényi divergence of one step of the Poisson-subsampled Gaussian mechanism at every order that is kept.

With L the likelihood ratio of two Gaussians that lie one apart, the divergence of order α is log E[(1 - q + q·L)^α] / (α - 1)
(Mironov, Talwar, Zhang 2019, arXiv:1908.10530). Only what exceeds 1 in the expectation is summed, so that the small
divergences of small rates keep all their digits.
"""

import math
from functools import cache, lru_cache

import numpy as np
import scipy  # whose parts are loaded when they are first used
from numpy.typing import NDArray

from flowstate_flower.privacy.events import GaussianRelease

Curve = NDArray[np.float64]

FRACTIONS = tuple(1 + step / 20 for step in range(1, 40) if step % 20) + tuple(
    3 + step / 10 for step in range(1, 80) if step % 10
)
WHOLE = (
    *range(2, 65),
    *(72, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896),
    *(1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192, 16384),
)
ORDERS: tuple[float, ...] = tuple(sorted((*FRACTIONS, *WHOLE)))
"""Dense where budgets are large, and up to where a budget of a thousandth needs them."""
WIDTH = 9.0
"""How many standard deviations of a Gaussian are summed on either side: less than 1e-18 of it lies beyond."""


@cache
def _table() -> tuple[Curve, Curve, Curve, NDArray[np.intp]]:
    """For every whole order n and k = 2 … n, one after the other: k, n - k and log C(n, k); and where each order begins."""
    lengths = np.array(WHOLE) - 1
    chosen = np.concatenate([np.arange(2.0, n + 1) for n in WHOLE])
    orders = np.repeat(np.array(WHOLE, dtype=np.float64), lengths)
    rest = orders - chosen
    ways = scipy.special.gammaln(orders + 1) - scipy.special.gammaln(chosen + 1) - scipy.special.gammaln(rest + 1)
    return chosen, rest, ways, np.concatenate(([0], np.cumsum(lengths)[:-1]))


_PLACES = {order: place for place, order in enumerate(ORDERS)}
_AT_WHOLE, _AT_FRACTIONS = ([_PLACES[order] for order in some] for some in (WHOLE, sorted(FRACTIONS)))
_FRACTIONS = np.array(sorted(FRACTIONS))[:, None]


@lru_cache(maxsize=4096)
def step_curve(sample_rate: float, noise_multiplier: float) -> Curve:
    """Rényi divergence of one step at each of `ORDERS`."""
    orders = np.array(ORDERS)
    if sample_rate == 1.0:
        curve = orders / (2 * noise_multiplier**2)
    else:
        moments = np.empty(len(ORDERS))
        moments[_AT_WHOLE] = _whole_moments(sample_rate, noise_multiplier)
        moments[_AT_FRACTIONS] = _fractional_moments(sample_rate, noise_multiplier)
        curve = moments / (orders - 1)
    curve.flags.writeable = False
    return curve


def release_curve(release: GaussianRelease) -> Curve:
    """Rényi divergence of a whole release at each of `ORDERS`: its steps, and its sum of metrics, which samples nothing."""
    curve: Curve = release.steps * step_curve(release.sample_rate, release.noise_multiplier)
    return curve if release.metrics_noise_multiplier is None else curve + step_curve(1.0, release.metrics_noise_multiplier)


def _whole_moments(q: float, sigma: float) -> Curve:
    """Log E at whole orders, by the binomial theorem: the terms of k = 0 and 1 are those that make 1."""
    chosen, rest, ways, begins = _table()
    beyond = (chosen * chosen - chosen) / (2 * sigma**2)
    terms = ways + chosen * math.log(q) + rest * math.log1p(-q) + beyond + np.log(-np.expm1(-beyond))
    largest = np.maximum.reduceat(terms, begins)
    terms -= np.repeat(largest, np.array(WHOLE) - 1)
    excess = largest + np.log(np.add.reduceat(np.exp(terms), begins))
    moments: Curve = np.logaddexp(0.0, excess)
    return moments


def _fractional_moments(q: float, sigma: float) -> Curve:
    """Log E at fractional orders, by the trapezoidal rule, which converges geometrically on such integrands. E[L] is 1, so
    E[(1 + x)^α - 1 - αx] with x = q(L - 1) is what exceeds 1, and is positive everywhere.
    """
    step = min(0.25, sigma / 2)
    at = np.arange(-WIDTH, _FRACTIONS[-1, 0] / sigma + WIDTH, step)
    weight = -at * at / 2 + math.log(step / math.sqrt(2 * math.pi))
    exponent = at / sigma - 1 / (2 * sigma**2)  # log L
    mixed = np.logaddexp(math.log1p(-q), math.log(q) + exponent)  # log(1 + x)
    small = np.abs(mixed) < 0.5
    grown = _FRACTIONS * np.where(small, np.log1p(q * np.expm1(np.where(small, exponent, 0.0))), mixed)
    largest = np.maximum((grown + weight).max(axis=1, keepdims=True), 0.0)
    linear = q * (np.exp(exponent + weight - largest) - np.exp(weight - largest))
    plain = np.exp(grown + weight - largest) - np.exp(weight - largest) - _FRACTIONS * linear
    with np.errstate(over="ignore", invalid="ignore"):
        x = q * np.expm1(exponent)
        exact = (np.expm1(grown) - _FRACTIONS * x) * np.exp(weight - largest)
    excess = np.where(np.abs(grown) < 1, exact, plain).sum(axis=1)
    moments: Curve = np.logaddexp(0.0, largest[:, 0] + np.log(np.maximum(excess, np.finfo(float).tiny)))
    return moments
