"""The closed forms are what a loop over items would give, for every layer, item, weight and frozen part."""

import copy
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from flowstate_flower.clients.training.fast import FastEngine, steady_memory
from flowstate_flower.clients.training.fast import linear as linear_module
from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.errors import BadInput


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Models this small only wait for each other's threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@dataclass(frozen=True)
class Clip:
    """Flat, or each layer by itself."""

    norm: float
    apart: bool = False

    @property
    def sensitivity(self) -> float:
        return self.norm

    def factors(self, squared: Tensor) -> Tensor:
        lengths = squared.sqrt() if self.apart else squared.sum(0, keepdim=True).sqrt()
        return (self.norm / lengths.clamp(min=1e-30)).clamp(max=1).expand_as(squared)


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.flatten(1) * targets[:, None].sin()).tanh().sum(1) + outputs.flatten(1).square().mean(1)


def naive(model: nn.Module, batch: Batch, clip: Clip) -> tuple[Tensor, Tensor]:
    """The clipped sum and the squared norms, item by item in float64."""
    model = copy.deepcopy(model).double()
    features = batch.features.double() if batch.features.is_floating_point() else batch.features
    weights = torch.full((len(features),), 1 / batch.per_item, dtype=torch.float64) if batch.weights is None else batch.weights
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    total = torch.zeros(sum(p.numel() for p in parameters), dtype=torch.float64)
    norms = []
    for item in range(len(batch)):
        rows = slice(item * batch.per_item, (item + 1) * batch.per_item)
        loss = (losses(model(features[rows]), batch.targets[rows].double()) * weights[rows].double()).sum()
        gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
        squared = torch.stack([gradient.square().sum() for gradient in gradients])
        factors = clip.factors(squared[:, None])[:, 0]
        total += torch.cat([factor * gradient.flatten() for factor, gradient in zip(factors, gradients, strict=True)])
        norms.append(squared)
    return total, torch.stack(norms, dim=1)


def check(model: nn.Module, batch: Batch, clip: Clip) -> None:
    """Engine and loop agree, in float64: layers that divide by nearly nothing have few digits in float32, by any method."""
    want, want_squared = naive(model, batch, clip)
    model = copy.deepcopy(model).double()
    features = batch.features.double() if batch.features.is_floating_point() else batch.features
    flat = FlatParameters(model)
    total = torch.ones_like(flat.vector)
    squared = FastEngine(model, losses).add_clipped(
        Batch(features, batch.targets.double(), batch.weights, batch.per_item), clip, total
    )
    # items may cancel each other in the sum: rounding is relative to their lengths
    lengths = (clip.factors(want_squared) * want_squared.sqrt()).sum()
    assert torch.linalg.vector_norm(total - 1 - want) <= 1e-10 * lengths + 1e-12
    assert torch.allclose(squared.sqrt(), want_squared.sqrt(), rtol=1e-10, atol=1e-7 * float(lengths))


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, ...]]:
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    ins, outs = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    kernel, dilation, stride = draw(st.integers(1, 4)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    padding: str | int = draw(st.sampled_from(["valid", "same", 0, 1, 2]))
    stride = 1 if padding == "same" else stride
    layer = nn.Conv2d if draw(st.booleans()) else nn.Conv1d
    made = layer(ins, outs, kernel, stride, padding, dilation, groups, bias=draw(st.booleans()))  # type: ignore[arg-type]
    size = draw(st.integers(7, 11))
    return nn.Sequential(made, nn.Tanh(), nn.Flatten()), (ins, *[size] * (2 if layer is nn.Conv2d else 1))


@st.composite
def linears(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, ...]]:
    shape = tuple(draw(st.lists(st.integers(1, 9), max_size=2)))
    sizes = [draw(st.integers(1, 12)) for _ in range(3)]
    bias = draw(st.booleans())
    layers = [nn.Linear(sizes[0], sizes[1], bias), nn.Tanh(), nn.Linear(sizes[1], sizes[2], bias), nn.Flatten()]
    return nn.Sequential(*layers), (*shape, sizes[0])


@st.composite
def norms(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, ...]]:
    length, width = draw(st.integers(2, 5)), 2 * draw(st.integers(1, 4))
    bias = draw(st.booleans())
    kinds = [
        nn.LayerNorm(width, bias=bias),
        nn.LayerNorm((length, width)),
        nn.RMSNorm(width),
        nn.GroupNorm(draw(st.sampled_from([1, length])), length),
    ]
    layer = draw(st.sampled_from(kinds))
    return nn.Sequential(nn.Linear(width, width), layer, nn.Linear(width, 3), nn.Flatten()), (length, width)


@st.composite
def embeddings(draw: st.DrawFn) -> tuple[nn.Module, None]:
    padding = draw(st.sampled_from([None, 0, 2]))
    return nn.Sequential(nn.Embedding(5, 3, padding), nn.Linear(3, 4), nn.ReLU(inplace=False), nn.Flatten()), None


MODELS = st.one_of(convolutions(), linears(), norms(), embeddings())


