"""Images in MNIST's format from a user's folder, dealt to tenants: Fashion-MNIST as Debian ships it, MNIST, or others."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flowstate_flower.clients import Examples
from flowstate_flower.simulations.digits import DigitsTask, Indices
from flowstate_flower.simulations.idx import SIDE, read_pair
from flowstate_flower.simulations.scattering import feature_count, scattered

READING = Lock()


@dataclass(frozen=True, slots=True)
class Images:
    """All images of a folder. The first `trained` are of its training files, the others of its test files."""

    features: Tensor  # (N, F) float16
    labels: NDArray[np.int64]  # (N,)
    trained: int


class ImagesTask(DigitsTask):
    """Multinomial logistic regression on scattering features, which nobody has to learn."""

    def model(self) -> nn.Module:
        """A linear classifier of as many classes as there are labels."""
        return nn.Linear(feature_count(SIDE), int(self._labels.max()) + 1)

    def _examples(self, index: Indices) -> Examples:
        images = self._images
        return Examples(images.features[torch.from_numpy(index)].float(), torch.from_numpy(images.labels[index]))

    @property
    def _labels(self) -> NDArray[np.int64]:
        return self._images.labels

    @property
    def _images(self) -> Images:
        with READING:  # two tenants at once would both compute what one can use
            return _images(Path(self.data_plan.folder or ""))

    @cached_property
    def _split(self) -> tuple[Indices, Indices, Indices]:
        """The files' own test images; the training images in a random order."""
        images = self._images
        order = np.random.default_rng([self.seed, 1]).permutation(images.trained)
        own = self.data_plan.root_examples
        return np.arange(images.trained, len(images.labels)), order[:own], order[own:]


@lru_cache(maxsize=1)
def _images(folder: Path) -> Images:
    train, test = read_pair(folder, "train"), read_pair(folder, "t10k")
    pixels = torch.from_numpy(np.concatenate([train.images, test.images]))
    labels = np.concatenate([train.labels, test.labels]).astype(np.int64)
    return Images(scattered(pixels), labels, len(train.labels))
