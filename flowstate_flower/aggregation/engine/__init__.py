"""Passes over updates at the speed of memory: sorted windows of ranks, distances between rows, weighted sums of rows.

Rows are read where they lie, by address, in static ranges of columns on plain threads (the kernels release the GIL). Layers of
another dtype than float32, rows that are not contiguous, and machines without llvmlite or numba take the numpy path, which is
slower. Weighted sums have the same bits on both; windows of ranks may differ in the order in which kept values are added.
"""

import ctypes
import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.engine import plain
from flowstate_flower.aggregation.updates import Layer, Matrix, Updates, Vector

ALIGNED_COLUMNS = 1024
SMALLEST_PARALLEL = 65_536
LONGEST_STRETCH = 1024
LANES = 16  # kernels run on multiples of this; the columns left over take the numpy path

Flat = NDArray[Any]
NO_RESULT: Flat = np.empty(0)


@dataclass(frozen=True, slots=True)
class _Part:
    """Columns start…end of one floating layer; `out` is where its result begins, `place` its first column among all."""

    layer: Layer
    place: int
    base: Flat
    rows: tuple[Flat, ...]
    start: int
    end: int
    out: Flat

    @property
    def is_compiled(self) -> bool:
        """Whether the kernels can read it in place."""
        arrays = (self.base, *self.rows)
        return has_kernels() and self.layer.dtype == np.float32 and all(a.flags.c_contiguous for a in arrays)

    def addresses(self) -> list[int]:
        """Where the rows lie."""
        return [row.ctypes.data for row in self.rows]

    def plainly(self, work: Callable[[Flat, Flat, Flat], None], start: int | None = None) -> None:
        """Run `work(rows, base, out)` on blocks, from `start` on: rows is an (n, k) copy in the working precision."""
        first = self.start if start is None else start
        for low in range(first, self.end, plain.BLOCK_COLUMNS):
            columns = slice(low, min(low + plain.BLOCK_COLUMNS, self.end))
            kind = self.out.dtype
            block = np.array([row[columns] for row in self.rows], dtype=kind)
            work(block, self.base[columns].astype(kind), self.out[columns])


@cache
def has_kernels() -> bool:
    """Whether compiled kernels can be used: llvmlite and numba are there, and `FLOWSTATE_KERNELS=numpy` does not forbid it."""
    if os.environ.get("FLOWSTATE_KERNELS") == "numpy":
        return False
    try:
        for module in ("compiled", "pairs"):
            importlib.import_module(f"{__name__}.{module}")
    except ImportError:
        return False
    return True


def rank_mean(updates: Updates, first: int, stop: int) -> Vector:
    """(d,) mean, in each column, of the values of rank first…stop-1, minus the base."""

    def compiled() -> Any:
        from flowstate_flower.aggregation.engine.compiled import rank_mean_kernel

        return rank_mean_kernel(updates.n, first, stop)

    return _columns(updates, compiled, plain.rank_mean(first, stop))


def mean_around(updates: Updates, keep: int, centre: tuple[int, int]) -> Vector:
    """(d,) mean, in each column, of the `keep` values nearest the mean of the ranks centre[0]…centre[1]-1, minus the base."""

    def compiled() -> Any:
        from flowstate_flower.aggregation.engine.compiled import mean_around_kernel

        return mean_around_kernel(updates.n, keep, centre)

    return _columns(updates, compiled, plain.mean_around(keep, centre))


def weighted_sum(updates: Updates, weights: Vector) -> Vector:
    """(d,) sum of rows times weights. Rows of weight 0 are never read, so whatever they hold cannot leak in."""
    if updates.mixing is not None:
        weights = weights @ updates.mixing
    kept = np.flatnonzero(weights)
    out = np.empty(updates.layout.dimension, updates.layout.working_dtype)
    if len(kept) == 0:
        return np.zeros_like(out)

    def work(part: _Part) -> None:
        scale = weights[kept].astype(part.out.dtype)
        if part.is_compiled:
            from flowstate_flower.aggregation.engine import pairs

            rows = np.array(part.addresses(), dtype=np.uintp)
            pairs.weighted_sum(rows, scale, part.base.ctypes.data, part.start, part.end, part.out.ctypes.data)
        else:
            part.plainly(plain.weighted_sum(scale))

    _run(work, _parts(updates, kept.tolist(), out))
    return out


def squared_distances(updates: Updates) -> Matrix:
    """(n, n) squared Euclidean distances between rows, accumulated in float64. A row that is not finite spoils its own row and
    column, and no other.
    """
    if updates.mixing is not None:
        return _mixed_distances(updates)
    n = updates.n

    def work(part: _Part) -> Matrix:
        if part.is_compiled:
            from flowstate_flower.aggregation.engine import pairs

            total = np.zeros((n + 5, n + 5))
            pairs.add_squared_distances(np.array(part.addresses(), dtype=np.uintp), n, part.start, part.end, total)
            return total[:n, :n]
        return plain.squared_distances(part.rows, part.start, part.end)

    upper = np.triu(sum(_run(work, _parts(updates, range(n))), start=np.zeros((n, n))))
    return upper + np.triu(upper, 1).T


