"""The narrow seam between the trainer and its engines: an engine turns a batch into one vector, the sum of its items' clipped
gradients. Sampling, noise, the optimiser and the ledger are the trainer's, the same for every engine.
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """A sample of items: one item is one unit of privacy, and is `per_item` consecutive rows.

    An item's loss is Σ wᵣ lossᵣ over its rows; without `weights` every row weighs 1 / `per_item`. Weights of zero make a row
    padding. A batch may be empty.
    """

    features: Tensor  # (R, …)
    targets: Tensor  # (R, …)
    weights: Tensor | None = None  # (R,)
    per_item: int = 1

    def __len__(self) -> int:
        return len(self.features) // self.per_item


class Clipping(Protocol):
    """How long an item's gradient may be. Layers are the trainable parameters, in the model's order."""

    def factors(self, squared: Tensor) -> Tensor:
        """(L, I) factors of at most 1 for the (L, I) squared norms of L layers' gradients of I items."""

    @property
    def sensitivity(self) -> float:
        """The longest that one item's clipped gradient can be, all layers together."""


class Engine(Protocol):
    """Clipped gradients of one model, whose parameters lie in one flat vector."""

    @property
    def name(self) -> str:
        """Such as opacus or fast."""

    def add_clipped(self, batch: Batch, clipping: Clipping, total: Tensor) -> Tensor:
        """Add the sum of the items' clipped gradients to `total` (P,), float32. Returns the (L, I) squared norms before
        clipping, float32. Leaves the model's parameters and their `.grad` as they were.
        """
