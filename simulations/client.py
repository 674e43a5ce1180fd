"""The ClientApp of every simulated tenant, the same object in both engines: it finds its world in the run's config."""

from functools import lru_cache
from pathlib import Path

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from flowstate_flower import wiring
from flowstate_flower.clients import TenantHome, Trainer, build_client_app
from flowstate_flower.simulations.attacks import trainer_of
from flowstate_flower.simulations.world import World

WORLD_KEY = "world"
app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    """Take part in a round as the tenant of this node."""
    return _app_in(str(context.run_config[WORLD_KEY]))(message, context)


@app.query()
def roll_call(message: Message, context: Context) -> Message:
    """Say who this node acts for."""
    return _app_in(str(context.run_config[WORLD_KEY]))(message, context)


@lru_cache(maxsize=4)
def _app_in(folder: str) -> ClientApp:
    """The ready app on the task of one world, built once in a process."""
    world = World.open(Path(folder))

    def tenant_of(context: Context) -> str:
        return world.plan.scenario.tenants[int(context.node_config["partition-id"])]

    def home_of(context: Context) -> TenantHome:
        return _home(str(world.home(tenant_of(context))))

    def attacking(context: Context) -> Trainer:
        return trainer_of(tenant_of(context), world.plan.scenario.attackers)

    return build_client_app(world.task, home_of, attacking)


@lru_cache(maxsize=1024)
def _home(folder: str) -> TenantHome:
    """A tenant's home, opened once in a process."""
    return wiring.open_home(Path(folder))
