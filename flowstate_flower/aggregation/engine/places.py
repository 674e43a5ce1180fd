"""The iterations of `geometry` on an (n, n) matrix, compiled by numba: for few rows numpy's calls cost more than the updates'
own passes. The numpy forms stay in `geometry`, as the fallback and the oracle. Loops are written out: they compile faster.
"""

from typing import Any

import numpy as np

from flowstate_flower.aggregation.engine.intrinsics import compiled


@compiled()
def lengths_to(distances: Any, weights: Any, gap: Any, stretch: float, lengths: Any) -> float:
    """Fill `lengths`, (k,), with the distances of the first k rows to the point that weights + stretch · gap stand for, which
    sum to 1. Returns their sum.
    """
    n = len(weights)
    whole = 0.0
    for i in range(n):
        product = 0.0
        for k in range(n):
            product += distances[i, k] * (weights[k] + stretch * gap[k])
        whole += (weights[i] + stretch * gap[i]) * product
        if i < len(lengths):
            lengths[i] = product
    total = 0.0
    for i in range(len(lengths)):
        lengths[i] = np.sqrt(max(lengths[i] - 0.5 * whole, 0.0))
        total += lengths[i]
    return total


@compiled()
def step_of_weiszfeld(distances: Any, weights: Any, lengths: Any, nearby: float, gap: Any) -> None:
    """Fill `gap` with how the next step changes the weights: see `geometry`."""
    n = len(weights)
    total, here = 0.0, 0
    for i in range(n):
        if lengths[i] <= nearby:
            here += 1
        else:
            total += 1 / lengths[i]
    for i in range(n):
        pull = 0.0 if lengths[i] <= nearby else 1 / lengths[i]
        gap[i] = pull / total - weights[i] if total > 0 else 0.0
    if here > 0 and total > 0:
        square = 0.0
        for i in range(n):
            product = 0.0
            for k in range(n):
                product += distances[i, k] * gap[k]
            square -= 0.5 * gap[i] * product
        pull = total * np.sqrt(max(0.0, square))
        stay = min(1.0, here / pull) if pull > 0 else 1.0
        for i in range(n):
            gap[i] *= 1 - stay


@compiled()
def middle_of(values: Any, ordered: Any) -> Any:
    """The median of a few numbers; `ordered` is room for them."""
    n = len(values)
    for i in range(n):
        k = i
        while k > 0 and ordered[k - 1] > values[i]:
            ordered[k] = ordered[k - 1]
            k -= 1
        ordered[k] = values[i]
    return 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])


@compiled()
def medoid_and_radius(distances: Any, weights: Any) -> float:
    """Put `weights`, (n,), on the row with the smallest sum of distances to all. Returns the radius that holds half of the
    rows: the least, over all rows, of the median of the distances to it.
    """
    n = len(weights)
    ordered, least, narrowest, first = np.zeros(n), np.inf, np.inf, 0
    for i in range(n):
        total = 0.0
        for k in range(n):
            total += np.sqrt(distances[i, k])
        if total < least:
            least, first = total, i
        narrowest = min(narrowest, middle_of(distances[i], ordered))
    for i in range(n):
        weights[i] = 1.0 if i == first else 0.0
    radius: float = np.sqrt(narrowest)
    return radius


@compiled()
def weiszfeld(
    distances: Any, weights: Any, far: float, nearby: float, most_steps: int, longest: float, converged: float
) -> None:
    """Make `weights`, (n,), the geometric median of the rows: see `geometry.geometric_median`. A row further than `far` from
    where it begins is no measure of convergence, one within `nearby` is where the median is. Both are in units of the radius.
    """
    n = len(weights)
    lengths, gap, trial, near = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    radius = medoid_and_radius(distances, weights)
    nearby *= radius
    lengths_to(distances, weights, gap, 0.0, lengths)
    for i in range(n):
        near[i] = lengths[i] <= far * radius
    for _ in range(most_steps):
        step_of_weiszfeld(distances, weights, lengths, nearby, gap)
        stretch = 1.0
        best = lengths_to(distances, weights, gap, stretch, trial)
        while stretch < longest:
            longer = lengths_to(distances, weights, gap, 2 * stretch, trial)
            if not longer < best:
                break
            stretch, best = 2 * stretch, longer
        before = after = 0.0
        for i in range(n):
            weights[i] += stretch * gap[i]
            before += lengths[i] * near[i]
        lengths_to(distances, weights, gap, 0.0, lengths)
        for i in range(n):
            after += lengths[i] * near[i]
        if abs(before - after) <= converged * before:
            break


@compiled()
def clipped_steps(distances: Any, place: Any, n: int, steps: int) -> None:
    """Move `place`, weights on n rows and what comes after them, by steps of centred clipping: see `geometry`."""
    lengths, ordered = np.zeros(n), np.zeros(n)
    for _ in range(steps):
        lengths_to(distances, place, place, 0.0, lengths)
        radius = middle_of(lengths, ordered)
        if radius == 0:
            break
        total = 0.0
        for i in range(n):
            total += min(1.0, radius / max(lengths[i], radius)) / n
        for i in range(len(place)):
            place[i] *= 1 - total
        for i in range(n):
            place[i] += min(1.0, radius / max(lengths[i], radius)) / n
