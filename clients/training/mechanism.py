"""What is accounted for: the sum of clipped gradients over one sample, and Gaussian noise, once."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.training.clipping import NoisyClipping
from flowstate_flower.clients.training.seam import Batch, Engine


class Mechanism:
    """An engine and a clipping, for gradients of `size` coordinates."""

    def __init__(self, engine: Engine, clipping: NoisyClipping, size: int, device: torch.device) -> None:
        self._engine, self._clipping = engine, clipping
        self._total = torch.zeros(size, device=device)
        self._part: Tensor | None = None

    def noisy_sum(self, pieces: Iterable[Batch], noise: Stream) -> Tensor:
        """The clipped sum over all items of `pieces`, together one sample, with noise. Valid until the next call.

        An empty sample gives noise alone. The sum begins at zero, whatever became of the last one.
        """
        self._total.zero_()
        for number, piece in enumerate(pieces):
            if number == 0:
                self._add(piece, self._total)
                continue
            if self._part is None:
                self._part = torch.empty_like(self._total)
            self._add(piece, self._part.zero_())
            self._total += self._part
        noise.add_normal(self._total, self._clipping.noise)
        self._clipping.end_step(noise)
        return self._total

    def _add(self, piece: Batch, total: Tensor) -> None:
        """The clipped sum over one piece, into `total`, which is zero. An item whose gradient is not finite adds nothing: it
        would undo the noise of every coordinate.
        """
        squared = self._engine.add_clipped(piece, self._clipping, total)
        finite = squared.sum(dim=0).isfinite()
        if not finite.all():
            self._engine.add_clipped(_only(piece, finite), self._clipping, total.zero_())
        self._clipping.saw(squared, _real(piece))


def _only(piece: Batch, items: Tensor) -> Batch:
    rows = items.repeat_interleave(piece.per_item)
    weights = None if piece.weights is None else piece.weights[rows]
    return replace(piece, features=piece.features[rows], targets=piece.targets[rows], weights=weights)


def _real(piece: Batch) -> Tensor | None:
    """(I,) 1 for items, 0 for padding; None where there is no padding."""
    if piece.weights is None:
        return None
    return (piece.weights.view(-1, piece.per_item) > 0).any(dim=1).float()
