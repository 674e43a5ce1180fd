"""SGD on one vector."""

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from flowstate_flower.clients.training.plan import TrainingPlan

FUSED = ("cpu", "cuda")
"""Where torch has one kernel for a whole step, with the same bits."""


class Descent:
    """Torch's SGD with the plan's momentum, weight decay and schedule. `vector` is changed in place."""

    def __init__(self, plan: TrainingPlan, vector: Tensor) -> None:
        self._parameter = nn.Parameter(vector)
        self._optimiser = torch.optim.SGD(
            [self._parameter],
            lr=plan.learning_rate,
            momentum=plan.momentum,
            weight_decay=plan.weight_decay,
            fused=vector.device.type in FUSED,
        )
        self._schedule = None if plan.schedule == "constant" else LambdaLR(self._optimiser, plan.rate_factor)

    def step(self, gradient: Tensor) -> None:
        """One step against `gradient` (P,)."""
        self._parameter.grad = gradient
        self._optimiser.step()
        if self._schedule is not None:
            self._schedule.step()
