"""The kernels of this engine as machine code, each made when it is first asked for."""

from functools import cache
from typing import NamedTuple

from flowstate_flower import machine_code
from flowstate_flower.aggregation.engine.differences import FAR, NEAR, differences_ir
from flowstate_flower.aggregation.engine.emit import mean_around_ir, rank_mean_ir
from flowstate_flower.machine_code import Kernel, address_of


@cache
def rank_mean_kernel(n: int, first: int, stop: int) -> Kernel:
    """See `emit.rank_mean_ir`. Its arguments: the address of the rows' addresses, the base, start, end, where to write."""
    return machine_code.compiled(rank_mean_ir(n, first, stop, machine_code.lanes()))


@cache
def mean_around_kernel(n: int, keep: int, centre: tuple[int, int]) -> Kernel:
    """See `emit.mean_around_ir`."""
    return machine_code.compiled(mean_around_ir(n, keep, centre, machine_code.lanes()))


class PairKernels(NamedTuple):
    """Addresses of two kernels of `differences_ir`, and how many columns they take at a time."""

    near: int
    far: int
    lanes: int


@cache
def pair_kernels(lanes: int | None = None) -> PairKernels:
    """Of `NEAR` and of `FAR` pairs; with as many lanes as a register holds, unless told."""
    wide = lanes or machine_code.lanes()
    near, far = (address_of(machine_code.compiled(differences_ir(pairs, wide))) for pairs in (NEAR, FAR))
    return PairKernels(near, far, wide)
