"""Float32 Gaussians by Box and Muller (1958, doi:10.1214/aoms/1177706645), pair by pair: 52 random bits for a radius, 32 for an
angle.

A pair ends at 8.49 deviations, beyond which a Gaussian pair lies with probability 2⁻⁵². Nobody who sees draws from a
`Keystream` can predict others. The floating-point attack on the Gaussian mechanism (Mironov 2012) is not addressed by this.
"""

import ctypes
import math
import struct
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowstate_flower import machine_code
from flowstate_flower.machine_code import Kernel
from flowstate_flower.privacy.noise import Keystream
from flowstate_flower.privacy.pairs_ir import FRACTION, PLACES, pairs_ir

PAIRS = 16_384
"""How many are made at once: their random bits stay in the processor's own cache."""
PAIR_BYTES, SPARE_BYTES = 12, 256  # a cipher wants room for a block, and the kernel reads whole registers
SINGLE_BYTES, STD_PLACE = 4, 8 * len(PLACES)
_ZEROS = memoryview(bytes(PAIR_BYTES * PAIRS))
_GIVEN = struct.Struct(f"={len(PLACES)}Qf")  # to the kernel: its places, and the standard deviation

Singles = NDArray[np.float32]


class Gaussians:
    """An endless source, out of a keystream."""

    def __init__(self, keystream: Keystream) -> None:
        self._keystream, self._kernel = keystream, _kernel()
        self._given = bytearray(_GIVEN.size)
        self._at_given = _address(np.frombuffer(self._given, np.uint8))
        self._reserve(0)

    def add(self, total: Singles, std: float) -> None:
        """Add independent draws of this standard deviation to `total` (m,), which is contiguous."""
        self.add_at(_address(total), len(total), std)

    def add_at(self, address: int, count: int, std: float) -> None:
        """Add them to so many float32 numbers that lie there."""
        for start in range(0, count, 2 * PAIRS):
            some, at = min(2 * PAIRS, count - start), address + SINGLE_BYTES * start
            pairs = (some + 1) // 2
            if pairs > self._reserved:
                self._reserve(pairs)
            self._keystream.fill(_ZEROS[: PAIR_BYTES * pairs], self._memory)
            if self._kernel is None:
                words, turns = self._bits[: 8 * pairs].view(np.uint64), self._bits[8 * pairs : 12 * pairs].view(np.uint32)
                add_plainly(words, turns, std, np.ctypeslib.as_array((ctypes.c_float * some).from_address(at)))
            else:  # all cosines, then all sines
                _GIVEN.pack_into(self._given, 0, self._at, self._at + 8 * pairs, at, at + SINGLE_BYTES * pairs, std)
                self._kernel(self._at_given, self._at_given + STD_PLACE, some - pairs, pairs, 0)

    def _reserve(self, pairs: int) -> None:
        """Memory for the bits of so many, kept for the next time."""
        self._reserved, self._memory = pairs, bytearray(PAIR_BYTES * pairs + SPARE_BYTES)
        self._bits = np.frombuffer(self._memory, np.uint8)
        self._at = _address(self._bits)


def add_plainly(words: NDArray[np.uint64], turns: NDArray[np.uint32], std: float, total: Singles) -> None:
    """What the kernel adds for the random bits of p pairs, in float64: `total` is (2p,) or (2p - 1,)."""
    p = len(words)
    radii = std * np.sqrt(-2 * np.log(1 - (words & np.uint64(FRACTION)) * 2.0**-52))
    angles = turns * (2 * math.pi * 2.0**-32)
    total[:p] += radii * np.cos(angles)
    total[p:] += (radii * np.sin(angles))[: len(total) - p]


@cache
def _kernel() -> Kernel | None:
    return machine_code.compiled(pairs_ir(machine_code.lanes())) if machine_code.is_at_hand() else None


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
