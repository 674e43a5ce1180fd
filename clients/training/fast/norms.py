"""Layers that normalise a row by itself, then scale and shift: an item's gradients are no larger than its inputs, and made."""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from flowstate_flower.clients.training.fast.shares import Layer, Shares, Whole, by_item


def layer_norm(layer: Layer) -> Shares:
    """Of an `nn.LayerNorm` on (R, …, *shape)."""
    module = layer.module
    shape = list(module.normalized_shape)
    return _on_last(layer, shape, lambda gradient: _by_statistics(layer, shape, gradient))


def rms_norm(layer: Layer) -> Shares:
    """Of an `nn.RMSNorm` on (R, …, *shape)."""
    module = layer.module
    shape = list(module.normalized_shape)
    return _on_last(
        layer, shape, lambda gradient: _summed(layer, F.rms_norm(layer.wide_inputs(), shape, None, module.eps), gradient)
    )


def group_norm(layer: Layer) -> Shares:
    """Of an `nn.GroupNorm` on (R, C, …)."""
    module = layer.module
    gradient = layer.gradient.reshape(layer.items, -1, module.num_channels, *_flat(layer.gradient))
    shares: Shares = {}
    if layer.trains("weight"):
        scaled = F.group_norm(layer.wide_inputs(), module.num_groups, None, None, module.eps)
        shares["weight"] = Whole((scaled.reshape(gradient.shape) * gradient).sum((1, 3)))
    if layer.trains("bias"):
        shares["bias"] = Whole(gradient.sum((1, 3)))
    return shares


def _flat(tensor: Tensor) -> tuple[int]:
    """How many positions a channel has."""
    return (tensor[0, 0].numel(),)


def _on_last(layer: Layer, shape: list[int], of_weight: Callable[[Tensor], Tensor]) -> Shares:
    """`of_weight` makes the weight's gradients from those of the output, (I, T, *shape)."""
    gradient = by_item(layer.gradient, layer.items, shape)
    shares: Shares = {}
    if layer.trains("weight"):
        shares["weight"] = Whole(of_weight(gradient))
    if layer.trains("bias"):
        shares["bias"] = Whole(gradient.sum(1))
    return shares


def _summed(layer: Layer, scaled: Tensor, gradient: Tensor) -> Tensor:
    """(I, *shape) sums over an item's positions of its normalised inputs times `gradient` (I, T, *shape)."""
    return (by_item(scaled, layer.items, gradient.shape[2:]) * gradient).sum(1)


def _by_statistics(layer: Layer, shape: list[int], gradient: Tensor) -> Tensor:
    """As `_summed`. Mean and deviation of each position are there since the forward pass, which kept them for the backward
    pass.
    """
    inputs, eps = layer.wide_inputs(), layer.module.eps
    mean, inverse = (getattr(layer.node, f"_saved_result{number}", None) for number in (1, 2))
    if mean is None or inverse is None or not mean.dtype == inverse.dtype == layer.dtype:
        return _summed(layer, F.layer_norm(inputs, shape, None, None, eps), gradient)
    outer = inputs.shape[: inputs.dim() - len(shape)]
    centred = by_item(inputs - mean.view(*outer, *[1] * len(shape)), layer.items, shape).mul_(gradient)
    return torch.bmm(inverse.view(layer.items, 1, -1), centred.flatten(2)).view(layer.items, *shape)
