"""Tenant-level privacy: the trusted server releases noisy means of whole updates, and keeps account of them.

Neighbours differ in one tenant, whose updates count as zero in one of them (zero-out, a kind of add-or-remove). Who was asked
and who replied is public. The mean divides by the number asked, whoever replied, so one tenant moves it by at most C / m.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flowstate_flower.privacy.accountant import Accountant
from flowstate_flower.privacy.budget import Budget
from flowstate_flower.privacy.events import GaussianRelease

ALMOST = 1 - 2.0**-20
"""Updates are clipped to this much of the norm, so that rounding in float32 never leads beyond it."""


@dataclass(frozen=True, slots=True)
class MeanRelease:
    """A mean of `cohort` clipped updates, out of `population` tenants, with noise of standard deviation
    `noise_multiplier · clip_norm / cohort`. `clip_norm` is None where whoever releases did not say; `randomness` is os,
    cryptographic or seeded.
    """

    noise_multiplier: float
    cohort: int
    population: int
    clip_norm: float | None = None
    randomness: str = "os"

    def cost(self, count: int = 1) -> GaussianRelease:
        """As accountants see `count` of them. Asking few of many amplifies nothing, because it is known who was asked."""
        return GaussianRelease(self.noise_multiplier, sample_rate=1.0, steps=count)


class FederationLedger(Protocol):
    """All means that a federation ever released: one account, because the same tenants may be behind all of them."""

    def releases(self) -> Sequence[MeanRelease]:
        """Every release that was ever reserved, in order."""

    def spent(self) -> Accountant:
        """What they cost together."""

    def reserve(self, release: MeanRelease, budget: Budget, count: int = 1) -> float:
        """Record, in one transaction, `count` such releases that are about to be made, and return the total ε.

        Raises `BudgetExhausted`; then nothing was recorded. What is recorded stays spent, whatever happens next.
        """

    def is_paid(self) -> bool:
        """Whether the next release was reserved before a crash, and never made."""
