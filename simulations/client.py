"""The ClientApp of every simulated tenant, the same object in both engines: it finds its world in the run's config."""

from functools import cache, lru_cache
from pathlib import Path

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from flowstate_flower import wiring
from flowstate_flower.clients import TenantHome, Trainer, build_client_app
from flowstate_flower.simulations.attacks import trainer_of
from flowstate_flower.simulations.world import WORLD_FILE, World

WORLD_KEY = "world"
app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    """Take part in a round as the tenant of this node."""
    return _app_of(context)(message, context)


@app.query()
def roll_call(message: Message, context: Context) -> Message:
    """Say who this node acts for."""
    return _app_of(context)(message, context)


def _app_of(context: Context) -> ClientApp:
    folder = Path(str(context.run_config[WORLD_KEY]))
    return _app_in(folder, (folder / WORLD_FILE).stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _app_in(folder: Path, made_at: int) -> ClientApp:
    """The ready app on the task of one world, built once in a process; `made_at` tells a new world in the same folder."""
    return client_of(World.open(folder))


def client_of(world: World, honest: Trainer | None = None) -> ClientApp:
    """The ready app on the task of one world. `honest` replaces the training of those that do not attack."""

    def tenant_of(context: Context) -> str:
        return world.plan.scenario.tenants[int(context.node_config["partition-id"])]

    @cache
    def home(tenant: str) -> TenantHome:
        return wiring.open_home(world.home(tenant), keeps_updates=False)

    def attacking(context: Context) -> Trainer:
        return trainer_of(tenant_of(context), world.plan.scenario.attackers, honest)

    return build_client_app(world.task, lambda context: home(tenant_of(context)), attacking)
