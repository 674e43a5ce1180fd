"""What a pass does with the rows of one column, written for tensors of many columns: one operation after the other, or, where
`torch.compile` is available and worth its wait, all of it as one kernel that reads every number once.

A NaN or an infinity in a column makes that column's result not finite, whatever the pass would have dropped: infinity less
itself is NaN (times 0 it would be too, but a compiler may not think so).
"""

import logging
import os
from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from flowstate_flower.aggregation.engine.network import Comparator, Keep, extremes, full_network, rank_network

Column = Callable[[Sequence[Tensor], Tensor], Tensor]  # rows and base, (k,) each, in the working precision, to (k,)

MOST_FUSED_ROWS = 64  # the compiler's time grows with the comparators
FEWEST_FUSED_NUMBERS = 1 << 26  # compiling takes seconds, once for each processor and number of rows

log = logging.getLogger(__name__)


@cache
def rank_mean(n: int, first: int, stop: int) -> Column:
    """The mean of the values of rank first…stop-1, minus the base."""
    comparators = rank_network(n, first, stop)

    def column(rows: Sequence[Tensor], base: Tensor) -> Tensor:
        lanes, probe = _sorted(rows, comparators)
        return _mean([lane - base for lane in lanes[first:stop]]) + probe

    return column


@cache
def mean_around(n: int, keep: int, centre: tuple[int, int]) -> Column:
    """The mean of the `keep` values nearest the mean of the ranks centre[0]…centre[1]-1, minus the base."""
    comparators = full_network(n)

    def column(rows: Sequence[Tensor], base: Tensor) -> Tensor:
        lanes, probe = _sorted(rows, comparators)
        values = [lane - base for lane in lanes]
        middle = _mean(values[centre[0] : centre[1]])
        total = torch.zeros_like(base)
        for j, value in enumerate(values):
            inside = torch.ones_like(base, dtype=torch.bool)
            if j < n - keep:
                inside = values[j + keep] - middle >= middle - value
            if j >= keep:
                inside = inside & (value - middle < middle - values[j - keep])
            total = total + torch.where(inside, value, torch.zeros_like(value))
        return total * (1 / keep) + probe

    return column


@cache
def vote(threshold: float | None) -> Column:
    """The mean, turned round where the sum of signs is below `threshold`; the sign of that sum where it is None."""

    def column(rows: Sequence[Tensor], base: Tensor) -> Tensor:
        gaps = [row - base for row in rows]
        votes = _sum([gap.sign() for gap in gaps])
        if threshold is None:
            return votes.sign() + _sum([gap - gap for gap in gaps])
        mean = _mean(gaps)
        return torch.where(votes.abs() >= threshold, mean, -mean) + _sum([gap - gap for gap in gaps])

    return column


@cache
def weighted_sum(weights: tuple[float, ...]) -> Column:
    """The sum of the rows' differences to the base times weights."""

    def column(rows: Sequence[Tensor], base: Tensor) -> Tensor:
        total = torch.zeros_like(base)
        for weight, row in zip(weights, rows, strict=True):
            total = torch.add(total, row - base, alpha=weight)
        return total

    return column


def pays(numbers: int, device: torch.device, rows: int) -> bool:
    """Whether fusing is worth the wait for its compiler."""
    if os.environ.get("FLOWSTATE_KERNELS") == "numpy":
        return False
    return device.type == "cuda" and rows <= MOST_FUSED_ROWS and numbers >= FEWEST_FUSED_NUMBERS


@cache
def fused(column: Column, kind: torch.dtype) -> Column:
    """The same as one kernel, on rows of any type, computed in `kind`; as it is where there is no compiler."""

    def widened(rows: Sequence[Tensor], base: Tensor) -> Tensor:
        return column([row.to(kind) for row in rows], base.to(kind))

    compiled = torch.compile(widened, dynamic=True, fullgraph=True, options={"max_fusion_size": 1 << 16})
    works = True

    def attempt(rows: Sequence[Tensor], base: Tensor) -> Tensor:
        nonlocal works
        if works:
            try:
                return compiled(list(rows), base)
            except Exception as error:  # whatever a compiler can lack, the other way remains
                log.warning("aggregation on this device is not fused: %s", str(error).partition("\n")[0])
                works = False
        return widened(rows, base)

    return attempt


def _sorted(rows: Sequence[Tensor], comparators: Sequence[Comparator]) -> tuple[list[Tensor], Tensor]:
    """Lanes after the comparators, and 0 in every column, or NaN where a row is not finite."""
    lanes, probes = list(rows), []
    looks = extremes(len(rows), comparators)
    for k, comparator in enumerate([*comparators, None]):
        probes += [lanes[lane] - lanes[lane] for place, lane, _ in looks if place == k]
        if comparator is None:
            break
        i, j, keep = comparator
        low, high = lanes[i], lanes[j]
        if keep & Keep.LOW:
            lanes[i] = torch.minimum(low, high)
        if keep & Keep.HIGH:
            lanes[j] = torch.maximum(low, high)
    return lanes, _sum(probes)


def _mean(values: Sequence[Tensor]) -> Tensor:
    return _sum(values) * (1 / len(values))


def _sum(values: Sequence[Tensor]) -> Tensor:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