@settings(max_examples=60, deadline=None)
@given(MODELS, st.data())
def test_the_clipped_sum_is_the_naive_loops(made: tuple[nn.Module, tuple[int, ...] | None], data: st.DataObject) -> None:
    model, shape = made
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 2**31), label="seed"))
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.7
        parameter.requires_grad_(data.draw(st.sampled_from([True, True, True, False]), label="trains"))
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return
    per_item, items = data.draw(st.integers(1, 3), label="per_item"), data.draw(st.integers(1, 5), label="items")
    rows = per_item * items
    features = (
        torch.randint(0, 5, (rows, 6), generator=generator) if shape is None else torch.randn(rows, *shape, generator=generator)
    )
    weighted = data.draw(st.booleans(), label="weighted")
    weights = torch.randint(0, 3, (rows,), generator=generator).float() / 2 if weighted else None
    batch = Batch(features, torch.randn(rows, generator=generator), weights, per_item)
    clip = Clip(data.draw(st.sampled_from([0.05, 1.0, 1e6]), label="clip"), data.draw(st.booleans(), label="apart"))
    check(model, batch, clip)


CONVOLUTIONS = [
    (nn.Conv2d(2, 3, (2, 4), padding="same"), (2, 8, 7)),
    (nn.Conv1d(2, 3, 4, padding="same", dilation=3), (2, 13)),
    (nn.Conv2d(1, 3, (2, 4), padding="same"), (1, 8, 7)),
    (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (4, 8, 7)),
    (nn.Conv2d(4, 8, (3, 2), stride=(2, 3), dilation=(1, 2), groups=4), (4, 9, 10)),
    (nn.Conv1d(3, 3, 5, stride=3, padding=2, groups=3), (3, 12)),
]


@pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS, ids=str)
def test_convolutions_of_every_kind(layer: nn.Module, shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    features, targets = torch.randn(6, *shape, generator=generator), torch.randn(6, generator=generator)
    check(nn.Sequential(layer, nn.Flatten()), Batch(features, targets, None, 2), Clip(0.2))


class Block(nn.Module):
    """Attention over a sequence, with its positions."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(20, 8), nn.Embedding(12, 8)
        self.before, self.mix, self.out = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)
        self.head = nn.Linear(8, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        hidden = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]).expand_as(tokens))
        query, key, value = self.mix(self.before(hidden)).chunk(3, dim=-1)
        hidden = hidden + self.out(nn.functional.scaled_dot_product_attention(query, key, value))
        return self.head(hidden.mean(1))


def image_model() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, 2),
        nn.GroupNorm(2, 8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(72, 10),
        nn.ReLU(inplace=True),
        nn.Linear(10, 4),
    )


WHOLE: dict[str, tuple[Callable[[], nn.Module], Callable[[int], Tensor]]] = {
    "images": (image_model, lambda rows: torch.randn(rows, 1, 16, 16)),
    "tokens": (Block, lambda rows: torch.randint(0, 20, (rows, 12))),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("per_item", [1, 2])
def test_whole_models_are_exact_in_float32(name: str, apart: bool, per_item: int) -> None:
    torch.manual_seed(3)
    make, draw = WHOLE[name]
    model, features = make(), draw(12)
    batch = Batch(features, torch.randn(12), None, per_item)
    clip = Clip(0.1, apart)
    want, want_squared = naive(model, batch, clip)
    flat = FlatParameters(model)
    total = torch.zeros_like(flat.vector)
    squared = FastEngine(model, losses).add_clipped(batch, clip, total)
    assert torch.linalg.vector_norm(total - want) <= 1e-6 * torch.linalg.vector_norm(want)
    assert torch.allclose(squared.double(), want_squared, rtol=1e-5, atol=1e-9)


def test_what_a_layer_norm_kept_is_used_and_missed_where_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's graph names what it kept; a version that names it otherwise costs time, not exactness."""
    layer_norm, calls = nn.functional.layer_norm, []

    def counted(*arguments, **named):
        calls.append(1)
        return layer_norm(*arguments, **named)

    torch.manual_seed(6)
    model = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 3))
    batch, engine = Batch(torch.randn(5, 4, 8), torch.randn(5)), FastEngine(model, losses)
    total = torch.zeros_like(FlatParameters(model).vector)
    engine.add_clipped(batch, Clip(0.1), total)
    monkeypatch.setattr(nn.functional, "layer_norm", counted)
    engine.add_clipped(batch, Clip(0.1), torch.zeros_like(total))
    assert len(calls) == 1
    monkeypatch.setattr("flowstate_flower.clients.training.fast.norms.getattr", lambda *_: None, raising=False)
    again = torch.zeros_like(total)
    engine.add_clipped(batch, Clip(0.1), again)
    assert len(calls) == 3
    torch.testing.assert_close(again, total, rtol=1e-5, atol=1e-8)


