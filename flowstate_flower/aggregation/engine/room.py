"""Memory for results, used again once nobody holds the result before: a page that is new to a process is cleared by the system
first, which takes as long as many rows of it take to read.
"""

import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.updates import Vector

LEAST_BYTES, MOST_BYTES = 1 << 20, 1 << 28
"""A smaller result lies in memory that the process has already; a larger one is not kept while nobody needs it."""
UNHELD = 3  # references to memory that no result lies in: the room's, the one that looks, and the count's own


class Room:
    """Keeps the memory of one result of each type."""

    def __init__(self) -> None:
        self._kept: dict[np.dtype[Any], NDArray[Any]] = {}
        self._lock = threading.Lock()

    def vector(self, size: int, dtype: np.dtype[Any]) -> Vector:
        """(size,) numbers, whatever they are. What is made of it by slicing or reshaping holds the memory too."""
        if not LEAST_BYTES <= size * dtype.itemsize <= MOST_BYTES or not _counts_references():
            return np.empty(size, dtype)
        with self._lock:
            kept = self._kept.get(dtype)
            if kept is None or not size <= kept.size <= 2 * size or sys.getrefcount(kept) > UNHELD:
                kept = self._kept[dtype] = np.empty(size, dtype)
            return kept[:size]


def _counts_references() -> bool:
    """Not where threads run without the interpreter's lock: there counts lag behind."""
    return getattr(sys, "_is_gil_enabled", lambda: True)() and hasattr(sys, "getrefcount")


ROOM = Room()
