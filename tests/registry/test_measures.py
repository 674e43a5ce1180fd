"""Measures of a federation, and the text that Prometheus reads: what is in the rows, once, and nobody else's."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import select

from flowstate_flower.admission import Reason
from flowstate_flower.errors import UnknownName
from flowstate_flower.registry import Registry, configuration, gate, incidents, tenants
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.exposition import METRICS, exposition
from flowstate_flower.registry.measures import measured
from flowstate_flower.registry.server_events import EventKind, ServerEvent, record
from flowstate_flower.registry.tables import RejectionRow, RoundRow, RunRow

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def registry(recorded: Callable[[], Registry]) -> Registry:
    return recorded()


def scraped(registry: Registry, tenant: str | None = None) -> Values:
    """Every sample by name and labels, as Prometheus would parse it; none is given twice."""
    text = exposition(lambda: measured(registry, tenant=tenant)).decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def value(values: Values, name: str, **labels: str) -> float:
    return values[name, frozenset(labels.items())]


def test_what_is_recorded_is_what_is_counted(registry: Registry) -> None:
    values = scraped(registry)
    assert value(values, "flowstate_tenants", status="active") == 7
    assert value(values, "flowstate_participation_ratio") == 1
    for name, accepted in (("tenant-0", 2), ("tenant-5", 0), ("tenant-6", 0)):
        assert value(values, "flowstate_invitations_total", tenant=name) == 2
        assert value(values, "flowstate_contributions_total", tenant=name) == accepted
        assert value(values, "flowstate_acceptance_ratio", tenant=name) == accepted / 2
    assert value(values, "flowstate_refusals_total", tenant="tenant-5", reason="budget-exhausted") == 2
    assert value(values, "flowstate_rejections_total", tenant="tenant-6", reason="not-finite") == 2
    assert value(values, "flowstate_incidents_total", kind="content", severity="medium") == 2
    assert value(values, "flowstate_epsilon_spent", tenant="tenant-0") == 0.5
    assert value(values, "flowstate_round_duration_seconds_count", status="aggregated") == 2
    assert value(values, "flowstate_log_entries") == measured(registry).log_entries > 50
    assert not [name for name, _ in values if name == "flowstate_epsilon_left"]


def test_epsilon_left_is_that_of_the_tightest_bound(registry: Registry) -> None:
    configuration.change(registry, "bounds.largest_epsilon", 4.0, actor="operator")
    configuration.change(registry, "bounds.largest_epsilon", 0.25, actor="operator", tenant="tenant-1")
    values = scraped(registry)
    assert value(values, "flowstate_epsilon_left", tenant="tenant-0") == 3.5
    assert value(values, "flowstate_epsilon_left", tenant="tenant-1") == 0.0
    assert value(values, "flowstate_epsilon_left", tenant="tenant-6") == 4.0


def test_quota_use_is_of_the_window_that_is_now(registry: Registry, run_terms) -> None:
    for key, limit in (("rounds_per_day", 5), ("bytes_per_day", 1000), ("messages", "9/day"), ("model_bytes", 500)):
        configuration.change(registry, f"quotas.{key}", limit, actor="operator", tenant="tenant-1")
    assert gate.dispatch(registry, run_terms.ask, ["tenant-1"], 100) == {}
    (part,) = [part for part in measured(registry).tenants if part.tenant == "tenant-1"]
    assert {use.quota: (use.used, use.limit) for use in part.quotas} == {
        "rounds_per_day": (1, 5),
        "bytes_per_day": (200, 1000),
        "messages": (1, 9),
        "model_bytes": (None, 500),
    }
    values = scraped(registry)
    assert value(values, "flowstate_quota_used", tenant="tenant-1", quota="bytes_per_day") == 200
    assert value(values, "flowstate_quota_limit", tenant="tenant-0", quota="nodes") == 3
    assert value(values, "flowstate_quota_used", tenant="tenant-0", quota="nodes") == 0


def test_a_tenants_view_is_about_that_tenant_alone(registry: Registry) -> None:
    everything, own = scraped(registry), scraped(registry, "tenant-6")
    assert {label for _, labels in own for key, label in labels if key == "tenant"} == {"tenant-6"}
    assert value(own, "flowstate_tenants", status="active") == 1
    per_tenant = {key: sample for key, sample in everything.items() if ("tenant", "tenant-6") in key[1]}
    assert per_tenant == {key: sample for key, sample in own.items() if ("tenant", "tenant-6") in key[1]}
    assert value(scraped(registry, "tenant-0"), "flowstate_round_duration_seconds_count", status="aggregated") == 2
    assert ("flowstate_incidents_total", frozenset({("kind", "content"), ("severity", "medium")})) not in scraped(
        registry, "tenant-0"
    )
    assert asdict(measured(registry.as_tenant("tenant-6"))) == asdict(measured(registry, tenant="tenant-6"))
    with pytest.raises(UnknownName, match="unknown tenant 'nobody'"):
        measured(registry, tenant="nobody")


def test_no_free_text_becomes_a_label(registry: Registry) -> None:
    with desk(registry, actor="server") as d:
        for position, reason in enumerate(('nan"} 1\nevil', "a" * 500), start=10):
            d.add(RejectionRow(run="run-1", round=1, position=position, node="9", tenant=None, reason=reason, detail=""))
    values = scraped(registry)
    assert value(values, "flowstate_rejections_total", tenant="", reason=incidents.OTHER) == 2
    labels = {label for name, found in values for key, label in found if key not in ("tenant", "le")}
    statuses = {str(status) for status in tenants.Status} | {"aggregated", "skipped"}
    kinds = {str(word) for word in (*incidents.Kind, *incidents.Severity)}
    assert labels <= incidents.KNOWN | {incidents.OTHER} | statuses | kinds | set(configuration.Quotas.model_fields)


def test_durations_begin_where_the_round_before_ended(registry: Registry) -> None:
    with registry.reading() as session:
        start = datetime.fromisoformat(session.get_one(RunRow, "run-1").started_at)
        ends = [datetime.fromisoformat(t) for t in session.exec(select(RoundRow.closed_at).order_by(RoundRow.number))]
    seconds = measured(registry).round_seconds["aggregated"]
    assert sum(seconds) == pytest.approx((ends[-1] - start) / timedelta(seconds=1))
    values = scraped(registry)
    assert value(values, "flowstate_round_duration_seconds_bucket", status="aggregated", le="+Inf") == 2
    assert value(values, "flowstate_round_duration_seconds_sum", status="aggregated") == pytest.approx(sum(seconds))


def test_a_suspension_is_an_incident_and_a_deleted_tenant_is_only_counted(registry: Registry) -> None:
    tenants.move(registry, "tenant-3", tenants.Status.SUSPENDED, actor="operator")
    assert measured(registry).participation == 6 / 7
    tenants.remove(registry, "tenant-3", actor="operator")
    values = scraped(registry)
    assert value(values, "flowstate_tenants", status="deleted") == 1
    assert value(values, "flowstate_participation_ratio") == 1
    assert value(values, "flowstate_incidents_total", kind="suspension", severity="medium") == 1
    assert not [labels for _, labels in values if ("tenant", "tenant-3") in labels]


def test_every_reason_has_a_kind_of_incident() -> None:
    listed = [reason for reasons in incidents.OF_KIND.values() for reason in reasons]
    assert sorted(listed) == sorted(Reason)


def test_an_empty_registry_has_measures(tmp_path) -> None:
    values = scraped(Registry.create(tmp_path / "new"))
    assert value(values, "flowstate_log_entries") == 0
    assert value(values, "flowstate_tenants", status="active") == 0


def test_every_family_is_exposed_under_the_name_that_the_catalogue_has(registry: Registry) -> None:
    configuration.change(registry, "bounds.largest_epsilon", 4.0, actor="operator")
    record(registry, [ServerEvent(EventKind.RATE_LIMITED)])
    names = {name for name, _ in scraped(registry)}
    exposed = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in names}
    assert exposed - {"flowstate_round_duration_seconds_created"} == set(METRICS)
