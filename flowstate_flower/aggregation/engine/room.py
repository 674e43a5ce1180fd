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


class Room:
    """Keeps the memory of one result of each type."""

    def __init__(self) -> None:
        nothing = np.dtype(np.bool_)
        self._kept: dict[np.dtype[Any], NDArray[Any]] = {nothing: np.empty(0, nothing)}
        self._unheld = self._references(nothing)  # how many that is differs between versions of Python
        self._lock = threading.Lock()

    def vector(self, size: int, dtype: np.dtype[Any]) -> Vector:
        """(size,) numbers, whatever they are. What is made of it by slicing or reshaping holds the memory too."""
        if not LEAST_BYTES <= size * dtype.itemsize <= MOST_BYTES or not COUNTS_REFERENCES:
            return np.empty(size, dtype)
        with self._lock:
            if not self._has_for(size, dtype):
                self._kept[dtype] = np.empty(size, dtype)
            return self._kept[dtype][:size]

    def _has_for(self, size: int, dtype: np.dtype[Any]) -> bool:
        return (
            dtype in self._kept
            and size <= self._kept[dtype].size <= 2 * size
            and self._references(dtype) == self._unheld  # each view of an array has a reference to it
        )

    def _references(self, dtype: np.dtype[Any]) -> int:
        return sys.getrefcount(self._kept[dtype])


COUNTS_REFERENCES = hasattr(sys, "getrefcount") and getattr(sys, "_is_gil_enabled", lambda: True)()
"""Not where threads run without the interpreter's lock: there counts lag behind."""
ROOM = Room()
