"""Tenant-level privacy in a whole federation: real clients that clip, a server that adds noise, one budget on both sides."""

import json
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.noise import SeededNormals
from flowstate_flower.registry import Registry, audit, views
from flowstate_flower.registry.federation_ledger import released
from flowstate_flower.simulations.engines import ENGINES
from flowstate_flower.simulations.scenario import Scenario
from flowstate_flower.simulations.simulate import Order, simulate
from flowstate_flower.simulations.world import WORLD_FILE, World

SCENARIO = {
    "title": "Twelve tenants and a server that they trust",
    "purpose": "digit-recognition",
    "rounds": 6,
    "data": {"tenants": 12, "dirichlet_alpha": 10.0},
    "round": {"rule": "mean", "byzantine": 0, "cohort": 10},
    "training": {"steps": 5, "batch_size": 16, "learning_rate": 0.5},
    "privacy": {"unit": "tenant", "noise_multiplier": 2.0, "clip_norm": 1.0, "epsilon_budget": 5.0, "delta": 1e-5},
}


@pytest.fixture
def scenario() -> Scenario:
    return Scenario.model_validate(SCENARIO)


def changed(scenario: Scenario, table: str, **values) -> Scenario:
    return scenario.model_copy(update={table: getattr(scenario, table).model_copy(update=values)})


def test_a_run_ends_with_its_budget_and_says_so(play, scenario) -> None:
    registry = play(scenario)
    (view,) = views.runs(registry)
    spent = released(registry, view.run)
    assert (view.status, view.rounds) == ("completed", spent.releases)
    assert 0 < spent.releases < 6
    assert 4.0 < spent.epsilon == spent.epsilon_of_run <= 5.0
    assert view.note.startswith(f"ended before round {spent.releases + 1}: the federation's budget is spent: ε = ")
    assert (spent.randomness, spent.smallest_cohort, spent.population) == ("seeded", 10, 12)
    assert audit.verify(registry, registry.operator).verified


def test_tenants_claim_nothing_and_nothing_of_theirs_is_recorded(play, scenario) -> None:
    registry = play(scenario)
    parts = views.participation(registry, "play-1-defended")
    assert {part.epsilon for part in parts} == {None}
    assert {part.share for part in parts} == {0.0}
    assert sum(part.trained for part in parts) == 10 * views.runs(registry)[0].rounds


def test_a_tenant_sees_what_its_runs_released(play, scenario) -> None:
    registry = play(scenario)
    seen = released(registry.as_tenant("tenant-01"), "play-1-defended")
    assert seen == released(registry, "play-1-defended")


def test_a_second_run_on_the_same_registry_goes_on_from_what_was_spent(tmp_path: Path, scenario, monkeypatch) -> None:
    """Tenants that allow more than the operator promises, twice: the second promise is larger, and covers both runs."""
    world = World.create(tmp_path / "world", "play", changed(scenario, "privacy", epsilon_budget=20.0), 1, "defended")
    for name, epsilon in (("play", 5.0), ("more", 9.0)):
        promise = wiring.Promise(Budget(epsilon, 1e-5), SeededNormals(1, name))
        monkeypatch.setattr(World, "_promise", lambda _, promise=promise: promise)
        plan = world.plan.model_copy(update={"name": name})
        (world.folder / WORLD_FILE).write_text(plan.model_dump_json())
        ENGINES["in-process"](World.open(world.folder), lambda _: None)
    registry = Registry.open(world.folder)
    first, second = released(registry, "play-1-defended"), released(registry, "more-1-defended")
    assert first.epsilon == second.epsilon <= second.largest_epsilon == 9.0
    assert first.epsilon_of_run <= 5.0 < second.epsilon


@pytest.mark.parametrize(
    ("table", "values", "why"),
    [
        ("round", {"rule": "median"}, "median is not the mean"),
        ("round", {"weighting": "examples"}, "a number that the tenant chooses"),
        ("round", {"largest_update_norm": 5.0}, "would depend on the update"),
        ("privacy", {"delta": 0.2}, "not below 1 / 12 tenants"),
    ],
)
def test_what_cannot_be_promised_does_not_begin(play, scenario, table, values, why) -> None:
    with pytest.raises((RunImpossible, BadInput), match=why):
        play(changed(scenario, table, **values))


def test_a_promise_without_terms_is_refused(play, scenario, monkeypatch) -> None:
    promise = wiring.Promise(Budget(1.0, 1e-5))
    monkeypatch.setattr(World, "_promise", lambda _: promise)
    with pytest.raises(RunImpossible, match="terms that ask for no noise of it"):
        play(scenario.model_copy(update={"privacy": None}))


def test_it_is_shown_in_the_results_and_of_the_run(tmp_path: Path, scenario, capsys) -> None:
    order = Order("central", scenario, 1, "in-process", tmp_path / "out")
    results = simulate(order)
    said = json.loads((order.folder / "metrics.json").read_text())["released"]
    assert said["epsilon"] == results.released.epsilon
    assert "Tenant-level privacy: ε" in (order.folder / "report.html").read_text()
    run(["run", "show", "central-1-defended", "--registry", str(order.folder)])
    assert "Tenant-level privacy: ε" in capsys.readouterr().out
    run(["run", "show", "central-1-defended", "--registry", str(order.folder), "--format", "json"])
    assert json.loads(capsys.readouterr().out)["released"]["releases"] == said["releases"]
