"""What stands before the numbers of an array in numpy's own format (NEP 1), read without believing sizes.

Numpy reads a header with Python's parser, which in Python 3.11 counts how deep it is in one place for all threads: while
another thread parses, it may fail for no reason (CPython's issue 106905). Here one thread parses at a time, and each header
once.
"""

import math
import threading
from functools import lru_cache
from io import BytesIO
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MOST_HEADER_BYTES, MOST_HEADERS, MOST_TRIES = 4096, 1024, 10
Header = tuple[tuple[int, ...], bool, np.dtype[Any], int]  # shape, columns first, dtype, where the numbers begin
_parser = threading.Lock()


@lru_cache(maxsize=4 * MOST_HEADERS)
def header_of(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """The header that numpy writes before an array whose rows come first."""
    file = BytesIO()
    npy.write_array_header_1_0(file, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})
    return file.getvalue()


def header_in(data: bytes | memoryview) -> Header:
    """What the header of `data` says. Raises `ValueError` for what is none."""
    try:
        return _parsed(bytes(data[: _end_of_header(data)]))
    except (ValueError, KeyError, TypeError, TokenError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"not an array: {type(error).__name__}") from error


def array_in(data: bytes | memoryview) -> NDArray[Any]:
    """The array in `data`, where it lies and read-only. Raises `ValueError` for anything but numbers of the size it says."""
    shape, fortran, dtype, offset = header_in(data)
    if dtype.hasobject or len(data) - offset != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{len(data) - offset} bytes for an array of {dtype} and {shape}")
    return np.frombuffer(data, dtype, count=math.prod(shape), offset=offset).reshape(shape, order="F" if fortran else "C")


def _end_of_header(data: bytes | memoryview) -> int:
    """Where the numbers begin, if the header is one that is read at all."""
    wide = 2 if data[npy.MAGIC_LEN - 2 : npy.MAGIC_LEN - 1] == b"\x01" else 4
    begin = npy.MAGIC_LEN + wide
    return begin + min(MOST_HEADER_BYTES, int.from_bytes(data[npy.MAGIC_LEN : begin], "little"))


@lru_cache(maxsize=MOST_HEADERS)
def _parsed(header: bytes) -> Header:
    """What a header says. All tenants send the same few headers, and numpy takes longer for one than the rule for its layer."""
    for _ in range(MOST_TRIES - 1):
        try:
            return _read(header)
        except SystemError:  # somebody else, who does not know of this lock, was parsing
            continue
    return _read(header)


def _read(header: bytes) -> Header:
    buffer = BytesIO(header)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    with _parser:
        shape, fortran, dtype = readers[npy.read_magic(buffer)](buffer, max_header_size=MOST_HEADER_BYTES)
    return shape, fortran, dtype, buffer.tell()
