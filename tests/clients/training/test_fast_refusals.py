"""What the closed forms cannot take exactly is refused by the layer's name, and nothing is silently wrong."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from flowstate_flower.clients.training.fast import FastEngine, refusal
from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.errors import BadInput


class Raw(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale, self.head = nn.Parameter(torch.ones(4)), nn.Linear(4, 2)

    def forward(self, rows: Tensor) -> Tensor:
        return self.head(rows * self.scale)


def tied() -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    return model


def hooked() -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 4))
    model[0].register_forward_hook(lambda module, arguments, output: 2 * output)
    return model


def own_forward() -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 4))
    model[0].forward = lambda rows: rows
    return model


class Subclass(nn.Linear):
    def forward(self, rows: Tensor) -> Tensor:
        return 2 * super().forward(rows)


BUILT = {
    "batch norm": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), "'1 (BatchNorm2d)' mixes the rows"),
    "batch norm without parameters": (lambda: nn.BatchNorm1d(4, affine=False), "'BatchNorm1d' mixes the rows"),
    "instance norm": (lambda: nn.InstanceNorm2d(2, track_running_stats=True), "keeps statistics"),
    "instance norm with parameters": (lambda: nn.InstanceNorm2d(2, affine=True), "not a layer with a closed form"),
    "raw parameter": (Raw, "'Raw' has parameters of its own"),
    "subclass": (lambda: nn.Sequential(Subclass(4, 4)), "'0 (Subclass)' has parameters of its own"),
    "tied": (tied, "'1 (Linear)' shares its weight with '0 (Linear)'"),
    "attention": (lambda: nn.MultiheadAttention(4, 2), "'MultiheadAttention' is not a layer"),
    "recurrent": (lambda: nn.LSTM(4, 4), "'LSTM' is not a layer"),
    "transposed": (lambda: nn.ConvTranspose2d(1, 1, 2), "'ConvTranspose2d' is not a layer"),
    "hook": (hooked, "'0 (Linear)' has hooks"),
    "forward": (own_forward, "'0 (Linear)' has hooks or a forward of its own"),
    "parametrised": (lambda: parametrizations.weight_norm(nn.Linear(4, 4)), "ParametrizedLinear"),
    "max norm": (lambda: nn.Embedding(3, 2, max_norm=1.0), "changes its weight"),
    "frequencies": (lambda: nn.Embedding(3, 2, scale_grad_by_freq=True), "weighs tokens by the whole batch"),
    "sparse": (lambda: nn.Embedding(3, 2, sparse=True), "sparse gradients"),
    "circular": (lambda: nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular"), "pads with more than zeros"),
}


@pytest.mark.parametrize("name", BUILT)
def test_a_model_is_refused_as_it_is_built(name: str) -> None:
    make, reason = BUILT[name]
    found = refusal(make())
    assert found is not None
    assert reason in str(found)
    assert found.hint
    with pytest.raises(BadInput, match="the fast engine cannot train this model"):
        FastEngine(make(), losses)


def test_what_is_frozen_may_be_anything_that_does_not_mix_rows() -> None:
    model = nn.Sequential(Subclass(4, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    assert refusal(model) is None
    assert refusal(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.InstanceNorm1d(4), nn.Linear(4, 2))) is None


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.flatten(1) * targets[:, None]).tanh().sum(1)


class Odd(nn.Module):
    """A linear layer and an embedding, used in a way of its own."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.body, self.head, self.places = nn.Linear(4, 4), nn.Linear(4, 2), nn.Embedding(4, 4)

    def forward(self, rows: Tensor) -> Tensor:  # noqa: PLR0912
        alone = self.way not in ("by name", "row dimension", "view in place")
        hidden = self.body(rows) if alone else rows
        match self.way:
            case "twice":
                hidden = self.body(hidden.tanh())
            case "outside":
                hidden = hidden.tanh() @ self.body.weight
            case "instead":
                hidden = rows @ self.body.weight.t()
            case "penalty":
                hidden = hidden * self.head.bias.sum()
            case "by name":
                hidden = self.body(input=rows)
            case "places":
                hidden = hidden + self.places(torch.arange(4)).mean(0)
            case "as many places as rows":
                hidden = hidden + self.places(torch.arange(len(rows))[:, None] % 4).mean((0, 1))
            case "row dimension":
                hidden = self.body(rows[None])[0]
            case "input in place":
                hidden = self.head(hidden)
                rows.add_(0)
                return hidden
            case "view in place":
                hidden = self.body(rows[:, None]).relu_().squeeze(1)
            case "centred":
                hidden = hidden - hidden.mean(0)
            case "centred apart":
                hidden = hidden - hidden.mean(0).detach()
            case "reversed":
                hidden = hidden.flip(0)
        return self.head(hidden)


