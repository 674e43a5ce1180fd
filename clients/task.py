"""What is learned: the one thing that a user of this package writes."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from flowstate_flower.errors import BadInput


@dataclass(frozen=True, slots=True)
class Examples:
    """A tenant's data as tensors: `features` (N, …) and `targets` (N, …). One row is the unit of privacy, unless `groups` (N,)
    names whose row each is, by whole numbers; then all rows of one person are.
    """

    features: Tensor
    targets: Tensor
    groups: Tensor | None = None

    def __post_init__(self) -> None:
        if len(self.features) != len(self.targets) or len(self.features) == 0:
            raise BadInput(
                f"{len(self.features)} rows of features and {len(self.targets)} of targets",
                hint="one target for each of at least one row",
            )
        if self.groups is not None and self.groups.shape != (len(self.features),):
            raise BadInput(f"{len(self.features)} rows and groups of shape {tuple(self.groups.shape)}", hint="a group per row")

    def __len__(self) -> int:
        return len(self.features)

    def to(self, device: torch.device) -> "Examples":
        """The same examples on `device`."""
        groups = None if self.groups is None else self.groups.to(device)
        return Examples(self.features.to(device), self.targets.to(device), groups)


class TorchTask(Protocol):
    """A model, a tenant's data, a loss and metrics."""

    def model(self) -> nn.Module:
        """A new model. Its initial weights are drawn once, by the server."""

    def data(self, tenant: str) -> Examples:
        """The examples that `tenant` trains on."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(B,) one loss per example: the reduction is ours, because clipping depends on it."""

    def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """What is worth knowing of predictions, such as accuracy in 0…1."""


def example_losses(task: TorchTask, outputs: Tensor, targets: Tensor) -> Tensor:
    """The task's losses, if there is one per example. Raises `BadInput`: a loss that is reduced already would be clipped as
    one example and train on noise.
    """
    losses = task.loss(outputs, targets)
    if losses.shape != outputs.shape[:1]:
        raise BadInput(
            f"the task's loss has shape {tuple(losses.shape)} for {len(outputs)} examples",
            hint="return one loss per example: reduction='none'",
        )
    return losses