def test_gradients_that_are_not_kept_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(4)
    model = nn.Sequential(nn.Conv2d(6, 20, 3), nn.Flatten(), nn.Linear(20, 3))
    batch = Batch(torch.randn(8, 6, 3, 3), torch.randn(8), None, 2)
    monkeypatch.setattr("flowstate_flower.clients.training.fast.engine.KEPT", 0.0)
    monkeypatch.setattr("flowstate_flower.clients.training.fast.convolutions.PIECE", 3000)
    check(model, batch, Clip(0.3))
    monkeypatch.setattr("flowstate_flower.clients.training.fast.engine.KEPT", 100.0)
    check(model, batch, Clip(0.3))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", WHOLE)
def test_one_item_is_never_longer_than_the_clip(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    make, draw = WHOLE[name]
    model = make()
    flat = FlatParameters(model)
    total = torch.zeros_like(flat.vector)
    FastEngine(model, losses).add_clipped(Batch(draw(1), torch.randn(1)), Clip(0.01), total)
    assert 0.0099 < torch.linalg.vector_norm(total.double()) <= 0.01


@pytest.mark.parametrize("positions", [6, 256])
@pytest.mark.parametrize("shift", [1.0, 1e3, 1e5])
def test_terms_that_cancel_do_not_make_a_gradient_look_short(shift: float, positions: int) -> None:
    torch.manual_seed(0)
    gradient, inputs = torch.randn(64, positions, 40), torch.randn(64, positions, 40)
    inputs += shift  # the same for all positions, whose gradients add up to nearly nothing
    gradient -= gradient.mean(1, keepdim=True)
    measured = linear_module.Summed(gradient, inputs).squared().double()
    assert (measured >= squared_norms(gradient, inputs) * (1 - 1e-6)).all()


@pytest.mark.parametrize("positions", [2, 128, 512, 2048])
def test_terms_that_have_nothing_to_do_with_each_other_do_not_make_a_gradient_look_long(positions: int) -> None:
    torch.manual_seed(0)
    gradient, inputs = torch.randn(8, positions, 64), torch.randn(8, positions, 64)
    measured = linear_module.Summed(gradient, inputs).squared().double()
    torch.testing.assert_close(measured, squared_norms(gradient, inputs), rtol=1e-6, atol=0)


def squared_norms(gradient: Tensor, inputs: Tensor) -> Tensor:
    return torch.bmm(gradient.double().mT, inputs.double()).square().sum((1, 2))


@pytest.mark.parametrize("per_item", [1, 3])
def test_an_empty_batch_adds_nothing(per_item: int) -> None:
    model = image_model()
    flat = FlatParameters(model)
    total = torch.zeros_like(flat.vector)
    batch = Batch(torch.zeros(0, 1, 16, 16), torch.zeros(0), None, per_item)
    assert FastEngine(model, losses).add_clipped(batch, Clip(1.0), total).shape == (len(flat.parameters), 0)
    assert not total.any()


def test_the_model_is_left_as_it_was() -> None:
    model = image_model().eval()
    flat = FlatParameters(model)
    before = flat.vector.clone()
    FastEngine(model, losses).add_clipped(Batch(torch.randn(4, 1, 16, 16), torch.randn(4)), Clip(1.0), torch.zeros_like(before))
    assert torch.equal(flat.vector, before)
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert not any(module._forward_hooks or module.training for module in model.modules())


def test_a_step_leaves_nothing_in_memory() -> None:
    model = image_model()
    total = torch.zeros_like(FlatParameters(model).vector)
    engine = FastEngine(model, losses)
    counts = []
    for steps in (1, 3):
        for _ in range(steps):
            engine.add_clipped(Batch(torch.randn(4, 1, 16, 16), torch.randn(4)), Clip(1.0), total)
        gc.collect()
        counts.append(sum(type(thing) is Tensor for thing in gc.get_objects()))
    assert counts[0] == counts[1]


def test_bfloat16_measures_what_it_sums() -> None:
    torch.manual_seed(1)
    model = image_model()
    flat = FlatParameters(model)
    engine = FastEngine(model, losses, autocast=torch.bfloat16)
    one, features = torch.zeros_like(flat.vector), torch.randn(6, 1, 16, 16)
    squared = engine.add_clipped(Batch(features[:1], torch.ones(1)), Clip(0.01), one)
    assert squared.dtype == torch.float32
    assert 0.0099 < torch.linalg.vector_norm(one.double()) <= 0.01
    rough, fine = torch.zeros_like(one), torch.zeros_like(one)
    engine.add_clipped(Batch(features, torch.ones(6)), Clip(1.0), rough)
    FastEngine(model, losses).add_clipped(Batch(features, torch.ones(6)), Clip(1.0), fine)
    assert 0 < torch.linalg.vector_norm(rough - fine) < 0.1 * torch.linalg.vector_norm(fine)


def test_a_reduced_loss_is_refused() -> None:
    model = nn.Linear(3, 2)
    engine = FastEngine(model, lambda outputs, targets: losses(outputs, targets).mean())
    with pytest.raises(BadInput, match="loss has shape"):
        engine.add_clipped(Batch(torch.randn(4, 3), torch.randn(4)), Clip(1.0), torch.zeros(8))


def test_memory_is_left_alone_where_there_is_no_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    assert not steady_memory()