FOUND = {
    "twice": "'body' is used twice",
    "outside": "'body' has its parameters used outside",
    "instead": "'body' has its parameters used outside",
    "penalty": "'head' has its parameters used outside",
    "places": "'places' sees (4,)",
    "by name": "'body' is called with its input by name",
    "row dimension": "'body' sees (1, ",
    "input in place": "'body' has its input changed in place",
    "view in place": "'body'",
    "as many places as rows": "Odd",
    "centred": "Odd",
    "centred apart": "others are beside it",
    "reversed": "Odd",
}


@pytest.mark.parametrize("way", FOUND)
def test_a_rehearsal_shows_what_only_a_forward_can(way: str) -> None:
    torch.manual_seed(0)
    model = Odd(way)
    features, targets = torch.randn(5, 4), torch.randn(5)
    found = FastEngine(model, losses).rehearse(features, targets)
    assert found is not None
    assert FOUND[way] in str(found)


@pytest.mark.parametrize("way", FOUND)
def test_the_first_batch_is_a_rehearsal_where_there_was_none(way: str) -> None:
    torch.manual_seed(0)
    model = Odd(way)
    total = torch.zeros_like(FlatParameters(model).vector)
    with pytest.raises(BadInput):
        FastEngine(model, losses).add_clipped(Batch(torch.randn(4, 4), torch.randn(4)), One(), total)
    assert not total.any()


@pytest.mark.parametrize("way", ["twice", "outside", "instead", "penalty", "row dimension", "input in place", "view in place"])
def test_a_model_that_changes_its_ways_after_the_rehearsal_is_still_found(way: str) -> None:
    torch.manual_seed(0)
    model = Odd("usual")
    total = torch.zeros_like(FlatParameters(model).vector)
    engine = FastEngine(model, losses)
    batch = Batch(torch.randn(4, 4), torch.randn(4))
    assert engine.rehearse(batch.features, batch.targets) is None
    engine.add_clipped(batch, One(), total)
    assert total.any()
    model.way = way
    with pytest.raises(BadInput):
        engine.add_clipped(batch, One(), total)


class One:
    sensitivity = 1.0

    def factors(self, squared: Tensor) -> Tensor:
        return torch.ones_like(squared)


def test_what_a_forward_does_not_reach_or_does_without_gradients_is_zero() -> None:
    class Still(Odd):
        def forward(self, rows: Tensor) -> Tensor:
            with torch.no_grad():
                hidden = self.body(self.body(rows))
            return self.head(hidden)

    model = Still("usual")
    flat = FlatParameters(model)
    total = torch.zeros_like(flat.vector)
    squared = FastEngine(model, losses).add_clipped(Batch(torch.randn(4, 4), torch.randn(4)), One(), total)
    body, _, head, _, places = (bool(view.any()) for view in flat.views(total))
    assert (body, head, places) == (False, True, False)
    assert not squared[0].any()


def test_a_rehearsal_leaves_modes_and_random_numbers_as_they_were() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5).eval(), nn.Linear(4, 2))
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    features, targets = torch.ones(1, 4), torch.ones(1)
    assert FastEngine(model, losses).rehearse(features, targets) is None
    assert torch.equal(torch.rand(3), want)
    assert (model.training, model[1].training) == (True, False)
