"""Convolutions in one and two dimensions: an item's gradient is made, by one convolution in which each row is a group of its own.

Where all items' gradients would take more memory than what they are made from, they are made in pieces for their norms only, and
the clipped sum is one ordinary backward pass of the layer on weighted output gradients.
"""

from dataclasses import dataclass
from math import prod

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from flowstate_flower.clients.training.fast.shares import Layer, Share, Shares, Whole, squared_rows

PIECE = 1 << 20
"""How many numbers of gradients are made at once, where they are not kept."""


@dataclass(frozen=True, slots=True)
class Window:
    """How a kernel moves, in two dimensions. `pad` is what the input gets at (left, right, top, bottom) beforehand."""

    kernel: tuple[int, ...]  # (out, in / groups, height, width)
    stride: list[int]
    padding: list[int]
    dilation: list[int]
    groups: int
    pad: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Convolved:
    """Gradients that are made again when they are needed."""

    gradient: Tensor  # (R, p, h, w)
    inputs: Tensor  # (R, d, h, w)
    window: Window
    items: int

    def squared(self) -> Tensor:
        """Of gradients made in pieces."""
        per_item = len(self.inputs) // self.items
        step = max(1, PIECE // prod(self.window.kernel) // per_item)
        pieces = zip(torch.split(self.gradient, step * per_item), torch.split(self.inputs, step * per_item), strict=True)
        return torch.cat([squared_rows(_gradients(g, a, self.window, len(a) // per_item)) for g, a in pieces])

    def add(self, factors: Tensor, view: Tensor) -> None:
        """The layer's ordinary gradient for weighted output gradients."""
        per_row = factors.repeat_interleave(len(self.inputs) // self.items)
        weighted = self.gradient * per_row[:, None, None, None]
        view += _weight_gradient(weighted, self.inputs, self.window.kernel, self.window, self.window.groups).view_as(view)


def convolution(layer: Layer) -> Shares:
    """Of an `nn.Conv1d` or `nn.Conv2d` on (R, d, …)."""
    module = layer.module
    shares: Shares = {}
    if layer.trains("weight"):
        shares["weight"] = _weight(layer, module)
    if layer.trains("bias"):
        by_channel = layer.gradient.flatten(2).sum(2)
        shares["bias"] = Whole(by_channel.view(layer.items, -1, module.out_channels).sum(1))
    return shares


def _weight(layer: Layer, module: nn.Conv1d | nn.Conv2d) -> Share:
    window = window_of(module)
    gradient, inputs = layer.gradient, layer.wide_inputs()
    if gradient.dim() == 3:
        gradient, inputs = gradient.unsqueeze(2), inputs.unsqueeze(2)
    if any(window.pad):
        inputs = F.pad(inputs, window.pad)
    if layer.items * prod(window.kernel) <= gradient.numel() + inputs.numel():
        return Whole(_gradients(gradient, inputs, window, layer.items))
    return Convolved(gradient, inputs, window, layer.items)


def _gradients(gradient: Tensor, inputs: Tensor, window: Window, items: int) -> Tensor:
    """(I, out, in / groups, height, width)."""
    rows = len(inputs)
    kernel = (rows * window.kernel[0], *window.kernel[1:])
    made = _weight_gradient(gradient.flatten(0, 1)[None], inputs.flatten(0, 1)[None], kernel, window, rows * window.groups)
    by_row = made.view(items, rows // items, *window.kernel)
    return by_row.squeeze(1) if rows == items else by_row.sum(1)


def _weight_gradient(gradient: Tensor, inputs: Tensor, kernel: tuple[int, ...], window: Window, groups: int) -> Tensor:
    shape_only = inputs.new_empty(()).expand(kernel)
    made: Tensor = torch.ops.aten.convolution_backward(
        gradient,
        inputs,
        shape_only,
        None,
        window.stride,
        window.padding,
        window.dilation,
        False,
        [0, 0],
        groups,
        [False, True, False],
    )[1]
    return made


def window_of(module: nn.Conv1d | nn.Conv2d) -> Window:
    """The module's kernel in two dimensions; one dimension is an image of height one."""
    flat = module.weight.dim() == 3
    kernel = tuple(module.weight.shape)
    stride, dilation = list(module.stride), list(module.dilation)
    padding, pad = _padding(module)
    if flat:
        kernel, stride, dilation, padding = (*kernel[:2], 1, kernel[2]), [1, *stride], [1, *dilation], [0, *padding]
    return Window(kernel, stride, padding, dilation, module.groups, pad)


def _padding(module: nn.Conv1d | nn.Conv2d) -> tuple[list[int], tuple[int, ...]]:
    """The padding on both sides, and what is to be added beforehand where the sides differ."""
    if not isinstance(module.padding, str):
        return list(module.padding), ()
    if module.padding == "valid":
        return [0] * len(module.kernel_size), ()
    whole = [dilation * (size - 1) for dilation, size in zip(module.dilation, module.kernel_size, strict=True)]
    if all(size % 2 == 0 for size in whole):
        return [size // 2 for size in whole], ()
    sides = [side for size in reversed(whole) for side in (size // 2, size - size // 2)]
    return [0] * len(whole), tuple(sides)
