"""Updates as the rules see them: what each tenant sent minus the model that was sent to it.

The rows stay where they lie (views on the replies' buffers) and are read by the passes of `engine`; no rule ever holds a
copy of n models. They are numpy arrays, or torch tensors that all lie on one device.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.turns import take_turns

Vector = NDArray[Any]
Matrix = NDArray[np.float64]
Arrays = tuple[NDArray[Any], ...]
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
PIECE = 1 << 19  # numbers of a model that a thread adds at a time
NOTHING: Vector = np.zeros(1)
ON_HOST = (np.ndarray, np.generic)


@dataclass(frozen=True)
class Layer:
    """One named array of a model. Only floating layers are aggregated; others (counters, masks) stay as in the base."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @cached_property
    def size(self) -> int:
        """Number of coordinates."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the raw array."""
        return self.size * self.dtype.itemsize

    @cached_property
    def is_floating(self) -> bool:
        """Whether rules apply to it."""
        return self.dtype.kind == "f" or self.dtype == BFLOAT16


@dataclass(frozen=True)
class Layout:
    """The layers of a model in canonical order: the order of the base model, whatever order a reply comes in."""

    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, names: Sequence[str], arrays: Arrays) -> "Layout":
        """The layout of `arrays`, which are named `names` in the same order."""
        return cls(tuple(Layer(n, tuple(a.shape), dtype_of(a)) for n, a in zip(names, arrays, strict=True)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names in canonical order."""
        return tuple(layer.name for layer in self.layers)

    @cached_property
    def dimension(self) -> int:
        """d: the number of coordinates that rules see."""
        return sum(layer.size for layer in self.layers if layer.is_floating)

    @cached_property
    def working_dtype(self) -> np.dtype[Any]:
        """The precision in which rules compute: float32, or float64 where a layer has it."""
        wide = (
            layer.dtype for layer in self.layers if layer.is_floating and layer.dtype.itemsize > np.dtype(np.float32).itemsize
        )
        return np.result_type(np.float32, *wide)


@dataclass(frozen=True, slots=True)
class Updates:
    """n updates of d coordinates: `rows[i]` minus `base`, never stacked.

    `shares` is the (n,) weight that policy gives each row beforehand (uniform, or by examples), summing to 1. Only the
    mean reads it: a robust rule that listened to self-reported counts would not be robust. `threads` is how many may read
    the rows at once. With a `mixing`, an (m, n) matrix, the rules see m mixed rows in place of the n, without the model that
    was sent where a row of it sums to less than 1; `known` are the n rows' squared distances, the sent model last.

    What a few rules want besides: `senders`, whose rows these are; `root`, a model that the server itself trained from the
    base; `memory`, what the rule left behind in the round before. `lying` and `found` are the engine's: where arrays lie, which
    holds for whatever is made of these updates too, and where the layers of these do, whole and in ranges.
    """

    layout: Layout
    base: Arrays
    rows: tuple[Arrays, ...]
    shares: Vector = field(repr=False)
    threads: int = field(default_factory=lambda: os.cpu_count() or 1, repr=False)
    mixing: Matrix | None = field(default=None, repr=False)
    known: Matrix | None = field(default=None, repr=False)
    senders: tuple[str, ...] = field(default=(), repr=False)
    root: Arrays | None = field(default=None, repr=False)
    memory: Mapping[str, Vector] = field(default_factory=dict, repr=False)
    lying: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)
    found: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def n(self) -> int:
        """Number of rows that a rule sees."""
        return len(self.rows) if self.mixing is None else len(self.mixing)

    @property
    def are_tensors(self) -> bool:
        """Whether these are torch tensors rather than numpy arrays."""
        return bool(self.base) and not isinstance(self.base[0], ON_HOST)

    def only(self, rows: Sequence[int]) -> "Updates":
        """Some of the rows, weighing the same."""
        uniform = np.full(len(rows), 1 / len(rows))
        if self.mixing is not None:
            return replace(self, mixing=self.mixing[list(rows)], shares=uniform)
        return replace(self, rows=tuple(self.rows[i] for i in rows), shares=uniform)

    def with_origin(self) -> "Updates":
        """The rows and, as the last one, the model that was sent: the update of zero."""
        if self.mixing is not None:
            return replace(self, mixing=np.vstack([self.mixing, np.zeros(len(self.rows))]))
        return replace(self, rows=(*self.rows, self.base), shares=np.concatenate((self.shares, NOTHING)))

    def mixed(self, matrix: Matrix, distances: Matrix) -> "Updates":
        """The rows of `matrix` times these; `distances` are these rows' squared distances, the sent model last."""
        shares = np.full(len(matrix), 1 / len(matrix))
        if self.mixing is not None:
            return replace(self, mixing=matrix @ self.mixing, shares=shares)
        return replace(self, mixing=matrix, known=distances, shares=shares)

    @classmethod
    def from_matrix(cls, matrix: Any, shares: Vector | None = None, root: Any = None) -> "Updates":
        """An (n, d) matrix of updates, an array or a tensor, to a model of zeros: for tests and for trying a rule by hand."""
        n, d = matrix.shape
        zeros = (np.zeros(d, matrix.dtype) if isinstance(matrix, np.ndarray) else matrix.new_zeros(d),)
        uniform = np.full(n, 1 / n) if shares is None else shares
        rows = tuple((row,) for row in matrix)
        return cls(Layout.of(("updates",), zeros), zeros, rows, uniform, root=None if root is None else (root,))


def applied(
    layout: Layout, base: Arrays, update: Vector, room: Callable[[Layer], Vector] | None = None, threads: int = 1
) -> Arrays:
    """The model `base + update`, each layer in its own dtype; layers that are not floating are the base's own.

    Where arrays are wanted in a certain place, `room` gives an empty one, its rows first, for each layer that `update` has the
    type of; so many threads fill them.
    """
    arrays: list[Any] = []
    sums: list[tuple[Vector, ...]] = []
    offset = 0
    for layer, array in zip(layout.layers, base, strict=True):
        if not layer.is_floating:
            arrays.append(array)
            continue
        step = update[offset : offset + layer.size].reshape(layer.shape)
        if not isinstance(array, np.ndarray):
            arrays.append((array + step).to(array.dtype))
        elif room is not None and layer.dtype == update.dtype:
            arrays.append(room(layer))
            sums += _in_pieces(array, step, arrays[-1])
        else:
            arrays.append(np.asarray(array + step).astype(layer.dtype, copy=False))
        offset += layer.size

    def add(turn: int) -> None:
        old, step, new = sums[turn]
        np.add(old, step, out=new)

    take_turns(add, len(sums), threads)
    return tuple(arrays)


def _in_pieces(*arrays: Vector) -> Iterator[tuple[Vector, ...]]:
    """The same stretches of each, where all have their rows first; else all of them at once."""
    if not all(array.flags.c_contiguous for array in arrays):
        yield arrays
        return
    flat = [array.reshape(-1) for array in arrays]
    for low in range(0, flat[0].size, PIECE):
        yield tuple(array[low : low + PIECE] for array in flat)


def dtype_of(array: Any) -> np.dtype[Any]:
    """The numpy type of an array, or the one that a tensor's type is called after."""
    return np.dtype(str(array.dtype).removeprefix("torch."))
