"""Float32 Gaussians by Box and Muller (1958, doi:10.1214/aoms/1177706645), pair by pair: 52 random bits for a radius, 32 for an
angle.

A pair ends at 8.49 deviations, beyond which a Gaussian pair lies with probability 2⁻⁵². Nobody who sees draws from a
`Keystream` can predict others. The floating-point attack on the Gaussian mechanism (Mironov 2012) is not addressed by this.
"""

import math
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

Singles = NDArray[np.float32]


class Gaussians:
    """An endless source, out of a keystream."""

    def __init__(self, keystream: Keystream) -> None:
        self._keystream, self._kernel = keystream, _kernel()
        self._zeros = memoryview(bytes(PAIR_BYTES * PAIRS))
        self._memory = bytearray(PAIR_BYTES * PAIRS + SPARE_BYTES)
        self._bits = np.frombuffer(self._memory, np.uint8)
        self._places, self._std = np.zeros(len(PLACES), np.uintp), np.zeros(1, np.float32)
        self._last = np.zeros((2, machine_code.WIDEST_LANES), np.float32)
        arrays = (self._bits, self._places, self._std, *self._last)
        self._at_bits, self._at_places, self._at_std, *self._at_last = map(_address, arrays)

    def add(self, total: Singles, std: float) -> None:
        """Add independent draws of this standard deviation to `total` (m,), which is contiguous."""
        self._std[0] = std
        at = _address(total)
        for start in range(0, len(total), 2 * PAIRS):
            part = total[start : start + 2 * PAIRS]
            pairs = (len(part) + 1) // 2
            self._keystream.fill(self._zeros[: PAIR_BYTES * pairs], self._memory)
            if self._kernel is None:
                words = self._bits[: 8 * pairs].view(np.uint64)
                add_plainly(words, self._bits[8 * pairs : 12 * pairs].view(np.uint32), std, part)
            else:
                self._add(self._kernel, part, at + part.itemsize * start, pairs)

    def _add(self, kernel: Kernel, part: Singles, at: int, pairs: int) -> None:
        """All cosines, then all sines. What is left over of whole registers is made elsewhere first."""
        lanes, bits = machine_code.lanes(), self._at_bits
        whole = (len(part) - pairs) // lanes * lanes
        self._places[:] = bits, bits + 8 * pairs, at, at + 4 * pairs
        kernel(self._at_places, self._at_std, 0, whole, 0)
        if whole < pairs:
            cosines, sines = self._last
            self._last.fill(0)
            self._places[:] = bits + 8 * whole, bits + 8 * pairs + 4 * whole, *self._at_last
            kernel(self._at_places, self._at_std, 0, lanes, 0)
            part[whole:pairs] += cosines[: pairs - whole]
            part[pairs + whole :] += sines[: len(part) - pairs - whole]


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
