"""The trial before a round: an engine whose sum is not the obvious one trains nobody's model."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.fast import FastEngine
from flowstate_flower.clients.training.flat import trainable_only
from flowstate_flower.clients.training.forward import Forward
from flowstate_flower.clients.training.seam import Batch, Clipping
from flowstate_flower.clients.training.trial import check_sum
from flowstate_flower.errors import BadInput


class Spoilt:
    """The engine `fast`, whose sum is changed afterwards."""

    name = "spoilt"

    def __init__(self, model: nn.Module, spoil: Callable[[Tensor], object]) -> None:
        self._engine, self._spoil = FastEngine(model, losses), spoil

    def add_clipped(self, batch: Batch, clipping: Clipping, total: Tensor) -> Tensor:
        squared = self._engine.add_clipped(batch, clipping, total)
        self._spoil(total)
        return squared


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(outputs, targets, reduction="none")


def tried(spoil: Callable[[Tensor], object], model: nn.Module | None = None) -> None:
    torch.manual_seed(0)
    model = model or nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    trial = Batch(torch.randn(3, 5), torch.tensor([0, 1, 2]))
    with trainable_only(model, ("*",)) as flat:
        check_sum(lambda: nullcontext(Spoilt(model, spoil)), Forward(model, losses), flat, trial)


def test_an_honest_engine_passes() -> None:
    tried(lambda total: None)


@pytest.mark.parametrize(
    ("layer", "spoil"),
    [
        ("0.weight", lambda total: total[:20].mul_(1.01)),
        ("0.bias", lambda total: total[20].add_(0.1)),
        ("2.weight", lambda total: total.zero_()),
        ("2.bias", lambda total: total[-1].fill_(float("nan"))),
    ],
)
def test_a_sum_that_is_off_or_no_number_is_refused(layer: str, spoil: Callable[[Tensor], object]) -> None:
    with pytest.raises(BadInput, match=f"by spoilt: wrong gradients of single rows at '{layer}'"):
        tried(spoil)


def test_a_model_that_draws_at_random_has_no_sum_to_be_held_against() -> None:
    tried(lambda total: total.zero_(), nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.5), nn.Linear(4, 3)))
