"""The forward pass that engines share: outputs, one loss for each row, and each row's weight in the sum."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.plan import Autocast
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.errors import BadInput

Losses = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Forward:
    """A model and its loss. With `autocast` the model runs in bfloat16; losses, and all that follows, stay in float32."""

    model: nn.Module
    losses: Losses
    autocast: Autocast = "none"

    def weighted(self, batch: Batch) -> Tensor:
        """(R,) the rows' losses times their weights: their sum is the sum of the items' losses."""
        with torch.autocast(batch.features.device.type, torch.bfloat16, enabled=self.autocast == "bfloat16"):
            outputs = self.model(batch.features)
        losses = self.losses(outputs.float() if outputs.dtype == torch.bfloat16 else outputs, batch.targets)
        if losses.shape != batch.features.shape[:1]:
            raise reduced(losses, len(batch.features))
        return losses / batch.per_item if batch.weights is None else losses * batch.weights


def reduced(losses: Tensor, rows: int) -> BadInput:
    """The error for a loss that does not give one number for each row."""
    problem = f"the loss has shape {tuple(losses.shape)} for {rows} rows"
    return BadInput(problem, hint="return one loss per row: reduction='none'")


def plain_gradient(forward: Forward, parameters: list[nn.Parameter], batch: Batch, total: Tensor) -> None:
    """Add the gradient of the sum of the items' losses, clipped by nothing, to `total` (P,)."""
    if len(batch) == 0:
        return
    loss = forward.weighted(batch).sum()
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
    total += torch.cat([gradient.reshape(-1) for gradient in gradients])
