"""The two engines: the same world, the same apps, in this process or on Flower's simulation runtime."""

import logging
import os
from collections.abc import Callable
from contextlib import closing

from flowstate_flower.deployment.processes import last_line
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.registry import Registry, rounds, views
from flowstate_flower.simulations import flower_runtime
from flowstate_flower.simulations.client import WORLD_KEY, app, client_of
from flowstate_flower.simulations.in_process import InProcessGrid
from flowstate_flower.simulations.rendezvous import Rendezvous
from flowstate_flower.simulations.world import World

OnRound = Callable[[int], None]
Engine = Callable[[World, OnRound], None]


def run_in_process(world: World, on_round: OnRound) -> None:
    """Every app in this process: as many tenants at once as there are cores, or all at once where they train together."""
    logging.getLogger("flwr").setLevel(logging.WARNING)
    tenants = world.plan.scenario.data.tenants
    if world.plan.scenario.training.engine == "batched":
        rendezvous = Rendezvous()
        grid = InProcessGrid(client_of(world, rendezvous.train), tenants, workers=tenants, rendezvous=rendezvous)
    else:
        where = {WORLD_KEY: str(world.folder.resolve())}
        grid = InProcessGrid(app, tenants, run_config=where, workers=os.cpu_count() or 1)
    with closing(grid):
        world.conduct(grid, on_round)


def run_on_flower(world: World, on_round: OnRound) -> None:
    """Flower's SuperLink in simulation mode, Ray and all, as child processes that end with this call.

    Raises `BadInput` for a scenario whose tenants train together, and `RunImpossible` with what the run's record says, or with
    the end of Flower's log where there is no record.
    """
    if world.plan.scenario.training.engine == "batched":
        raise BadInput("tenants train together in one process, not on Flower's runtime", hint='engine = "auto" in [training]')
    registry = Registry.open(world.folder, to_write=True)
    try:
        log = flower_runtime.run_app(
            world.folder.resolve(), world.plan.scenario.data.tenants, lambda: _report(registry, world, on_round)
        )
        _report(registry, world, on_round)
        _check_completed(registry, world, log)
    except BaseException as error:
        why = "stopped by the operator" if isinstance(error, KeyboardInterrupt) else "Flower's processes ended"
        _close_if_running(registry, world, rounds.INTERRUPTED if isinstance(error, KeyboardInterrupt) else "failed", why)
        raise
    finally:
        registry.close()


ENGINES: dict[str, Engine] = {"in-process": run_in_process, "flower": run_on_flower}


def _report(registry: Registry, world: World, on_round: OnRound) -> None:
    """Tell how many rounds are recorded by now: the registry is the progress."""
    on_round(len(views.rounds(registry, world.plan.run)))


def _check_completed(registry: Registry, world: World, log: str) -> None:
    known = {view.run: view for view in views.runs(registry)}
    view = known.get(world.plan.run)
    if view is None:
        raise RunImpossible("Flower's simulation ended before the run began", hint=f"its log ends with: {last_line(log)}")
    if view.status != rounds.COMPLETED:
        raise RunImpossible(f"{view.run} is {view.status}: {view.note}", hint=f"flowstate run show {view.run}")


def _close_if_running(registry: Registry, world: World, status: str, why: str) -> None:
    for view in views.runs(registry):
        if view.run == world.plan.run and view.status == rounds.RUNNING:
            rounds.finish_run(registry, view.run, status, model_digest=None, note=why)
