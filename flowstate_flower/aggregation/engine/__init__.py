"""Passes over updates at the speed of memory: sorted windows of ranks, votes by sign, distances between rows, weighted sums.

Rows are read where they lie, by address, in ranges of columns on plain threads (the kernels release the GIL). 16-bit
layers and rows that are not contiguous are widened block by block in cache. Layers of float64, and machines without llvmlite or
numba, take the numpy path, which is slower. Weighted sums have the same bits on both; windows of ranks may differ in the order
in which kept values are added. Updates that are torch tensors are worked on where they are: see `tensors`.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.engine import columns, plain
from flowstate_flower.aggregation.engine.parts import Part, has_kernels
from flowstate_flower.aggregation.engine.room import ROOM
from flowstate_flower.aggregation.engine.sharing import WORTH_SHARING_A_SUM, Spans, Turn, run
from flowstate_flower.aggregation.updates import Matrix, Updates, Vector

__all__ = [
    "has_kernels",
    "mean_around",
    "moments",
    "rank_mean",
    "sign_counts",
    "sign_vote",
    "squared_distances",
    "voted_mean",
    "weighted_sum",
]

LONGEST_STRETCH = 1024


def rank_mean(updates: Updates, first: int, stop: int) -> Vector:
    """(d,) mean, in each column, of the values of rank first…stop-1, minus the base. Raises `NotFiniteRow`."""
    if updates.are_tensors:
        there: Vector = _tensors().rank_mean(updates, first, stop)
        return there
    return columns.decided(updates, columns.rank_mean(updates.n, first, stop))


def mean_around(updates: Updates, keep: int, centre: tuple[int, int]) -> Vector:
    """(d,) mean, in each column, of the `keep` values nearest the mean of the ranks centre[0]…centre[1]-1, minus the base.

    Raises `NotFiniteRow`.
    """
    if updates.are_tensors:
        there: Vector = _tensors().mean_around(updates, keep, centre)
        return there
    return columns.decided(updates, columns.mean_around(updates.n, keep, centre))


def voted_mean(updates: Updates, threshold: float) -> Vector:
    """(d,) mean of the rows' differences to the base; in columns where the sum of their signs is nearer to 0 than `threshold`,
    minus that mean: the robust learning rate (Ozdayi et al. 2021, arXiv:2007.03767). Raises `NotFiniteRow`.
    """
    if updates.are_tensors:
        there: Vector = _tensors().voted_mean(updates, threshold)
        return there
    return columns.decided(updates, columns.vote(threshold))


def sign_vote(updates: Updates) -> Vector:
    """(d,) majority of the signs of the rows' differences to the base, -1, 0 or 1: signSGD with majority vote (Bernstein et al.
    2019, arXiv:1810.05291). Raises `NotFiniteRow`.
    """
    if updates.are_tensors:
        there: Vector = _tensors().voted_mean(updates, None)
        return there
    return columns.decided(updates, columns.vote(None))


def sign_counts(updates: Updates) -> NDArray[np.int64]:
    """(n, 3): in how many coordinates each row is below the base, equal to it, above it. A NaN is none of these."""
    if updates.are_tensors:
        there: NDArray[np.int64] = _tensors().sign_counts(updates)
        return there
    nothing = np.empty(0, updates.layout.working_dtype)

    def work(part: Part) -> NDArray[np.int64]:
        total = np.zeros((updates.n, 3), np.int64)
        columns.either(updates, columns.counts(total))(part)
        return total

    counts: NDArray[np.int64] = np.zeros((updates.n, 3), np.int64)
    return sum(run(work, updates, range(len(updates.rows)), nothing), start=counts)


def weighted_sum(updates: Updates, weights: Vector) -> Vector:
    """(d,) sum of rows times weights. Rows of weight 0 are never read, so whatever they hold cannot leak in.

    Raises `NotFiniteRow`.
    """
    if updates.mixing is not None:
        weights = weights @ updates.mixing
    if updates.are_tensors:
        there: Vector = _tensors().weighted_sum(updates, weights)
        return there
    kept = weights.nonzero()[0].tolist()
    out = ROOM.vector(updates.layout.dimension, updates.layout.working_dtype)
    if not kept:
        return np.zeros_like(out)
    scale = weights[kept].astype(out.dtype)

    def together(spans: Spans) -> Turn:
        return lambda: _pairs().weighted_sums(scale, spans.table, spans.ranges, spans.counter, spans.out)

    def work(part: Part) -> int:
        return int(together(Spans.of(part))()) if part.is_compiled else part.plainly(plain.weighted_sum(scale))

    # What was read last before may still be in the cache.
    if any(run(work, updates, kept, out, worth=WORTH_SHARING_A_SUM, last_first=True, together=together)):
        columns.name_the_row(updates, kept)
    return out


def squared_distances(updates: Updates) -> Matrix:
    """(n, n) squared Euclidean distances between rows, accumulated in float64. A row that is not finite spoils its own row and
    column, and no other.
    """
    if updates.mixing is not None:
        return _mixed_distances(updates)
    if updates.are_tensors:
        there: Matrix = _tensors().squared_distances(updates)
        return there
    n = updates.n
    totals: list[NDArray[np.float64]] = []

    def together(spans: Spans) -> Turn:
        plan = _plan(n)
        totals.append(np.zeros((len(spans), n, n)))
        return lambda: _pairs().distances(plan, n, spans.table, spans.ranges, spans.counter, totals[0])

    def work(part: Part) -> Matrix:
        if not part.is_compiled:
            return plain.squared_distances(part.rows, part.start, part.end)
        total = np.zeros((n, n))
        _pairs().sum_squared_distances(_plan(n), part.addresses, part.start, part.end, total)
        return total

    apart = [found for found in run(work, updates, range(n), together=together) if found is not None]
    upper = sum(apart, start=np.zeros((n, n)))
    distances: Matrix = _pairs().symmetric(upper, totals[0]) if totals else upper + upper.T
    if not np.isfinite(distances).all():  # infinite distances may be those of finite rows: its own place says which is not
        np.fill_diagonal(distances, [0.0 if finite else np.nan for finite in columns.finite_rows(updates)])
    return distances


def moments(updates: Updates, direction: Vector, groups: int) -> NDArray[np.float64]:
    """(2, n, groups): each row's products with `direction` (d,) and its squares, over columns dealt to groups in stretches."""
    n, d = updates.n, updates.layout.dimension
    width = max(1, min(LONGEST_STRETCH, d // (4 * groups)))
    if updates.are_tensors:
        there: NDArray[np.float64] = _tensors().moments(updates, direction, width, groups)
        return there

    def work(part: Part) -> NDArray[np.float64]:
        if not part.is_compiled or direction.dtype != np.float32:
            within = range(part.start, part.end)
            return plain.moments(part.rows, part.base, direction, part.place, within, width, groups)
        total = np.zeros((2, n, groups))
        _pairs().add_moments(part.addresses, part.origin, direction, part.place, part.start, part.end, width, total)
        return total

    results = run(work, updates, range(n))
    return np.sum(results, axis=0) if results else np.zeros((2, n, groups))


def _mixed_distances(updates: Updates) -> Matrix:
    """Distances between mixed rows follow from those between the rows: ‖Σ gᵢ xᵢ‖² = -gᵀDg / 2 for weights g that sum to 0."""
    if updates.mixing is None or updates.known is None:
        raise ValueError("mixed rows come with the distances between the rows")
    rest = 1 - updates.mixing.sum(axis=1, keepdims=True)
    places = np.hstack([updates.mixing, rest])  # each mixed row as weights on the rows and the sent model
    cross = places @ updates.known @ places.T
    own = np.diag(cross)
    squares: Matrix = np.maximum(cross - 0.5 * (own[:, None] + own[None, :]), 0.0)
    return squares


@cache
def _pairs() -> Any:
    """These kernels, and with them numba, are imported only where there is something for them to read."""
    from flowstate_flower.aggregation.engine import pairs

    return pairs


@cache
def _plan(n: int) -> tuple[Any, ...]:
    """How kernels take the distances between n rows."""
    from flowstate_flower.aggregation.engine import compiled

    return tuple(compiled.pair_plan(n))


def _tensors() -> Any:
    """The passes on tensors, and with them torch, are imported only where there are tensors."""
    from flowstate_flower.aggregation.engine import tensors

    return tensors
