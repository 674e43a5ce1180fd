"""Large blocks of memory, kept between steps."""

import ctypes
import platform

# of glibc's malloc.h
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
KEEP_BYTES = 2**31 - 1


def steady_memory() -> bool:
    """Let glibc keep large blocks for the next step, where it would fetch them from the system afresh, page by page. True if it
    was told so; elsewhere than with glibc nothing happens.

    This is for the whole process and cannot be taken back: memory that was needed once stays with the process. So it is for
    whoever owns the process to call, and the engine never does.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_MAX, 0) and libc.mallopt(M_TRIM_THRESHOLD, KEEP_BYTES))
