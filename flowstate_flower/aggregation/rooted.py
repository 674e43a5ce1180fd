"""Rules that trust an update of the server's own: trained on a small, clean root data set, from the model that was sent."""

import numpy as np

from flowstate_flower.aggregation.engine import weighted_sum
from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Updates
from flowstate_flower.aggregation.weighing import cosines, distances_of, inner_products, mean_of, placed, with_guest


def fltrust(updates: Updates, byzantine: int) -> Aggregate:
    """FLTrust: each row counts as far as it points where the server's own update does, and is made as long as that one."""
    n = updates.n
    place = placed(_with_root(updates).with_origin(), around=-1)
    products = inner_products(place.distances)
    trust = np.maximum(cosines(products)[n, :n], 0.0)
    if trust.sum() == 0:
        return Aggregate(weighted_sum(updates, trust), trust)
    lengths = np.sqrt(np.diag(products))
    scale = np.divide(lengths[n], lengths[:n], out=np.zeros(n), where=lengths[:n] > 0)
    weights = trust / trust.sum() * scale * place.scale[:n]
    return Aggregate(weighted_sum(updates, weights), weights)


def monna(updates: Updates, byzantine: int) -> Aggregate:
    """MoNNA, the server being one of the nodes: the mean of its own update and the n - f rows nearest to it."""
    n, everybody = updates.n, _with_root(updates)
    to_root = distances_of(everybody)[n, :n]
    nearest = np.argsort(to_root, kind="stable")[: n - byzantine]
    weights = mean_of(np.append(nearest, n), n + 1)
    return Aggregate(weighted_sum(everybody, weights), weights[:n])


def _with_root(updates: Updates) -> Updates:
    """The rows and, as the last one, the server's own, which `Rule` has seen to be there."""
    if updates.root is None:
        raise ValueError("no update of the server's own")
    return with_guest(updates, updates.root)
