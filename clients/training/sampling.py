"""Truncated Poisson samples of units, and the rows that they bring.

A Poisson sample is a binomial number of units, chosen uniformly; dropping units at random from a sample that is too large only
bounds that number. So a sample costs draws for the units that are in it, not for all of them.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy  # whose parts are loaded when they are first used
import torch
from numpy.typing import NDArray
from torch import Tensor

from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.task import Examples
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Sampling, truncated_poisson

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a sample: `per_item` consecutive ones are one unit. `weights` is None where every row weighs the same."""

    index: Indices  # (R,)
    weights: NDArray[np.float32] | None = None  # (R,)
    per_item: int = 1

    def __len__(self) -> int:
        return len(self.index) // self.per_item


class Sampler(Protocol):
    """Where the units of a step come from, `expected` of them on average."""

    sampling: Sampling
    expected: float
    per_item: int

    def draw(self, stream: Stream) -> Rows:
        """The rows of one truncated Poisson sample, possibly none."""


class UnitSampler:
    """Draws numbers of units, out of `units`, `batch_size` in expectation."""

    def __init__(self, units: int, batch_size: int) -> None:
        self.units = units
        self.sampling = truncated_poisson(units, batch_size)
        self.expected = self.sampling.rate * units
        # beyond `largest` all sizes are one, so its own probability is never looked at
        sizes = np.arange(self.sampling.largest)
        self._cumulative: list[float] = scipy.stats.binom.cdf(sizes, units, self.sampling.rate).tolist()

    def draw(self, stream: Stream) -> Indices:
        """Distinct numbers below `units`, in no particular order."""
        if self.sampling.rate == 1.0:
            return np.arange(self.units)
        size = bisect_right(self._cumulative, float(stream.uniform(1)[0]))
        if 2 * size <= self.units:
            return _distinct(stream, self.units, size)
        left_out = np.ones(self.units, dtype=bool)  # fewer are left out than taken
        left_out[_distinct(stream, self.units, self.units - size)] = False
        return np.flatnonzero(left_out)


class RowSampler:
    """One row is one unit."""

    per_item = 1

    def __init__(self, rows: int, batch_size: int) -> None:
        self._units = UnitSampler(rows, batch_size)
        self.sampling, self.expected = self._units.sampling, self._units.expected

    def draw(self, stream: Stream) -> Rows:
        """See `Sampler`."""
        return Rows(self._units.draw(stream))


class GroupSampler:
    """A person is one unit, and brings at most `most` rows: all of them, or as many drawn uniformly out of more.

    The person's gradient is the mean over the rows that it brings. Shorter ones are filled up with rows of weight 0.
    """

    def __init__(self, groups: Tensor, batch_size: int, most: int) -> None:
        ids = groups.cpu().numpy()
        self._order = np.argsort(ids, kind="stable")
        _, self._starts, self._counts = np.unique(ids[self._order], return_index=True, return_counts=True)
        self.per_item = min(most, int(self._counts.max()))
        self._units = UnitSampler(len(self._counts), batch_size)
        self.sampling, self.expected = self._units.sampling, self._units.expected

    def draw(self, stream: Stream) -> Rows:
        """See `Sampler`."""
        people = self._units.draw(stream)
        counts = self._counts[people][:, None]
        brought = np.minimum(counts, self.per_item)
        real = np.arange(self.per_item) < brought
        places = np.where(real, self._places(stream, counts[:, 0]), 0)
        rows = self._order[self._starts[people][:, None] + places]
        weights = (real / brought).astype(np.float32)
        return Rows(rows.reshape(-1), weights.reshape(-1), self.per_item)

    def _places(self, stream: Stream, counts: Indices) -> Indices:
        """Which of each person's rows: all, or a uniform choice by Floyd's algorithm, one place after the other for all."""
        places = np.tile(np.arange(self.per_item), (len(counts), 1))
        many = counts > self.per_item
        for place in range(self.per_item if many.any() else 0):
            last = counts[many] - self.per_item + place
            drawn = _below(stream, last + 1)
            taken = (places[many, :place] == drawn[:, None]).any(axis=1)
            places[many, place] = np.where(taken, last, drawn)
        return places


def sampler_of(examples: Examples, batch_size: int, *, by_group: bool, rows_per_group: int) -> Sampler:
    """The sampler for rows or, `by_group`, for persons. Raises `BadInput` for persons that the examples do not name."""
    if not by_group:
        return RowSampler(len(examples), batch_size)
    if examples.groups is None:
        raise BadInput(
            "a person is the unit of privacy, and the data name no persons", hint="give Examples groups, one per row"
        )
    return GroupSampler(examples.groups, batch_size, rows_per_group)


def units_of(examples: Examples, *, by_group: bool) -> int:
    """How many units of privacy there are: rows, or persons."""
    if not by_group or examples.groups is None:
        return len(examples)
    return len(torch.unique(examples.groups))


def _below(stream: Stream, limits: Indices) -> Indices:
    """For each limit a whole number from 0, below it."""
    return (stream.uniform(len(limits)) * limits).astype(np.int64)


def _distinct(stream: Stream, below: int, count: int) -> Indices:
    """`count` numbers below `below`, all sets of them equally likely: draws in order, those left out that came before."""
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        draws = (stream.uniform(count - len(drawn) + 8) * below).astype(np.int64)
        drawn |= dict.fromkeys(draws.tolist())
    return np.fromiter(drawn, np.int64, count)
