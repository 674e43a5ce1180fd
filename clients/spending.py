"""What a round is charged to, and what is claimed of it: reserved before training, settled after."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flowstate_flower.clients.home import TenantHome
from flowstate_flower.clients.policy import Declined, PrivacyPolicy
from flowstate_flower.privacy import Account, BudgetExhausted, GaussianRelease, RoundAlreadyCharged
from flowstate_flower.trust.statements import PrivacyClaim, Refused
from flowstate_flower.trust.terms import PrivacyTerms, Terms, Unit

WHOLE_TENANT = ""
"""The data set of the unit `tenant`: all that the tenant has, whatever it is."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What one round releases, and to which account of how many `units`. `truncated_at` is the largest sample of them."""

    account: Account
    release: GaussianRelease
    units: int
    truncated_at: int | None = None


def privacy_of(home: TenantHome) -> PrivacyPolicy:
    """What the tenant says of budgets. Raises `Declined` where it has none."""
    if home.policy.privacy is None:
        raise Declined(Refused.BUDGET, "the tenant has set no privacy budget")
    return home.policy.privacy


def account_of(home: TenantHome, unit: Unit, data_set: str, units: int) -> Account:
    """The account that a round is charged to. Raises `Declined` where δ is not below one over the number of `units`."""
    delta = privacy_of(home).delta
    if delta >= 1 / units:
        raise Declined(Refused.BUDGET, f"δ = {delta:g} is not below 1 / N")
    return Account(home.policy.tenant, data_set, unit, delta)


@contextmanager
def spending(home: TenantHome, terms: Terms, charge: Charge | None) -> Iterator[float]:
    """Reserve `charge` and yield the account's total ε; settle once the block ends well. What fails stays spent.

    Without a charge nothing is spent, and ε is infinite. Raises `Declined` where the budget does not allow the charge, or the
    round was charged before; then nothing was.
    """
    if charge is None:
        yield float("inf")
        return
    budget = privacy_of(home).budget
    try:
        home.ledger.open(charge.account, budget, charge.units)
        epsilon = home.ledger.reserve(charge.account, terms.run, terms.round, charge.release, budget)
    except BudgetExhausted as error:
        raise Declined(Refused.BUDGET, str(error)) from error
    except RoundAlreadyCharged as error:
        raise Declined(Refused.REPLAYED_ROUND, str(error)) from error
    yield epsilon
    home.ledger.settle(charge.account, terms.run, terms.round)


def claim_of(home: TenantHome, made: PrivacyTerms, charge: Charge, epsilon: float) -> PrivacyClaim:
    """What the tenant says that the round released, and what all rounds of the account come to."""
    return PrivacyClaim(
        unit=made.unit,
        noise_multiplier=charge.release.noise_multiplier,
        clip_norm=made.clip_norm,
        clipping=made.clipping,
        sample_rate=charge.release.sample_rate,
        steps=charge.release.steps,
        truncated_at=charge.truncated_at,
        account=home.ledger.pseudonym(charge.account),
        epsilon=epsilon,
        delta=charge.account.delta,
        randomness=home.policy.randomness.source,
    )
