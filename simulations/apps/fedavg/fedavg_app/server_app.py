"""Flower's FedAvg as it comes, over one layer of zeros; nothing of flowstate is in it."""

import time

import numpy as np
from flwr.app import Array, ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Wait for the nodes, then all rounds."""
    config = context.run_config
    while len(list(grid.get_node_ids())) < int(config["nodes"]):
        time.sleep(0.2)
    model = ArrayRecord({"w": Array(np.zeros(int(config["parameters"]), dtype=np.float32))})
    strategy = FedAvg(fraction_train=1.0, fraction_evaluate=0.0, min_available_nodes=int(config["nodes"]))
    strategy.start(grid, model, num_rounds=int(config["rounds"]), timeout=float(config["deadline"]))
