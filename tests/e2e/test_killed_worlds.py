"""A simulated federation is killed at random points, tenants and all: what is resumed ends like the undisturbed."""

import os
import random
import signal
from multiprocessing import get_context
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.registry import Registry, audit, ledger_views, views
from flowstate_flower.simulations.engines import run_in_process
from flowstate_flower.simulations.scenario import load, with_rounds
from flowstate_flower.simulations.world import World

KILLS, ROUNDS, LONGEST_SECONDS, PATIENCE_SECONDS = 3, 3, 3.0, 120.0


def conduct(folder: Path, begun) -> None:
    """Play the world in `folder`, from wherever it stands."""
    begun.set()
    run_in_process(World.open(folder), lambda _: None)


def outcome(folder: Path) -> tuple[object, ...]:
    """What must not depend on crashes: the model, and what each tenant has paid."""
    registry = Registry.open(folder)
    view = views.runs(registry)[0]
    parts = [(p.tenant, p.trained, p.refused, p.epsilon) for p in views.participation(registry, view.run)]
    assert audit.verify(registry, registry.operator, audit.Against(models=True)).verified
    registry.close()
    return view.status, view.model_digest, parts


def is_over(folder: Path) -> bool:
    """Whether the run is completed; it may not even have begun."""
    registry = Registry.open(folder)
    try:
        return any(view.status == "completed" for view in views.runs(registry))
    finally:
        registry.close()


def charges(home: Path) -> list[tuple[object, ...]]:
    """What a tenant's own ledger says it has spent, round by round."""
    accounts = ledger_views.accounts(wiring.open_ledger(home))
    return [(account.spent, *((c.run, c.round, c.epsilon) for c in account.charges)) for account in accounts]


@pytest.mark.deployment
def test_a_world_that_is_killed_ends_like_the_undisturbed_one_and_every_round_is_paid_for_once(tmp_path: Path) -> None:
    scenario = with_rounds(load("quickstart"), ROUNDS)
    for name in ("undisturbed", "mortal"):
        World.create(tmp_path / name, "play", scenario, 1, "defended")
    run_in_process(World.open(tmp_path / "undisturbed"), lambda _: None)
    context, rng, killed = get_context("forkserver"), random.SystemRandom(), 0
    context.set_forkserver_preload(["flowstate_flower.simulations.engines"])
    while killed < KILLS and not is_over(tmp_path / "mortal"):
        begun = context.Event()
        child = context.Process(target=conduct, args=(tmp_path / "mortal", begun), daemon=True)
        child.start()
        assert child.pid is not None
        assert begun.wait(PATIENCE_SECONDS)
        child.join(rng.uniform(0, LONGEST_SECONDS))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        killed += 1
    if not is_over(tmp_path / "mortal"):
        run_in_process(World.open(tmp_path / "mortal"), lambda _: None)
    assert outcome(tmp_path / "mortal") == outcome(tmp_path / "undisturbed")
    for tenant in scenario.tenants:
        homes = {name: World.open(tmp_path / name).home(tenant) for name in ("mortal", "undisturbed")}
        assert charges(homes["mortal"]) == charges(homes["undisturbed"]), tenant
