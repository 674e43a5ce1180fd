"""Measures of a federation and of its tenants: who was asked, who counted, what was spent, and what went wrong.

Names of tenants and values of enums are all that anything here is counted by: nothing that somebody may invent.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from flowstate_flower.errors import UnknownName
from flowstate_flower.registry import server_events
from flowstate_flower.registry.configuration import Configuration, Quotas, effective_for
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import timestamp
from flowstate_flower.registry.draws import AT_ONCE, batches
from flowstate_flower.registry.incidents import (
    OTHER,
    Incident,
    known_reason,
    lifecycle,
    of_rejections,
    of_server_events,
    summed,
)
from flowstate_flower.registry.quotas import Meter, Meters
from flowstate_flower.registry.tables import (
    ConsentRow,
    ContributionRow,
    InvitationRow,
    KeyRow,
    LogHeadRow,
    PrivacyEventRow,
    RefusalRow,
    RejectionRow,
    RoundRow,
    RunRow,
    TenantRow,
)
from flowstate_flower.registry.tenants import NODE, Status
from flowstate_flower.trust.bounds import Bounds, tightest

NO_RUN, NOBODY, BATCH = "", "", 1000
"""Settings of a run are left out: measures are about tenants over all runs. Usage is read for so many at once."""


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How much of one quota is used in the window that is now, None where nothing is counted, and how much is allowed."""

    quota: str
    used: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class TenantMeasures:
    """One tenant over all runs.

    `acceptance` is accepted / invited, None before the first invitation. `epsilon_spent` is the largest total that the
    tenant signed for; `epsilon_left` is what the tightest bound of its settings and standing consents leaves of it.
    """

    tenant: str
    status: str
    invited: int
    accepted: int
    acceptance: float | None
    rejections: dict[str, int]
    refusals: dict[str, int]
    epsilon_spent: float
    epsilon_left: float | None
    quotas: tuple[QuotaUse, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """A federation, or as much of it as one tenant may see.

    `participation` is active / admitted, None where nobody is admitted. `rejections_of_nobody` are those of nodes that act for
    no tenant. `server_events` has, by tenant ("" where the server does not know whose) and kind, what happened at its door.
    `round_seconds` has, by a round's status, how long each took: from the round before it, or the run's start.
    """

    tenants: tuple[TenantMeasures, ...]
    by_status: dict[str, int]
    participation: float | None
    rejections_of_nobody: dict[str, int]
    round_seconds: dict[str, tuple[float, ...]]
    log_entries: int
    server_events: dict[str, dict[str, int]]
    incidents: tuple[Incident, ...]


def measured(registry: Registry, *, tenant: str | None = None) -> Measures:
    """The measures of the federation, or of what `tenant` may see of it. Raises `UnknownName`.

    A tenant that was deleted is counted as such, and is not listed any more.
    """
    if tenant is not None:
        _check_exists(registry, tenant)
        registry = registry.as_tenant(tenant)
    with registry.reading() as session:
        statuses = dict(session.exec(select(TenantRow.name, TenantRow.status).order_by(TenantRow.name)).all())
        rejections = _reasons(session, RejectionRow)
        events = server_events.counted(session)
        by_status = Counter(statuses.values())
        active, suspended = by_status[Status.ACTIVE], by_status[Status.SUSPENDED]
        return Measures(
            tenants=tuple(_tenants(session, statuses, rejections)),
            by_status={str(status): by_status[status] for status in Status},
            participation=active / (active + suspended) if active + suspended else None,
            rejections_of_nobody=rejections.get(None, {}),
            round_seconds=_durations(session),
            log_entries=session.exec(select(func.max(LogHeadRow.size))).one() or 0,
            server_events={
                name or NOBODY: kinds for name, kinds in events.items() if name is None or statuses.get(name) != Status.DELETED
            },
            incidents=summed([*of_rejections(rejections), *of_server_events(events), *lifecycle(session)]),
        )


def _check_exists(registry: Registry, tenant: str) -> None:
    with registry.reading() as session:
        if session.get(TenantRow, tenant) is None:
            raise UnknownName("tenant", tenant, session.exec(select(TenantRow.name)).all())


def _tenants(
    session: Session, statuses: Mapping[str, str], rejections: Mapping[str | None, dict[str, int]]
) -> Iterable[TenantMeasures]:
    names = [name for name, status in statuses.items() if status != Status.DELETED]
    invited, accepted = _counts(session, InvitationRow), _counts(session, ContributionRow)
    refusals, spent = _reasons(session, RefusalRow), _epsilons(session)
    settings: dict[str, Configuration] = {}
    for some in batches(names, AT_ONCE):
        found = effective_for(session, NO_RUN, some)
        settings |= {name: found[name] for name in some}
    agreed = _agreed(session)
    uses = _quota_uses(session, names, settings)
    for name in names:
        most = tightest(settings[name].bounds, agreed[name]).largest_epsilon
        yield TenantMeasures(
            tenant=name,
            status=statuses[name],
            invited=invited[name],
            accepted=accepted[name],
            acceptance=accepted[name] / invited[name] if invited[name] else None,
            rejections=rejections.get(name, {}),
            refusals=refusals.get(name, {}),
            epsilon_spent=spent.get(name, 0.0),
            epsilon_left=None if most is None else max(0.0, most - spent.get(name, 0.0)),
            quotas=uses[name],
        )


def _counts(session: Session, table: Any) -> Counter[str]:
    return Counter(dict(session.exec(select(table.tenant, func.count()).group_by(table.tenant)).all()))


def _reasons(session: Session, table: Any) -> dict[str | None, dict[str, int]]:
    """By tenant, how often for which reason. What is no reason of ours is `other`: the table is text."""
    found: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    grouped = select(table.tenant, table.reason, func.count()).group_by(table.tenant, table.reason)
    for tenant, reason, count in session.exec(grouped.order_by(table.reason)):
        found[tenant][reason if known_reason(reason) else OTHER] += count
    return {tenant: dict(counts) for tenant, counts in found.items()}


def _epsilons(session: Session) -> dict[str, float]:
    largest = select(PrivacyEventRow.tenant, func.max(PrivacyEventRow.epsilon)).group_by(PrivacyEventRow.tenant)
    return dict(session.exec(largest).all())


def _agreed(session: Session) -> defaultdict[str, Bounds]:
    """By tenant the tightest bounds of its standing consents."""
    now = timestamp()
    found: defaultdict[str, Bounds] = defaultdict(Bounds)
    bounded = (col(ConsentRow.withdrawn_at).is_(None), col(ConsentRow.largest_epsilon).is_not(None))
    for consent in session.exec(select(ConsentRow).where(*bounded)):
        if consent.expires_at is None or consent.expires_at > now:
            found[consent.tenant] = tightest(found[consent.tenant], Bounds(largest_epsilon=consent.largest_epsilon))
    return found


def _quota_uses(
    session: Session, names: Collection[str], settings: Mapping[str, Configuration]
) -> defaultdict[str, tuple[QuotaUse, ...]]:
    found: defaultdict[str, tuple[QuotaUse, ...]] = defaultdict(tuple)
    limited = [name for name in names if settings[name].quotas != Quotas()]
    if not limited:
        return found
    own = (KeyRow.use == NODE, col(KeyRow.revoked_at).is_(None))
    nodes = dict(session.exec(select(KeyRow.tenant, func.count()).where(*own).group_by(KeyRow.tenant)).all())
    now = time.time()
    for first in range(0, len(limited), BATCH):
        batch = limited[first : first + BATCH]
        meters = Meters(session, batch, now)
        for name in batch:
            quotas = settings[name].quotas
            found[name] = tuple(_uses(meters.of(name, quotas), quotas, nodes.get(name, 0)))
    return found


def _uses(meter: Meter, quotas: Quotas, nodes: int) -> Iterator[QuotaUse]:
    yield from (QuotaUse(*use) for use in meter.uses())
    if quotas.nodes is not None:
        yield QuotaUse("nodes", nodes, quotas.nodes)
    if quotas.model_bytes is not None:
        yield QuotaUse("model_bytes", None, quotas.model_bytes)


def _durations(session: Session) -> dict[str, tuple[float, ...]]:
    """By status, how many seconds each round took."""
    before = dict(session.exec(select(RunRow.id, RunRow.started_at)).all())
    found: defaultdict[str, list[float]] = defaultdict(list)
    ordered = select(RoundRow.run, RoundRow.status, RoundRow.closed_at).order_by(RoundRow.run, col(RoundRow.number))
    for run, status, closed_at in session.exec(ordered):
        if run in before:
            passed = datetime.fromisoformat(closed_at) - datetime.fromisoformat(before[run])
            found[status].append(max(0.0, passed.total_seconds()))
        before[run] = closed_at
    return {status: tuple(seconds) for status, seconds in sorted(found.items())}
