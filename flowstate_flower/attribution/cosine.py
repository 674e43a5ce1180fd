"""Shares by direction: how far each update points where the aggregate went (CGSV, Xu et al. 2021, without its rewards).

A share describes a round; it is not a price. Scores of this kind change with the aggregation rule (arXiv:2405.08044) and
can be gamed (arXiv:2509.19921), so each comes with an interval and nothing here is ever paid out.
"""

from dataclasses import dataclass

import numpy as np

from flowstate_flower.aggregation import Aggregate, Updates
from flowstate_flower.aggregation.engine import moments
from flowstate_flower.aggregation.updates import Vector

GROUPS = 16
NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Share:
    """A tenant's share of one round in 0…1, and a 95 % interval: the jackknife over groups of coordinates.

    The interval says how much the share depends on which coordinates were looked at; it knows nothing of other rounds.
    """

    value: float
    low: float
    high: float


NONE = Share(0.0, 0.0, 0.0)


def cosine_shares(updates: Updates, aggregate: Aggregate) -> tuple[Share, ...]:
    """One share per row: the positive part of its cosine to the aggregate, normalised to sum 1.

    A row to which the rule gave no weight has no share. All are 0 where nothing points towards the aggregate.
    """
    products, norms = moments(updates, aggregate.update, GROUPS)
    counted = np.ones(updates.n) if aggregate.weights is None else (aggregate.weights > 0).astype(float)
    whole = _normalised(products.sum(axis=1), norms.sum(axis=1), counted)
    left_out = np.array(
        [_normalised(products.sum(axis=1) - products[:, g], norms.sum(axis=1) - norms[:, g], counted) for g in range(GROUPS)]
    )
    error = np.sqrt((GROUPS - 1) / GROUPS * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    return tuple(
        Share(float(v), float(max(0.0, v - NORMAL_95 * e)), float(min(1.0, v + NORMAL_95 * e)))
        for v, e in zip(whole, error, strict=True)
    )


def _normalised(products: Vector, norms: Vector, counted: Vector) -> Vector:
    length = np.sqrt(np.maximum(norms, 0.0))
    cosines = np.divide(products, length, out=np.zeros_like(products), where=length > 0)
    positive = np.maximum(cosines, 0.0) * counted
    total = positive.sum()
    return positive / total if total > 0 else positive
