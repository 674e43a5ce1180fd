"""The iterations of `geometry` on an (n, n) matrix, compiled by numba: for few rows numpy's calls cost more than the updates'
own passes. The numpy forms stay in `geometry`, as the fallback and the oracle.
"""

from typing import Any

import numpy as np

from flowstate_flower.aggregation.engine.pairs import compiled


@compiled()
def lengths_to(distances: Any, weights: Any, lengths: Any) -> None:
    """Fill `lengths`, (k,), with the distances of the first k rows to the point that the weights, which sum to 1, stand for."""
    n = len(weights)
    whole = 0.0
    for i in range(n):
        product = 0.0
        for k in range(n):
            product += distances[i, k] * weights[k]
        whole += weights[i] * product
        if i < len(lengths):
            lengths[i] = product
    for i in range(len(lengths)):
        lengths[i] = np.sqrt(max(lengths[i] - 0.5 * whole, 0.0))


@compiled()
def step_of_weiszfeld(distances: Any, weights: Any, lengths: Any, nearby: float, target: Any) -> None:
    """Fill `target` with where the next step leads: see `geometry`."""
    n = len(weights)
    total, here = 0.0, 0
    for i in range(n):
        if lengths[i] <= nearby:
            target[i] = 0.0
            here += 1
        else:
            target[i] = 1 / lengths[i]
        total += target[i]
    if total == 0:
        target[:] = weights
        return
    target /= total
    if here > 0:
        square = 0.0
        for i in range(n):
            product = 0.0
            for k in range(n):
                product += distances[i, k] * (target[k] - weights[k])
            square -= 0.5 * (target[i] - weights[i]) * product
        pull = total * np.sqrt(max(0.0, square))
        stay = min(1.0, here / pull) if pull > 0 else 1.0
        for i in range(n):
            target[i] = (1 - stay) * target[i] + stay * weights[i]


@compiled()
def weiszfeld(
    distances: Any, weights: Any, near: Any, nearby: float, most_steps: int, longest: float, converged: float
) -> None:
    """Move `weights`, (n,), to the geometric median of the rows: see `geometry.geometric_median`."""
    n = len(weights)
    lengths, target, trial = np.empty(n), np.empty(n), np.empty(n)
    lengths_to(distances, weights, lengths)
    for _ in range(most_steps):
        before = 0.0
        for i in range(n):
            before += lengths[i] * near[i]
        step_of_weiszfeld(distances, weights, lengths, nearby, target)
        gap = target - weights
        stretch = 1.0
        lengths_to(distances, weights + gap, trial)
        best = trial.sum()
        while stretch < longest:
            lengths_to(distances, weights + 2 * stretch * gap, trial)
            longer = trial.sum()
            if not longer < best:
                break
            stretch, best = 2 * stretch, longer
        weights += stretch * gap
        lengths_to(distances, weights, lengths)
        after = 0.0
        for i in range(n):
            after += lengths[i] * near[i]
        if abs(before - after) <= converged * before:
            break


@compiled()
def clipped_steps(distances: Any, place: Any, n: int, steps: int) -> None:
    """Move `place`, weights on n rows and what comes after them, by steps of centred clipping: see `geometry`."""
    lengths, pull = np.empty(n), np.empty(n)
    for _ in range(steps):
        lengths_to(distances, place, lengths)
        ordered = np.sort(lengths)
        radius = 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
        if radius == 0:
            break
        total = 0.0
        for i in range(n):
            pull[i] = min(1.0, radius / max(lengths[i], radius)) / n
            total += pull[i]
        for i in range(len(place)):
            place[i] *= 1 - total
        for i in range(n):
            place[i] += pull[i]
