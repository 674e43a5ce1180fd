"""Linear layers (Goodfellow 2015, arXiv:1510.01799; sequences: Li et al. 2021, arXiv:2110.05679).

An item's gradient is Σₜ gₜ aₜᵀ over its T positions. With one position its norm is ‖g‖‖a‖ and the clipped sum is one product of
matrices. With more, either the gradients are made, where they are smaller than the inputs and output gradients they come from,
or the norm comes from the T × T products of these.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from flowstate_flower.clients.training.fast.shares import Layer, Share, Shares, Whole, by_item, rounding, squared_rows

CANCELLED, CANCELLED_OF_OWN = 2.0**-7, 0.25
"""Terms have cancelled each other where the square of their sum is below the first share of the square of their lengths' sum,
and below the second share of the sum of their squares, which it is close to where they go in unrelated directions.
"""


@dataclass(frozen=True, slots=True)
class Outer:
    """One position an item: gᵢ aᵢᵀ."""

    gradient: Tensor  # (I, p)
    inputs: Tensor  # (I, d)

    def squared(self) -> Tensor:
        """‖g‖²‖a‖²."""
        return squared_rows(self.gradient) * squared_rows(self.inputs)

    def add(self, factors: Tensor, view: Tensor) -> None:
        """(c g)ᵀ a."""
        view.addmm_((self.gradient * factors[:, None]).t(), self.inputs)


@dataclass(frozen=True, slots=True)
class Summed:
    """T positions an item: Σₜ gₜ aₜᵀ, whose norm comes from the positions' products."""

    gradient: Tensor  # (I, T, p)
    inputs: Tensor  # (I, T, d)

    def squared(self) -> Tensor:
        """Σₛₜ (gₛ·gₜ)(aₛ·aₜ), raised where its terms cancel: rounding must not make a gradient look shorter than it is."""
        products = torch.bmm(self.gradient, self.gradient.mT).mul_(torch.bmm(self.inputs, self.inputs.mT))
        own = products.diagonal(dim1=1, dim2=2).clamp(min=0)
        lengths, squared = own.sqrt().sum(1).square_(), products.sum((1, 2))
        few = torch.minimum(CANCELLED * lengths, CANCELLED_OF_OWN * own.sum(1))
        return torch.where(squared < few, squared.clamp(min=0) + rounding(squared) * lengths, squared)

    def add(self, factors: Tensor, view: Tensor) -> None:
        """One product of matrices over all positions. The narrower one is weighted."""
        gradient, inputs, each = self.gradient, self.inputs, factors[:, None, None]
        if gradient.shape[2] <= inputs.shape[2]:
            gradient = gradient * each
        else:
            inputs = inputs * each
        view.addmm_(gradient.flatten(0, 1).t(), inputs.flatten(0, 1))


def linear(layer: Layer) -> Shares:
    """Of an `nn.Linear` on (R, …, d)."""
    module = layer.module
    wide, deep = module.out_features, module.in_features
    gradient = by_item(layer.gradient, layer.items, (wide,))
    shares: Shares = {}
    if layer.trains("weight"):
        shares["weight"] = _weight(gradient, by_item(layer.wide_inputs(), layer.items, (deep,)))
    if layer.trains("bias"):
        shares["bias"] = Whole(gradient.sum(1) if gradient.shape[1] > 1 else gradient.squeeze(1))
    return shares


def _weight(gradient: Tensor, inputs: Tensor) -> Share:
    positions, wide, deep = gradient.shape[1], gradient.shape[2], inputs.shape[2]
    if positions == 1:
        return Outer(gradient.squeeze(1), inputs.squeeze(1))
    # the same bound for memory and for work: p·d numbers against T·(p + d), T·p·d products against T²·(p + d)
    if wide * deep <= positions * (wide + deep):
        return Whole(torch.bmm(gradient.mT, inputs))
    return Summed(gradient, inputs)
