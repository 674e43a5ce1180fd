"""One simulation: the scenario, the same under plain FedAvg, the same with nobody poisoning; then results and report."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.places import DATABASE_FILE
from flowstate_flower.simulations.engines import ENGINES
from flowstate_flower.simulations.report import write_report
from flowstate_flower.simulations.results import Results, collect
from flowstate_flower.simulations.scenario import Scenario
from flowstate_flower.simulations.world import BASELINES, DEFENDED, WORLD_FILE, Variant, World

BASELINES_FOLDER = "baselines"
Progress = Callable[[Variant, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to simulate, how, and where to."""

    name: str
    scenario: Scenario
    seed: int
    engine: str
    folder: Path


def simulate(order: Order, progress: Progress = lambda *_: None) -> Results:
    """Run all variants and write everything into `order.folder`. Raises `FlowstateError`."""
    if order.engine not in ENGINES:
        raise UnknownName("engine", order.engine, ENGINES)
    begun = time.monotonic()
    worlds = {variant: _run(order, variant, progress) for variant in (DEFENDED, *BASELINES)}
    results = collect(worlds, order.engine, order.scenario, time.monotonic() - begun)
    results.write(order.folder)
    write_report(results, order.folder)
    return results


def prepare(folder: Path, *, overwrite: bool) -> None:
    """Make room for a simulation. Only a folder that a simulation made is ever removed. Raises `BadInput`."""
    try:
        if folder.is_dir() and any(folder.iterdir()):
            if not overwrite:
                raise BadInput(f"{folder} is not empty", hint="choose another --out, or pass --overwrite")
            if not ((folder / DATABASE_FILE).is_file() and (folder / WORLD_FILE).is_file()):
                raise BadInput(f"{folder} was not made by a simulation", hint="choose another --out")
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write to {folder}: {error.strerror}", hint="choose another --out") from error


def _run(order: Order, variant: Variant, progress: Progress) -> World:
    folder = order.folder if variant == DEFENDED else order.folder / BASELINES_FOLDER / variant
    world = World.create(folder, order.name, order.scenario, order.seed, variant)
    progress(variant, 0)
    ENGINES[order.engine](world, lambda number: progress(variant, number))
    return world
