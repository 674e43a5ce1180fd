"""The seam between training and the tenant's own record of what it has spent."""

from typing import Protocol

from flowstate_flower.privacy.budget import Account, Budget
from flowstate_flower.privacy.events import GaussianRelease


class BudgetExhausted(Exception):
    """A release that no budget covers: it would pass it, or there is none for these data. It has not been charged."""


class RoundAlreadyCharged(Exception):
    """A release for this run and round was reserved before: the request is a replay, or a crash came between."""


class Ledger(Protocol):
    """Reserve before training, settle after. What is never settled counts as spent."""

    def open(self, account: Account, budget: Budget, units: int, plan: GaussianRelease | None = None) -> None:
        """Make `account` known, with at most `budget` for its N = `units`, before anything is reserved of it. May be repeated:
        a smaller ε then tightens, a larger one changes nothing. `plan` is the release that is expected most, by default the
        first.

        Raises `BudgetExhausted` where δ is not below 1 / N.
        """

    def reserve(self, account: Account, run: str, round_number: int, release: GaussianRelease, budget: Budget) -> float:
        """Charge `release` to `account` in one transaction and return its ε so far, this one included.

        Raises `BudgetExhausted` or `RoundAlreadyCharged`; then nothing was charged.
        """

    def settle(self, account: Account, run: str, round_number: int, steps: int | None = None) -> None:
        """Note that the round's training ended: as reserved, or after `steps`. It gives nothing back."""

    def spent(self, account: Account) -> float:
        """ε of everything that was ever reserved of `account`."""

    def pseudonym(self, account: Account) -> str:
        """What to call `account` before others, who cannot tell from it whose data or which they are: 64 hexadecimal digits."""
