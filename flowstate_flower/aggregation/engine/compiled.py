"""The kernels of this engine as machine code, each made when it is first asked for."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowstate_flower import machine_code
from flowstate_flower.aggregation.engine.differences import MOST_ROWS, Pace, Pairs, blocks, differences_ir, pace
from flowstate_flower.aggregation.engine.emit import mean_around_ir, rank_mean_ir
from flowstate_flower.machine_code import Kernel, address_of

Numbers = NDArray[np.int64]


@cache
def rank_mean_kernel(n: int, first: int, stop: int) -> Kernel:
    """See `emit.rank_mean_ir`. Its arguments: the address of the rows' addresses, the base, start, end, where to write."""
    return machine_code.compiled(rank_mean_ir(n, first, stop, machine_code.lanes()))


@cache
def mean_around_kernel(n: int, keep: int, centre: tuple[int, int]) -> Kernel:
    """See `emit.mean_around_ir`."""
    return machine_code.compiled(mean_around_ir(n, keep, centre, machine_code.lanes()))


class PairPlan(NamedTuple):
    """How the distances between n rows are taken, block by block of `differences.blocks`."""

    kernels: Numbers  # (blocks,) addresses
    rows: Numbers  # (blocks, MOST_ROWS); the last are repeated where a block has fewer
    sums: Numbers  # (pairs of rows, 4): the block, its sum, and the two rows whose distance that is
    lanes: int  # columns that kernels take at a time
    places: int  # see `differences.Pace`
    bytes: int


def pair_plan(n: int, lanes: int | None = None) -> PairPlan:
    """Of n rows; with as many lanes as a register holds, unless told."""
    wide, given = lanes or machine_code.lanes(), list(blocks(n))
    kernels = [address_of(_pair_kernel(tuple(block.pairs), wide, pace(n))) for block in given]
    rows = [(*block.rows, *[block.rows[-1]] * (MOST_ROWS - len(block.rows))) for block in given]
    sums = [(b, p, block.rows[i], block.rows[j]) for b, block in enumerate(given) for p, (i, j) in enumerate(block.pairs)]
    rows_of, found = np.array(rows, np.int64).reshape(-1, MOST_ROWS), np.array(sums, np.int64).reshape(-1, 4)
    return PairPlan(np.array(kernels, np.int64), rows_of, found, wide, *pace(n))


@cache
def _pair_kernel(pairs: Pairs, lanes: int, pace: Pace) -> Kernel:
    return machine_code.compiled(differences_ir(pairs, lanes, pace))
