"""What rules are by definition: oracles that are slow and obvious, in float64."""

from collections.abc import Callable
from functools import partial
from itertools import combinations

import numpy as np
import pytest


def slow(name: str, rows: np.ndarray, f: int, root: np.ndarray) -> np.ndarray:
    """The definitions of the papers, coordinate by coordinate, pair by pair and subset by subset."""
    n, d = rows.shape
    if name in ROOTED:
        return ROOTED[name](rows, f, root)
    if name in ORACLES:
        return ORACLES[name](rows, f)
    if name in COLUMNS:
        return np.array([COLUMNS[name](rows[:, j], f) for j in range(d)])
    subsets = [rows[list(kept)] for kept in combinations(range(n), n - f)]
    return np.mean(min(subsets, key=SPREADS[name]), axis=0)


def nearest(column: np.ndarray, centre: float, f: int) -> float:
    """Among ties at the edge of the window, the larger value stays out: as a sliding window over sorted values decides."""
    kept = sorted(column)
    while len(kept) > len(column) - f:
        kept.pop(0 if kept[-1] - centre < centre - kept[0] else -1)
    return float(np.mean(kept))


def scores(rows: np.ndarray, f: int) -> list[float]:
    n = len(rows)
    return [sum(sorted(np.sum((rows[i] - rows[k]) ** 2) for k in range(n) if k != i)[: n - f - 2]) for i in range(n)]


def by_score(rows: np.ndarray, f: int) -> list[int]:
    """Row numbers, the best first; of two that tie, the one nearer to everybody."""
    score, far = np.array(scores(rows, f)), [np.sum((rows - row) ** 2) for row in rows]
    score = score / (np.median(score) or 1.0)
    return sorted(range(len(rows)), key=lambda i: (round(float(score[i]), 9), far[i]))


def slow_bulyan(rows: np.ndarray, f: int) -> np.ndarray:
    left, chosen = list(range(len(rows))), []
    while len(chosen) < len(rows) - 2 * f:
        chosen.append(left.pop(by_score(rows[left], min(f, max(0, len(left) - 3)))[0]))
    kept = rows[sorted(chosen)]
    return np.array([nearest(column, np.median(column), 2 * f) for column in kept.T])


def cost_of(rows: np.ndarray, point: np.ndarray) -> float:
    return float(np.linalg.norm(rows - point, axis=1).sum())


def slow_geometric_median(rows: np.ndarray, _f: int) -> np.ndarray:
    from scipy.optimize import minimize

    cost = partial(cost_of, rows)
    best = min(
        (minimize(cost, start, method="BFGS", options={"gtol": 1e-10}).x for start in (rows.mean(0), np.median(rows, 0))),
        key=cost,
    )
    return min([best, *rows], key=cost)


def slow_centred_clipping(rows: np.ndarray, _f: int) -> np.ndarray:
    centre = np.zeros(rows.shape[1])
    for _ in range(10):
        lengths = np.linalg.norm(rows - centre, axis=1)
        radius = np.median(lengths)
        if radius == 0:
            break
        centre = centre + np.mean(
            [(row - centre) * min(1, radius / max(length, radius)) for row, length in zip(rows, lengths, strict=True)], axis=0
        )
    return centre


def slow_caf(rows: np.ndarray, f: int) -> np.ndarray:
    kept, best, least = np.ones(len(rows)), rows.mean(0), np.inf
    while kept.sum() > len(rows) - 2 * f:
        mean = kept @ rows / kept.sum()
        covariance = (kept[:, None] * (rows - mean)).T @ (rows - mean) / kept.sum()
        values, vectors = np.linalg.eigh(covariance)
        if values[-1] < least:
            best, least = mean, values[-1]
        if f == 0 or values[-1] <= 1e-12:
            break
        along = ((rows - mean) @ vectors[:, -1]) ** 2
        kept = np.maximum(kept * (1 - along / along[kept > 0].max()), 0)
        kept[kept < 1e-9] = 0
    return best


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths else 0.0


def short(rows: np.ndarray, bound: float) -> np.ndarray:
    return np.array([row * min(1, bound / max(np.linalg.norm(row), 1e-300)) for row in rows])


def median_norm(rows: np.ndarray) -> float:
    return float(np.median(np.linalg.norm(rows, axis=1)))


def slow_dnc(rows: np.ndarray, f: int) -> np.ndarray:
    centred = rows - rows.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    return rows[np.argsort((centred @ direction) ** 2, kind="stable")[: len(rows) - f]].mean(axis=0)


