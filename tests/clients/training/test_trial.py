"""The trial before a round: an engine whose sum is not the obvious one trains nobody's model."""

import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from flowstate_flower.clients.training.engines import choose
from flowstate_flower.clients.training.fast import FastEngine
from flowstate_flower.clients.training.flat import trainable_only
from flowstate_flower.clients.training.forward import Forward
from flowstate_flower.clients.training.plan import TrainingPlan
from flowstate_flower.clients.training.seam import Batch, Clipping
from flowstate_flower.clients.training.trial import check_sum
from flowstate_flower.errors import BadInput
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms


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


class Living(TorchDispatchMode):
    """The most bytes that results of torch's operations held at one time."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[int] = set()
        self.most = self.now = 0

    def __torch_dispatch__(self, operation: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = operation(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in self._seen:
                self._hold(tensor.untyped_storage())
        self.most = max(self.most, self.now)
        return result

    def _hold(self, storage: torch.UntypedStorage) -> None:
        size, name = storage.nbytes(), storage._cdata

        def gone() -> None:
            self._seen.discard(name)
            self.now -= size

        self._seen.add(name)
        self.now += size
        weakref.finalize(storage, gone)


def test_a_trial_holds_few_vectors_of_the_models_size() -> None:
    """A tenant's memory is that of a step, not of what is looked at before: six here, and what is small."""
    model = nn.Sequential(nn.Linear(12, 4000), nn.Tanh(), nn.Linear(4000, 3))
    size = 4 * sum(parameter.numel() for parameter in model.parameters())
    privacy = PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0)
    plan = TrainingPlan.of(LocalWork(steps=1, batch_size=3, learning_rate=0.1), privacy)
    with trainable_only(model, ("*",)) as flat, Living() as living:
        choose(plan, Forward(model, losses), flat, Batch(torch.randn(3, 12), torch.tensor([0, 1, 2])))
    assert 2 < living.most / size <= 6.5
