"""ε by privacy-loss distributions: tighter than Rényi's, and proven only for a plan that is fixed beforehand.

Shown beside the budget, never the budget. Needs the extra `pld`.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from flowstate_flower.privacy.events import GaussianRelease

INTERVAL = 1e-3
"""The grid of losses: a coarser one is looser, never wrong."""


def is_installed() -> bool:
    """Whether dp-accounting is here."""
    return find_spec("dp_accounting") is not None


@lru_cache(maxsize=256)
def pld_epsilon(releases: tuple[GaussianRelease, ...], delta: float) -> float:
    """ε at `delta` of `releases` together. Infinity where truncation alone costs δ."""
    excess = sum(release.steps * release.excess for release in releases)
    accountant = _accountant(releases)
    epsilon = 0.0
    while True:
        rest = delta - (1 + math.exp(min(epsilon, 700.0))) * excess
        if rest <= 0:
            return math.inf
        raised = float(accountant.get_epsilon(rest))
        if raised <= epsilon * (1 + 1e-9) or excess == 0:
            return raised
        epsilon = raised


def _accountant(releases: Sequence[GaussianRelease]) -> Any:
    from dp_accounting import GaussianDpEvent, NeighboringRelation, PoissonSampledDpEvent, pld

    accountant = pld.PLDAccountant(NeighboringRelation.ADD_OR_REMOVE_ONE, INTERVAL)
    steps: Counter[tuple[float, float]] = Counter()
    for release in releases:
        if release.steps:
            steps[release.sample_rate, release.noise_multiplier] += release.steps
        if release.metrics_noise_multiplier is not None:
            steps[1.0, release.metrics_noise_multiplier] += 1
    for (rate, noise), count in steps.items():
        accountant.compose(PoissonSampledDpEvent(rate, GaussianDpEvent(noise)), count)
    return accountant
