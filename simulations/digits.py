"""Scikit-learn's handwritten digits (1797 images of 8 × 8, real, shipped with the library), dealt to tenants."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flowstate_flower.clients import Examples
from flowstate_flower.errors import BadInput
from flowstate_flower.simulations.scenario import Data

CLASSES, PIXELS, BRIGHTEST = 10, 64, 16.0
ATTEMPTS = 1000

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class DigitsTask:
    """Multinomial logistic regression on digits: `clients.TorchTask` for one partition, drawn by `seed`."""

    data_plan: Data
    tenants: tuple[str, ...]
    seed: int

    def model(self) -> nn.Module:
        """A linear classifier: 650 parameters."""
        return nn.Linear(PIXELS, CLASSES)

    def data(self, tenant: str) -> Examples:
        """The tenant's part of the training images."""
        return self._examples(self._partition[self.tenants.index(tenant)])

    def test_data(self) -> Examples:
        """Images that no tenant has."""
        return self._examples(self._split[0])

    def root_data(self) -> Examples:
        """The server's own images, to train on: neither a tenant's nor tested with."""
        return self._examples(self._split[1])

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy of each example."""
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """Accuracy, and the mean cross entropy."""
        hits = (outputs.argmax(dim=1) == targets).double().mean().item()
        return {"accuracy": hits, "loss": self.loss(outputs, targets).double().mean().item()}

    def _examples(self, index: Indices) -> Examples:
        images, targets = _digits()
        return Examples(torch.from_numpy(images[index]), torch.from_numpy(targets[index]))

    @property
    def _labels(self) -> NDArray[np.int64]:
        """Of all images, in the order of the indices."""
        return _digits()[1]

    @cached_property
    def _split(self) -> tuple[Indices, Indices, Indices]:
        """Indices to test with, of the server's own, and to deal to tenants."""
        order = np.random.default_rng([self.seed, 1]).permutation(len(self._labels))
        cut = round(self.data_plan.test_fraction * len(order))
        own = cut + self.data_plan.root_examples
        return order[:cut], order[cut:own], order[own:]

    @cached_property
    def _partition(self) -> tuple[Indices, ...]:
        train = self._split[2]
        rng = np.random.default_rng([self.seed, 2])
        return dirichlet_partition(self._labels, train, len(self.tenants), self.data_plan, rng)


@lru_cache(maxsize=1)
def _digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    images, targets = load_digits(return_X_y=True)
    return (images / BRIGHTEST - 0.5).astype(np.float32), targets.astype(np.int64)


def dirichlet_partition(
    targets: NDArray[np.int64], index: Indices, tenants: int, plan: Data, rng: np.random.Generator
) -> tuple[Indices, ...]:
    """Deal `index` to tenants: each class in proportions from Dirichlet(α) (Hsu et al. 2019, arXiv:1909.06335).

    Drawn again until each tenant has `plan.least_examples`. Raises `BadInput` where that does not come about.
    """
    for _ in range(ATTEMPTS):
        parts: list[list[Indices]] = [[] for _ in range(tenants)]
        for label in np.unique(targets[index]):
            members = rng.permutation(index[targets[index] == label])
            cuts = np.cumsum(rng.dirichlet(np.full(tenants, plan.dirichlet_alpha)))[:-1] * len(members)
            for part, piece in zip(parts, np.split(members, cuts.astype(int)), strict=True):
                part.append(piece)
        joined = tuple(np.concatenate(part) for part in parts)
        if min(map(len, joined)) >= plan.least_examples:
            return joined
    raise BadInput(
        f"no partition of {len(index)} examples gives {tenants} tenants {plan.least_examples} each",
        hint="fewer tenants, fewer least_examples, or a larger dirichlet_alpha",
    )
