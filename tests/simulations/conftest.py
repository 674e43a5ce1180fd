"""Small worlds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowstate_flower.registry import Registry, views
from flowstate_flower.simulations.engines import ENGINES
from flowstate_flower.simulations.scenario import Scenario, load, with_rounds
from flowstate_flower.simulations.world import World


@pytest.fixture
def quickstart() -> Scenario:
    """The shipped scenario, four rounds of it."""
    return with_rounds(load("quickstart"), 4)


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Registry]:
    """Plays a scenario in a new world and opens what it recorded."""
    made = 0

    def run(scenario: Scenario, seed: int = 1, variant: Any = "defended", engine: str = "in-process") -> Registry:
        nonlocal made
        made += 1
        world = World.create(tmp_path / f"world-{made}", "play", scenario, seed, variant)
        ENGINES[engine](world, lambda _: None)
        return Registry.open(world.folder)

    return run


@pytest.fixture
def digest_of() -> Callable[[Registry], str]:
    """The digest of the only run's model."""
    return lambda registry: views.runs(registry)[0].model_digest or ""
