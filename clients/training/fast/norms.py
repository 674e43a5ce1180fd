"""Layers that normalise a row by itself, then scale and shift: an item's gradients are as small as the parameters, and are made."""

from collections.abc import Callable

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from flowstate_flower.clients.training.fast.shares import Layer, Shares, Whole, by_item


def layer_norm(layer: Layer) -> Shares:
    """Of an `nn.LayerNorm` on (R, …, *shape)."""
    module = layer.module
    shape = list(module.normalized_shape)
    return _on_last(layer, shape, lambda rows: F.layer_norm(rows, shape, None, None, module.eps))


def rms_norm(layer: Layer) -> Shares:
    """Of an `nn.RMSNorm` on (R, …, *shape)."""
    module = layer.module
    shape = list(module.normalized_shape)
    return _on_last(layer, shape, lambda rows: F.rms_norm(rows, shape, None, module.eps))


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


def _on_last(layer: Layer, shape: list[int], normalised: Callable[[Tensor], Tensor]) -> Shares:
    gradient = by_item(layer.gradient, layer.items, shape)
    shares: Shares = {}
    if layer.trains("weight"):
        scaled = by_item(normalised(layer.wide_inputs()), layer.items, shape)
        shares["weight"] = Whole((scaled * gradient).sum(1))
    if layer.trains("bias"):
        shares["bias"] = Whole(gradient.sum(1))
    return shares
