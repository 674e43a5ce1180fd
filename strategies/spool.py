"""Replies on disk in place of memory: what a tenant sent lies in a file without a name, and is read through a mapping.

A reply of 100 MB costs its pages in memory only while somebody reads them: a sweeper lets go of all of them many times a
second, and whoever goes on reading gets them back from the file. Files are unlinked as soon as they are made, and open to the
server's own user alone; with the last array of a reply its file is gone.
"""

import mmap
import os
import tempfile
import threading
import weakref
from collections.abc import Iterable
from pathlib import Path

from flowstate_flower.errors import RunImpossible

SWEEP_SECONDS = 0.004


class Spool:
    """Files in `folder` for the replies of one run. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._mapped: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
        self._sweeping = False

    def put(self, parts: Iterable[bytes]) -> memoryview:
        """The parts one after the other, read-only, on disk. Raises `RunImpossible` where the disk does not take them."""
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file:
                for part in parts:
                    file.write(part)
                file.flush()
                if os.fstat(file.fileno()).st_size == 0:
                    return memoryview(b"")
                mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            problem = f"a reply does not fit into {self._folder}: {error.strerror or error}"
            raise RunImpossible(problem, hint="make room on that disk, then resume") from error
        with self._lock:
            self._mapped.add(mapping)
            if not self._sweeping:
                self._sweeping = True
                threading.Thread(target=self._sweep, name="spool", daemon=True).start()
        return memoryview(mapping)

    def _sweep(self) -> None:
        pause = threading.Event()
        while self._let_go():
            pause.wait(SWEEP_SECONDS)

    def _let_go(self) -> bool:
        """Drop all pages of all replies, and say whether there are any. Nothing is lost: nobody writes to those files."""
        with self._lock:
            for mapping in self._mapped:
                mapping.madvise(mmap.MADV_DONTNEED)
            self._sweeping = len(self._mapped) > 0
            return self._sweeping
