"""What rules by distances have in common: the matrix of squared distances in, weights out, one weighted sum."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from flowstate_flower.aggregation.engine import moments, squared_distances, weighted_sum
from flowstate_flower.aggregation.rule import Aggregate, NotFiniteRow
from flowstate_flower.aggregation.updates import Arrays, Matrix, Updates, Vector

Weigh = Callable[[Matrix, int], Vector]
FAR, REACH = 1e2, 1e6


@dataclass(frozen=True, slots=True)
class Placement:
    """Squared distances that are exact for rows at any distance, and how weights on these rows become weights on the true ones.

    Row i was brought to `scale[i]` of its distance from row `around`; nearly always all scales are 1.
    """

    distances: Matrix
    scale: Vector
    around: int

    def weights(self, weights: Vector) -> Vector:
        """Weights on the true rows, from weights on the rows as placed."""
        true = weights * self.scale
        true[self.around] += weights.sum() - true.sum()
        return true


def by_distances(weigh: Weigh) -> Callable[[Updates, int], Aggregate]:
    """The rule that maps squared distances (n, n) and f to weights (n,)."""

    def rule(updates: Updates, byzantine: int) -> Aggregate:
        weights = weigh(distances_of(updates), byzantine)
        return Aggregate(weighted_sum(updates, weights), weights)

    rule.__doc__ = weigh.__doc__
    return rule


def by_exact_distances(weigh: Weigh) -> Callable[[Updates, int], Aggregate]:
    """As `by_distances`, for rules that weigh rows however far off: their distances are those of `placed` rows."""

    def rule(updates: Updates, byzantine: int) -> Aggregate:
        place = placed(updates)
        weights = place.weights(weigh(place.distances, byzantine))
        return Aggregate(weighted_sum(updates, weights), weights)

    rule.__doc__ = weigh.__doc__
    return rule


def by_place(weigh: Weigh) -> Callable[[Updates, int], Aggregate]:
    """The rule that maps squared distances (n + 1, n + 1), whose last row is the model that was sent, and f to weights (n,).

    The weights may sum to less than 1: the rest stays at the model that was sent.
    """

    def rule(updates: Updates, byzantine: int) -> Aggregate:
        place = placed(updates.with_origin(), around=-1)
        weights = weigh(place.distances, byzantine) * place.scale[:-1]
        return Aggregate(weighted_sum(updates, weights), weights)

    rule.__doc__ = weigh.__doc__
    return rule


def distances_of(updates: Updates) -> Matrix:
    """(n, n) squared distances, all of them finite. Raises `NotFiniteRow`."""
    distances = squared_distances(updates)
    NotFiniteRow.check(distances)
    return distances


def placed(updates: Updates, around: int | None = None) -> Placement:
    """Where the rows lie, seen from row `around`, or from the most central one.

    Of a row that is `FAR` times farther off than most, a distance says nothing of its direction: 1e18 and 1 are 1e18 apart,
    whatever the angle. Its inner products are computed directly, one more pass for each such row, and beyond `REACH` it is
    brought nearer along its line. After a mixing distances stay as they are.
    """
    distances = distances_of(updates)
    m = _most_central(distances) if around is None else around % len(distances)
    scale, reach, near = np.ones(len(distances)), distances[m].copy(), middle(distances[m])
    far = (reach > FAR**2 * near).nonzero()[0].tolist() if near > 0 and updates.mixing is None else ()
    for row in far:
        direction = np.zeros(len(distances))
        direction[row], direction[m] = 1 / np.sqrt(reach[row]), -1 / np.sqrt(reach[row])
        along = moments(updates, weighted_sum(updates, direction), 1)[0][:, 0]
        scale[row] = min(1.0, REACH * np.sqrt(near / reach[row]))
        length = scale[row] * np.sqrt(reach[row])
        own = scale**2 * reach
        others = own + length**2 - 2 * length * scale * (along - along[m])
        distances[row] = distances[:, row] = np.maximum(others, 0.0)
        distances[row, row] = 0.0
    return Placement(distances, scale, m)


def _most_central(distances: Matrix) -> int:
    """The row with the smallest median distance to all."""
    ordered, n = distances.copy(), len(distances)
    ordered.sort(axis=1)
    return int((ordered[:, (n - 1) // 2] + ordered[:, n // 2]).argmin())


def with_guest(updates: Updates, row: Arrays) -> Updates:
    """The rows and, as the last one, a row of the server's own: what it trained itself, or where the last round ended. No
    mixing touches it.
    """
    rows, shares = (*updates.rows, row), np.append(updates.shares, 0.0)
    if updates.mixing is None:
        return replace(updates, rows=rows, shares=shares)
    plain = replace(updates, rows=rows, shares=shares, mixing=None, known=None)
    m, n = updates.mixing.shape
    mixing = np.zeros((m + 1, n + 1))
    mixing[:m, :n], mixing[m, n] = updates.mixing, 1.0
    return replace(plain, mixing=mixing, known=squared_distances(plain.with_origin()))


def mean_of(rows: Vector, n: int) -> Vector:
    """(n,) equal weights on `rows`, none elsewhere."""
    weights = np.zeros(n)
    weights[rows] = 1 / len(rows)
    return weights


def middle(values: Vector) -> float:
    """The median of a few numbers, at a fraction of numpy's price for so few."""
    ordered, n = values.copy(), len(values)
    ordered.sort()
    return float(0.5 * (ordered[(n - 1) // 2] + ordered[n // 2]))


def inner_products(distances: Matrix) -> Matrix:
    """(n, n) inner products of the updates; the last row of `distances` (n + 1, n + 1) is the model that was sent."""
    squares = distances[-1, :-1]
    products: Matrix = 0.5 * (squares[:, None] + squares[None, :] - distances[:-1, :-1])
    return products


def cosines(products: Matrix) -> Matrix:
    """(n, n) cosines from inner products; those of a row of zeros are 0."""
    lengths = np.sqrt(np.maximum(np.diag(products), 0.0))
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    angles: Matrix = np.clip(products * scale[:, None] * scale[None, :], -1.0, 1.0)
    return angles


def shortened(distances: Matrix, bound: float) -> Vector:
    """(n,) factors that bring each row's norm down to `bound`; the last row of `distances` is the model that was sent."""
    norms = np.sqrt(distances[-1, :-1])
    factors: Vector = np.minimum(1.0, np.divide(bound, norms, out=np.ones_like(norms), where=norms > 0))
    return factors
