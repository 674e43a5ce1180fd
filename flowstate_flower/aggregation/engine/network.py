"""Sorting networks, pruned to what a rule needs: a fixed list of compare-exchanges, the same for every column.

A comparator is `(i, j, keep)`: the smaller value goes to lane i, the larger to lane j; `keep` says which of the two anybody
still looks at.
"""

from collections.abc import Sequence
from enum import IntFlag

Comparator = tuple[int, int, "Keep"]


class Keep(IntFlag):
    """Which outputs of a comparator are used later."""

    LOW = 1
    HIGH = 2
    BOTH = 3


def sorting_network(n: int) -> list[tuple[int, int]]:
    """Batcher's odd-even merge sort (1968) of n lanes, in recursive order: neighbours in the list share lanes, and so
    registers. Lanes beyond n, which would hold infinity, vanish with their comparators.
    """
    pairs: list[tuple[int, int]] = []
    _sort(0, 1 << (n - 1).bit_length(), pairs)
    return [(i, j) for i, j in pairs if j < n]


def rank_network(n: int, first: int, stop: int) -> list[Comparator]:
    """The comparators after which lanes first…stop-1 hold the values of these ranks, in any order.

    Seen from the end: a comparator between two lanes that are both wanted, or both not, changes nothing that a sum of the
    wanted lanes would notice. All lanes before it must then be exact.
    """
    wanted: list[bool | None] = [first <= lane < stop for lane in range(n)]  # None: needed exactly
    kept: list[Comparator] = []
    for i, j in reversed(sorting_network(n)):
        if wanted[i] is not None and wanted[i] == wanted[j]:
            continue
        keep = Keep(0)
        keep |= Keep(0) if wanted[i] is False else Keep.LOW
        keep |= Keep(0) if wanted[j] is False else Keep.HIGH
        kept.append((i, j, keep))
        wanted[i] = wanted[j] = None
    return kept[::-1]


def full_network(n: int) -> list[Comparator]:
    """The comparators that sort all lanes."""
    return [(i, j, Keep.BOTH) for i, j in sorting_network(n)]


def extremes(n: int, network: Sequence[Comparator]) -> list[tuple[int, int, "Keep"]]:
    """Where to look so that the largest and the smallest input cannot be missed: `(k, lane, side)`, before comparator k.

    The network carries the extremes along: the larger output of a comparator stands for both inputs, as long as it is kept.
    So a few lanes are looked at instead of all n.
    """
    unseen = [Keep.BOTH] * n
    places: list[tuple[int, int, Keep]] = []
    for k, (i, j, keep) in enumerate(network):
        for side, to, other in ((Keep.LOW, i, j), (Keep.HIGH, j, i)):
            if keep & side:
                unseen[to] |= unseen[other] & side
            else:
                places.extend((k, lane, side) for lane in (i, j) if unseen[lane] & side)
                unseen[to] &= ~side
            unseen[other] &= ~side
    end = [(len(network), lane, side) for lane in range(n) for side in (Keep.LOW, Keep.HIGH) if unseen[lane] & side]
    return places + end


def _sort(low: int, size: int, pairs: list[tuple[int, int]]) -> None:
    if size > 1:
        half = size // 2
        _sort(low, half, pairs)
        _sort(low + half, half, pairs)
        _merge(low, size, 1, pairs)


def _merge(low: int, size: int, stride: int, pairs: list[tuple[int, int]]) -> None:
    double = 2 * stride
    if double >= size:
        pairs.append((low, low + stride))
        return
    _merge(low, size, double, pairs)
    _merge(low + stride, size, double, pairs)
    pairs.extend((i, i + stride) for i in range(low + stride, low + size - stride, double))
