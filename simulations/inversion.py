"""What a gradient tells of the example behind it: the analytic inversion of a network's first layer (Phong et al. 2017,
doi:10.1007/978-3-319-67876-4_8; Geiping et al. 2020, arXiv:2003.14053).

A linear layer's weight gradient is the outer product of the gradient at its outputs, which is the bias' gradient, with its
input. Divide one by the other and the input is there. The gradient is that of the trainer tenants use: what a server sees of
one step on one example.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from flowstate_flower.clients import Examples
from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.training import PrivateTrainer, TrainingPlan
from flowstate_flower.simulations.digits import CLASSES, PIXELS, DigitsTask
from flowstate_flower.simulations.scenario import Data
from flowstate_flower.trust.terms import PrivacyTerms

HIDDEN, CLIP, RATE = 32, 1.0, 1.0


@dataclass(frozen=True, slots=True)
class Inversion:
    """Victims, and what was recovered of them from gradients with `noise_multiplier`; None is no privacy."""

    noise_multiplier: float | None
    victims: Tensor  # (V, 64)
    recovered: Tensor  # (V, 64)

    @property
    def similarity(self) -> Tensor:
        """(V,) the cosine between victim and recovery, each without its mean. 0 is chance."""
        return _cosine(self.victims, self.recovered)

    @property
    def chance(self) -> Tensor:
        """(V,) the same with another's recovery: what somebody gets who knows nothing of this victim."""
        return _cosine(self.victims, self.recovered.roll(1, dims=0))


def invert(victims: Examples, noises: Sequence[float | None], noise: Stream) -> list[Inversion]:
    """Attack every victim alone, once for each noise multiplier."""
    return [Inversion(sigma, victims.features, _recovered(victims, sigma, noise)) for sigma in noises]


def some_digits(count: int, seed: int) -> Examples:
    """Victims: `count` handwritten digits, drawn by `seed`."""
    everybody = DigitsTask(Data(tenants=1, dirichlet_alpha=1.0), ("tenant",), seed).data("tenant")
    drawn = np.random.default_rng(seed).permutation(len(everybody))[:count]
    return Examples(everybody.features[drawn], everybody.targets[drawn])


def _recovered(victims: Examples, noise_multiplier: float | None, noise: Stream) -> Tensor:
    images = []
    for feature, target in zip(victims.features, victims.targets, strict=True):
        weight, bias = _gradient(Examples(feature[None], target[None]), noise_multiplier, noise)
        images.append(bias @ weight / bias.square().sum())
    return torch.stack(images)


def _gradient(victim: Examples, noise_multiplier: float | None, noise: Stream) -> tuple[Tensor, Tensor]:
    """The first layer's part of what one step on the victim sends: with privacy clipped and noised, without as it is."""
    model = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, CLASSES))
    before = [parameter.detach().clone() for parameter in model[0].parameters()]
    privacy = PrivacyTerms(noise_multiplier=noise_multiplier, clip_norm=CLIP) if noise_multiplier else None
    plan = TrainingPlan(1, 1, RATE, privacy)
    PrivateTrainer(plan, model, _losses, victim, torch.device("cpu")).train(noise, noise)
    weight, bias = ((old - new.detach()) / RATE for old, new in zip(before, model[0].parameters(), strict=True))
    return weight, bias


def _losses(outputs: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(outputs, targets, reduction="none")


def _cosine(first: Tensor, second: Tensor) -> Tensor:
    return torch.cosine_similarity(first - first.mean(dim=1, keepdim=True), second - second.mean(dim=1, keepdim=True))
