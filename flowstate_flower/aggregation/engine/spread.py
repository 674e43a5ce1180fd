"""The direction in which rows spread most, and the filter along it, compiled by numba: LAPACK finds all n eigenpairs, and one
is asked for.

A symmetric matrix is brought to three diagonals by reflections, its largest eigenvalue found there by bisection, the vector by
a twisted factorisation (Dhillon and Parlett 2004, doi:10.1016/j.laa.2003.12.028). Loops are written out: they compile faster.
"""

from typing import Any

import numpy as np

from flowstate_flower.aggregation.engine.intrinsics import compiled

SUMS = {"reassoc", "contract", "nsz"}  # in any order, as LAPACK's are
NO_PIVOT = 1e-32  # in place of a pivot of 0, beside the largest number of the matrix
SMALLEST = np.finfo(np.float64).tiny


@compiled(fastmath=SUMS)
def to_three_diagonals(matrix: Any, diagonal: Any, beside: Any) -> None:
    """Reflect the (n, n) matrix to `diagonal`, (n,), and `beside`, (n,), whose last is 0. Its rows become the reflections: that
    of row i mirrors the coordinates from i + 1 on, along a vector of length √2 or none.
    """
    n = len(matrix)
    product = np.zeros(n)
    for i in range(n - 1):
        mirror = matrix[i]
        diagonal[i] = mirror[i]
        length = 0.0
        for k in range(i + 1, n):
            length += mirror[k] * mirror[k]
        length = np.sqrt(length)
        first = mirror[i + 1]
        beside[i] = -length if first > 0 else length
        scale = length * (length + abs(first))
        mirror[i + 1] = first - beside[i]
        inverse = 1 / np.sqrt(scale) if scale > 0 else 0.0
        for k in range(i + 1, n):
            mirror[k] *= inverse
        along = 0.0
        for j in range(i + 1, n):
            row, total = matrix[j], 0.0
            for k in range(i + 1, n):
                total += row[k] * mirror[k]
            product[j] = total
            along += mirror[j] * total
        for j in range(i + 1, n):
            product[j] -= 0.5 * along * mirror[j]
        for j in range(i + 1, n):
            row, own, other = matrix[j], mirror[j], product[j]
            for k in range(i + 1, n):
                row[k] -= own * product[k] + other * mirror[k]
    diagonal[n - 1] = matrix[n - 1, n - 1]
    beside[n - 1] = 0.0


@compiled()
def largest_of(diagonal: Any, beside: Any, least: float) -> Any:
    """The largest eigenvalue of the matrix of three diagonals, by bisection: from it on, less it no pivot is positive. None is
    nearer to 0 than `least`.
    """
    n = len(diagonal)
    low = high = diagonal[0]
    for i in range(n):
        reach = abs(beside[i]) + (abs(beside[i - 1]) if i > 0 else 0.0)
        low, high = max(low, diagonal[i]), max(high, diagonal[i] + reach)
    while low < low + 0.5 * (high - low) < high:
        middle = low + 0.5 * (high - low)
        pivot = diagonal[0] - middle
        for i in range(1, n):
            if pivot > 0:
                break
            pivot = diagonal[i] - middle - beside[i - 1] * beside[i - 1] / min(pivot, -least)
        if pivot > 0:
            low = middle
        else:
            high = middle
    return high


