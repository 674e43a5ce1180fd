"""Privacy as data: what was released is a frozen event, accountants say what it cost, budgets say what is left."""

from flowstate_flower.privacy.accountant import Accountant, epsilon_of
from flowstate_flower.privacy.budget import Budget
from flowstate_flower.privacy.events import GaussianRelease
from flowstate_flower.privacy.ledger import BudgetExhausted, Ledger, RoundAlreadyCharged

__all__ = ["Accountant", "Budget", "BudgetExhausted", "GaussianRelease", "Ledger", "RoundAlreadyCharged", "epsilon_of"]
