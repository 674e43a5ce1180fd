"""How the C library of a server's process keeps memory: as little as it can."""

import ctypes
import gc
import sys

M_MMAP_THRESHOLD, M_ARENA_MAX, LARGE_BYTES = -3, -8, 1 << 20


def give_memory_back() -> None:
    """Return what is freed at once, where the C library would keep large pieces for later, and pieces of each thread apart.

    It holds for the whole process: for whoever is the process. Where there are no such settings, the first two are left out.
    What is there now is no longer looked at by the collector of garbage, so that it can be called often.
    """
    if sys.platform.startswith("linux"):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        library.mallopt(M_ARENA_MAX, 1)
    gc.collect()
    gc.freeze()