def slow_flame(rows: np.ndarray, _f: int) -> np.ndarray:
    """With scikit-learn's HDBSCAN, as the paper's authors use it."""
    from sklearn.cluster import HDBSCAN

    n = len(rows)
    kept = np.arange(n)
    if n > 2:  # HDBSCAN wants at least two neighbours
        distances = np.array([[max(0.0, 1 - cosine(a, b)) for b in rows] for a in rows])
        np.fill_diagonal(distances, 0)
        clusters = HDBSCAN(min_cluster_size=n // 2 + 1, min_samples=1, metric="precomputed", allow_single_cluster=True)
        kept = np.flatnonzero(clusters.fit(distances).labels_ == 0)
    return short(rows, median_norm(rows))[kept].mean(axis=0)


def slow_clipped_clustering(rows: np.ndarray, _f: int) -> np.ndarray:
    from sklearn.cluster import AgglomerativeClustering

    clipped = short(rows, median_norm(rows))
    if len(rows) < 3:
        return clipped.mean(axis=0)
    angles = np.array([[1 - cosine(a, b) for b in rows] for a in rows])
    labels = AgglomerativeClustering(2, metric="precomputed", linkage="average").fit(angles).labels_
    tight = [-angles[np.ix_(labels == k, labels == k)].mean() for k in (0, 1)]
    kept = max((0, 1), key=lambda k: (np.sum(labels == k), tight[k]))
    return clipped[labels == kept].mean(axis=0)


def slow_signguard(rows: np.ndarray, _f: int) -> np.ndarray:
    from sklearn.cluster import MeanShift, estimate_bandwidth

    norms = np.linalg.norm(rows, axis=1)
    fits = (norms >= 0.1 * np.median(norms)) & (norms <= 3 * np.median(norms))
    shares = np.array([[np.mean(row < 0), np.mean(row == 0), np.mean(row > 0)] for row in rows])
    width = estimate_bandwidth(shares, quantile=0.5)
    labels = MeanShift(bandwidth=width).fit(shares).labels_ if width > 0 else np.zeros(len(rows), int)
    kept = fits & (labels == np.bincount(labels).argmax())
    return short(rows, np.median(norms))[kept].mean(axis=0) if kept.any() else np.zeros(rows.shape[1])


def slow_foolsgold(rows: np.ndarray, _f: int) -> np.ndarray:
    """Algorithm 1 of the paper, in its first round: loops, as printed."""
    n = len(rows)
    if n == 1:
        return rows[0]
    cs = [[cosine(rows[i], rows[j]) if i != j else -np.inf for j in range(n)] for i in range(n)]
    v = [max(row) for row in cs]
    for i in range(n):
        for j in range(n):
            if v[j] > v[i] and v[j] > 0:
                cs[i][j] *= v[i] / v[j]
    alpha = np.array([min(1.0, max(0.0, 1 - max(cs[i][j] for j in range(n) if j != i))) for i in range(n)])
    if alpha.max() == 0:
        return np.zeros(rows.shape[1])
    alpha /= alpha.max()
    alpha[alpha > 0.99] = 0.99
    with np.errstate(divide="ignore"):
        alpha = np.clip(np.log(alpha / (1 - alpha)) + 0.5, 0, 1)
    return alpha @ rows / alpha.sum()


def slow_fltrust(rows: np.ndarray, _f: int, root: np.ndarray) -> np.ndarray:
    trust = np.array([max(0.0, cosine(row, root)) for row in rows])
    if trust.sum() == 0:
        return np.zeros(rows.shape[1])
    return sum(t * row * np.linalg.norm(root) / np.linalg.norm(row) for t, row in zip(trust, rows, strict=True)) / trust.sum()


def slow_monna(rows: np.ndarray, f: int, root: np.ndarray) -> np.ndarray:
    return np.mean([root, *sorted(rows, key=lambda row: np.linalg.norm(row - root))[: len(rows) - f]], axis=0)


def slow_vote(rows: np.ndarray, _f: int) -> np.ndarray:
    return median_norm(rows) / np.sqrt(rows.shape[1]) * np.sign(np.sign(rows).sum(axis=0))


def slow_learning_rate(rows: np.ndarray, _f: int) -> np.ndarray:
    agreed = np.abs(np.sign(rows).sum(axis=0)) >= len(rows) // 3 + 1
    return np.where(agreed, 1, -1) * rows.mean(axis=0)


COLUMNS = {
    "mean": lambda column, _: np.mean(column),
    "median": lambda column, _: np.median(column),
    "trimmed-mean": lambda column, f: np.mean(sorted(column)[f : len(column) - f]),
    "meamed": lambda column, f: nearest(column, np.median(column), f),
    "phocas": lambda column, f: nearest(column, np.mean(sorted(column)[f : len(column) - f]), f),
}
SPREADS = {
    "mda": lambda rows: max((np.linalg.norm(a - b) for a, b in combinations(rows, 2)), default=0.0),
    "smea": lambda rows: np.linalg.eigvalsh(np.atleast_2d(np.cov(rows.T, bias=True)))[-1] if len(rows) > 1 else 0.0,
}
ORACLES = {
    "krum": lambda rows, f: rows[by_score(rows, f)[0]],
    "multi-krum": lambda rows, f: np.mean(rows[by_score(rows, f)[: len(rows) - f]], axis=0),
    "bulyan": slow_bulyan,
    "medoid": lambda rows, _: min(rows, key=lambda row: np.linalg.norm(rows - row, axis=1).sum()),
    "geometric-median": slow_geometric_median,
    "centred-clipping": slow_centred_clipping,
    "caf": slow_caf,
    "cge": lambda rows, f: np.mean(sorted(rows, key=np.linalg.norm)[: len(rows) - f], axis=0),
    "norm-bounded-mean": lambda rows, _: np.mean(
        [row * min(1, np.median(np.linalg.norm(rows, axis=1)) / max(np.linalg.norm(row), 1e-300)) for row in rows], axis=0
    ),
    "dnc": slow_dnc,
    "flame": slow_flame,
    "clipped-clustering": slow_clipped_clustering,
    "signguard": slow_signguard,
    "foolsgold": slow_foolsgold,
    "sign-majority": slow_vote,
    "robust-learning-rate": slow_learning_rate,
}
ROOTED = {"fltrust": slow_fltrust, "monna": slow_monna}


@pytest.fixture(scope="session")
def oracle() -> Callable[[str, np.ndarray, int, np.ndarray], np.ndarray]:
    """`oracle(rule, rows, f, root)`: (n, d) updates in float64, and the server's own, to the result by definition."""
    return slow
