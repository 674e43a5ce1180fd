"""The server's own training on a root data set, for the rules that trust such an update."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from flowstate_flower.aggregation.updates import Arrays
from flowstate_flower.clients.randomness import open_stream
from flowstate_flower.clients.task import example_losses
from flowstate_flower.clients.training import LocalJob, pick_device, train
from flowstate_flower.simulations.digits import DigitsTask
from flowstate_flower.simulations.scenario import Scenario


def server_training(task: DigitsTask, scenario: Scenario, seed: int) -> Callable[[int, Arrays], Arrays]:
    """What the server makes of a round's model on its own examples: the work that tenants are asked for, without privacy."""
    examples, device = task.root_data(), pick_device(scenario.training.device)

    def root(number: int, arrays: Arrays) -> Arrays:
        model = task.model()
        state = {name: torch.from_numpy(np.array(array)) for name, array in zip(model.state_dict(), arrays, strict=True)}
        model.load_state_dict(state)
        stream = partial(open_stream, "seeded", seed=seed, tenant="server", round_number=number)
        train(
            LocalJob(
                tenant="server",
                round=number,
                model=model.to(device),
                examples=examples,
                losses=partial(example_losses, task),
                work=scenario.work,
                privacy=None,
                sampling=stream(use="sampling"),
                noise=stream(use="noise"),
                device=device,
            )
        )
        return tuple(tensor.detach().cpu().numpy() for tensor in model.state_dict().values())

    return root