def moments(updates: Updates, direction: Vector, groups: int) -> NDArray[np.float64]:
    """(2, n, groups): each row's products with `direction` (d,) and its squares, over columns dealt to groups in stretches."""
    n, d = updates.n, updates.layout.dimension
    width = max(1, min(LONGEST_STRETCH, d // (4 * groups)))

    def work(part: _Part) -> NDArray[np.float64]:
        if not part.is_compiled or direction.dtype != np.float32:
            rows = [row[part.start : part.end] for row in part.rows]
            base = part.base[part.start : part.end]
            return plain.moments(rows, base, direction, part.place + part.start, width, groups)
        from flowstate_flower.aggregation.engine import pairs

        total = np.zeros((2, n, groups))
        addresses = np.array(part.addresses(), dtype=np.uintp)
        pairs.add_moments(addresses, part.base.ctypes.data, direction, part.place, part.start, part.end, width, total)
        return total

    results = _run(work, _parts(updates, range(n)))
    return np.sum(results, axis=0) if results else np.zeros((2, n, groups))


def _mixed_distances(updates: Updates) -> Matrix:
    """Distances between mixed rows follow from those between the rows: ‖Σ gᵢ xᵢ‖² = -gᵀDg / 2 for weights g that sum to 0."""
    if updates.mixing is None or updates.known is None:
        raise ValueError("mixed rows come with the distances between the rows")
    rest = 1 - updates.mixing.sum(axis=1, keepdims=True)
    places = np.hstack([updates.mixing, rest])  # each mixed row as weights on the rows and the sent model
    cross = places @ updates.known @ places.T
    own = np.diag(cross)
    squares: Matrix = np.maximum(cross - 0.5 * (own[:, None] + own[None, :]), 0.0)
    return squares


def _columns(updates: Updates, kernel: Callable[[], Any], plainly: plain.Work) -> Vector:
    out = np.empty(updates.layout.dimension, updates.layout.working_dtype)
    parts = list(_parts(updates, range(len(updates.rows)), out))
    if updates.mixing is not None:
        _mixed_columns(updates.mixing, parts, kernel, plainly)
        return out
    compiled = kernel() if any(part.is_compiled for part in parts) else None

    def work(part: _Part) -> None:
        if compiled is None or not part.is_compiled:
            part.plainly(plainly)
            return
        whole = part.start + (part.end - part.start) // LANES * LANES
        if whole > part.start:
            rows = (ctypes.c_void_p * updates.n)(*part.addresses())
            compiled(rows, part.base.ctypes.data, part.start, whole, part.out.ctypes.data)
        if whole < part.end:
            part.plainly(plainly, whole)

    _run(work, parts)
    return out


def _mixed_columns(mixing: Matrix, parts: list[_Part], kernel: Callable[[], Any], plainly: plain.Work) -> None:
    """Mix and sort tile by tile: a tile of mixed rows stays in cache and is never stored."""
    compiled = kernel() if any(part.is_compiled for part in parts) else None

    def work(part: _Part) -> None:
        if compiled is None or not part.is_compiled:
            part.plainly(plain.mixed(mixing, plainly))
            return
        from flowstate_flower.aggregation.engine import pairs

        address = ctypes.cast(compiled, ctypes.c_void_p).value
        rows = np.array(part.addresses(), dtype=np.uintp)
        entries = tuple(pairs.Entries.of(mixing))
        pairs.mix_and_sort(address, rows, entries, part.base.ctypes.data, part.start, part.end, part.out)

    _run(work, parts)


def _parts(updates: Updates, kept: Sequence[int], out: Flat = NO_RESULT) -> Iterator[_Part]:
    """Every floating layer, cut into as many ranges as there are threads where it is large enough to be worth it."""
    offset = 0
    for index, layer in enumerate(updates.layout.layers):
        if not layer.is_floating or layer.size == 0:
            continue
        base = updates.base[index].reshape(-1)
        rows = tuple(updates.rows[i][index].reshape(-1) for i in kept)
        threads = updates.threads if layer.size >= SMALLEST_PARALLEL else 1
        step = -(-layer.size // threads // ALIGNED_COLUMNS) * ALIGNED_COLUMNS or layer.size
        for start in range(0, layer.size, step):
            yield _Part(layer, offset, base, rows, start, min(start + step, layer.size), out[offset : offset + layer.size])
        offset += layer.size


def _run(work: Callable[[_Part], Any], parts: Iterator[_Part] | Sequence[_Part]) -> list[Any]:
    """Small parts here, one after the other; large ones on threads, beside each other. Results in order."""
    todo = list(parts)
    if not any(part.end - part.start < part.layer.size for part in todo):
        return [work(part) for part in todo]
    return list(_threads().map(work, todo))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="aggregate")
