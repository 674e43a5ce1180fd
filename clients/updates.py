"""A tenant's whole update, shortened: its part in tenant-level privacy, where the server adds the noise."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Layers = Mapping[str, NDArray[Any]]


def clipped_update(base: Layers, trained: Layers, clip_norm: float) -> dict[str, NDArray[Any]]:
    """`base` plus the update, shortened to `clip_norm` in L2 over all floating layers; other layers as trained.

    An update that is not finite becomes none: whether a tenant is turned away must not depend on its data.
    """
    kinds = {name: np.promote_types(layer.dtype, np.float64) for name, layer in trained.items() if _is_floating(layer)}
    updates = {name: trained[name].astype(kind) - base[name].astype(kind) for name, kind in kinds.items()}
    norm = math.sqrt(sum(float(np.vdot(update, update)) for update in updates.values()))
    if norm <= clip_norm:
        return dict(trained)
    factor = clip_norm / norm if math.isfinite(norm) else 0.0
    shortened = {name: base[name].astype(kinds[name]) + factor * update for name, update in updates.items() if factor}
    return {
        name: np.asarray(shortened.get(name, base[name]), dtype=layer.dtype, order="C") if name in kinds else layer
        for name, layer in trained.items()
    }


def _is_floating(layer: NDArray[Any]) -> bool:
    return np.issubdtype(layer.dtype, np.floating)
