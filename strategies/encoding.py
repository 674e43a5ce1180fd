"""Models as Flower stores them, computed where they will lie: the result of a round is written once and never copied."""

import ctypes
import mmap
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord
from numpy.typing import NDArray

from flowstate_flower.aggregation.updates import Arrays, Layer
from flowstate_flower.strategies.decoding import NUMPY_STYPE
from flowstate_flower.trust.npy import header_of

WORTH_LARGE_PAGES = 1 << 22

_new_bytes = ctypes.pythonapi.PyBytes_FromStringAndSize
_new_bytes.restype, _new_bytes.argtypes = ctypes.py_object, (ctypes.c_char_p, ctypes.c_ssize_t)
_address_of = ctypes.pythonapi.PyBytes_AsString
_address_of.restype, _address_of.argtypes = ctypes.c_void_p, (ctypes.py_object,)


def to_record(names: Sequence[str], arrays: Arrays) -> ArrayRecord:
    """A Flower record of the arrays, rows first, in this order."""
    return Rooms().record(names, arrays)


class Rooms:
    """Room for the layers of one model, each inside the bytes of its `.npy` file.

    Python lets the maker of a bytes object fill it before anybody else has seen it (PyBytes_FromStringAndSize with no string);
    `record` is when others see it, and nothing is written afterwards.
    """

    def __init__(self) -> None:
        self._files: dict[int, bytes] = {}

    def room(self, layer: Layer) -> NDArray[Any]:
        """A writable array of the layer's shape and type, with nothing in it yet. It keeps its bytes alive."""
        header = header_of(layer.dtype, layer.shape)
        file = _new_bytes(None, len(header) + layer.nbytes)
        address = _address_of(file)
        _in_large_pages(address, len(file))
        memory = (ctypes.c_ubyte * len(file)).from_address(address)
        memory.owner = file  # type: ignore[attr-defined]
        ctypes.memmove(memory, header, len(header))
        array: NDArray[Any] = np.ndarray(layer.shape, layer.dtype, memory, len(header))  # type: ignore[arg-type]
        self._files[array.ctypes.data] = file
        return array

    def record(self, names: Sequence[str], arrays: Arrays) -> ArrayRecord:
        """What `to_record` makes; arrays that lie in these rooms are not copied, and cannot be written to any more."""
        record = ArrayRecord()  # filled afterwards: made of a dictionary, it copies each `Array`
        for name, array in zip(names, arrays, strict=True):
            file = self._files.get(array.ctypes.data)
            if file is None:
                record[name] = _array(np.asarray(array, order="C"))
                continue
            array.flags.writeable = False
            record[name] = Array(_name_of(array.dtype), array.shape, NUMPY_STYPE, file)
        return record


def _in_large_pages(address: int, length: int) -> None:
    """Ask Linux for large pages, as numpy does for arrays of its own: a fresh layer is then filled twice as fast."""
    if length < WORTH_LARGE_PAGES or not sys.platform.startswith("linux"):
        return
    first, last = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE, (address + length) // mmap.PAGESIZE * mmap.PAGESIZE
    _c_library().madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), mmap.MADV_HUGEPAGE)  # advice: may be refused


@cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _array(array: NDArray[Any]) -> Array:
    """What `Array(array)` makes, with one copy of the bytes in place of three."""
    data = b"".join([header_of(array.dtype, array.shape), array.reshape(-1).view(np.uint8).data])
    return Array(_name_of(array.dtype), array.shape, NUMPY_STYPE, data)


@cache
def _name_of(dtype: np.dtype[Any]) -> str:
    return str(dtype)
