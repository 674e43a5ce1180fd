"""Privacy as data: what was released is a frozen event, accountants say what it cost, budgets say what is left."""

from flowstate_flower.privacy.accountant import Accountant, epsilon_of
from flowstate_flower.privacy.budget import Account, Budget
from flowstate_flower.privacy.events import GaussianRelease
from flowstate_flower.privacy.filter import Filter, planned_order
from flowstate_flower.privacy.ledger import MOST_REPEATS, BudgetExhausted, Ledger, Reservation, RoundAlreadyCharged
from flowstate_flower.privacy.sampling import Sampling, truncated_poisson

__all__ = [
    "MOST_REPEATS",
    "Account",
    "Accountant",
    "Budget",
    "BudgetExhausted",
    "Filter",
    "GaussianRelease",
    "Ledger",
    "Reservation",
    "RoundAlreadyCharged",
    "Sampling",
    "epsilon_of",
    "planned_order",
    "truncated_poisson",
]
