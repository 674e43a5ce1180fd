"""How long an item's gradient may be: flat, layer by layer, or to a threshold that follows the gradients.

A gradient whose norm is not finite is clipped to nothing.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from flowstate_flower.clients.randomness import Stream
from flowstate_flower.trust.terms import PrivacyTerms

MEDIAN, ADAPTION = 0.5, 0.2
"""Which quantile of the norms an adaptive threshold follows, and how fast."""
GRADIENT_NOISE = 1.01
"""How much more noise an adaptive threshold puts on gradients, to pay for its counts."""
LEAST = 1e-6
"""The share of `clip_norm` below which no threshold falls."""


class NoisyClipping(Protocol):
    """A `Clipping` that says how much noise its sum needs."""

    def factors(self, squared: Tensor) -> Tensor:
        """See `Clipping`."""

    @property
    def sensitivity(self) -> float:
        """See `Clipping`."""

    @property
    def noise(self) -> float | Tensor:
        """The standard deviation of what is added to each coordinate of the sum."""

    def saw(self, squared: Tensor, real: Tensor | None) -> None:
        """Take note of the (L, I) squared norms of one piece of a batch; `real` (I,) is 0 where an item is padding."""

    def end_step(self, stream: Stream) -> None:
        """The whole batch has been seen and its noise drawn."""


class FlatClipping:
    """The whole gradient of an item, all layers together, is at most `clip_norm` long (Abadi et al. 2016, arXiv:1607.00133)."""

    def __init__(self, clip_norm: float, noise_multiplier: float) -> None:
        self.sensitivity = clip_norm
        self.noise: float | Tensor = noise_multiplier * clip_norm

    def factors(self, squared: Tensor) -> Tensor:
        """See `Clipping`."""
        return _factors(squared.sum(dim=0), self.sensitivity).expand_as(squared)

    def saw(self, squared: Tensor, real: Tensor | None) -> None:
        """Nothing to note."""

    def end_step(self, stream: Stream) -> None:
        """Nothing to adapt."""


class PerLayerClipping(FlatClipping):
    """Each of L layers is at most `clip_norm` / √L long, so that all together are at most `clip_norm`."""

    def factors(self, squared: Tensor) -> Tensor:
        """See `Clipping`. An item with one layer that is not finite adds nothing anywhere."""
        each = _factors(squared, self.sensitivity / math.sqrt(max(len(squared), 1)))
        return each * squared.sum(dim=0).isfinite()


class AdaptiveClipping:
    """A threshold that follows the median norm by noised counts (Andrew et al. 2021, arXiv:1905.03871), at most `clip_norm`.

    A step releases two sums over the same sample: of clipped gradients, and of ±½ for norms below or above the threshold. Both
    together cost exactly what one sum with `noise_multiplier` z costs: with σ on the counts, gradients get the multiplier
    (z⁻² - (2σ)⁻²)^-½.
    """

    def __init__(self, clip_norm: float, noise_multiplier: float, expected: float, device: torch.device) -> None:
        self._most, self._expected = clip_norm, expected
        self.gradient_multiplier = GRADIENT_NOISE * noise_multiplier
        self.count_noise = 0.5 / math.sqrt(noise_multiplier**-2 - self.gradient_multiplier**-2)
        self._threshold = torch.tensor(clip_norm, device=device)
        self._count = torch.zeros(1, device=device)

    @property
    def sensitivity(self) -> float:
        """See `Clipping`: the threshold of the step that is under way."""
        return self._threshold.item()

    @property
    def noise(self) -> float | Tensor:
        """See `NoisyClipping`. Stays on the device."""
        return self.gradient_multiplier * self._threshold

    def factors(self, squared: Tensor) -> Tensor:
        """See `Clipping`."""
        return _factors(squared.sum(dim=0), self._threshold).expand_as(squared)

    def saw(self, squared: Tensor, real: Tensor | None) -> None:
        """Add ½ for each item that is at most as long as the threshold, and take ½ for each other."""
        halves = (squared.sum(dim=0).sqrt() <= self._threshold).float() - 0.5
        self._count += (halves if real is None else halves * real).sum()

    def end_step(self, stream: Stream) -> None:
        """Move the threshold to where the noised count says that the median is."""
        stream.add_normal(self._count, self.count_noise)
        below = self._count[0] / self._expected + 0.5
        moved = self._threshold * torch.exp(-ADAPTION * (below - MEDIAN))
        self._threshold = moved.clamp(LEAST * self._most, self._most)
        self._count.zero_()


def clipping_of(privacy: PrivacyTerms, expected: float, device: torch.device) -> NoisyClipping:
    """The clipping that the terms name."""
    if privacy.clipping == "adaptive":
        return AdaptiveClipping(privacy.clip_norm, privacy.noise_multiplier, expected, device)
    kind = PerLayerClipping if privacy.clipping == "per-layer" else FlatClipping
    return kind(privacy.clip_norm, privacy.noise_multiplier)


def _factors(squared: Tensor, longest: float | Tensor) -> Tensor:
    """min(1, longest / norm), and 0 where the norm is not finite."""
    factors = (longest / squared.sqrt()).clamp(max=1.0)
    return torch.where(squared.isfinite(), factors, 0.0)
