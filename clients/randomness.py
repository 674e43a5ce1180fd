"""Where noise and sampling come from: a stream of their own, never torch's global generator.

A global seed at the top of a training function repeats the same noise in every round and on every client, and noise that
repeats protects nothing.
"""

import hashlib
import math
import os
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from flowstate_flower.clients.policy import Source
from flowstate_flower.privacy.noise import Draws, Keystream

AHEAD = 1024
"""How many uniform draws are made at once, at least."""
PAIRS = 49_152
"""How many pairs of Gaussians are made at once."""


class Stream(Protocol):
    """An endless source of independent draws."""

    def uniform(self, count: int) -> Draws:
        """(count,) draws from [0, 1)."""

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """Float32 Gaussian draws, on the CPU."""

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """Add Gaussian draws to `total`, on whatever device it lies."""


class GeneratorStream:
    """Torch's generator under a seed of its own: fast, not cryptographic."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._ahead = np.empty(0)

    def uniform(self, count: int) -> Draws:
        """See `Stream`. Torch draws many at the price of one."""
        if count > len(self._ahead):
            more = torch.rand(max(AHEAD, count), generator=self._generator, dtype=torch.float64).numpy()
            self._ahead = np.concatenate([self._ahead, more])
        draws, self._ahead = self._ahead[:count], self._ahead[count:]
        return draws

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """See `Stream`."""
        return torch.randn(shape, generator=self._generator) * std

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """See `Stream`. On another device its own generator draws, with a fresh seed of this stream each time."""
        if total.device.type == "cpu":
            draws = torch.randn(total.shape, generator=self._generator)
            total.add_(draws, alpha=float(std))
            return
        seed = int(torch.randint(2**63 - 1, (1,), generator=self._generator))
        generator = torch.Generator(total.device).manual_seed(seed)
        total += torch.randn(total.shape, generator=generator, device=total.device).mul_(std)


class _Scratch:
    """Memory for the keystream of `pairs` pairs of Gaussians, small enough to stay in the processor's cache."""

    def __init__(self, pairs: int) -> None:
        self._zeros = memoryview(bytes(8 * pairs))
        self._words, self._turns = bytearray(8 * pairs + 16), bytearray(4 * pairs + 16)
        self.words = torch.frombuffer(self._words, dtype=torch.int64, count=pairs)
        self.turns = torch.frombuffer(self._turns, dtype=torch.int32, count=pairs)

    def drawn(self, keystream: Keystream, pairs: int) -> tuple[Tensor, Tensor]:
        """(`pairs`,) whole numbers of 64 and of 32 random bits."""
        keystream.fill(self._zeros[: 8 * pairs], self._words)
        keystream.fill(self._zeros[: 4 * pairs], self._turns)
        return self.words[:pairs], self.turns[:pairs]


class AesStream:
    """A `Keystream`, and Gaussians by Box and Muller in torch, in memory that stays in the processor's cache.

    Radii are float64 of 52 random bits, so a pair of draws ends at 8.49 deviations, beyond which a Gaussian pair lies with
    probability 2⁻⁵²; angles have 32 bits. Nobody who sees outputs can predict others. The floating-point attack on the
    Gaussian mechanism (Mironov 2012) is not addressed by this.
    """

    def __init__(self) -> None:
        self._keystream = Keystream()
        self._scratch: _Scratch | None = None

    def uniform(self, count: int) -> Draws:
        """See `Stream`. 53 random bits each."""
        return self._keystream.uniform(count)

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        """See `Stream`."""
        draws = torch.empty(math.prod(shape))
        for first in range(0, len(draws), 2 * PAIRS):
            self._fill(draws[first : first + 2 * PAIRS])
        return draws.mul_(std).reshape(shape)

    def _fill(self, draws: Tensor) -> None:
        pairs, whole = (len(draws) + 1) // 2, len(draws) // 2
        if self._scratch is None or len(self._scratch.words) < pairs:
            self._scratch = _Scratch(pairs)
        words, turns = self._scratch.drawn(self._keystream, pairs)
        words.bitwise_and_((1 << 52) - 1).bitwise_or_(1023 << 52)  # the bits of a float64 from [1, 2)
        radii = words.view(torch.float64).neg_().add_(2).log_().float().mul_(-2).sqrt_()
        angles = turns * (2 * math.pi * 2.0**-32)
        torch.cos(angles, out=draws[:pairs]).mul_(radii)
        torch.sin(angles[:whole], out=draws[pairs:]).mul_(radii[:whole])

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        """See `Stream`. Drawn on the CPU, so that the noise of every device is cryptographic."""
        if total.device.type != "cpu" or not total.is_contiguous():
            total += self.normal(total.shape, 1.0).to(total.device, non_blocking=True).mul_(std)
            return
        draws = torch.empty(min(total.numel(), 2 * PAIRS))
        for part in total.view(-1).split(2 * PAIRS):  # type: ignore[no-untyped-call]
            self._fill(draws[: len(part)])
            part.add_(draws[: len(part)], alpha=float(std))


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
