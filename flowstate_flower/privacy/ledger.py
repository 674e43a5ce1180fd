"""The seam between training and the tenant's own record of what it has spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flowstate_flower.privacy.budget import Account, Budget
from flowstate_flower.privacy.events import GaussianRelease

MOST_REPEATS = 2
"""How often a round that never ended may be begun again: see ADR 0030."""


class BudgetExhausted(Exception):
    """A release that no budget covers: it would pass it, or there is none for these data. It has not been charged."""


class RoundAlreadyCharged(Exception):
    """A release for this run and round was reserved before: the request is a replay, or a crash came between."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A round that was charged, with what was noted then; `epsilon` is the account's total with it.

    `update` is the digest of what was released, None until the round has ended. An `abandoned` round releases nothing any more.
    """

    account: Account
    memo: str
    epsilon: float
    update: str | None
    abandoned: bool


class Ledger(Protocol):
    """Reserve before training, settle after, let nothing out before it is settled. What is never settled counts as spent."""

    def open(self, account: Account, budget: Budget, units: int, plan: GaussianRelease | None = None) -> None:
        """Make `account` known, with at most `budget` for its N = `units`, before anything is reserved of it. May be repeated:
        a smaller ε then tightens, a larger one changes nothing. `plan` is the release that is expected most, by default the
        first.

        Raises `BudgetExhausted` where δ is not below 1 / N.
        """

    def reserve(
        self, account: Account, run: str, round_number: int, release: GaussianRelease, budget: Budget, memo: str = ""
    ) -> float:
        """Charge `release` to `account` in one transaction and return its ε so far, this one included. `memo` is kept with it.

        A round that was reserved with the same memo, which is not empty, and has neither been settled nor abandoned is begun
        again, `MOST_REPEATS` times at most: it is not charged again, and ε is what it was.

        Raises `BudgetExhausted` or `RoundAlreadyCharged`; then nothing was charged.
        """

    def settle(
        self, account: Account, run: str, round_number: int, steps: int | None = None, update: str | None = None
    ) -> None:
        """Note that the round's training ended: as reserved, or after `steps`. It gives nothing back. May be repeated.

        `update` is the digest of the only thing that may leave. Raises `RoundAlreadyCharged` where it is another than before,
        or the round was abandoned.
        """

    def abandon(self, account: Account, run: str, round_number: int) -> None:
        """Note that the round failed: it stays spent, and can neither be begun again nor be settled any more."""

    def reserved(self, run: str, round_number: int) -> Sequence[Reservation]:
        """What was reserved for this round, of every account, the newest first."""

    def spent(self, account: Account) -> float:
        """ε of everything that was ever reserved of `account`."""

    def pseudonym(self, account: Account) -> str:
        """What to call `account` before others, who cannot tell from it whose data or which they are: 64 hexadecimal digits."""
