"""Worker momentum: a tenant sends a running mean of its updates, which makes robust rules work (Karimireddy et al. 2021,
arXiv:2012.10333): each tenant's own noise is averaged over rounds, so that honest updates come closer and liars stand out.

It is computed from what was trained privately already, so it costs no privacy.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, RecordDict
from numpy.typing import NDArray

from flowstate_flower.trust.npy import array_in

MOMENTUM = "flowstate.worker-momentum"
Layers = Mapping[str, NDArray[Any]]


def with_momentum(state: RecordDict, sent: Layers, trained: Layers, beta: float) -> dict[str, NDArray[Any]]:
    """The model to answer with: `sent` plus m, where m ← β m + (1 - β)(trained - sent), and m begins as the first update.

    m stays in `state` as float32 or wider. Layers that are not floating are the trained ones; the results keep their dtype.
    """
    before = state.get(MOMENTUM)
    momentum, answer = {}, {}
    for name, layer in trained.items():
        if not np.issubdtype(layer.dtype, np.floating):
            answer[name] = layer
            continue
        kind = np.promote_types(layer.dtype, np.float32)
        update = layer.astype(kind) - sent[name].astype(kind)
        if isinstance(before, ArrayRecord) and name in before and array_in(before[name].data).shape == layer.shape:
            update = beta * array_in(before[name].data) + (1 - beta) * update
        momentum[name] = np.asarray(update, dtype=kind)
        answer[name] = np.asarray(sent[name] + momentum[name], dtype=layer.dtype, order="C")
    state[MOMENTUM] = ArrayRecord({name: Array(array) for name, array in momentum.items()})
    return answer


def remember(state: RecordDict, momentum: Layers | None) -> None:
    """Put `momentum`, which was kept elsewhere, into `state`. None leaves it alone."""
    if momentum is not None:
        state[MOMENTUM] = ArrayRecord({name: Array(np.asarray(layer)) for name, layer in momentum.items()})


def remembered(state: RecordDict) -> dict[str, NDArray[Any]] | None:
    """The momentum in `state`."""
    record = state.get(MOMENTUM)
    return {name: array_in(array.data) for name, array in record.items()} if isinstance(record, ArrayRecord) else None
