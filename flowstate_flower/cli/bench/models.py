"""What private training is measured with: four models that are trained alone, and three that many clients train at once."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from flowstate_flower.clients import Examples

CLASSES, WORDS, LENGTH, WIDTH, HEADS, BLOCKS = 10, 500, 32, 64, 4, 2
Features = Callable[[int], Tensor]


@dataclass(frozen=True, slots=True)
class Workload:
    """A model, rows such as it takes, and how many steps a measurement takes for its set-up to weigh little."""

    name: str
    model: Callable[[], nn.Module]
    features: Features
    steps: int

    def examples(self, rows: int) -> Examples:
        """Random rows: what they hold does not change what a step costs."""
        return Examples(self.features(rows), torch.randint(0, CLASSES, (rows,)))


class Block(nn.Module):
    """A transformer's block, of layers that have gradients for each row."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention, self.joined = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, words: Tensor) -> Tensor:
        """(B, T, D) to the same."""
        rows, length, width = words.shape
        parts = self.attention(self.before(words)).view(rows, length, 3, HEADS, width // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(rows, length, width)
        words = words + self.joined(seen)
        thought: Tensor = self.narrow(nn.functional.gelu(self.wide(self.between(words))))
        return words + thought


class Transformer(nn.Module):
    """134 794 parameters; classifies 32 words of 500."""

    def __init__(self) -> None:
        super().__init__()
        self.word, self.place = nn.Embedding(WORDS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CLASSES)

    def forward(self, words: Tensor) -> Tensor:
        """(B, T) words to (B, 10)."""
        places = torch.arange(words.shape[1], device=words.device).expand_as(words)
        seen: Tensor = self.norm(self.blocks(self.word(words) + self.place(places)))
        classes: Tensor = self.head(seen.mean(dim=1))
        return classes


def mlp(inputs: int, hidden: int) -> Callable[[], nn.Module]:
    """Two layers."""
    return lambda: nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, CLASSES))


def small_cnn() -> nn.Module:
    """26 010 parameters: the network of Opacus's example for MNIST."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 8, stride=2, padding=3),
        nn.ReLU(),
        nn.MaxPool2d(2, 1),
        nn.Conv2d(16, 32, 4, stride=2),
        nn.ReLU(),
        nn.MaxPool2d(2, 1),
        nn.Flatten(),
        nn.Linear(512, 32),
        nn.ReLU(),
        nn.Linear(32, CLASSES),
    )


def large_cnn() -> nn.Module:
    """215 370 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1568, 128),
        nn.ReLU(),
        nn.Linear(128, CLASSES),
    )


def _flat(width: int) -> Features:
    return lambda rows: torch.randn(rows, width)


def _images(rows: int) -> Tensor:
    return torch.randn(rows, 1, 28, 28)


def _sentences(rows: int) -> Tensor:
    return torch.randint(0, WORDS, (rows, LENGTH))


ALONE = (
    Workload("MLP 784-256-10", mlp(784, 256), _flat(784), 60),
    Workload("CNN 26k", small_cnn, _images, 20),
    Workload("CNN 215k", large_cnn, _images, 12),
    Workload("transformer 134k", Transformer, _sentences, 8),
)
TOGETHER = (
    Workload("MLP 64-32-10", mlp(64, 32), _flat(64), 20),
    Workload("MLP 784-64-10", mlp(784, 64), _flat(784), 20),
    Workload("CNN 26k", small_cnn, _images, 5),
)
