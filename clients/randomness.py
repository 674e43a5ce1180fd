"""Where noise and sampling come from: a stream of their own, never torch's global generator.

A global seed at the top of a training function repeats the same noise in every round and on every client, and noise that
repeats protects nothing.
"""

import hashlib
import math
import os
from typing import Literal, Protocol

import torch
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from torch import Tensor

Source = Literal["os", "cryptographic", "seeded"]


class Stream(Protocol):
    """An endless source of independent draws."""

    def uniform(self, count: int) -> Tensor:
        """(count,) float64 draws from [0, 1), on the CPU."""

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """Float32 Gaussian draws, on the CPU."""

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """Add Gaussian draws to `total`, on whatever device it lies."""


class GeneratorStream:
    """Torch's generator under a seed of its own: fast, not cryptographic."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def uniform(self, count: int) -> Tensor:
        """See `Stream`."""
        return torch.rand(count, generator=self._generator, dtype=torch.float64)

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """See `Stream`."""
        return torch.randn(shape, generator=self._generator) * std

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """See `Stream`. On another device its own generator draws, with a fresh seed of this stream each time."""
        if total.device.type == "cpu":
            total += torch.randn(total.shape, generator=self._generator).mul_(std)
            return
        seed = int(torch.randint(2**63 - 1, (1,), generator=self._generator))
        generator = torch.Generator(total.device).manual_seed(seed)
        total += torch.randn(total.shape, generator=generator, device=total.device).mul_(std)


class AesStream:
    """AES-256 in counter mode under a key from the operating system; Gaussians by Box and Muller, in float64.

    Nobody who sees outputs can predict others. The floating-point attack on the Gaussian mechanism (Mironov 2012) is not
    addressed by this.
    """

    def __init__(self) -> None:
        self._encryptor = Cipher(algorithms.AES(os.urandom(32)), modes.CTR(os.urandom(16))).encryptor()

    def uniform(self, count: int) -> Tensor:
        """See `Stream`. 53 random bits each."""
        if count == 0:
            return torch.empty(0, dtype=torch.float64)
        words = torch.frombuffer(bytearray(self._encryptor.update(bytes(8 * count))), dtype=torch.int64)
        return (words & ((1 << 53) - 1)).double() * 2.0**-53

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """See `Stream`."""
        count = math.prod(shape)
        half = (count + 1) // 2
        radius = torch.sqrt(-2 * torch.log1p(-self.uniform(half)))
        angle = 2 * math.pi * self.uniform(half)
        draws = torch.cat([radius * torch.cos(angle), radius * torch.sin(angle)])[:count]
        return (draws * std).float().reshape(shape)

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """See `Stream`. Drawn on the CPU, so that the noise of every device is cryptographic."""
        total += self.normal(total.shape, 1.0).to(total.device, non_blocking=True).mul_(std)


def open_stream(source: Source, *, seed: int, tenant: str, round_number: int, use: str) -> Stream:
    """A fresh stream. `seed`, `tenant`, `round_number` and `use` matter to `seeded` alone, which is for simulations: the
    same arguments give the same draws, and whoever knows them can subtract the noise.
    """
    if source == "cryptographic":
        return AesStream()
    if source == "os":
        return GeneratorStream(int.from_bytes(os.urandom(8), "big", signed=True))
    text = f"{seed}/{tenant}/{round_number}/{use}".encode()
    return GeneratorStream(int.from_bytes(hashlib.sha256(text).digest()[:8], "big", signed=True))
