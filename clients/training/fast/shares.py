"""What a layer keeps of a batch for one of its parameters: each item's squared norm, and how the items' gradients, each times a
factor of its own, are added up. Half-precision values are widened first, so norms and sums are those of the same numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.graph import Node


class Share(Protocol):
    """One parameter's gradient, item by item."""

    def squared(self) -> Tensor:
        """(I,) squared norms."""

    def add(self, factors: Tensor, view: Tensor) -> None:
        """Add Σᵢ factorsᵢ gradientᵢ to `view`, which has the parameter's shape."""


@dataclass(slots=True)
class Room:
    """How many numbers of items' gradients may still be kept."""

    left: int

    def take(self, numbers: int) -> bool:
        """Is there room for so many more? Then they have it."""
        fits = numbers <= self.left
        self.left -= numbers if fits else 0
        return fits


@dataclass(frozen=True, slots=True)
class Layer:
    """A module's part in one backward pass. `inputs` (R, …) and `gradient` (R, …) of its output, of `items` items. `node` is
    what made the output, in autograd's graph, where there is one.
    """

    module: Any  # of the type that its rule is for
    inputs: Tensor
    gradient: Tensor
    items: int
    dtype: torch.dtype
    room: Room
    node: Node | None = None

    def wide_inputs(self) -> Tensor:
        """The inputs in the precision of the sum."""
        return self.inputs.to(self.dtype)

    def trains(self, name: str) -> bool:
        """Is the module's parameter of this name there, and not frozen?"""
        parameter = getattr(self.module, name, None)
        return parameter is not None and parameter.requires_grad


Shares = dict[str, Share]
Rule = Callable[[Layer], Shares]


@dataclass(frozen=True, slots=True)
class Whole:
    """Each item's gradient as it is: what is summed is what was measured."""

    gradients: Tensor  # (I, …)

    def squared(self) -> Tensor:
        """The sum of squares of each row."""
        return squared_rows(self.gradients)

    def add(self, factors: Tensor, view: Tensor) -> None:
        """One matrix-vector product."""
        add_weighted(view, self.gradients.flatten(1), factors)


def rounding(squares: Tensor) -> float:
    """How far, relative to its terms' lengths, a square may be below the truth: 2⁻²⁰ in float32, and more where products may be
    taken in fewer digits, as of TF32.
    """
    if squares.dtype == torch.float64:
        return 2.0**-48
    cuda = squares.device.type == "cuda"
    fewer = torch.get_float32_matmul_precision() != "highest" or (cuda and torch.backends.cudnn.allow_tf32)
    return 2.0**-7 if fewer else 2.0**-20


def squared_rows(matrix: Tensor) -> Tensor:
    """(I,) squared norms of (I, …) rows."""
    rows: Tensor = torch.linalg.vector_norm(matrix.flatten(1), dim=1)
    return rows.square_()


def add_weighted(view: Tensor, rows: Tensor, factors: Tensor) -> None:
    """Add factors @ rows to `view`, for rows (I, n) and n numbers that lie together."""
    view.view(-1).addmv_(rows.t(), factors)


def by_item(tensor: Tensor, items: int, tail: Sequence[int]) -> Tensor:
    """(R, …, *tail) as (I, T, *tail): an item's rows, one after the other, are one sequence."""
    return tensor.reshape(items, -1, *tail)
