"""Measures as Prometheus reads them. Labels are names of tenants and values of enums, never free text."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from flowstate_flower.registry.measures import Measures

BUCKETS_SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
Samples = Iterable[tuple[tuple[str, ...], float]]

GAUGES: Mapping[str, tuple[str, tuple[str, ...], Callable[[Measures], Samples]]] = {
    "flowstate_tenants": (
        "Tenants by where they are in their life.",
        ("status",),
        lambda m: [((status,), count) for status, count in m.by_status.items()],
    ),
    "flowstate_participation_ratio": (
        "Of the admitted tenants, active and suspended, how many are active.",
        (),
        lambda m: [] if m.participation is None else [((), m.participation)],
    ),
    "flowstate_acceptance_ratio": (
        "Of a tenant's invitations, how many ended in an accepted update.",
        ("tenant",),
        lambda m: [((t.tenant,), t.acceptance) for t in m.tenants if t.acceptance is not None],
    ),
    "flowstate_epsilon_spent": (
        "The largest total privacy loss that a tenant signed for.",
        ("tenant",),
        lambda m: [((t.tenant,), t.epsilon_spent) for t in m.tenants],
    ),
    "flowstate_epsilon_left": (
        "What settings and consents leave of a tenant's total, where they bound it.",
        ("tenant",),
        lambda m: [((t.tenant,), t.epsilon_left) for t in m.tenants if t.epsilon_left is not None],
    ),
    "flowstate_quota_used": (
        "What a tenant used in the window that is now.",
        ("tenant", "quota"),
        lambda m: [((t.tenant, q.quota), q.used) for t in m.tenants for q in t.quotas if q.used is not None],
    ),
    "flowstate_quota_limit": (
        "What a tenant may use in one window.",
        ("tenant", "quota"),
        lambda m: [((t.tenant, q.quota), q.limit) for t in m.tenants for q in t.quotas],
    ),
    "flowstate_log_entries": (
        "Entries that the newest signed head of the audit log covers.",
        (),
        lambda m: [((), m.log_entries)],
    ),
}
COUNTERS: Mapping[str, tuple[str, tuple[str, ...], Callable[[Measures], Samples]]] = {
    "flowstate_invitations_total": (
        "How often a tenant was asked.",
        ("tenant",),
        lambda m: [((t.tenant,), t.invited) for t in m.tenants],
    ),
    "flowstate_contributions_total": (
        "Accepted updates of a tenant.",
        ("tenant",),
        lambda m: [((t.tenant,), t.accepted) for t in m.tenants],
    ),
    "flowstate_rejections_total": (
        "Replies and tenants that were turned away. No tenant: a node that acts for none.",
        ("tenant", "reason"),
        lambda m: [
            *(((t.tenant, reason), count) for t in m.tenants for reason, count in t.rejections.items()),
            *((("", reason), count) for reason, count in m.rejections_of_nobody.items()),
        ],
    ),
    "flowstate_refusals_total": (
        "Signed refusals of a tenant.",
        ("tenant", "reason"),
        lambda m: [((t.tenant, reason), count) for t in m.tenants for reason, count in t.refusals.items()],
    ),
    "flowstate_server_events_total": (
        "What the server turned away or let somebody do. No tenant: the server does not know whose it was.",
        ("tenant", "kind"),
        lambda m: [((tenant, kind), count) for tenant, kinds in m.server_events.items() for kind, count in kinds.items()],
    ),
    "flowstate_incidents_total": (
        "What was recorded that somebody may have to look at.",
        ("kind", "severity"),
        lambda m: [((incident.kind, incident.severity), incident.count) for incident in m.incidents],
    ),
}
ROUND_SECONDS = "flowstate_round_duration_seconds"
METRICS = (*GAUGES, *COUNTERS, ROUND_SECONDS)


class Measured(Collector):
    """Reads the measures anew whenever somebody asks."""

    def __init__(self, measures: Callable[[], Measures]) -> None:
        self._measures = measures

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: to register costs no query."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every family, from one reading."""
        measures = self._measures()
        for catalogue, family in ((GAUGES, GaugeMetricFamily), (COUNTERS, CounterMetricFamily)):
            for name, (text, labels, samples) in catalogue.items():
                yield _filled(family(name, text, labels=labels), samples(measures))
        yield _histogram(measures.round_seconds)


def exposition(measures: Callable[[], Measures]) -> bytes:
    """The text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Measured(measures))
    return generate_latest(registry)


def _filled(family: Any, samples: Samples) -> Metric:
    for labels, value in samples:
        family.add_metric([str(label) for label in labels], value)
    return family  # type: ignore[no-any-return]


def _histogram(seconds: Mapping[str, tuple[float, ...]]) -> Metric:
    family = HistogramMetricFamily(ROUND_SECONDS, "From one round's end, or the run's start, to the next.", labels=("status",))
    for status, values in seconds.items():
        buckets = [(str(bound), float(sum(value <= bound for value in values))) for bound in BUCKETS_SECONDS]
        family.add_metric([status], [*buckets, ("+Inf", float(len(values)))], sum(values))
    return family
