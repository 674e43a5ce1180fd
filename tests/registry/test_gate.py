"""Quotas and rates: counted in the registry, kept over a restart, and what exceeds them is on record."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord
from sqlmodel import select

from flowstate_flower import wiring
from flowstate_flower.admission import Limits, Reason
from flowstate_flower.errors import RunImpossible
from flowstate_flower.privacy import Accountant, GaussianRelease
from flowstate_flower.registry import Registry, audit, configuration, consents, gate, releases, tenants, views
from flowstate_flower.registry.configuration import Quotas
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.quotas import Meters
from flowstate_flower.registry.tables import PrivacyEventRow, TenantRow
from flowstate_flower.registry.tenancy_tables import UsageRow
from flowstate_flower.registry.tenants import Status
from flowstate_flower.round import Closing
from flowstate_flower.simulations.in_process import FIRST_NODE, InProcessGrid
from flowstate_flower.strategies import RunTerms
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.statements import PrivacyClaim

DAY = 86_400
NOON = 20_000 * DAY + DAY // 2


@pytest.fixture
def registry(tmp_path: Path, voice, federation, create) -> Registry:
    """The seven tenants of `federation`, each active and agreeing."""
    made = create(tmp_path / "registry")
    for name in federation.tenants:
        speaker = voice(name, federation.keys[name])
        wiring.admit(made, speaker.request(nodes=(f"{ord(name[-1]):02x}",)))
        consents.accept(made, speaker.consent("research"))
    return made


def ask(registry: Registry, limits: Quotas, now: float, **round_: object) -> object:
    with registry.session(writes=True) as session:
        fault = (
            Meters(session, ["tenant-0"], now)
            .of("tenant-0", limits)
            .ask(**({"nodes": 1, "model_bytes": 100, "new_run": False} | round_))
        )
        session.commit()
    return fault and fault[0]


@pytest.mark.parametrize(
    ("limits", "fitting", "reason"),
    [
        (Quotas(rounds_per_day=3), 3, Reason.QUOTA),
        (Quotas(bytes_per_day=700), 3, Reason.QUOTA),
        (Quotas(messages="3/day"), 3, Reason.RATE),
        (Quotas(rounds_per_day=3, messages="2/day"), 2, Reason.RATE),
        (Quotas(rounds_per_day=0), 0, Reason.QUOTA),
    ],
)
def test_a_limit_is_reached_exactly_survives_a_restart_and_ends_with_the_day(registry, limits, fitting: int, reason) -> None:
    for _ in range(fitting):
        assert ask(registry, limits, NOON) is None
        registry.close()
        registry = Registry.open(registry.path, to_write=True)
    assert ask(registry, limits, NOON) == reason
    assert ask(registry, limits, NOON + DAY // 2 - 1) == reason
    assert (ask(registry, limits, NOON + DAY // 2) is None) is (fitting > 0)


def test_a_run_counts_once(registry) -> None:
    limits = Quotas(runs_per_day=1)
    assert ask(registry, limits, NOON, new_run=True) is None
    assert ask(registry, limits, NOON, new_run=False) is None
    assert ask(registry, limits, NOON, new_run=True) == Reason.QUOTA


def test_models_and_nodes_have_a_size(registry) -> None:
    assert ask(registry, Quotas(model_bytes=100), NOON) is None
    assert ask(registry, Quotas(model_bytes=99), NOON) == Reason.QUOTA
    assert ask(registry, Quotas(nodes=0), NOON) == Reason.QUOTA


def test_a_round_that_is_refused_costs_nothing(registry) -> None:
    both = Quotas(rounds_per_day=1, messages="9/day")
    assert [ask(registry, both, NOON) for _ in range(3)] == [None, Reason.QUOTA, Reason.QUOTA]
    assert [ask(registry, Quotas(messages="9/day"), NOON) for _ in range(9)] == [None] * 8 + [Reason.RATE]


def test_a_quota_that_is_changed_goes_on_with_what_was_counted(registry) -> None:
    for _ in range(3):
        assert ask(registry, Quotas(rounds_per_day=5), NOON) is None
    assert ask(registry, Quotas(rounds_per_day=3), NOON) == Reason.QUOTA
    assert ask(registry, Quotas(rounds_per_day=4), NOON) is None


def test_a_name_that_nobody_knows_is_not_asked(registry, run_terms: RunTerms) -> None:
    assert gate.dispatch(registry, run_terms.ask, ["stranger"], 1) == {"stranger": ("no-consent", "no such tenant")}
    assert gate.standing(registry, run_terms.ask, {"stranger": 0}) == {}


def test_servers_of_one_registry_count_together(registry, run_terms: RunTerms) -> None:
    configuration.change(registry, "quotas.rounds_per_day", 5, actor="operator")
    servers = [Registry.open(registry.path, to_write=True) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: gate.dispatch(servers[i % 4], run_terms.ask, ["tenant-0"], 1), range(12)))
    assert sum(not faults for faults in found) == 5


def test_one_tenants_use_is_not_anothers(registry, run_terms: RunTerms) -> None:
    configuration.change(registry, "quotas.rounds_per_day", 1, actor="operator")
    assert gate.dispatch(registry, run_terms.ask, ["tenant-0"], 1) == {}
    assert set(gate.dispatch(registry, run_terms.ask, ["tenant-0", "tenant-1"], 1)) == {"tenant-0"}


def test_bytes_beyond_the_model_are_charged_when_they_arrive(registry, run_terms: RunTerms) -> None:
    configuration.change(registry, "quotas.bytes_per_day", 1000, actor="operator", tenant="tenant-0")
    assert isinstance(gate.standing(registry, run_terms.ask, {"tenant-0": 900, "tenant-1": 10**9})["tenant-0"], Bounds)
    found = gate.standing(registry, run_terms.ask, {"tenant-0": 900, "tenant-1": 10**9})
    assert found["tenant-0"] == (Reason.QUOTA, f"at most 1000 bytes per {DAY} seconds")
    assert isinstance(found["tenant-1"], Bounds)
    assert gate.dispatch(registry, run_terms.ask, ["tenant-0"], 1)["tenant-0"][0] == Reason.QUOTA


class Together:
    """The federation in memory, judged and recorded by a registry."""

    def __init__(self, registry: Registry, federation, terms: RunTerms) -> None:
        owners = {FIRST_NODE + i: name for i, name in enumerate(federation.tenants)}
        self.federation, self.grid = federation, InProcessGrid(federation.answer, 7, workers=4)
        roster = wiring.RegistryRoster(registry, terms, lambda _: owners)
        self.conductor = wiring.Conductor(registry, terms, roster, lambda _: {"accuracy": 0.5})

    def run(self, rounds: int) -> None:
        try:
            base = {"weight": np.zeros((3, 4), "f4"), "bias": np.zeros(3, "f4")}
            self.conductor.run(self.grid, ArrayRecord({n: Array(a) for n, a in base.items()}), rounds)
        finally:
            self.grid.close()


@pytest.fixture
def terms(run_terms: RunTerms) -> RunTerms:
    return replace(run_terms, limits=Limits(), closing=Closing(run_terms.closing.rule, byzantine=1, quorum=2))


def test_exceeding_a_quota_is_a_rejection_and_an_audit_event_and_the_round_goes_on(registry, federation, terms) -> None:
    configuration.change(registry, "quotas.rounds_per_day", 2, actor="operator", tenant="tenant-3")
    Together(registry, federation, terms).run(3)
    assert [(r.invited, r.accepted, r.rejected) for r in views.rounds(registry, "run-1")] == [(7, 7, 0), (7, 7, 0), (6, 6, 1)]
    part = next(p for p in views.participation(registry, "run-1") if p.tenant == "tenant-3")
    assert (part.invited, part.trained, part.reasons) == (2, 2, {"quota-exceeded": 1})
    assert "rejection.added" in {entry.kind for entry in views.audit_log(registry, tenant="tenant-3")}
    assert sum(tenant == "tenant-3" for tenant, _ in federation.messages) == 2
    assert audit.verify(registry, registry.operator).verified


def test_when_everybody_is_over_the_limit_nobody_is_asked_and_the_round_says_so(registry, federation, terms) -> None:
    configuration.change(registry, "quotas.rounds_per_day", 1, actor="operator")
    Together(registry, federation, terms).run(2)
    second = views.rounds(registry, "run-1")[1]
    assert (second.status, second.invited, second.rejected) == ("skipped", 0, 7)
    assert second.why == "0 tenants agree, 3 are needed: nobody was asked"


def test_others_take_the_places_of_those_who_are_turned_away(federation, terms) -> None:
    federation.barred = dict.fromkeys(("tenant-0", "tenant-1", "tenant-2"), (Reason.QUOTA, "enough"))
    federation.run(replace(terms, cohort=4))
    assert {tenant for tenant, _ in federation.messages} == {f"tenant-{i}" for i in range(3, 7)}
    assert set(federation.reasons()) <= {"tenant-0", "tenant-1", "tenant-2"}


@pytest.mark.parametrize("what", ["suspended", "withdrawn", "tightened"])
def test_what_happens_while_a_reply_is_in_flight_counts(registry, federation, terms, voice, what: str) -> None:
    """The tenant's own client brings it about, after it was asked and before it answers."""
    acts = {
        "suspended": lambda: tenants.move(registry, "tenant-2", Status.SUSPENDED, actor="operator"),
        "withdrawn": lambda: consents.accept(registry, voice("tenant-2", federation.keys["tenant-2"]).withdrawal("research")),
        "tightened": lambda: configuration.change(
            registry, "bounds.largest_clip_norm", 0.5, actor="operator", tenant="tenant-2"
        ),
    }
    reasons = {"suspended": "tenant-suspended", "withdrawn": "no-consent", "tightened": "outside-bounds"}
    done: list[object] = []
    federation.lies["tenant-2"] = lambda *_: done.append(acts[what]()) if not done else None
    Together(registry, federation, terms).run(2)
    part = next(p for p in views.participation(registry, "run-1") if p.tenant == "tenant-2")
    assert (part.invited, part.trained, part.reasons) == (1, 0, {reasons[what]: 1})


