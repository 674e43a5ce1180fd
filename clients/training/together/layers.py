"""Per-example gradients of one layer at C clients, from what went into the layer and the gradient of what came out.

Tensors lead with (C, R): clients, and rows of their batches; `per_item` consecutive rows make one item. Where a closed form
gives the norms (Goodfellow 2015, arXiv:1510.01799; Li et al. 2022, arXiv:2110.05679) gradients of items are never formed;
where they are cheaper formed than avoided, they are.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Share:
    """One parameter's gradients: `squared` (C, I) norms of the items', and `add(factors, total)`, which adds the sum of the
    items' gradients times `factors` (C, I) to `total` (C, …).
    """

    squared: Tensor
    add: Callable[[Tensor, Tensor], None]


Shares = dict[str, Share]
"""By the parameter's name within its layer."""


def linear(layer: nn.Linear, inputs: Tensor, gradients: Tensor, per_item: int) -> Shares:
    """A matrix, on rows or on sequences; several rows of an item are one longer sequence."""
    clients = len(inputs)
    items = inputs.shape[1] // per_item
    entered = inputs.reshape(clients * items, -1, inputs.shape[-1])
    left = gradients.reshape(clients * items, -1, gradients.shape[-1])
    length, width = entered.shape[1], entered.shape[2] * left.shape[2]
    shares: Shares = {}
    if length > 1 and 2 * length * length > width:
        shares["weight"] = _formed(torch.bmm(left.mT, entered).view(clients, items, -1))
    else:
        shares["weight"] = Share(_gram(entered, left).view(clients, items), _contract(entered, left, items))
    shares["bias"] = _formed(left.sum(1).view(clients, items, -1))
    return shares


def _gram(entered: Tensor, left: Tensor) -> Tensor:
    """(N,) squared norms of Σₜ leftₜ ⊗ enteredₜ without forming it."""
    if entered.shape[1] == 1:
        return (entered.square().sum(2) * left.square().sum(2)).squeeze(1)
    return (torch.bmm(entered, entered.mT) * torch.bmm(left, left.mT)).sum((1, 2)).clamp_(min=0)


def _contract(entered: Tensor, left: Tensor, items: int) -> Callable[[Tensor, Tensor], None]:
    def add(factors: Tensor, total: Tensor) -> None:
        weighted = left * factors.reshape(-1, 1, 1)
        clients = len(total)
        total.baddbmm_(weighted.view(clients, -1, left.shape[2]).mT, entered.reshape(clients, -1, entered.shape[2]))

    return add


def _formed(gradients: Tensor) -> Share:
    """From the items' gradients themselves, (C, I, n)."""

    def add(factors: Tensor, total: Tensor) -> None:
        total += torch.bmm(factors.unsqueeze(1), gradients).view(total.shape)

    return Share(gradients.square().sum(2), add)


Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d


def convolution(layer: Convolution, inputs: Tensor, gradients: Tensor, per_item: int) -> Shares:
    """Items' gradients are formed, all at once, as one convolution with a group for each item of each client."""
    clients, rows = inputs.shape[:2]
    items = rows // per_item
    entered, left = (_items_as_channels(tensor, clients * items, per_item) for tensor in (inputs, gradients))
    shape = layer.weight.shape
    _, weight, _ = torch.ops.aten.convolution_backward(
        left,
        entered,
        layer.weight.new_zeros(()).expand(clients * items * shape[0], *shape[1:]),  # asked for its shape alone
        None,
        layer.stride,
        layer.padding,
        layer.dilation,
        False,  # noqa: FBT003  not transposed
        [0],
        clients * items * layer.groups,
        [False, True, False],
    )
    bias = gradients.flatten(3).sum(3).view(clients, items, per_item, -1).sum(2)
    return {"weight": _formed(weight.view(clients, items, -1)), "bias": _formed(bias)}


def _items_as_channels(tensor: Tensor, items: int, per_item: int) -> Tensor:
    """(C, R, channels, …) as (per_item, C · I · channels, …)."""
    by_item = tensor.reshape(items, per_item, *tensor.shape[2:])
    return by_item.transpose(0, 1).reshape(per_item, items * tensor.shape[2], *tensor.shape[3:])


def embedding(layer: nn.Embedding, inputs: Tensor, gradients: Tensor, per_item: int) -> Shares:
    """Two positions of an item share a row of the table where they hold the same word."""
    clients, items = len(inputs), inputs.shape[1] // per_item
    words = inputs.reshape(clients * items, -1)
    left = gradients.reshape(clients * items, words.shape[1], -1)
    if layer.padding_idx is not None:
        left = left * (words != layer.padding_idx).unsqueeze(2)
    same = words.unsqueeze(2) == words.unsqueeze(1)
    squared = (torch.bmm(left, left.mT) * same).sum((1, 2)).clamp_(min=0)

    def add(factors: Tensor, total: Tensor) -> None:
        weighted = (left * factors.reshape(-1, 1, 1)).view(clients, -1, left.shape[2])
        total.scatter_add_(1, words.view(clients, -1, 1).expand_as(weighted), weighted)

    return {"weight": Share(squared.view(clients, items), add)}


def layer_norm(layer: nn.LayerNorm, inputs: Tensor, gradients: Tensor, per_item: int) -> Shares:
    """Scale and shift of what was normalised."""
    normal = nn.functional.layer_norm(inputs, layer.normalized_shape, None, None, layer.eps)
    size = math.prod(layer.normalized_shape)
    clients, items = len(inputs), inputs.shape[1] // per_item
    scale, shift = ((t.reshape(clients, items, -1, size).sum(2)) for t in (normal * gradients, gradients))
    return {"weight": _formed(scale), "bias": _formed(shift)}


def group_norm(layer: nn.GroupNorm, inputs: Tensor, gradients: Tensor, per_item: int) -> Shares:
    """Scale and shift of each channel."""
    normal = nn.functional.group_norm(inputs.flatten(0, 1), layer.num_groups, None, None, layer.eps).view(inputs.shape)
    clients, items, channels = len(inputs), inputs.shape[1] // per_item, inputs.shape[2]

    def by_channel(tensor: Tensor) -> Tensor:
        return tensor.reshape(clients, items, per_item, channels, -1).sum((2, 4))

    return {"weight": _formed(by_channel(normal * gradients)), "bias": _formed(by_channel(gradients))}


def rule_of(layer: nn.Module) -> Callable[..., Shares] | None:
    """The closed form of this very type of layer with these settings, if there is one. A subclass may compute anything."""
    if type(layer) in (nn.Conv1d, nn.Conv2d, nn.Conv3d):
        plain = layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
        return convolution if plain else None
    if type(layer) is nn.Embedding:
        plain = layer.max_norm is None and not layer.scale_grad_by_freq and not layer.sparse
        return embedding if plain else None
    rules: dict[type[nn.Module], Callable[..., Shares]] = {
        nn.Linear: linear,
        nn.LayerNorm: layer_norm,
        nn.GroupNorm: group_norm,
    }
    return rules.get(type(layer))
