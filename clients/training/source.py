"""How the rows of a sample get to the device: they lie there, or come through pinned memory."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from flowstate_flower.clients.task import Examples
from flowstate_flower.clients.training.images import channels_last, likes_channels_last
from flowstate_flower.clients.training.sampling import Rows
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.errors import BadInput

IMAGES_AT_ONCE = 160
"""How many images go through a model at once where nothing else is said: enough for a processor, and little memory. Samples of
128 and of 256 in expectation are nearly always one piece and two.
"""
MANY = 128
"""Images, of which filling up costs more than a convolution for one more size."""
SHARE = 0.5
"""The part of a GPU's free memory that resident data may take."""


class Source:
    """`examples` as batches on `device`. They are moved there at once if they fit; tensors that are mapped from files and read
    row by row may stay where they are.

    `most_rows` bounds the rows of one piece, None is no bound.
    """

    def __init__(self, examples: Examples, device: torch.device, most_rows: int | None = None) -> None:
        self._examples = examples.to(device) if _fits(examples, device) else examples
        self._device, self._most_rows = device, most_rows
        self._as_model_likes: Callable[[Tensor], Tensor] = lambda features: features
        self._images = False

    def suit(self, model: nn.Module, few: Rows) -> None:
        """From here on give features as `model` is fastest with them, as tried on a `few` rows. Images have channels last in
        memory, and go in pieces of few different sizes, since torch makes a convolution for each size anew.
        """
        if likes_channels_last(model, self.batch(few).features):
            self._as_model_likes, self._images = channels_last, True

    def pieces(self, rows: Rows) -> Iterator[Batch]:
        """The sample in pieces of whole items, about as large as each other; one piece, if nothing bounds it; none of an empty
        sample. Pieces of images may be filled up with rows that weigh nothing.
        """
        items = len(rows)
        if items == 0:
            return
        each = -(-items // -(-items // self._most_items(items, rows.per_item)))
        for first in range(0, items, each):
            part = slice(first * rows.per_item, (first + each) * rows.per_item)
            piece = Rows(rows.index[part], None if rows.weights is None else rows.weights[part], rows.per_item)
            yield self.batch(padded(piece, rounded_up(len(piece))) if self._images else piece)

    def _most_items(self, items: int, per_item: int) -> int:
        """In one piece."""
        if self._most_rows is None:
            return max(1, IMAGES_AT_ONCE // per_item) if self._images else items
        if self._most_rows < per_item:
            raise BadInput(f"most_rows is {self._most_rows}, and a person brings {per_item}", hint="at least as many")
        return self._most_rows // per_item

    def batch(self, rows: Rows) -> Batch:
        """These rows, on the device."""
        weights = None if rows.weights is None else self._to_device(torch.from_numpy(rows.weights))
        index = torch.from_numpy(rows.index)
        return Batch(
            self._as_model_likes(self._take(self._examples.features, index)),
            self._take(self._examples.targets, index),
            weights,
            rows.per_item,
        )

    def _take(self, tensor: Tensor, index: Tensor) -> Tensor:
        if tensor.device == self._device:
            return tensor.index_select(0, self._to_device(index))
        return self._to_device(tensor.index_select(0, index))

    def _to_device(self, tensor: Tensor) -> Tensor:
        if self._device.type == "cuda":
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)


def padded(rows: Rows, largest: int) -> Rows:
    """The sample with as many items as it may have at most, for shapes that never change: row 0 at weight 0 fills it up."""
    missing = (largest - len(rows)) * rows.per_item
    own = np.float32(1 / rows.per_item) if rows.weights is None else rows.weights
    index, weights = np.zeros(len(rows.index) + missing, np.int64), np.zeros(len(rows.index) + missing, np.float32)
    index[: len(rows.index)], weights[: len(rows.index)] = rows.index, own
    return Rows(index, weights, rows.per_item)


def rounded_up(items: int) -> int:
    """To a number with few binary digits that matter: at most an eighth more, and of `MANY` at most a sixteenth."""
    digits = 4 if items < MANY else 5
    unit = 1 << max(0, items.bit_length() - digits)
    return -(-items // unit) * unit


def _fits(examples: Examples, device: torch.device) -> bool:
    if device.type != "cuda" or examples.features.device == device:
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return examples.features.nbytes + examples.targets.nbytes < SHARE * free
