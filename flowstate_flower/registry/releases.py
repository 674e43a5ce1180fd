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
    said = (row.tenant, row.account, row.noise_multiplier, row.sample_rate)
    statement = select(*said, func.sum(row.steps)).where(row.account.is_not(None)).group_by(*said)
    with registry.reading() as session:
        for some in batches(sorted(tenants), AT_ONCE):
            for tenant, account, noise, rate, steps in session.execute(statement.where(row.tenant.in_(some))):
                of_tenant = found.setdefault(tenant, {})
                release = GaussianRelease(noise, rate, int(steps))
                of_tenant[account] = of_tenant.get(account, Accountant()).after(release)
    return found
