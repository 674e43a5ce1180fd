"""What a round is charged to: reserved before training, spent on what is signed, abandoned where the round fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from flowstate_flower.clients.folder_home import privacy_of
from flowstate_flower.clients.home import Charge, TenantHome
from flowstate_flower.clients.policy import Declined, TenantPolicy
from flowstate_flower.privacy import Account, GaussianRelease, truncated_poisson
from flowstate_flower.trust.statements import PrivacyClaim, Refused
from flowstate_flower.trust.terms import Terms, Unit

WHOLE_TENANT = ""
"""The data set of the unit `tenant`: all that the tenant has, whatever it is."""


def account_of(policy: TenantPolicy, unit: Unit, data_set: str, units: int) -> Account:
    """The account that a round is charged to. Raises `Declined` where δ is not below one over the number of `units`."""
    delta = privacy_of(policy).delta
    if delta >= 1 / units:
        raise Declined(Refused.BUDGET, f"δ = {delta:g} is not below 1 / N")
    return Account(policy.tenant, data_set, unit, delta)


def charge_of(policy: TenantPolicy, terms: Terms, data_set: str, units: int) -> Charge:
    """What a round under these terms costs: it follows from the terms, N = `units` and the policy's metrics, and from nothing
    that training does.

    Raises `Declined` where no budget is set, or none is asked for.
    """
    asked = terms.privacy
    if asked is None:
        raise Declined(Refused.NOT_PRIVATE, "the terms ask for no privacy")
    if asked.unit == "tenant":
        account = account_of(policy, "tenant", WHOLE_TENANT, 1)
        return Charge(account, GaussianRelease(asked.noise_multiplier, sample_rate=1.0, steps=1), 1, None)
    sampling = truncated_poisson(units, terms.work.batch_size)
    metrics = policy.metrics.claim if policy.metrics else None
    on_metrics = metrics.noise_multiplier if metrics else None
    release = GaussianRelease(asked.noise_multiplier, sampling.rate, terms.work.steps, sampling.excess, on_metrics)
    return Charge(account_of(policy, asked.unit, data_set, units), release, units, asked, sampling.largest, metrics)


@contextmanager
def spending(home: TenantHome, terms: Terms, charge: Charge | None) -> Iterator[PrivacyClaim | None]:
    """Reserve `charge`, if there is one, and yield what is claimed of it. Where the block fails the round is abandoned.

    A process that dies in the block abandons nothing: see `TenantHome.reserve`. Raises `Declined` where nothing was reserved.
    """
    if charge is None:
        yield None
        return
    claim = home.reserve(terms, charge)
    try:
        yield claim
    except Exception:
        home.abandon(terms)
        raise
