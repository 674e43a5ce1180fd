"""Truncated Poisson sampling: batches of bounded size at the price of Poisson batches (Chua et al. 2024, arXiv:2411.04205).

Every unit enters a sample with the same probability, independently; of a sample that is too large, units are dropped at
random. That happens so rarely that δ pays for it: whatever holds of the untruncated mechanism with (ε, δ) holds of T truncated
steps with (ε, δ + (1 + e^ε) T · excess), by the distance in total variation.
"""

from dataclasses import dataclass
from functools import lru_cache

import scipy  # whose parts are loaded when they are first used

RARELY = 1e-20
"""The probability with which one sample may be too large: so small that truncation costs nothing even at ε = 20."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How units are drawn: each at `rate`, at most `largest` of them. `excess` bounds the probability of more; it is 0 where
    `largest` is all there are, because then nothing is ever dropped.
    """

    rate: float
    largest: int
    excess: float


@lru_cache(maxsize=4096)
def truncated_poisson(units: int, batch_size: int) -> Sampling:
    """The sampling of `batch_size` units in expectation out of `units`, or of one more, as neighbouring data sets have."""
    rate = min(1.0, batch_size / units)
    low, high = 0, units  # a sample of more than `high` is rare enough
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if scipy.special.bdtrc(middle, units + 1, rate) <= RARELY else (middle + 1, high)
    return Sampling(rate, high, 0.0 if high == units else float(scipy.special.bdtrc(high, units + 1, rate)))