def test_a_claim_beyond_the_agreed_epsilon_is_turned_away(registry, federation, terms, voice) -> None:
    a = voice("tenant-2", federation.keys["tenant-2"])
    consents.accept(registry, a.withdrawal("research"))
    consents.accept(registry, a.consent("research", bounds=Bounds(largest_epsilon=0.7)))
    said = {"noise_multiplier": 4.0, "clip_norm": 1.0, "sample_rate": 0.01, "steps": 1, "delta": 1e-5, "randomness": "os"}

    def spend(reply, _request) -> None:
        reply.statement = {"privacy": PrivacyClaim(epsilon=0.4 * reply.terms.round, **said)}

    federation.lies["tenant-2"] = spend
    Together(registry, federation, terms).run(3)
    part = next(p for p in views.participation(registry, "run-1") if p.tenant == "tenant-2")
    assert (part.invited, part.trained, part.reasons) == (3, 1, {"outside-bounds": 2})


def test_dispatch_looks_again_at_what_selection_saw(registry, federation, terms, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLIP#1270: between choosing and sending, a tenant is suspended; its node is never sent anything."""
    choose = gate.candidates
    chosen: list[int] = []

    def choose_and_suspend(*arguments):
        found = choose(*arguments)
        chosen.append(len(found))
        if len(chosen) == 2:  # the first asks only whether the run can begin
            tenants.move(registry, "tenant-1", Status.SUSPENDED, actor="operator")
        return found

    monkeypatch.setattr(gate, "candidates", choose_and_suspend)
    Together(registry, federation, terms).run(1)
    assert chosen == [7, 7]
    assert "tenant-1" not in {tenant for tenant, _ in federation.messages}
    part = next(p for p in views.participation(registry, "run-1") if p.tenant == "tenant-1")
    assert (part.invited, part.reasons) == (0, {"tenant-suspended": 1})


def test_nobody_within_bounds_is_said_before_anybody_is_asked(registry, federation, terms) -> None:
    configuration.change(registry, "bounds.least_noise_multiplier", 5.0, actor="operator")
    with pytest.raises(RunImpossible, match="no tenant"):
        Together(registry, federation, terms).run(1)
    assert federation.messages == []


def test_the_clock_of_the_meter_is_the_wall(registry) -> None:
    with registry.session(writes=True) as session:
        meter = Meters(session, ["tenant-0"]).of("tenant-0", Quotas(messages="1/minute"))
        assert meter.ask(nodes=1, model_bytes=1, new_run=False) is None
        session.commit()
        (row,) = session.exec(select(UsageRow))
        assert time.time() < row.until <= time.time() + 60


def test_the_server_adds_up_what_was_signed_of_each_account(tmp_path: Path, create, raw) -> None:
    registry = create(tmp_path)
    with desk(registry, actor="operator") as d:
        d.add(TenantRow(name="a", status="active", created_at=d.now))
    with desk(registry, actor="operator") as d:
        for number, account in enumerate(["1" * 64, "1" * 64, "2" * 64, None], start=1):
            said = {"unit": "example", "relation": "add-or-remove-one", "clip_norm": 1.0, "clipping": "flat", "epsilon": 1.0}
            said |= {"noise_multiplier": 1.0, "sample_rate": 0.01, "steps": 3, "delta": 1e-5, "randomness": "os"}
            d.add(PrivacyEventRow(run="r", round=number, tenant="a", account=account, **said))
    found = releases.claimed(registry, ["a", "nobody"])
    assert set(found) == {"a"}
    once = Accountant().after(GaussianRelease(1.0, 0.01, 3))
    assert found["a"]["2" * 64].agrees_with(once)
    assert found["a"]["1" * 64].agrees_with(once.after(GaussianRelease(1.0, 0.01, 3)))
    assert set(found["a"]) == {"1" * 64, "2" * 64}


def test_metrics_that_left_are_added_up_with_the_training(tmp_path: Path, create) -> None:
    """As often as they left, whatever training of the same noise there was without."""
    registry = create(tmp_path)
    with desk(registry, actor="operator") as d:
        d.add(TenantRow(name="a", status="active", created_at=d.now))
    kinds: list[float | None] = [None, 20.0, 20.0, 10.0]
    with desk(registry, actor="operator") as d:
        for number, noise in enumerate(kinds, start=1):
            said = {"unit": "example", "relation": "add-or-remove-one", "clip_norm": 1.0, "clipping": "flat", "epsilon": 1.0}
            said |= {"noise_multiplier": 1.0, "sample_rate": 0.01, "steps": 3, "delta": 1e-5, "randomness": "os"}
            said |= {"account": "1" * 64, "metrics_noise_multiplier": noise}
            d.add(PrivacyEventRow(run="r", round=number, tenant="a", **said))
    spent = Accountant()
    for noise in kinds:
        spent = spent.after(GaussianRelease(1.0, 0.01, 3, metrics_noise_multiplier=noise))
    assert releases.claimed(registry, ["a"])["a"]["1" * 64].agrees_with(spent)
