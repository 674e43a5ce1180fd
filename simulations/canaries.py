"""The one-run audit of private training: canaries go through the trainer and the engine that tenants use, and how well the
outcome tells which of them were in bounds ε from below.

Each canary has a row of an embedding for itself, so its gradient is one coordinate and nothing of it drowns in other examples.
Beside them a linear classifier learns digits. The auditor sees the model after every step, as the accountant assumes of
everybody, and nothing is drawn from a seed. An audit is one-sided: it can show a broken mechanism, and never that one is sound.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flowstate_flower.clients import Examples
from flowstate_flower.clients.randomness import Stream, open_stream
from flowstate_flower.clients.training import Choices, PrivateTrainer, TrainingPlan
from flowstate_flower.clients.training.plan import EngineName
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy.accountant import epsilon_of
from flowstate_flower.privacy.events import GaussianRelease
from flowstate_flower.privacy.noise import Draws
from flowstate_flower.privacy.one_run import Bound, lower_bound
from flowstate_flower.privacy.sampling import truncated_poisson
from flowstate_flower.simulations.digits import CLASSES, PIXELS, DigitsTask
from flowstate_flower.simulations.scenario import Data
from flowstate_flower.trust.terms import PrivacyTerms

CLIP, RATE = 1.0, 1.0
LOUD = 10.0
"""A canary's gradient is so many times as long as it may be, so that an engine that does not clip is heard."""
AT_ONCE = 1024
FACTORS = (0.5, 0.75)
"""Noise that is so much weaker than claimed is what the audit's power is measured with."""


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """What is audited: `steps` of noise σ on samples at `sample_rate`, with `canaries` of which about half are in the data."""

    noise_multiplier: float
    steps: int
    sample_rate: float
    canaries: int
    delta: float
    engine: EngineName = "auto"

    def __post_init__(self) -> None:
        if not 0 < self.sample_rate <= 1:
            raise BadInput(f"a sample rate of {self.sample_rate}", hint="above 0, at most 1")
        if not 0 < self.delta < 1:
            raise BadInput(f"δ is {self.delta}", hint="a probability, smaller than 1 / examples")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one run showed. `scores` (m,) are log likelihood ratios of having been in; `included` (m,) is the truth."""

    engine: str
    claimed: float
    bound: Bound
    scores: NDArray[np.float64]
    included: NDArray[np.bool_]

    @property
    def holds(self) -> bool:
        """Whether the claim survived."""
        return self.bound.epsilon <= self.claimed


class CanaryModel(nn.Module):
    """A linear classifier of digits, and a number for each canary; row 0 is nobody's."""

    def __init__(self, canaries: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(PIXELS, CLASSES)
        self.rows = nn.Embedding(canaries + 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, 11): the classes, and the canary's number. Features are an image and the canary's row."""
        image, row = features[:, :PIXELS], features[:, PIXELS].long()
        return torch.cat([self.classifier(image), self.rows(row)], dim=1)


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy of an image; of a canary, whose target is -1, its number downwards and loudly."""
    images = nn.functional.cross_entropy(outputs[:, :CLASSES], targets, reduction="none", ignore_index=-1)
    return images - LOUD * CLIP * outputs[:, CLASSES] * (targets < 0)


def audit(plan: AuditPlan, noise_factor: float = 1.0) -> Finding:
    """Train once, and say what the outcome tells. With a `noise_factor` below 1 the noise is weaker than what is claimed."""
    included = np.frombuffer(np.random.default_rng().bytes(plan.canaries), dtype=np.uint8) % 2 == 1
    model, examples = CanaryModel(plan.canaries), _examples(included)
    batch = max(1, round(plan.sample_rate * len(examples)))
    sampling = truncated_poisson(len(examples), batch)
    release = GaussianRelease(plan.noise_multiplier, sampling.rate, plan.steps, sampling.excess)
    privacy = PrivacyTerms(noise_multiplier=plan.noise_multiplier, clip_norm=CLIP)
    one_step = TrainingPlan(1, batch, RATE, privacy, choices=Choices(plan.engine, most_rows=AT_ONCE))
    device, stream = torch.device("cpu"), partial(open_stream, "os", seed=0, tenant="", round_number=0)
    choice = PrivateTrainer(one_step, model, losses, examples, device).rehearse()
    chosen = replace(one_step, choices=replace(one_step.choices, engine=cast(EngineName, choice.engine)))
    trainer = PrivateTrainer(chosen, model, losses, examples, device)
    noise = WeakNoise(stream(use="noise"), noise_factor)
    scores = np.zeros(plan.canaries)
    for _ in range(plan.steps):
        before = model.rows.weight.detach().clone()
        trainer.train(stream(use="sampling"), noise)
        moved = (model.rows.weight.detach() - before)[1:, 0].double().numpy()
        scores += _evidence(moved * batch / (RATE * CLIP), sampling.rate, plan.noise_multiplier)
    return Finding(
        choice.engine, epsilon_of([release], plan.delta), lower_bound(scores, included, plan.delta), scores, included
    )


@dataclass(frozen=True, slots=True)
class WeakNoise:
    """A stream whose noise is `factor` times what it should be."""

    stream: Stream
    factor: float

    def uniform(self, count: int) -> Draws:
        """See `Stream`."""
        return self.stream.uniform(count)

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """See `Stream`."""
        return self.stream.normal(shape, self.factor * std)

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """See `Stream`."""
        self.stream.add_normal(total, self.factor * std)


def _evidence(heard: NDArray[np.float64], rate: float, sigma: float) -> NDArray[np.float64]:
    """The log likelihood ratio of a canary that was in, from a coordinate of one noisy sum."""
    ratio = (heard - 0.5) / sigma**2
    return ratio if rate == 1.0 else np.logaddexp(np.log1p(-rate), np.log(rate) + ratio)


def _examples(included: NDArray[np.bool_]) -> Examples:
    """Digits of a tenant, and the canaries that are in."""
    images = DigitsTask(Data(tenants=1, dirichlet_alpha=1.0), ("tenant",), seed=1).data("tenant")
    rows = torch.from_numpy(np.flatnonzero(included) + 1).float()
    features = torch.zeros(len(images) + len(rows), PIXELS + 1)
    features[: len(images), :PIXELS] = images.features
    features[len(images) :, PIXELS] = rows
    return Examples(features, torch.cat([images.targets, torch.full((len(rows),), -1)]))
