"""Where noise and sampling come from: a stream of their own, never torch's global generator.

A global seed at the top of a training function repeats the same noise in every round and on every client, and noise that
repeats protects nothing.
"""

import hashlib
import os
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from flowstate_flower.clients.policy import Source
from flowstate_flower.privacy.gaussians import Gaussians
from flowstate_flower.privacy.noise import Draws, Keystream

AHEAD = 1024
"""How many uniform draws are made at once, at least."""


class Stream(Protocol):
    """An endless source of independent draws."""

    def uniform(self, count: int) -> Draws:
        """(count,) draws from [0, 1)."""

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """Float32 Gaussian draws, on the CPU."""

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """Add Gaussian draws to `total`, on whatever device it lies."""


class AesStream:
    """A `Keystream`, and the `Gaussians` that come out of it."""

    def __init__(self, key: bytes | None = None) -> None:
        self._keystream = Keystream(key)
        self._gaussians: Gaussians | None = None

    def uniform(self, count: int) -> Draws:
        """See `Stream`. 53 random bits each."""
        return self._keystream.uniform(count)

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """See `Stream`."""
        draws = torch.zeros(shape)
        self.add_normal(draws, std)
        return draws

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """See `Stream`. Drawn on the CPU, so that the noise of every device is cryptographic."""
        if not total.is_cpu or total.dtype != torch.float32 or not total.is_contiguous():
            total += self.normal(total.shape, 1.0).to(total.device, non_blocking=True).mul_(std)
            return
        if self._gaussians is None:
            self._gaussians = Gaussians(self._keystream)
        self._gaussians.add_at(total.data_ptr(), total.numel(), float(std))


class GeneratorStream(AesStream):
    """The stream of a seed, whose draws repeat. Samples are torch's, and so is noise on another device: fast there."""

    def __init__(self, seed: int) -> None:
        super().__init__(hashlib.sha256(str(seed).encode()).digest())
        self._generator = torch.Generator().manual_seed(seed)
        self._ahead = np.empty(0)

    def uniform(self, count: int) -> Draws:
        """See `Stream`. Torch draws many at the price of one."""
        if count > len(self._ahead):
            more = torch.rand(max(AHEAD, count), generator=self._generator, dtype=torch.float64).numpy()
            self._ahead = np.concatenate([self._ahead, more])
        draws, self._ahead = self._ahead[:count], self._ahead[count:]
        return draws

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """See `Stream`. Another device's generator draws with a fresh seed of this stream each time."""
        if total.is_cpu:
            super().add_normal(total, std)
            return
        seed = int(torch.randint(2**63 - 1, (1,), generator=self._generator))
        generator = torch.Generator(total.device).manual_seed(seed)
        total += torch.randn(total.shape, generator=generator, device=total.device).mul_(std)


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
