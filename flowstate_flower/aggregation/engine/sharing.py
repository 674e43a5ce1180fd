"""How threads share a pass: in ranges of columns, of which each thread takes the next that nobody has."""

from collections.abc import Callable, Iterator, Sequence
from ctypes import addressof, c_int64
from functools import lru_cache, partial
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.engine.lying import SINGLE, Addresses, Flat
from flowstate_flower.aggregation.engine.paging import STRETCH_BYTES
from flowstate_flower.aggregation.engine.parts import ALIGNED_COLUMNS, NO_RESULT, Part, has_kernels, wholes
from flowstate_flower.aggregation.turns import take_turns
from flowstate_flower.aggregation.updates import Updates

WORTH_SHARING, WORTH_SHARING_A_SUM = 1 << 21, 1 << 22
"""Numbers in all, from which on a pass is shared among threads: another core that sleeps takes longer to wake."""
SMALLEST_RANGE = 8192  # columns

Work = Callable[[Part], Any]
Turn = Callable[[], Any]
Together = Callable[["Spans"], Turn]


class Spans:
    """Columns that lie where kernels read them, for compiled code that does one range after the other without coming back to
    Python. Several threads may: which is the next is a number in memory that each of them raises.

    `table`, (spans, 5), has stretches of layers: the address of the rows' addresses, the base's, the first column, the one
    after the last, and where in `out` the layer's results begin. `ranges`, (ranges + 1), says with which span each range
    begins. `held` is what all these addresses lie in: it lives as long as somebody may be working on it.
    """

    def __init__(self, table: NDArray[np.int64], ranges: NDArray[np.int64], out: Flat, held: object) -> None:
        self.table, self.ranges, self.out = table, ranges, out
        self._held, self._next = held, c_int64(0)
        self.counter = addressof(self._next)

    @classmethod
    def of(cls, part: Part) -> "Spans":
        """One part."""
        table = np.array([(part.table, part.origin, part.start, part.end, 0)], np.int64)
        return cls(table, np.arange(2), part.out, part)

    def __len__(self) -> int:
        """How many ranges there are."""
        return len(self.ranges) - 1


def run(
    work: Work,
    updates: Updates,
    kept: Sequence[int],
    out: Flat = NO_RESULT,
    *,
    worth: int = WORTH_SHARING,
    last_first: bool = False,
    together: Together | None = None,
) -> list[Any]:
    """A result for each range, the sum of those of its pieces; threads share them where there are `worth` numbers in all.

    Ranges that kernels read in place are left to `together`, where there is such a thing: what it returns is called by each
    thread, for a result that takes the place of theirs.
    """
    threads = updates.threads if len(kept) * updates.layout.dimension >= worth else 1
    turns: list[Turn] = []
    division = None
    if together is not None and out.dtype == SINGLE and has_kernels():
        division = _division(updates, kept, threads, last_first)
        if len(division.table) > 0:
            spans = Spans(division.table, division.ranges, out, (updates, division))
            turns = [together(spans)] * min(threads, len(spans))
    if division is None or not division.is_all:
        given = ranges(updates, kept, out, threads, last_first=last_first)
        turns += [partial(_summed, work, part) for part in given if division is None or not part.is_direct]
    results: list[Any] = [None] * len(turns)

    def take(turn: int) -> None:
        results[turn] = turns[turn]()

    take_turns(take, len(turns), threads)
    return results


def _summed(work: Work, part: Part) -> Any:
    total: Any = 0
    for piece in part.pieces():
        total = total + work(piece)
    part.let_go()
    return total


def ranges(
    updates: Updates, kept: Sequence[int], out: Flat = NO_RESULT, threads: int = 1, *, last_first: bool = False
) -> list[Part]:
    """Every floating layer; a large one in ranges, as many for each thread, the largest to be done first."""
    given = []
    for whole in wholes(updates, kept, out):
        size = whole.layer.size
        most = STRETCH_BYTES // (len(whole.files) * whole.layer.dtype.itemsize) if whole.files else size
        given += [whole._replace(start=start, end=end) for start, end in _ranges(size, threads, most, last_first)]
    return given[::-1] if last_first else given


class _Division(NamedTuple):
    """The columns that kernels read in place, as `Spans` has them."""

    table: NDArray[np.int64]
    ranges: NDArray[np.int64]
    held: tuple[Addresses | None, ...]  # what the addresses of rows lie in
    is_all: bool


def _division(updates: Updates, kept: Sequence[int], threads: int, last_first: bool) -> _Division:
    """Found once for all passes over the same updates."""
    if len(kept) < len(updates.rows):
        return _divided(updates, kept, threads, last_first)
    found: _Division | None = updates.found.get((threads, last_first))
    if found is None:
        found = updates.found[threads, last_first] = _divided(updates, kept, threads, last_first)
    return found


def _divided(updates: Updates, kept: Sequence[int], threads: int, last_first: bool) -> _Division:
    given = list(wholes(updates, kept))
    direct = [whole for whole in given if whole.is_direct]
    size = sum(whole.layer.size for whole in direct)
    ranges = [list(_spans_of(direct, low, high)) for low, high in _ranges(size, threads, size, last_first)]
    if last_first:
        ranges = [spans[::-1] for spans in ranges[::-1]]
    table = np.array([span for spans in ranges for span in spans], np.int64).reshape(-1, 5)
    begins = np.array([0, *accumulate(len(spans) for spans in ranges)])
    return _Division(table, begins, tuple(whole.addresses for whole in given), len(direct) == len(given))


def _spans_of(layers: Sequence[Part], low: int, high: int) -> Iterator[tuple[int, ...]]:
    """What columns low…high-1 of these layers, one behind the other, are of each. Cuts within a layer are moved to where its
    columns are aligned.
    """
    offset = 0
    for whole in layers:
        start, end = _cut(whole.layer.size, low - offset), _cut(whole.layer.size, high - offset)
        if start < end:
            yield whole.table, whole.origin, start, end, whole.place
        offset += whole.layer.size


def _cut(size: int, place: int) -> int:
    return size if place >= size else max(0, place) // ALIGNED_COLUMNS * ALIGNED_COLUMNS


@lru_cache(1 << 12)
def _ranges(size: int, threads: int, most: int, last_first: bool) -> Sequence[tuple[int, int]]:
    """Where ranges of `size` columns begin and end, of about `most` columns at most. Threads share half of what is left, then
    half of that, so that one which was held up leaves some to others: factoring, Hummel, Schonberg and Flynn 1992
    (doi:10.1145/135226.135232).
    """
    ranges: list[tuple[int, int]] = []
    start = 0
    while start < size:
        shares = threads if threads == 1 or size - start < 2 * threads * SMALLEST_RANGE else 2 * threads
        step = min(_aligned(-(-(size - start) // shares)), _aligned(most))
        for _ in range(threads):
            if start < size:
                ranges.append((start, min(start + step, size)))
            start += step
    return [(size - end, size - start) for start, end in reversed(ranges)] if last_first else ranges


def _aligned(columns: int) -> int:
    """Rounded up, so that no two ranges share what is read at a time."""
    return -(-columns // ALIGNED_COLUMNS) * ALIGNED_COLUMNS
