"""Invitations are good once, certificates end, events at the door are counted, and a run knows how it came to be."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry import Registry, attempts, audit, certificates, measures, server_events, tickets
from flowstate_flower.registry.attempts import RoundState, Spec
from flowstate_flower.registry.deployment_tables import RoundStateRow, RunSpecRow
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.incidents import CLASS_AT_THE_DOOR, Incident, Kind, Severity
from flowstate_flower.registry.server_events import EventKind, ServerEvent

LATER, TOKEN = "2099-01-01T00:00:00Z", "a" * 43


@pytest.fixture
def registry(tmp_path: Path, create) -> Registry:
    return create(tmp_path / "registry")


def redeemed(registry: Registry, ticket: str, token: str = TOKEN) -> str | None:
    try:
        with desk(registry, actor="server") as d:
            return tickets.redeem(d, ticket, token)
    except tickets.NotGood:
        return None


def test_a_ticket_is_good_once_however_many_come_at_once(registry: Registry) -> None:
    ticket = tickets.make(registry, "hospital-a", TOKEN, expires_at=LATER, actor="operator")
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: redeemed(registry, ticket), range(8)))
    assert sorted(name or "" for name in said) == [*[""] * 7, "hospital-a"]
    assert [view.status for view in tickets.listed(registry)] == ["used"]
    assert audit.verify(registry, registry.operator).verified


def test_an_unknown_a_wrong_a_withdrawn_and_an_expired_one_are_alike(registry: Registry, raw) -> None:
    first = tickets.make(registry, "hospital-a", TOKEN, expires_at=LATER, actor="operator")
    second = tickets.make(registry, "hospital-a", TOKEN, expires_at=LATER, actor="operator")
    third = tickets.make(registry, "hospital-b", TOKEN, expires_at=LATER, actor="operator")
    assert redeemed(registry, first) is None  # the second took its place
    assert redeemed(registry, second, "b" * 43) is None
    assert redeemed(registry, "0" * 16) is redeemed(registry, "0" * 16, "") is None
    tickets.withdraw(registry, second, actor="operator")
    assert redeemed(registry, second) is None
    raw(registry, f"update ticket set expires_at = '2026-01-01' where id = '{third}'")
    assert redeemed(registry, third) is None
    assert [view.status for view in tickets.listed(registry)] == ["withdrawn", "withdrawn", "expired"]
    with pytest.raises(BadInput, match="withdrawn already"):
        tickets.withdraw(registry, second, actor="operator")
    with pytest.raises(UnknownName, match="unknown invitation"):
        tickets.withdraw(registry, "0" * 16, actor="operator")


def test_what_fails_beside_a_ticket_leaves_it_open(registry: Registry) -> None:
    ticket = tickets.make(registry, "hospital-a", TOKEN, expires_at=LATER, actor="operator")

    def fails_later() -> None:
        with desk(registry, actor="server") as d:
            tickets.redeem(d, ticket, TOKEN)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails_later()
    assert redeemed(registry, ticket) == "hospital-a"


def test_the_secret_of_a_ticket_is_not_in_the_database(registry: Registry, on_disk) -> None:
    tickets.make(registry, "hospital-a", TOKEN, expires_at=LATER, actor="operator")
    assert TOKEN.encode() not in on_disk(registry)


def test_events_of_tenants_that_nobody_knows_are_kept_and_counted(recorded) -> None:
    registry = recorded()
    server_events.record(
        registry,
        [
            ServerEvent(EventKind.RATE_LIMITED, "tenant-0", 900, "POST /v1/fleet/pull-messages"),
            ServerEvent(EventKind.FORGED_SENDER, "tenant-x", 2, "node 7\0"),
            ServerEvent(EventKind.CONTROL_ACTION, None, 1, "start-run"),
        ],
    )
    server_events.record(registry, [])
    rows = {row.kind: row for row in server_events.listed(registry)}
    assert (rows["forged-sender"].tenant, rows["forged-sender"].detail) == (None, "tenant-x: node 7\N{REPLACEMENT CHARACTER}")
    measured = measures.measured(registry)
    assert measured.server_events == {"tenant-0": {"rate-limited": 900}, "": {"forged-sender": 2, "control-action": 1}}
    assert Incident(Kind.LIMITS, Severity.LOW, 900) in measured.incidents
    assert len({(incident.kind, incident.severity) for incident in measured.incidents}) == len(measured.incidents)
    assert measures.measured(registry, tenant="tenant-1").server_events == {}
    assert audit.verify(registry, registry.operator).verified


def test_a_certificate_stands_until_it_is_revoked_or_ends(recorded, deploy) -> None:
    registry = recorded()
    deploy(registry, "run-1", ["tenant-0", "tenant-1"])
    serials = [view.serial for view in certificates.listed(registry)]
    assert certificates.revoked(registry, [serials[0], "unknown"], "key-compromise", actor="operator") == [serials[0]]
    assert certificates.revoked(registry, [serials[0]], "again", actor="operator") == []
    assert {view.serial: (view.status, view.reason) for view in certificates.listed(registry)} == {
        serials[0]: ("revoked", "key-compromise"),
        serials[1]: ("standing", None),
    }
    assert [view.tenant for view in certificates.listed(registry, tenant="tenant-1")] == ["tenant-1"]
    assert audit.verify(registry, registry.operator).verified


def test_a_run_knows_what_it_was_started_from_and_who_carried_it(recorded) -> None:
    registry = recorded()
    with pytest.raises(BadInput, match="no recorded specification"):
        attempts.spec_of(registry, "run-1")
    with desk(registry, actor="operator") as d:
        d.add(RunSpecRow(run="run-1", spec='{"rounds":2}', app="f" * 64))
    assert attempts.spec_of(registry, "run-1") == Spec('{"rounds":2}', "f" * 64)
    assert [attempts.begin(registry, "run-1", flower, 1) for flower in ("17", "18")] == [1, 2]
    attempts.end(registry, "run-1", 1, "crashed")
    attempts.end(registry, "run-1", 1, "completed")
    assert [(a.flower_run, a.how) for a in attempts.attempts(registry, "run-1")] == [("17", "crashed"), ("18", None)]
    assert attempts.run_behind(registry, "18") == "run-1"
    assert attempts.run_behind(registry, "19") is None
    assert attempts.newest_state(registry, "run-1") is None
    with desk(registry, actor="operator") as d:
        for number, digest in ((1, "1" * 64), (2, "2" * 64)):
            d.add(RoundStateRow(run="run-1", round=number, digest=digest))
    assert attempts.newest_state(registry, "run-1") == RoundState(2, "2" * 64)
    for ask in (attempts.spec_of, lambda r, run: attempts.begin(r, run, "1", 1)):
        with pytest.raises(UnknownName, match="unknown run 'run-9'"):
            ask(registry, "run-9")


def test_whatever_is_turned_away_at_the_door_is_an_incident() -> None:
    """What is on record without being one is named here."""
    harmless = {EventKind.CONTROL_ACTION, EventKind.NODE_ACTIVATED, EventKind.ENROLLED}
    assert set(CLASS_AT_THE_DOOR) == {str(kind) for kind in EventKind if kind not in harmless}
