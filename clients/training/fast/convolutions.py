"""Convolutions in one and two dimensions: an item's gradient is made, as a product of its output gradients with what they saw.

Gradients are kept until they are summed, while there is room. Otherwise they are measured and let go, and the clipped sum is an
ordinary backward pass of the layer, on weighted output gradients.
"""

from dataclasses import dataclass
from math import prod
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from flowstate_flower.clients.training.fast.shares import Layer, Share, Shares, Whole, squared_rows

PIECE = 1 << 18
"""How many numbers a thread works on at once: what fits into a processor's own cache."""


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
    """Gradients that were made and measured, as `maker` lays them out."""

    gradients: Tensor  # (I, n)
    squares: Tensor  # (I,)
    maker: "Maker"

    def squared(self) -> Tensor:
        """As measured."""
        return self.squares

    def add(self, factors: Tensor, view: Tensor) -> None:
        """One matrix-vector product."""
        view += self.maker.in_order(factors @ self.gradients).view_as(view)


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
    products = window.groups == 1 and inputs.device.type == "cpu"
    maker = (ByProducts if products else ByGroups)(gradient, inputs, window, layer.items)
    numbers, step = prod(window.kernel), maker.step
    squares = gradient.new_empty(layer.items)
    smaller = layer.items * numbers <= gradient.numel()  # than what it is made from, which is let go then
    keeps = smaller or layer.room.take(layer.items * numbers)
    made = gradient.new_empty((layer.items if keeps else step, numbers))
    for start in range(0, layer.items, step):
        piece = slice(start, min(start + step, layer.items))
        into = made[piece] if keeps else made[: piece.stop - start]
        maker.make(piece, into)
        squares[piece] = squared_rows(into)
    return Kept(made, squares, maker) if keeps else Remade(gradient, inputs, window, squares)


class Maker(Protocol):
    """Makes items' gradients, `step` at a time."""

    step: int

    def make(self, piece: slice, into: Tensor) -> None:
        """Write the gradients of a piece of the items into (K, n)."""

    def in_order(self, numbers: Tensor) -> Tensor:
        """(…, n) such numbers in the order of the layer's weight."""


class ByProducts:
    """Each item's gradient as one product of matrices: output gradients, and the windows of the input that they saw, side by
    side. With a pixel's channels beside each other in memory, windows are copied in long runs.
    """

    def __init__(self, gradient: Tensor, inputs: Tensor, window: Window, items: int) -> None:
        self._gradient, self._inputs, self._window = gradient, inputs, window
        self._per_item = len(inputs) // items
        self._numbers = prod(window.kernel[1:])
        self._positions = prod(gradient.shape[2:])
        each = self._per_item * self._positions * self._numbers
        self.step = _at_once(items, each)
        self._seen = inputs.new_empty(self.step * each)

    def make(self, piece: slice, into: Tensor) -> None:
        """See `Maker`."""
        rows = slice(piece.start * self._per_item, piece.stop * self._per_item)
        count = piece.stop - piece.start
        windows = self._windows(self._inputs[rows])
        seen = self._seen[: windows.numel()]
        seen.view(windows.shape).copy_(windows)
        left = self._gradient[rows].permute(0, 2, 3, 1).reshape(count, -1, self._window.kernel[0])
        product = into.view(count, self._window.kernel[0], self._numbers)
        torch.bmm(left.mT, seen.view(count, -1, self._numbers), out=product)

    def in_order(self, numbers: Tensor) -> Tensor:
        """See `Maker`. Here channels come last."""
        outs, ins, high, wide = self._window.kernel
        return numbers.view(*numbers.shape[:-1], outs, high, wide, ins).movedim(-1, -3).flatten(-4)

    def _windows(self, inputs: Tensor) -> Tensor:
        """(R, h', w', height, width, d) what each position saw of the rows, without a copy."""
        window, pixels = self._window, inputs.permute(0, 2, 3, 1)
        top, left = window.padding
        if top or left:
            pixels = F.pad(pixels, (0, 0, left, left, top, top))
        pixels = pixels.contiguous()
        row, line, pixel, _ = pixels.stride()
        down, across = (stride * step for stride, step in zip(window.stride, (line, pixel), strict=True))
        below, beside = (dilation * step for dilation, step in zip(window.dilation, (line, pixel), strict=True))
        _, ins, high, wide = window.kernel
        size = (len(pixels), *self._gradient.shape[2:], high, wide, ins)
        return pixels.as_strided(size, (row, down, across, below, beside, 1))


class ByGroups:
    """By a convolution in which each row is a group of its own."""

    def __init__(self, gradient: Tensor, inputs: Tensor, window: Window, items: int) -> None:
        self._gradient, self._inputs, self._window = gradient, inputs, window
        self._per_item = len(inputs) // items
        self.step = _at_once(items, max(prod(window.kernel), gradient[0].numel()) * self._per_item)

    def make(self, piece: slice, into: Tensor) -> None:
        """See `Maker`."""
        rows = slice(piece.start * self._per_item, piece.stop * self._per_item)
        gradient, inputs = self._gradient[rows], self._inputs[rows]
        outs, *rest = self._window.kernel
        made = _weight_gradient(
            gradient.flatten(0, 1)[None],
            inputs.flatten(0, 1)[None],
            (len(inputs) * outs, *rest),
            self._window,
            len(inputs) * self._window.groups,
        )
        torch.sum(made.reshape(len(into), self._per_item, -1), dim=1, out=into)

    def in_order(self, numbers: Tensor) -> Tensor:
        """See `Maker`. They are."""
        return numbers


def _at_once(items: int, each: int) -> int:
    """How many of the items, of so many numbers each."""
    return min(items, max(1, PIECE * torch.get_num_threads() // each))


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
