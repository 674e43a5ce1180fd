"""The same passes in plain numpy, block by block: the fallback, and the oracle that the kernels are held to."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.updates import Matrix

BLOCK_COLUMNS = 16_384

Block = NDArray[Any]
Work = Callable[[Block, Block, Block], None]  # rows (n, k), base (k,), out (k,), all in the working precision


def rank_mean(first: int, stop: int) -> Work:
    """Mean of the values of rank first…stop-1, minus the base. The kept values are added: subtracting outliers from a total
    would leave nothing but their rounding.
    """

    def work(rows: Block, base: Block, out: Block) -> None:
        rows.sort(axis=0)
        _mean(rows[first:stop] - base, out)

    return work


def mean_around(keep: int, centre: tuple[int, int]) -> Work:
    """Mean of the `keep` values nearest the mean of the ranks centre[0]…centre[1]-1, minus the base."""

    def work(rows: Block, base: Block, out: Block) -> None:
        rows.sort(axis=0)
        rows -= base
        middle = np.empty_like(out)
        _mean(rows[centre[0] : centre[1]], middle)
        moved = [rows[j + keep] - middle < middle - rows[j] for j in range(len(rows) - keep)]
        total = np.zeros_like(out)
        for j, row in enumerate(rows):
            inside = np.ones(len(row), dtype=bool)
            if j < len(moved):
                inside &= ~moved[j]
            if j >= keep:
                inside &= moved[j - keep]
            total += np.where(inside, row, row.dtype.type(0))
        np.multiply(total, total.dtype.type(1 / keep), out=out)

    return work


def mixed(matrix: Matrix, inner: Work) -> Work:
    """`inner` on the rows of `matrix` times the differences to the base."""

    def work(rows: Block, base: Block, out: Block) -> None:
        gaps = rows - base
        inner(matrix.astype(rows.dtype) @ gaps, np.zeros_like(base), out)

    return work


def weighted_sum(weights: Block) -> Work:
    """Σ weights[i] · (rows[i] - base), in the order of rows."""

    def work(rows: Block, base: Block, out: Block) -> None:
        out[:] = weights[0] * (rows[0] - base)
        for weight, row in zip(weights[1:], rows[1:], strict=True):
            out += weight * (row - base)

    return work


def voted_mean(threshold: float) -> Work:
    """Mean of the differences to the base, or minus it where the sum of their signs is below the threshold."""

    def work(rows: Block, base: Block, out: Block) -> None:
        gaps = rows - base
        _mean(gaps, out)
        np.negative(out, out=out, where=np.abs(np.sign(gaps).sum(axis=0)) < threshold)

    return work


def sign_vote(rows: Block, base: Block, out: Block) -> None:
    """Sign of the sum of the signs of the differences to the base."""
    np.sign(np.sign(rows - base).sum(axis=0), out=out)


def sign_counts(total: Block) -> Work:
    """Add to `total`, (n, 3), how many differences to the base are negative, zero, positive."""

    def work(rows: Block, base: Block, out: Block) -> None:
        for side, compare in enumerate((np.less, np.equal, np.greater)):
            total[:, side] += compare(rows, base).sum(axis=1)

    return work


def moments(rows: Sequence[Block], base: Block, direction: Block, place: int, columns: range, width: int, groups: int) -> Block:
    """(2, n, groups) products with `direction` and squares of the rows' differences to the base: see `pairs.add_moments`."""
    total = np.zeros((2, len(rows), groups))
    for low in range(columns.start, columns.stop, BLOCK_COLUMNS):
        high = min(low + BLOCK_COLUMNS, columns.stop)
        group = np.arange(place + low, place + high) // width % groups
        towards = direction[place + low : place + high].astype(np.float64)
        for i, row in enumerate(rows):
            gap = row[low:high].astype(np.float64) - base[low:high].astype(np.float64)
            total[0, i] += np.bincount(group, gap * towards, groups)
            total[1, i] += np.bincount(group, gap * gap, groups)
    return total


def squared_distances(rows: Sequence[Block], start: int, end: int) -> Matrix:
    """(n, n), above the diagonal: direct differences in float64."""
    n = len(rows)
    total = np.zeros((n, n))
    for low in range(start, end, BLOCK_COLUMNS):
        block = np.array([row[low : min(low + BLOCK_COLUMNS, end)] for row in rows], dtype=np.float64)
        for i in range(n):
            gaps = block[i + 1 :] - block[i]
            total[i, i + 1 :] += np.einsum("ij,ij->i", gaps, gaps)
    return total


def _mean(rows: Block, out: Block) -> None:
    total = rows[0].copy()
    for row in rows[1:]:
        total += row
    np.multiply(total, total.dtype.type(1 / len(rows)), out=out)
