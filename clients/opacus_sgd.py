"""DP-SGD (Abadi et al. 2016, arXiv:1607.00133) with Opacus: the only file that knows it.

Opacus gives per-example gradients, clipping and the noisy step. Its sampler and generators are replaced by streams of ours,
the batch size in the denominator is the expected one (never the batch's own), and an empty batch is a step of pure noise.
"""

import warnings

import torch
from opacus import GradSampleModule
from opacus.optimizers import DPOptimizer
from opacus.validators import ModuleValidator
from torch import nn

from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.training.job import LocalJob
from flowstate_flower.errors import BadInput
from flowstate_flower.trust.terms import PrivacyTerms

# Inputs are data and need no gradient; Opacus's hooks are made for that, torch warns all the same, once a layer.
warnings.filterwarnings("ignore", message="Full backward hook is firing", category=UserWarning)


class StreamNoiseOptimizer(DPOptimizer):  # type: ignore[misc]
    """Opacus's optimizer with Gaussian noise from a stream of ours."""

    def __init__(self, optimizer: torch.optim.Optimizer, stream: Stream, privacy: PrivacyTerms, batch: float) -> None:
        super().__init__(
            optimizer,
            noise_multiplier=privacy.noise_multiplier,
            max_grad_norm=privacy.clip_norm,
            expected_batch_size=batch,
        )
        self._stream = stream

    def add_noise(self) -> None:
        """The clipped sum plus noise of standard deviation σ·C, per coordinate."""
        for parameter in self.params:
            noise = self._stream.normal(parameter.shape, self.noise_multiplier * self.max_grad_norm)
            total = parameter.summed_grad
            parameter.grad = (total + noise.to(total.device, total.dtype)).view_as(parameter)


def private_sgd(job: LocalJob, privacy: PrivacyTerms) -> None:
    """Train `job.model` in place with clipped per-example gradients and noise. Raises `BadInput` for a model that has no
    per-example gradients, such as one with BatchNorm.
    """
    check_private(job.model)
    hooked = GradSampleModule(job.model)
    plain = torch.optim.SGD(job.model.parameters(), lr=job.work.learning_rate, momentum=job.work.momentum)
    optimiser = StreamNoiseOptimizer(plain, job.noise, privacy, job.sample_rate * len(job.examples))
    hooked.train()
    try:
        for batch in job.batches():
            optimiser.zero_grad()
            if len(batch):
                # the mean, because Opacus multiplies by the batch's size to recover the sum
                job.losses(hooked(batch.features), batch.targets).mean().backward()  # type: ignore[no-untyped-call]
            else:
                _no_examples(job.model)
            optimiser.step()
    finally:
        hooked.remove_hooks()  # a task may hand out the same model again
        for parameter in job.model.parameters():
            parameter.grad = parameter.grad_sample = parameter.summed_grad = None  # type: ignore[attr-defined]


def check_private(model: nn.Module) -> None:
    """Raises `BadInput` that names the layer for which no per-example gradient exists."""
    if errors := ModuleValidator.validate(model.train(), strict=False):
        raise BadInput(f"the model cannot be trained privately: {errors[0]}", hint="GroupNorm instead of BatchNorm")


def _no_examples(model: nn.Module) -> None:
    """Per-example gradients of an empty batch: zero rows."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad_sample = torch.zeros((0, *parameter.shape), device=parameter.device)  # type: ignore[attr-defined]
