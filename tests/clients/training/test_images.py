"""Images lie in memory as the processor likes them, where the model does not mind."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flowstate_flower.clients import Examples, train
from flowstate_flower.clients.training import source
from flowstate_flower.clients.training.clipping import FlatClipping
from flowstate_flower.clients.training.fast import FastEngine
from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.images import channels_last, likes_channels_last
from flowstate_flower.clients.training.mechanism import Mechanism
from flowstate_flower.clients.training.sampling import Rows
from flowstate_flower.clients.training.source import Source, rounded_up


def convolutions(channels: int, *, flatten: nn.Module | None = None) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, last = nn.Conv2d(channels, 4, 3), nn.Linear(36, 3)
        return nn.Sequential(first, nn.Dropout(0.5), nn.MaxPool2d(2), flatten or nn.Flatten(), last)


class View(nn.Module):
    """Reads memory in order."""

    def forward(self, images: Tensor) -> Tensor:
        return images.view(len(images), -1)


class Strided(nn.Module):
    """Takes what lies in memory for what it means: wrong, and torch does not notice."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.as_strided(images, (len(images), 36), (36, 1))


@pytest.mark.parametrize("channels", [1, 3])
def test_only_the_order_in_memory_changes(channels: int) -> None:
    images = torch.randn(5, channels, 8, 6)
    turned = channels_last(images)
    assert torch.equal(images, turned)
    assert turned.stride() == (48 * channels, 1, 6 * channels, channels)
    assert torch.equal(channels_last(images.transpose(2, 3)), images.transpose(2, 3))


def test_a_model_is_asked_whether_it_minds() -> None:
    images = torch.randn(3, 2, 8, 8)
    assert likes_channels_last(convolutions(2), images)
    assert not likes_channels_last(convolutions(2, flatten=View()), images)
    assert not likes_channels_last(convolutions(2, flatten=Strided()), images)
    assert not likes_channels_last(nn.Sequential(nn.Flatten(), nn.Linear(128, 3)), images)  # nothing to gain
    assert not likes_channels_last(nn.Linear(12, 3), torch.randn(3, 12))


def test_asking_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3))
    model[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    likes_channels_last(model, torch.randn(3, 2, 8, 8))
    assert [module.training for module in model] == [True, False, True, True]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("private", [True, False])
def test_training_comes_to_the_same(lab, engine: str, channels: int, private: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    images = Examples(torch.randn(12, channels, 8, 8, generator=torch.Generator().manual_seed(1)), torch.arange(12) % 3)
    turned: list[Tensor] = []

    def trained() -> Tensor:
        model = convolutions(channels)
        model[1] = nn.Identity()  # dropout's draws go by the order in memory
        job = lab.job(model, examples=images, work={"steps": 3, "momentum": 0.9})
        train(job if private else replace(job, privacy=None))
        return lab.flat(model)

    def turn(features: Tensor) -> Tensor:
        turned.append(features)
        return channels_last(features)

    monkeypatch.setattr(source, "channels_last", turn)
    fast = trained()
    assert bool(turned) == (engine == "fast" or not private)  # Opacus takes the memory's order for granted
    monkeypatch.setattr(source, "likes_channels_last", lambda *_: False)
    torch.testing.assert_close(fast, trained(), rtol=1e-4, atol=1e-6)


def test_a_model_that_minds_is_trained_all_the_same(lab, engine: str) -> None:
    images = Examples(torch.randn(12, 2, 8, 8), torch.arange(12) % 3)
    model = convolutions(2, flatten=View())
    before = model[0].weight.detach().clone()
    train(lab.job(model, examples=images))
    assert not torch.equal(before, model[0].weight)


@pytest.mark.parametrize("beside", [0.5, float("inf")])
def test_pieces_are_filled_up_with_rows_that_weigh_nothing(lab, monkeypatch: pytest.MonkeyPatch, beside: float) -> None:
    monkeypatch.setattr(source, "IMAGES_AT_ONCE", 20)
    examples = Examples(torch.randn(40, 2, 8, 8), torch.arange(40) % 3)
    examples.features[0] = beside  # what fills up is not in the sample
    model = convolutions(2)
    model[1] = nn.Identity()
    mechanism = Mechanism(
        FastEngine(model, lab.losses), FlatClipping(0.3, 1.0), len(FlatParameters(model).vector), torch.device("cpu")
    )
    rows, images = Rows(np.arange(1, 38)), Source(examples, torch.device("cpu"))
    expected = mechanism.noisy_sum(images.pieces(rows), lab.Still()).clone()
    images.suit(model, Rows(np.arange(1, 4)))
    pieces = list(images.pieces(rows))
    assert [len(piece) for piece in pieces] == [20, 18]
    assert [int(piece.weights.sum()) for piece in pieces if piece.weights is not None] == [19, 18]
    torch.testing.assert_close(mechanism.noisy_sum(pieces, lab.Still()), expected, rtol=1e-4, atol=1e-6)
    assert list(images.pieces(Rows(np.arange(0)))) == []


def test_few_sizes_are_left() -> None:
    assert [rounded_up(size) for size in (0, 1, 15, 17, 31, 33, 63, 65, 127)] == [0, 1, 15, 18, 32, 36, 64, 72, 128]
    assert [rounded_up(size) for size in (128, 129, 255, 257)] == [128, 136, 256, 272]
