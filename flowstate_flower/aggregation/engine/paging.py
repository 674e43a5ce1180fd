"""Rows that lie in mapped files: what a pass has read of them is let go, so that no pass needs all of them in memory."""

import mmap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

STRETCH_BYTES = 1 << 23  # of mapped rows together, which a thread reads before it lets go of them
AROUND_BYTES = 1 << 21  # the largest stretch of a file, aligned to its size, that a kernel brings in for one byte of it


class Mapped(NamedTuple):
    """A row's numbers in a file that is mapped read-only, and the byte at which they begin."""

    file: mmap.mmap
    begins: int

    @classmethod
    def of(cls, row: Any) -> "Mapped | None":
        """Where a row lies; None where that is no such file. What may be written to is never let go: it could be lost."""
        under = row
        while isinstance(under, np.ndarray):
            under = under.base
        if not (isinstance(under, memoryview) and under.readonly and isinstance(under.obj, mmap.mmap)):
            return None
        whole: NDArray[Any] = np.frombuffer(under.obj, np.uint8)
        return cls(under.obj, row.ctypes.data - whole.ctypes.data)

    def let_go(self, start: int, end: int) -> None:
        """Drop the pages between two bytes of the row, and what came along with them. Whoever reads them again, another thread
        perhaps, gets them from the file.
        """
        low = (self.begins + start) // AROUND_BYTES * AROUND_BYTES
        high = min(len(self.file), -(-(self.begins + end) // AROUND_BYTES) * AROUND_BYTES)
        self.file.madvise(mmap.MADV_DONTNEED, low, high - low)
