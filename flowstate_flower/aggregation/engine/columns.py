"""Passes that decide each column alone: sorted windows of ranks, and votes by sign. Each notices a row that is not finite.

Kernels see at hardly any cost that something was not finite; only then a second, plain pass finds out which row it was.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.engine import plain
from flowstate_flower.aggregation.engine.parts import Part, has_kernels, wholes
from flowstate_flower.aggregation.engine.room import ROOM
from flowstate_flower.aggregation.engine.sharing import Spans, Together, Turn, run
from flowstate_flower.aggregation.updates import Updates, Vector
from flowstate_flower.machine_code import address_of

Compiled = Callable[[Part], int]  # writes the part's result; above 0 where a row may not be finite


@dataclass(frozen=True, slots=True)
class ColumnPass:
    """`plainly` is the oracle; `alone` gives the same by kernels in place, and `mixed(entries)` on rows mixed in cache. Where
    there is `together`, it does what `alone` does, for many parts.
    """

    plainly: plain.Work
    alone: Compiled
    mixed: Callable[[Any], Compiled]
    together: Together | None = None


@lru_cache
def rank_mean(n: int, first: int, stop: int) -> ColumnPass:
    """The mean of the values of rank first…stop-1 of n rows."""

    def kernel() -> Any:
        from flowstate_flower.aggregation.engine.compiled import rank_mean_kernel

        return rank_mean_kernel(n, first, stop)

    return _sorting(n, kernel, plain.rank_mean(first, stop))


@lru_cache
def mean_around(n: int, keep: int, centre: tuple[int, int]) -> ColumnPass:
    """The mean of the `keep` values nearest the mean of the ranks centre[0]…centre[1]-1 of n rows."""

    def kernel() -> Any:
        from flowstate_flower.aggregation.engine.compiled import mean_around_kernel

        return mean_around_kernel(n, keep, centre)

    return _sorting(n, kernel, plain.mean_around(keep, centre))


def vote(threshold: float | None) -> ColumnPass:
    """The mean, turned round where the signs' sum is below `threshold`; where that is None, the sign of the sum."""
    level = nan if threshold is None else float(threshold)

    def alone(part: Part) -> int:
        from flowstate_flower.aggregation.engine import votes

        return int(votes.vote(part.addresses, part.origin, part.start, part.end, level, part.out))

    def mixed(entries: Any) -> Compiled:
        from flowstate_flower.aggregation.engine import votes

        return lambda p: int(votes.mix_and_vote(p.addresses, entries, p.origin, p.start, p.end, level, p.out))

    return ColumnPass(plain.sign_vote if threshold is None else plain.voted_mean(threshold), alone, mixed)


def counts(total: NDArray[np.int64]) -> ColumnPass:
    """Adds to `total`, (n, 3), each row's numbers of coordinates below, at and above the base."""

    def alone(part: Part) -> int:
        from flowstate_flower.aggregation.engine import votes

        votes.add_sign_counts(part.addresses, part.origin, part.start, part.end, total)
        return 0

    def mixed(entries: Any) -> Compiled:
        from flowstate_flower.aggregation.engine import votes

        def work(part: Part) -> int:
            votes.mix_and_count(part.addresses, entries, part.origin, part.start, part.end, total)
            return 0

        return work

    return ColumnPass(plain.sign_counts(total), alone, mixed)


def decided(updates: Updates, given: ColumnPass) -> Vector:
    """(d,) results of the pass. Raises `NotFiniteRow`."""
    out = ROOM.vector(updates.layout.dimension, updates.layout.working_dtype)
    together = given.together if updates.mixing is None else None
    if any(run(either(updates, given), updates, range(len(updates.rows)), out, together=together)):
        name_the_row(updates, range(len(updates.rows)))
    return out


def either(updates: Updates, given: ColumnPass) -> Compiled:
    """What to do with a part of these updates: by kernels where they can read it, else plainly."""
    compiled, plainly = given.alone, given.plainly
    if updates.mixing is not None:
        plainly = plain.mixed(updates.mixing, given.plainly)
        if has_kernels():
            from flowstate_flower.aggregation.engine.sorting import Entries

            compiled = given.mixed(tuple(Entries.of(updates.mixing)))
    return lambda part: compiled(part) if part.is_compiled else part.plainly(plainly)


def name_the_row(updates: Updates, rows: Iterable[int]) -> None:
    """Raise `NotFiniteRow` for the first of these rows that holds a NaN or an infinity, if any does: sums of finite numbers may
    overflow too.
    """
    from flowstate_flower.aggregation.rule import NotFiniteRow

    for i in rows:
        if not _is_finite(updates, i):
            raise NotFiniteRow(f"row {i} of {len(updates.rows)} is not finite", hint="admit updates before they are aggregated")


def finite_rows(updates: Updates) -> list[bool]:
    """Which rows hold neither a NaN nor an infinity."""
    return [_is_finite(updates, i) for i in range(len(updates.rows))]


def _is_finite(updates: Updates, row: int) -> bool:
    return all(part.plainly(_nothing) == 0 for part in wholes(updates, [row]))


def _sorting(n: int, kernel: Callable[[], Any], plainly: plain.Work) -> ColumnPass:
    def together(spans: Spans) -> Turn:
        from flowstate_flower.aggregation.engine import sorting

        address = address_of(kernel())
        return lambda: sorting.sort(address, n, spans.table, spans.ranges, spans.counter, spans.out)

    def alone(part: Part) -> int:
        return int(together(Spans.of(part))())

    def mixed(entries: Any) -> Compiled:
        from flowstate_flower.aggregation.engine import sorting

        address = address_of(kernel())
        return lambda p: int(sorting.mix_and_sort(address, p.addresses, entries, p.origin, p.start, p.end, p.out))

    return ColumnPass(plainly, alone, mixed, together)


def _nothing(rows: Any, base: Any, out: Any) -> None:
    """A pass that only looks."""
