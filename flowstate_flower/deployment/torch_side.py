"""The operator's side of a run whose model is of PyTorch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from flwr.app import ArrayRecord
from numpy.typing import NDArray

from flowstate_flower.clients import Examples, TorchTask


@dataclass(frozen=True, slots=True)
class TorchSide:
    """`deployment.server_app.OperatorSide` of a task. Without `evaluation` nothing is measured."""

    task: TorchTask
    evaluation: Callable[[], Examples] | None = None
    seed: int | None = None

    def first_model(self) -> Mapping[str, NDArray[Any]]:
        """See `OperatorSide`."""
        with torch.random.fork_rng(devices=[], enabled=self.seed is not None):
            if self.seed is not None:
                torch.manual_seed(self.seed)
            state = self.task.model().state_dict()
        return {name: tensor.detach().cpu().numpy() for name, tensor in state.items()}

    def metrics(self, model: ArrayRecord) -> Mapping[str, float]:
        """See `OperatorSide`."""
        if self.evaluation is None:
            return {}
        network, test = self.task.model(), self.evaluation()
        network.load_state_dict({name: torch.from_numpy(array.numpy()) for name, array in model.items()})
        network.eval()
        with torch.no_grad():
            return self.task.metrics(network(test.features), test.targets)
