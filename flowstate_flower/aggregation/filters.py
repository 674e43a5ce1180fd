"""Row rules that first throw rows out: by spread, by direction, by size, by the signs of their coordinates."""

import numpy as np
import scipy  # whose parts are loaded when they are first used

from flowstate_flower.aggregation.engine import sign_counts, weighted_sum
from flowstate_flower.aggregation.geometry import centred_gram
from flowstate_flower.aggregation.one_thread import one_blas_thread
from flowstate_flower.aggregation.rule import Aggregate
from flowstate_flower.aggregation.updates import Matrix, Updates, Vector
from flowstate_flower.aggregation.weighing import cosines, distances_of, inner_products, mean_of, placed, shortened
from flowstate_flower.errors import BadInput

NORMS = "norms"


def dnc(updates: Updates, byzantine: int, *, remove: float = 1.0) -> Aggregate:
    """Divide and conquer: the mean without the ⌊remove · f⌋ rows that stick out most along the direction of largest spread."""
    n = updates.n
    gone = int(remove * byzantine)
    if not 0 <= gone < n:
        raise BadInput(f"dnc would remove {gone} of {n} rows", hint="remove is a factor on f, about 1")
    gram = centred_gram(distances_of(updates))
    with one_blas_thread(n):
        values, vectors = np.linalg.eigh(gram)
    scores = np.abs(values[-1]) * vectors[:, -1] ** 2  # squared projections of the centred rows on the top direction
    weights = mean_of(np.argsort(scores, kind="stable")[: n - gone], n)
    return Aggregate(weighted_sum(updates, weights), weights)


def flame(distances: Matrix, byzantine: int) -> Vector:
    """FLAME's clustering and clipping: of the rows by cosine, the tightest cluster of more than half; each row shortened to the
    median norm of all. Its noise is left out.
    """
    kept = majority_cluster(1 - cosines(inner_products(distances)))
    bound = float(np.median(np.sqrt(distances[-1, :-1])))
    return mean_of(kept, len(distances) - 1) * shortened(distances, bound)


def majority_cluster(distances: Matrix) -> Vector:
    """Rows of the first single-linkage cluster with more than half of them: what HDBSCAN keeps where a cluster must be a
    majority.
    """
    n = len(distances)
    limits = np.unique(distances[np.triu_indices(n, 1)])
    low, high = 0, len(limits) - 1
    rows = np.arange(n)
    while low <= high:
        middle = (low + high) // 2
        _, labels = scipy.sparse.csgraph.connected_components(distances <= limits[middle], directed=False)
        sizes = np.bincount(labels)
        if 2 * sizes.max() > n:
            rows, high = np.flatnonzero(labels == sizes.argmax()), middle - 1
        else:
            low = middle + 1
    return rows


def clipped_clustering(updates: Updates, byzantine: int) -> Aggregate:
    """Two clusters by cosine and average linkage; the mean of the larger one, each row shortened to the median of all norms
    seen, in this round and before.
    """
    place = placed(updates.with_origin(), around=-1)
    distances = place.distances
    seen = np.append(updates.memory.get(NORMS, np.zeros(0)), np.sqrt(distances[-1, :-1]))
    kept = _larger_half(1 - cosines(inner_products(distances)))
    weights = mean_of(kept, updates.n) * shortened(distances, float(np.median(seen))) * place.scale[:-1]
    return Aggregate(weighted_sum(updates, weights), weights, {NORMS: seen})


def _larger_half(distances: Matrix) -> Vector:
    """Rows of the larger of two clusters by average linkage; of two of one size, the tighter one."""
    if len(distances) < 3:
        return np.arange(len(distances))
    hierarchy, pairs = scipy.cluster.hierarchy, scipy.spatial.distance.squareform(distances, checks=False)
    labels = hierarchy.fcluster(hierarchy.linkage(pairs, "average"), 2, "maxclust")
    clusters = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return max(clusters, key=lambda rows: (len(rows), -distances[np.ix_(rows, rows)].mean()))


def signguard(updates: Updates, byzantine: int, *, shortest: float = 0.1, longest: float = 3.0) -> Aggregate:
    """SignGuard: rows whose norm is plausible beside the median, and whose shares of negative, zero and positive coordinates
    lie in the largest cluster; their mean, each shortened to the median norm.

    The paper counts the signs of a random tenth of the coordinates; here all are counted, so nothing is drawn.
    """
    distances = distances_of(updates.with_origin())
    norms = np.sqrt(distances[-1, :-1])
    middle = float(np.median(norms))
    plausible = (norms >= shortest * middle) & (norms <= longest * middle)
    kept = np.flatnonzero(plausible & _largest_mode(sign_counts(updates) / max(1, updates.layout.dimension)))
    weights = np.zeros(updates.n)
    if len(kept):
        weights = mean_of(kept, updates.n) * shortened(distances, middle)
    return Aggregate(weighted_sum(updates, weights), weights)


def _largest_mode(features: Matrix) -> Vector:
    """(n,) whether each row belongs to the largest cluster that mean shift finds."""
    from sklearn.cluster import MeanShift, estimate_bandwidth

    bandwidth = estimate_bandwidth(features, quantile=0.5)
    if not bandwidth > 0:
        return np.ones(len(features), dtype=bool)
    labels = MeanShift(bandwidth=bandwidth).fit(features).labels_
    largest: Vector = labels == np.bincount(labels).argmax()
    return largest
