"""Convolutions in one and two dimensions: an item's gradient is made, by a convolution in which each row is a group of its own.

Gradients are kept until they are summed, while there is room. Otherwise they are measured and let go, and the clipped sum is one
ordinary backward pass of the layer, on weighted output gradients.
"""

from dataclasses import dataclass
from math import prod

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from flowstate_flower.clients.training.fast.shares import Layer, Share, Shares, Whole, add_weighted, squared_rows

PIECE = 1 << 19
"""How many numbers are worked on at once: what fits into a processor's own cache."""


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
class Kept:
    """Gradients that were made and measured."""

    gradients: Tensor  # (I, n)
    squares: Tensor  # (I,)

    def squared(self) -> Tensor:
        """As measured."""
        return self.squares

    def add(self, factors: Tensor, view: Tensor) -> None:
        """One matrix-vector product."""
        add_weighted(view, self.gradients, factors)


@dataclass(frozen=True, slots=True)
class Remade:
    """Gradients that were measured and let go."""

    gradient: Tensor  # (R, p, h, w)
    inputs: Tensor  # (R, d, h, w)
    window: Window
    squares: Tensor  # (I,)

    def squared(self) -> Tensor:
        """As measured."""
        return self.squares

    def add(self, factors: Tensor, view: Tensor) -> None:
        """The layer's ordinary gradient for weighted output gradients."""
        per_row = factors.repeat_interleave(len(self.inputs) // len(factors))
        weighted = self.gradient * per_row[:, None, None, None]
        view += _weight_gradient(weighted, self.inputs, self.window.kernel, self.window, self.window.groups).view_as(view)


def convolution(layer: Layer) -> Shares:
    """Of an `nn.Conv1d` or `nn.Conv2d` on (R, d, …)."""
    shares: Shares = {}
    if layer.trains("weight"):
        shares["weight"] = _weight(layer)
    if layer.trains("bias"):
        by_channel = layer.gradient.flatten(2).sum(2)
        shares["bias"] = Whole(by_channel.view(layer.items, -1, by_channel.shape[1]).sum(1))
    return shares


def _weight(layer: Layer) -> Share:
    window = window_of(layer.module)
    gradient, inputs = layer.gradient, layer.wide_inputs()
    if gradient.dim() == 3:
        gradient, inputs = gradient.unsqueeze(2), inputs.unsqueeze(2)
    if any(window.pad):
        inputs = F.pad(inputs, window.pad)
    numbers = prod(window.kernel)
    squares = gradient.new_empty(layer.items)
    smaller = layer.items * numbers <= gradient.numel()  # than what it is made from, which is let go then
    kept = gradient.new_empty((layer.items, numbers)) if smaller or layer.room.take(layer.items * numbers) else None
    per_item = len(inputs) // layer.items
    step = max(1, PIECE // (max(numbers, gradient[0].numel()) * per_item))
    for start in range(0, layer.items, step):
        piece, rows = slice(start, start + step), slice(start * per_item, (start + step) * per_item)
        made = _by_row(gradient[rows], inputs[rows], window)
        if per_item > 1:
            made = made.view(-1, per_item, numbers).sum(1)
        squares[piece] = squared_rows(made)
        if kept is not None:
            kept[piece] = made
    return Remade(gradient, inputs, window, squares) if kept is None else Kept(kept, squares)


def _by_row(gradient: Tensor, inputs: Tensor, window: Window) -> Tensor:
    """(R, n) each row's gradient."""
    rows, groups = len(inputs), len(inputs) * window.groups
    outs, ins, high, wide = window.kernel
    if ins == 1 and inputs.device.type == "cpu":
        # each channel by itself: the input seen through the output's gradient, which is faster than the general form
        seen = F.conv2d(
            inputs.flatten(0, 1)[None],
            gradient.reshape(rows * outs, 1, *gradient.shape[2:]),
            None,
            window.dilation,
            window.padding,
            window.stride,
            groups,
        )
        return seen[0, :, :high, :wide].reshape(rows, -1)
    kernel = (rows * outs, ins, high, wide)
    made = _weight_gradient(gradient.flatten(0, 1)[None], inputs.flatten(0, 1)[None], kernel, window, groups)
    return made.reshape(rows, -1)


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
