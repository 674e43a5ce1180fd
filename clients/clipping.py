"""A tenant's whole update: how long it may be, and noise on it. Shared by the ready app and by the mods.

Everything is computed in float64 and rounded once, at the end, so that rounding comes after clipping and after noise.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from flowstate_flower.clients.randomness import Stream
from flowstate_flower.errors import BadInput

Layers = Mapping[str, NDArray[Any]]
Update = dict[str, NDArray[np.float64]]


def clipped_update(sent: Layers, trained: Layers, clip_norm: float) -> Update:
    """`trained` minus `sent`, all floating layers together shortened to an L2 norm of at most `clip_norm`.

    An update that is not finite counts as none: it is zero. Raises `BadInput` where the layers are not those that were sent.
    """
    if {n: layer.shape for n, layer in sent.items()} != {n: layer.shape for n, layer in trained.items()}:
        raise BadInput("the update has other layers than the model that was sent", hint="return every layer, in its shape")
    floating = [name for name, layer in sent.items() if np.issubdtype(layer.dtype, np.floating)]
    with np.errstate(over="ignore", invalid="ignore"):
        update = {name: trained[name].astype(np.float64) - sent[name].astype(np.float64) for name in floating}
        largest = max((float(np.abs(layer).max(initial=0.0)) for layer in update.values()), default=0.0)
    if not np.isfinite(largest) or any(np.isnan(layer).any() for layer in update.values()):
        return {name: np.zeros(sent[name].shape) for name in floating}
    if largest == 0.0:
        return update
    norm = largest * float(np.sqrt(sum(np.square(layer / largest).sum() for layer in update.values())))  # never overflows
    factor = min(1.0, clip_norm / norm)
    return {name: layer * factor for name, layer in update.items()}


def with_noise(update: Update, stream: Stream, std: float) -> Update:
    """`update` with Gaussian noise of standard deviation `std` on every coordinate, those that are zero too."""
    return {name: layer + stream.normal(torch.Size(layer.shape), std).double().numpy() for name, layer in update.items()}


def moved(sent: Layers, update: Update) -> dict[str, NDArray[Any]]:
    """`sent` plus `update`, in the types that were sent. Layers that are not floating, such as counters, stay as they were."""
    return {
        name: np.asarray(layer.astype(np.float64) + update[name], dtype=layer.dtype, order="C") if name in update else layer
        for name, layer in sent.items()
    }
