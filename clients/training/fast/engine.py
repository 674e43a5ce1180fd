"""DP-SGD's clipped gradients at about the price of a plain step: book-keeping (Bu et al. 2022, arXiv:2210.00038).

One backward pass gives output gradients; each layer's norms come in closed form, its clipped sum is one weighted contraction.
"""

from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.fast.recording import Recording
from flowstate_flower.clients.training.fast.rehearsal import rehearsal, saved_per_row
from flowstate_flower.clients.training.fast.shares import Room, Share, Shares, rounding
from flowstate_flower.clients.training.fast.support import Refusal, refusal
from flowstate_flower.clients.training.seam import Batch, Clipping
from flowstate_flower.errors import BadInput

Losses = Callable[[Tensor, Tensor], Tensor]

KEPT = 0.6
"""How much may be kept of the items' gradients, beside what a plain step saves for its backward pass. At its peak a plain step
has about a quarter more than that, so the private one stays under one and a half times the plain one.
"""


class FastEngine:
    """Clipped gradients of `model` with `losses(outputs, targets)`, one for each row. Forward and backward run in `autocast`'s
    precision, where it is given; norms and sums are float32 anyway. Raises `BadInput` for a model that it is not exact for.
    """

    name = "fast"

    def __init__(self, model: nn.Module, losses: Losses, *, autocast: torch.dtype | None = None) -> None:
        if found := refusal(model):
            raise found.error()
        self._model, self._losses, self._autocast = model, losses, autocast
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._sizes = [parameter.numel() for parameter in self._parameters]
        place = {parameter: index for index, parameter in enumerate(self._parameters)}
        self._names: dict[nn.Module, str] = {}
        self._places: dict[nn.Module, dict[str, int]] = {}
        for name, module in model.named_modules():
            own = {short: place[p] for short, p in module.named_parameters(recurse=False) if p.requires_grad}
            if own:
                self._names[module], self._places[module] = name or type(module).__name__, own
        self._rehearsed = False
        self._saved_per_row = 0

    def rehearse(self, features: Tensor, targets: Tensor) -> Refusal | None:
        """What only a forward pass can show, on a few rows: a layer used twice, rows that are mixed. Nothing is released."""
        exact = FastEngine(self._model, self._losses)
        exact._rehearsed = True
        found = rehearsal(exact, self._model, self._losses, features, targets)
        self._rehearsed = found is None
        if self._rehearsed:
            self._saved_per_row = saved_per_row(self._model, self._losses, features, targets)
        return found

    def add_clipped(self, batch: Batch, clipping: Clipping, total: Tensor) -> Tensor:
        """Add the sum of the items' clipped gradients to `total` (P,). Returns the (L, I) squared norms before clipping.

        The first batch is a rehearsal too, if there was none. Raises `BadInput` that names a layer.
        """
        if len(batch) == 0 or not self._parameters:
            return total.new_zeros((len(self._parameters), len(batch)))
        if not self._rehearsed and (found := self.rehearse(batch.features, batch.targets)):
            raise found.error()
        shares: dict[int, Share] = {}
        squares = [total.new_zeros(len(batch))] * len(self._parameters)

        def found_shares(module: nn.Module, made: Shares) -> None:
            for short, share in made.items():
                index = self._places[module][short]
                shares[index], squares[index] = share, share.squared()

        rows = len(batch.features)
        room = Room(int(KEPT * self._saved_per_row * rows))
        recording = Recording(self._names, rows, len(batch), total.dtype, found_shares, room)
        try:
            self._passes(batch, recording)
        finally:
            recording.close()
        with torch.no_grad():
            squared = torch.stack(squares)
            # a norm that is rounded down must not let an item in that is longer than the clip
            factors = clipping.factors(squared * (1 + rounding(squared))).unbind()
            pieces = total.split(self._sizes)  # type: ignore[no-untyped-call]
            for index, share in shares.items():
                share.add(factors[index], pieces[index].view(self._parameters[index].shape))
        return squared

    def _passes(self, batch: Batch, recording: Recording) -> None:
        """Forward and backward, into the recording."""
        device = batch.features.device.type
        # without its cache: a cast that two uses share would look like one use
        cast = torch.autocast(device, self._autocast, cache_enabled=False) if self._autocast else nullcontext()
        with torch.enable_grad():
            with cast, recording.forward():
                outputs = self._model(batch.features)
            losses = self._losses(outputs.to(recording.dtype) if self._autocast else outputs, batch.targets)
        if losses.shape != (len(batch.features),):
            raise BadInput(
                f"the task's loss has shape {tuple(losses.shape)} for {len(batch.features)} rows",
                hint="return one loss per example: reduction='none'",
            )
        if losses.requires_grad:
            weights = torch.full_like(losses, 1 / batch.per_item) if batch.weights is None else batch.weights.to(losses)
            recording.backward(losses, weights)
