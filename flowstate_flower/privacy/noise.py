"""Randomness of the operating system in numpy: a keystream, and the Gaussian noise that a trusted server adds.

A stream is private to whoever draws from it: nothing here reads or seeds numpy's global generator.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

NoiseSource = Literal["cryptographic", "seeded"]
Draws = NDArray[np.float64]
AT_ONCE = 1 << 18
"""So many draws are made together, which bounds the memory beside them."""
_UNUSED_BITS = np.uint64(11)


class Normals(Protocol):
    """An endless source of independent draws from the standard normal distribution."""

    @property
    def source(self) -> NoiseSource:
        """What is recorded of it. `seeded` draws protect nobody."""

    def __call__(self, count: int) -> Draws:
        """(count,) draws."""


class Keystream:
    """AES-256 in counter mode: nobody who sees some of it, and does not know the key, can predict the rest.

    The key has 32 bytes; from the operating system, unless one is given, which then gives the same stream each time.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._encryptor = Cipher(algorithms.AES(os.urandom(32) if key is None else key), modes.CTR(bytes(16))).encryptor()

    def words(self, count: int) -> NDArray[np.uint64]:
        """(count,) words of 64 random bits."""
        return np.frombuffer(self._encryptor.update(bytes(8 * count)), dtype=np.uint64)

    def uniform(self, count: int) -> Draws:
        """(count,) draws from [0, 1), of 53 random bits each."""
        return (self.words(count) >> _UNUSED_BITS).astype(np.float64) * 2.0**-53

    def fill(self, zeros: memoryview, buffer: bytearray) -> None:
        """The next `len(zeros)` random bytes, into memory that is there already and 16 bytes larger."""
        self._encryptor.update_into(zeros, buffer)


class CryptographicNormals:
    """Gaussians by Box and Muller from a `Keystream`, in float64 with 53 random bits each.

    The floating-point attack on the Gaussian mechanism (Mironov 2012) is not addressed by this.
    """

    source: NoiseSource = "cryptographic"

    def __init__(self) -> None:
        self._stream = Keystream()

    def __call__(self, count: int) -> Draws:
        """See `Normals`."""
        draws = np.empty(count)
        for start in range(0, count, AT_ONCE):
            block = draws[start : start + AT_ONCE]
            half = (len(block) + 1) // 2
            uniform = 1 - self._stream.uniform(2 * half)  # above 0, whose logarithm is infinite
            radius, angle = np.sqrt(-2 * np.log(uniform[:half])), 2 * np.pi * uniform[half:]
            block[:half], block[half:] = radius * np.cos(angle), (radius * np.sin(angle))[: len(block) - half]
        return draws


class SeededNormals:
    """For simulations: the same `seed` and `run` give the same draws, and whoever knows them can subtract the noise."""

    source: NoiseSource = "seeded"

    def __init__(self, seed: int, run: str) -> None:
        key = hashlib.sha256(f"{seed}/{run}/server".encode()).digest()
        self._generator = np.random.Generator(np.random.PCG64(int.from_bytes(key, "big")))

    def __call__(self, count: int) -> Draws:
        """See `Normals`."""
        return self._generator.standard_normal(count)

    def state(self) -> dict[str, Any]:
        """Where the draws stand, as JSON."""
        return dict(self._generator.bit_generator.state)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was."""
        self._generator.bit_generator.state = dict(state)
