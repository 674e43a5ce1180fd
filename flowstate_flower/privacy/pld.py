"""ε by privacy-loss distributions: tighter than Rényi's, and proven only for a plan that is fixed beforehand.

Shown beside the budget, never the budget. Needs the extra `pld`.
"""

import math
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
    accountant = _accountant([release for release in releases if release.steps])
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
    for release in releases:
        step = PoissonSampledDpEvent(release.sample_rate, GaussianDpEvent(release.noise_multiplier))
        accountant.compose(step, release.steps)
    return accountant
