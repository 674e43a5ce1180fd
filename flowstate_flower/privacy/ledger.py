"""The seam between training and the tenant's own record of what it has spent."""

from typing import Protocol

from flowstate_flower.privacy.budget import Budget
from flowstate_flower.privacy.events import GaussianRelease


class BudgetExhausted(Exception):
    """A release that would pass the budget. It has not been charged."""


class RoundAlreadyCharged(Exception):
    """A release for this run and round was reserved before: the request is a replay, or a crash came between."""


class Ledger(Protocol):
    """Reserve before training, settle after. What is never settled counts as spent."""

    def reserve(self, run: str, round_number: int, release: GaussianRelease, budget: Budget) -> float:
        """Charge `release` in one transaction and return ε so far, this one included.

        Raises `BudgetExhausted` or `RoundAlreadyCharged`; then nothing was charged.
        """

    def settle(self, run: str, round_number: int) -> None:
        """Note that the round's training ended as reserved."""

    def spent(self, delta: float) -> float:
        """ε at `delta` of everything that was ever reserved."""
