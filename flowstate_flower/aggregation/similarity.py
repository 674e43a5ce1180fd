"""FoolsGold: tenants whose updates point the same way, round after round, share one tenant's weight."""

import numpy as np

from flowstate_flower.aggregation.engine import moments, weighted_sum
from flowstate_flower.aggregation.one_thread import one_blas_thread
from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Matrix, Updates, Vector
from flowstate_flower.aggregation.weighing import cosines, inner_products, placed

SKETCH = 4096
ALMOST_ONE = 0.99
HISTORY = "history/"


def foolsgold(updates: Updates, byzantine: int, *, seed: int = 0) -> Aggregate:
    """Weights fall with the largest cosine between a tenant's history and anybody else's; the mean by these weights.

    A history is the sum of a tenant's updates. What is past is kept as `SKETCH` signed sums of coordinates rather than as a
    model: inner products of this round's updates are exact, those with the past have a standard error of about 1/√SKETCH of
    the lengths. After a mixing rows have no sender, and there is no history.
    """
    products = inner_products(placed(updates.with_origin(), around=-1).distances)
    memory = {}
    if updates.senders and updates.mixing is None:
        now = _sketch(updates, seed)
        past = np.array([updates.memory.get(HISTORY + sender, np.zeros(now.shape[1])) for sender in updates.senders])
        with one_blas_thread(updates.n):
            products = products + past @ now.T + now @ past.T + past @ past.T
        memory = dict(updates.memory) | {HISTORY + s: row for s, row in zip(updates.senders, past + now, strict=True)}
    weights = _pardoned(cosines(products))
    return Aggregate(weighted_sum(updates, weights), weights, memory)


def _sketch(updates: Updates, seed: int) -> Matrix:
    """(n, SKETCH) sums of coordinates with random signs: inner products of sketches estimate those of updates, without bias."""
    d = updates.layout.dimension
    bits = np.random.default_rng(seed).integers(0, 2, d, dtype=np.int8)
    signs = (2 * bits - 1).astype(updates.layout.working_dtype)
    sums: Matrix = moments(updates, signs, min(SKETCH, max(1, d)))[0]
    return sums


def _pardoned(angles: Matrix) -> Vector:
    """(n,) weights from cosines, as the paper's algorithm 1: pardoning, rescaling, logit. They sum to 1, or are all 0."""
    n = len(angles)
    if n == 1:
        return np.ones(1)
    others = angles.copy()
    np.fill_diagonal(others, -np.inf)
    closest = others.max(axis=1)
    ratio = np.divide(closest[:, None], closest[None, :], out=np.ones((n, n)), where=closest[None, :] > 0)
    pardoned = np.where(closest[:, None] < closest[None, :], others * ratio, others)
    np.fill_diagonal(pardoned, -np.inf)
    weights: Vector = np.clip(1 - pardoned.max(axis=1), 0.0, 1.0)
    if weights.max() == 0:
        return weights
    weights = np.minimum(weights / weights.max(), ALMOST_ONE)
    with np.errstate(divide="ignore"):
        weights = np.clip(np.log(weights / (1 - weights)) + 0.5, 0.0, 1.0)
    total = weights.sum()
    return weights / total if total > 0 else weights
