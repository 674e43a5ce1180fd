"""A task to try a deployment with: scikit-learn's handwritten digits (1797 images of 8 × 8, shipped with the library).

`FLOWSTATE_DATA` names a tenant's own data, an `.npz` with `features` (N, 64) and `targets` (N,). Without it every tenant has
the images that its name draws, a tenth of those that the operator does not measure with; tenants' shares overlap.
"""

import hashlib
import os
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flowstate_flower.clients import Examples
from flowstate_flower.errors import BadInput

DATA_VARIABLE = "FLOWSTATE_DATA"
CLASSES, PIXELS, BRIGHTEST = 10, 64, 16.0
TESTED_WITH, SHARE = 360, 10


class DigitsTask:
    """Multinomial logistic regression: `clients.TorchTask`."""

    def model(self) -> nn.Module:
        """A linear classifier: 650 parameters."""
        return nn.Linear(PIXELS, CLASSES)

    def data(self, tenant: str) -> Examples:
        """The tenant's own file, or its share of the images. Raises `BadInput` for a file that holds something else."""
        if path := os.environ.get(DATA_VARIABLE):
            return _examples(*_read(Path(path)))
        images, targets = _digits()
        seed = int.from_bytes(hashlib.sha256(tenant.encode()).digest()[:8], "big")
        count = len(images) - TESTED_WITH
        own = TESTED_WITH + np.random.default_rng(seed).permutation(count)[: count // SHARE]
        return _examples(images[own], targets[own])

    def test_data(self) -> Examples:
        """Images that no tenant is dealt."""
        images, targets = _digits()
        return _examples(images[:TESTED_WITH], targets[:TESTED_WITH])

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy of each example."""
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """Accuracy, and the mean cross entropy."""
        hits = (outputs.argmax(dim=1) == targets).double().mean().item()
        return {"accuracy": hits, "loss": self.loss(outputs, targets).double().mean().item()}


task = DigitsTask()


def _examples(images: NDArray[np.float32], targets: NDArray[np.int64]) -> Examples:
    return Examples(torch.from_numpy(images), torch.from_numpy(targets))


def _read(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            features, targets = file["features"].astype(np.float32), file["targets"].astype(np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{path} holds no digits: {error}", hint="an .npz with features (N, 64) and targets (N,)") from error
    if features.ndim != 2 or features.shape[1] != PIXELS or targets.shape != features.shape[:1]:
        raise BadInput(f"{path} holds no digits: {features.shape}, {targets.shape}", hint="features (N, 64) and targets (N,)")
    return features, targets


@cache
def _digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """All images, in an order that is always the same: those to measure with come first."""
    from sklearn.datasets import load_digits

    images, targets = load_digits(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(images))
    return (images[order] / BRIGHTEST - 0.5).astype(np.float32), targets[order].astype(np.int64)
