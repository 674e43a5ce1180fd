"""What the shipped private scenarios reach in the whole federation: the mean of a few seeds, ε counted by tenants' ledgers."""

from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from flowstate_flower.cli.bench.measures import Measure, absent, at_least, at_most
from flowstate_flower.cli.bench.training_goals import ACCURACY, MOST_EPSILON, SEEDS
from flowstate_flower.cli.output import stderr
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import Registry, views
from flowstate_flower.simulations.engines import ENGINES
from flowstate_flower.simulations.scenario import Scenario, load, with_folder
from flowstate_flower.simulations.world import DEFENDED, World


def accuracy(folder: Path | None) -> Iterator[Measure]:
    """Accuracy, and the ε of the tenant that spent most. Raises `BadInput` where `folder` is given and is none."""
    if folder is not None and not folder.is_dir():
        raise BadInput(f"{folder} is no folder", hint="one with MNIST's four files, or leave --images away for Debian's")
    for name, goal in ACCURACY.items():
        scenario = load(name)
        if scenario.data.task == "images":
            scenario = with_folder(scenario, folder)
        title = f"{name}: accuracy, mean of {SEEDS} seeds"
        if scenario.data.folder and not Path(scenario.data.folder).is_dir():
            yield absent(title, "no images: install dataset-fashion-mnist, or --images FOLDER", f"≥ {goal:g}")
            continue
        runs = [_run(name, scenario, seed) for seed in range(1, SEEDS + 1)]
        yield at_least(title, 100 * mean(run[0] for run in runs), "%", goal)
        delta = scenario.privacy.delta if scenario.privacy else 0.0
        yield at_most(f"{name}: ε at δ = {delta:g} of the tenant that spent most", max(r[1] for r in runs), "", MOST_EPSILON)


def _run(name: str, scenario: Scenario, seed: int) -> tuple[float, float]:
    """The last round's accuracy, and the largest ε."""
    stderr.print(f"accuracy: {name}, seed {seed}")
    with TemporaryDirectory(prefix="flowstate-bench-") as folder:
        world = World.create(Path(folder) / "world", name, scenario, seed, DEFENDED)
        ENGINES["in-process"](world, lambda _: None)
        registry = Registry.open(world.folder)
        try:
            reached = views.accuracies(registry, world.plan.run)
            spent = [part.epsilon or 0.0 for part in views.participation(registry, world.plan.run)]
        finally:
            registry.close()
    return reached[max(reached)], max(spent)
