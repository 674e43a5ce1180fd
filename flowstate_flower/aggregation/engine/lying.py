"""Where layers lie in memory: as one dimension, at which address, in which mapped file. No array is copied for that."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.engine.paging import Mapped
from flowstate_flower.aggregation.updates import Updates

SINGLE = np.dtype(np.float32)

Flat = NDArray[Any]
Addresses = NDArray[np.uintp]


class Place(NamedTuple):
    """Where one layer lies: of the base and of every row, as one dimension; see `parts.Part`."""

    base: Any
    rows: tuple[Any, ...]
    addresses: Addresses | None
    table: int
    origin: int
    files: tuple[Mapped, ...]
    is_readable: bool  # by kernels, in place


def place(updates: Updates, index: int) -> Place:
    """Found once for all passes over the same updates: for small layers it takes as long as a pass."""
    found: Place | None = updates.found.get(index)
    if found is None:
        arrays = (updates.base[index], *[row[index] for row in updates.rows])
        known = updates.lying
        lying_of = [(known.get(id(array)) or _lying(array, known))[1] for array in arrays]
        flat, is_whole, addresses, files = zip(*lying_of, strict=True)
        lying = np.array(addresses[1:], np.uintp) if all(is_whole) else None
        mapped = tuple(file for file in files[1:] if file is not None) if lying is not None else ()
        is_readable = lying is not None and updates.layout.layers[index].dtype == SINGLE
        table = 0 if lying is None else address(lying)
        found = updates.found[index] = Place(flat[0], flat[1:], lying, table, addresses[0], mapped, is_readable)
    return found


def _lying(array: Flat, known: dict[int, Any]) -> tuple[Flat, tuple[Any, bool, int, Mapped | None]]:
    """The array, so that no other has its identity; and it as one dimension, whether it lies in one piece, its address, and the
    mapped file. Kept in `known`: in rounds of many small layers, to look again would take longer than a pass.
    """
    about = (_flat(array), array.flags.c_contiguous, address(array), Mapped.of(array))
    found = known[id(array)] = (array, about)
    return found


def _flat(array: NDArray[Any]) -> Any:
    """The array as one dimension, never copied."""
    if array.ndim == 1:
        return array
    return array.reshape(-1) if array.ndim == 0 or array.flags.c_contiguous else Scattered(array)


class Scattered:
    """An array whose order forbids to see it as one dimension. Its slices, rows first, are copies of little more than that."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __getitem__(self, columns: slice) -> Flat:
        return _slice(self._array, columns.start, columns.stop)


def _slice(array: NDArray[Any], low: int, high: int) -> Flat:
    if array.ndim == 1 or array.flags.c_contiguous:
        return array.reshape(-1)[low:high]
    width = array[0].size
    first, last = low // width, -(-high // width)
    if width <= high - low:
        return array[first:last].reshape(-1)[low - first * width : high - first * width]
    cuts = ((i, max(0, low - i * width), min(width, high - i * width)) for i in range(first, last))
    return np.concatenate([_slice(array[i], start, end) for i, start, end in cuts])


def addresses_of(rows: Iterable[Flat]) -> Addresses:
    """Where each row's first number lies."""
    return np.array([address(row) for row in rows], dtype=np.uintp)


def address(array: Flat) -> int:
    """Where its first number lies."""
    return int(array.__array_interface__["data"][0])
