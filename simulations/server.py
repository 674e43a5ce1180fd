"""The ServerApp that conducts a world on Flower's own simulation runtime."""

from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from flowstate_flower.simulations.client import WORLD_KEY
from flowstate_flower.simulations.world import World

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run the world that the run's config names."""
    World.open(Path(str(context.run_config[WORLD_KEY]))).conduct(grid)