@compiled()
def vector_of(diagonal: Any, beside: Any, value: float, least: float, direction: Any) -> None:
    """Fill `direction`, (n,), with a unit eigenvector of the matrix of three diagonals for its largest eigenvalue."""
    n = len(diagonal)
    down, up = np.zeros(n), np.zeros(n)  # the pivots from the first row on, and from the last
    for i in range(n):
        j = n - 1 - i
        down[i] = diagonal[i] - value - (beside[i - 1] * beside[i - 1] / down[i - 1] if i > 0 else 0.0)
        up[j] = diagonal[j] - value - (beside[j] * beside[j] / up[j + 1] if i > 0 else 0.0)
        down[i], up[j] = min(down[i], -least), min(up[j], -least)
    twist, nearest = 0, np.inf
    for i in range(n):
        rest = abs(down[i] + up[i] - (diagonal[i] - value))
        if rest < nearest:
            twist, nearest = i, rest
    square = direction[twist] = 1.0
    for i in range(twist - 1, -1, -1):
        direction[i] = -beside[i] * direction[i + 1] / down[i]
        square += direction[i] * direction[i]
    for i in range(twist + 1, n):
        direction[i] = -beside[i - 1] * direction[i - 1] / up[i]
        square += direction[i] * direction[i]
    for i in range(n):
        direction[i] /= np.sqrt(square)


@compiled()
def top_pair(matrix: Any, direction: Any) -> Any:
    """Fill `direction`, (n,), with a unit eigenvector of the largest eigenvalue of the symmetric (n, n) matrix, which is
    overwritten. Returns that eigenvalue.
    """
    n = len(matrix)
    diagonal, beside = np.zeros(n), np.zeros(n)
    to_three_diagonals(matrix, diagonal, beside)
    largest = 0.0
    for i in range(n):
        largest = max(largest, abs(diagonal[i]), abs(beside[i]))
    least = NO_PIVOT * largest + SMALLEST
    value = largest_of(diagonal, beside, least)
    vector_of(diagonal, beside, value, least, direction)
    for i in range(n - 2, -1, -1):
        along = 0.0
        for k in range(i + 1, n):
            along += matrix[i, k] * direction[k]
        for k in range(i + 1, n):
            direction[k] -= along * matrix[i, k]
    return value


@compiled()
def spread_along(distances: Any, weights: Any, along: Any) -> Any:
    """Fill `along`, (n,), with how far each row lies from the weighted mean, squared, in the direction in which the weighted
    rows spread most. Returns their variance in that direction, by which all of `along` is multiplied.
    """
    n = len(weights)
    to_mean, direction, scaled = np.zeros(n), np.zeros(n), np.zeros((n, n))
    whole = 0.0
    for i in range(n):
        for k in range(n):
            to_mean[i] += distances[i, k] * weights[k]
        whole += weights[i] * to_mean[i]
    for i in range(n):
        for k in range(n):
            product = -0.5 * (distances[i, k] - to_mean[i] - to_mean[k] + whole)
            scaled[i, k] = product * np.sqrt(weights[i] * weights[k])
    top = top_pair(scaled, direction)
    for i in range(n):
        along[i] = 0.0
        for k in range(n):
            product = -0.5 * (distances[i, k] - to_mean[i] - to_mean[k] + whole)
            along[i] += product * np.sqrt(weights[k]) * direction[k]
        along[i] *= along[i]
    return top


@compiled()
def filtered(distances: Any, byzantine: int, nothing: float, best: Any) -> None:
    """Make `best`, (n,), the weights of the covariance-bound agnostic filter: see `geometry.caf`. What is below `nothing` of
    the whole counts as 0.
    """
    n = len(distances)
    kept, weights, along = np.ones(n), np.zeros(n), np.zeros(n)
    total, least, farthest = float(n), np.inf, 0.0
    for i in range(n):
        best[i] = 1 / n
        for k in range(n):
            farthest = max(farthest, distances[i, k])
    while total > n - 2 * byzantine:
        most = 0.0
        for i in range(n):
            weights[i] = kept[i] / total
        top = spread_along(distances, weights, along)
        for i in range(n):
            if top < least:
                best[i] = weights[i]
            if kept[i] > 0:
                most = max(most, along[i])
        least = min(least, top)
        if top <= nothing * farthest:
            return
        total = 0.0
        for i in range(n):
            kept[i] *= max(1 - along[i] / most, 0.0)
            if kept[i] < nothing:
                kept[i] = 0.0
            total += kept[i]
