"""The seam between training and the tenant's own record of what it has spent."""

from typing import Protocol

from flowstate_flower.privacy.budget import Account, Budget
from flowstate_flower.privacy.events import GaussianRelease


class BudgetExhausted(Exception):
    """A release that would pass the budget. It has not been charged."""


class RoundAlreadyCharged(Exception):
    """A release for this run and round was reserved before: the request is a replay, or a crash came between."""


class Ledger(Protocol):
    """Reserve before training, settle after. What is never settled counts as spent."""

    def reserve(self, account: Account, run: str, round_number: int, release: GaussianRelease, budget: Budget) -> float:
        """Charge `release` to `account` in one transaction and return its ε so far, this one included.

        Raises `BudgetExhausted` or `RoundAlreadyCharged`; then nothing was charged.
        """

    def settle(self, account: Account, run: str, round_number: int) -> None:
        """Note that the round's training ended as reserved."""

    def spent(self, account: Account) -> float:
        """ε of everything that was ever reserved of `account`."""
