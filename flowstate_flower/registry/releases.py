"""What tenants signed of their releases, added up again by the server: the least that each account can have spent."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, select

from flowstate_flower.privacy import Accountant, GaussianRelease
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.draws import AT_ONCE, batches
from flowstate_flower.registry.tables import PrivacyEventRow


def claimed(registry: Registry, tenants: Collection[str]) -> Mapping[str, Mapping[str, Accountant]]:
    """By tenant and account, the accepted releases of all runs. Truncation is left out, and so are releases of no account."""
    found: dict[str, dict[str, Accountant]] = {}
    row: Any = PrivacyEventRow
    said = (row.tenant, row.account, row.noise_multiplier, row.sample_rate, row.metrics_noise_multiplier)
    statement = select(*said, func.sum(row.steps), func.count()).where(row.account.is_not(None)).group_by(*said)
    with registry.reading() as session:
        for some in batches(sorted(tenants), AT_ONCE):
            for tenant, account, *release in session.execute(statement.where(row.tenant.in_(some))):
                of_tenant = found.setdefault(tenant, {})
                of_tenant[account] = _after(of_tenant.get(account, Accountant()), *release)
    return found


def _after(spent: Accountant, noise: float, rate: float, on_metrics: float | None, steps: int, rounds: int) -> Accountant:
    """After so many `rounds` of a kind, of so many steps together, and a release of metrics in each where there are any."""
    trained = spent.after(GaussianRelease(noise, rate, int(steps)))
    return trained if on_metrics is None else trained.after(GaussianRelease(on_metrics, 1.0, int(rounds)))
