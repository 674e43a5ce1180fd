"""The ClientApp of a simulated tenant, the same in both engines: it finds its world in the run's config."""

from functools import lru_cache
from pathlib import Path

from flwr.app import Context
from flwr.clientapp import ClientApp

from flowstate_flower import wiring
from flowstate_flower.clients import TenantHome, Trainer, build_client_app
from flowstate_flower.simulations.attacks import trainer_of
from flowstate_flower.simulations.world import World

WORLD_KEY = "world"


def client_app(world_folder: Path) -> ClientApp:
    """The app of every tenant in one world."""
    world = open_world(str(world_folder))

    def home_of(context: Context) -> TenantHome:
        return open_home(str(world.home(tenant_of(world, context))))

    def attacking(context: Context) -> Trainer:
        return trainer_of(tenant_of(world, context), world.plan.scenario.attackers)

    return build_client_app(world.task, home_of, attacking)


def tenant_of(world: World, context: Context) -> str:
    """The tenant that a simulated node acts for: its partition's."""
    return world.plan.scenario.tenants[int(context.node_config["partition-id"])]


@lru_cache(maxsize=4)
def open_world(folder: str) -> World:
    """The world in `folder`, read once in a process."""
    return World.open(Path(folder))


@lru_cache(maxsize=1024)
def open_home(folder: str) -> TenantHome:
    """A tenant's home, opened once in a process."""
    return wiring.open_home(Path(folder))
