"""Row rules that weigh all rows by where they lie. Everything iterative happens on the (n, n) matrix, in float64.

For weights w that sum to 1, row i is at the squared distance (D w)ᵢ - wᵀDw / 2 from the weighted mean; so the geometric median
and the filters never touch the updates again until the last weighted sum.
"""

import numpy as np

from flowstate_flower.aggregation.engine import has_kernels, weighted_sum
from flowstate_flower.aggregation.rows import medoid
from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Matrix, Updates, Vector, applied
from flowstate_flower.aggregation.weighing import mean_of, middle, placed, shortened, with_guest
from flowstate_flower.errors import BadInput

TOLERANCE = 1e-9
CONVERGED = 1e-13
FAR = 1e3
MOST_STEPS, LONGEST_STRETCH = 1000, 64.0
CENTRE = "centre"


def centred_gram(distances: Matrix, weights: Vector | None = None) -> Matrix:
    """(n, n) inner products of the rows minus their weighted mean (uniform where there are no weights)."""
    n = len(distances)
    w = np.full(n, 1 / n) if weights is None else weights
    to_mean = distances @ w
    gram: Matrix = -0.5 * (distances - to_mean[:, None] - to_mean[None, :] + w @ to_mean)
    return gram


def geometric_median(distances: Matrix, byzantine: int) -> Vector:
    """RFA: the point with the smallest sum of distances to all rows, by Weiszfeld's iteration from the medoid.

    Each step is stretched as long as that still lowers the sum: near a row the plain iteration crawls. Where it is at
    a row, Vardi and Zhang (2000) say whether that row is the median, and how to leave it if not. Tolerances are relative to
    the radius that holds half of the rows: neither scale nor a far outlier changes them.
    """
    if len(distances) <= 2:  # every point between two rows is a median
        return np.full(len(distances), 1 / len(distances))
    if has_kernels():
        from flowstate_flower.aggregation.engine.places import weiszfeld

        found = np.zeros(len(distances))
        weiszfeld(distances, found, FAR, TOLERANCE, MOST_STEPS, LONGEST_STRETCH, CONVERGED)
        return found
    weights = medoid(distances, byzantine)
    radius = np.sqrt(np.median(distances, axis=1).min())
    near = _lengths(distances, weights) <= FAR * radius
    for _ in range(MOST_STEPS):
        lengths = _lengths(distances, weights)
        gap = _weiszfeld_step(distances, weights, lengths, TOLERANCE * radius) - weights
        stretch, best = 1.0, _lengths(distances, weights + gap).sum()
        while stretch < LONGEST_STRETCH and (longer := _lengths(distances, weights + 2 * stretch * gap).sum()) < best:
            stretch, best = 2 * stretch, longer
        weights = weights + stretch * gap
        before, after = lengths[near].sum(), _lengths(distances, weights)[near].sum()
        if abs(before - after) <= CONVERGED * before:
            break
    return weights


def _lengths(distances: Matrix, weights: Vector) -> Vector:
    """(n,) distances from each row to the point that the weights, which sum to 1, stand for."""
    return np.sqrt(np.maximum(distances @ weights - 0.5 * (weights @ distances @ weights), 0.0))


def _weiszfeld_step(distances: Matrix, weights: Vector, lengths: Vector, nearby: float) -> Vector:
    here = lengths <= nearby
    pulls = np.where(here, 0.0, 1 / np.maximum(lengths, nearby or 1.0))
    if not pulls.any():
        return weights
    target: Vector = pulls / pulls.sum()
    if here.any():
        gap = target - weights
        pull = pulls.sum() * np.sqrt(max(0.0, -0.5 * (gap @ distances @ gap)))
        stay = min(1.0, here.sum() / pull) if pull > 0 else 1.0
        target = (1 - stay) * target + stay * weights
    return target


def caf(distances: Matrix, byzantine: int) -> Vector:
    """Covariance-bound agnostic filter: rows lose weight along the direction of largest spread, until 2f could be gone; the
    best mean seen is the one with the smallest top eigenvalue. The eigenpair is exact, on the Gram matrix.
    """
    n = len(distances)
    if has_kernels():
        from flowstate_flower.aggregation.engine.spread import filtered

        found = np.zeros(n)
        filtered(distances, byzantine, TOLERANCE, found)
        return found
    kept, best, least = np.ones(n), np.full(n, 1 / n), np.inf
    while kept.sum() > n - 2 * byzantine:
        weights = kept / kept.sum()
        root = np.sqrt(weights)
        gram = centred_gram(distances, weights)
        values, vectors = np.linalg.eigh(root[:, None] * gram * root[None, :])
        top, direction = values[-1], vectors[:, -1]
        if top < least:
            best, least = weights, top
        if top <= TOLERANCE * distances.max():
            break
        along = (gram @ (root * direction)) ** 2 / top  # squared projections of the centred rows
        kept = np.maximum(kept * (1 - along / along[kept > 0].max()), 0.0)
        kept[kept < TOLERANCE] = 0.0
        if byzantine == 0:
            break
    return best


def centred_clipping(updates: Updates, byzantine: int, *, momentum: float = 1.0, steps: int = 10) -> Aggregate:
    """From `momentum` times the aggregate of the round before, `steps` steps towards the mean of the rows, each row's pull
    clipped to the median distance. The first round begins at the model that was sent.

    The paper's radius is a constant to be tuned; the median needs no tuning and tolerates a minority.
    """
    if not (0 <= momentum <= 1 and steps >= 1):
        raise BadInput(f"centred-clipping(momentum={momentum}, steps={steps})", hint="momentum in 0…1, at least one step")
    n, before = updates.n, updates.memory.get(CENTRE)
    if before is not None:
        updates = with_guest(updates, applied(updates.layout, updates.base, before * momentum))
    where = placed(updates.with_origin(), around=-1)
    distances = where.distances
    place = np.zeros(len(distances))
    place[n] = 1.0  # where the centre is, as weights on the rows and what comes after them
    _clip(distances, place, n, steps)
    weights = where.weights(place)[: updates.n]
    update = weighted_sum(updates, weights)
    return Aggregate(update, weights[:n], {CENTRE: update})


def _clip(distances: Matrix, place: Vector, n: int, steps: int) -> None:
    """Move `place`, weights on n rows and what comes after them, by so many steps of centred clipping."""
    if has_kernels():
        from flowstate_flower.aggregation.engine.places import clipped_steps

        clipped_steps(distances, place, n, steps)
        return
    for _ in range(steps):
        lengths = _lengths(distances, place)[:n]
        radius = middle(lengths)
        if radius == 0:
            break
        pull = np.minimum(1.0, radius / np.maximum(lengths, radius)) / n
        place *= 1 - pull.sum()
        place[:n] += pull


def norm_bounded_mean(distances: Matrix, byzantine: int) -> Vector:
    """The mean of the updates, each shortened to at most the median norm."""
    bound = float(np.median(np.sqrt(distances[-1, :-1])))
    return shortened(distances, bound) / (len(distances) - 1)


def cge(distances: Matrix, byzantine: int) -> Vector:
    """Comparative gradient elimination: the mean of the n - f updates of smallest norm."""
    norms = distances[-1, :-1]
    return mean_of(np.argsort(norms, kind="stable")[: len(norms) - byzantine], len(norms))
