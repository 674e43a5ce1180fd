"""Every engine gives the sum that the obvious loop gives, and nothing else."""

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from flowstate_flower.clients import Examples, train
from flowstate_flower.clients.training import ENGINES, Choices, PrivateTrainer
from flowstate_flower.clients.training.clipping import FlatClipping
from flowstate_flower.clients.training.flat import trainable_only
from flowstate_flower.clients.training.forward import Forward
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.errors import BadInput

CLIP = 0.5


def off(value: Tensor, truth: Tensor) -> float:
    return ((value - truth).norm() / truth.norm()).item()


def clipped(lab, model: nn.Module, batch: Batch, clip: float = CLIP) -> tuple[Tensor, Tensor]:
    """The engine's own sum and norms, without a trainer."""
    plan = lab.job(model).plan
    with trainable_only(model, ("*",)) as flat:
        total = torch.zeros_like(flat.vector)
        with ENGINES[lab.engine](Forward(model, lab.losses), flat, plan) as engine:
            squared = engine.add_clipped(batch, FlatClipping(clip, 1.0), total)
    return total, squared


def test_the_sum_is_that_of_the_loop(lab, engine: str, kind: str) -> None:
    model = lab.model(kind)
    examples = lab.examples()
    gradients = lab.gradients(lab.model(kind), examples)
    total, squared = clipped(lab, model, Batch(examples.features, examples.targets))
    assert off(total, lab.clipped_sum(gradients, CLIP)) < 1e-6
    torch.testing.assert_close(squared.sum(0).sqrt(), gradients.norm(dim=1), rtol=1e-4, atol=1e-5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(1, 9),
    scale=st.floats(1e-3, 30),
    clip=st.floats(1e-3, 1e3),
    kind=st.sampled_from(["linear", "convolution"]),
)
def test_the_sum_is_that_of_the_loop_at_any_scale(lab, engine: str, rows: int, scale: float, clip: float, kind: str) -> None:
    examples = lab.examples(rows, scale=scale)
    total, _ = clipped(lab, lab.model(kind), Batch(examples.features, examples.targets), clip)
    truth = lab.clipped_sum(lab.gradients(lab.model(kind), examples), clip)
    assert (total - truth).norm() <= 2e-6 * clip * rows + 1e-6 * truth.norm()


def test_an_item_of_several_rows_is_clipped_as_one(lab, engine: str, kind: str) -> None:
    if engine == "ghost":
        pytest.skip("ghost clipping is for items of one row, and is not chosen for others")
    examples = lab.examples(12)
    weights = torch.rand(12, generator=torch.Generator().manual_seed(3))
    weights[5] = 0
    total, squared = clipped(lab, lab.model(kind), Batch(examples.features, examples.targets, weights, per_item=3))
    items = (lab.gradients(lab.model(kind), examples) * weights[:, None]).view(4, 3, -1).sum(1)
    assert squared.shape[1] == 4
    assert off(total, lab.clipped_sum(items, CLIP)) < 1e-6


def test_padding_adds_nothing(lab, engine: str, kind: str) -> None:
    examples = lab.examples(8)
    weights = torch.tensor([1.0, 1, 1, 1, 1, 0, 0, 0])
    padded, _ = clipped(lab, lab.model(kind), Batch(examples.features, examples.targets, weights))
    alone, _ = clipped(lab, lab.model(kind), Batch(examples.features[:5], examples.targets[:5]))
    assert off(padded, alone) < 1e-6


def test_an_empty_batch_adds_nothing(lab, engine: str, kind: str) -> None:
    total, squared = clipped(lab, lab.model(kind), Batch(torch.zeros(0, 12), torch.zeros(0, dtype=torch.long)))
    assert not total.any()
    assert squared.shape[1] == 0


def test_an_engine_leaves_parameters_and_gradients_as_they_were(lab, engine: str, kind: str) -> None:
    model = lab.model(kind)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    examples = lab.examples()
    clipped(lab, model, Batch(examples.features, examples.targets))
    assert torch.equal(lab.flat(model), lab.flat(lab.model(kind)))
    assert all(torch.equal(p.grad, torch.ones_like(p)) for p in model.parameters())
    assert not any(m._forward_hooks or m._backward_hooks or hasattr(m, "activations") for m in model.modules())
    assert not any(hasattr(p, "grad_sample") for p in model.parameters())


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e30])
def test_an_item_whose_gradient_is_not_finite_adds_nothing(lab, engine: str, kind: str, poison: float) -> None:
    examples = lab.examples(10)
    examples.features[3] = poison
    model = lab.model(kind)
    train(lab.job(model, examples=examples))
    rest = torch.arange(10) != 3
    others = Examples(examples.features[rest], examples.targets[rest])
    truth = lab.clipped_sum(lab.gradients(lab.model(kind), others), CLIP)
    moved = lab.move(lab.model(kind), model) * 10
    assert moved.isfinite().all()
    if poison != 1e30:
        assert off(moved, truth) < 1e-5
    assert (moved - truth).norm() <= CLIP * (1 + 1e-5)


@pytest.mark.parametrize("clipping", ["flat", "per-layer"])
@pytest.mark.parametrize("most_rows", [1, 7, 29, 30])
def test_a_batch_in_pieces_is_the_same_batch(lab, engine: str, kind: str, clipping: str, most_rows: int) -> None:
    whole, pieces = lab.model(kind), lab.model(kind)
    train(lab.job(whole, privacy={"clipping": clipping}))
    train(lab.job(pieces, privacy={"clipping": clipping}, choices=Choices(most_rows=most_rows)))
    assert off(lab.move(lab.model(kind), pieces), lab.move(lab.model(kind), whole)) < 1e-5


def test_neighbours_move_apart_by_at_most_the_clip(lab, engine: str, kind: str) -> None:
    """One example more or less, all others the same: what the noise has to hide."""
    examples = lab.examples(20)
    batches = [Batch(examples.features[:n], examples.targets[:n]) for n in (19, 20)]
    sums = [clipped(lab, lab.model(kind), batch)[0] for batch in batches]
    assert 0 < (sums[1] - sums[0]).norm().item() <= CLIP * (1 + 1e-5)


@pytest.mark.parametrize("clipping", ["flat", "per-layer", "adaptive"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_one_example_moves_the_sum_by_at_most_the_clip(lab, engine: str, kind: str, clipping: str, scale: float) -> None:
    model = lab.model(kind)
    train(lab.job(model, clip=0.7, examples=lab.examples(1, scale=scale), privacy={"clipping": clipping}))
    assert lab.move(lab.model(kind), model).norm().item() <= 0.7 * (1 + 1e-6)


def test_layers_are_clipped_one_by_one(lab, engine: str) -> None:
    model = lab.model("perceptron")
    job = lab.job(model, examples=lab.examples(1, scale=100), privacy={"clipping": "per-layer"})
    train(job)
    fresh = lab.model("perceptron")
    moves = [(b - a).norm().item() for b, a in zip(fresh.parameters(), model.parameters(), strict=True)]
    gradient = lab.gradients(fresh, job.examples)[0].split([p.numel() for p in fresh.parameters()])
    for moved, truth in zip(moves, gradient, strict=True):
        assert moved == pytest.approx(min(truth.norm().item(), CLIP / 3**0.5), rel=1e-5)


def test_bfloat16_is_close_and_as_short(lab, engine: str, kind: str) -> None:
    exact, rough = lab.model(kind), lab.model(kind)
    train(lab.job(exact))
    train(lab.job(rough, choices=Choices(autocast="bfloat16")))
    assert 0 < off(lab.move(lab.model(kind), rough), lab.move(lab.model(kind), exact)) < 0.05
    one = lab.model(kind)
    train(lab.job(one, clip=0.1, examples=lab.examples(1), choices=Choices(autocast="bfloat16")))
    assert lab.move(lab.model(kind), one).norm().item() <= 0.1 * (1 + 1e-5)
    assert all(p.dtype == torch.float32 for p in one.parameters())


class Tied(nn.Module):
    """One weight in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(12, 12, bias=False)
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.first(torch.tanh(self.first(x)))))


class Positions(nn.Module):
    """An embedding of positions: one row for the whole batch."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Embedding(3, 4)
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head((x.view(-1, 3, 4) + self.positions(torch.arange(3)[None])).flatten(1))


class Centred(nn.Module):
    """Takes the batch's mean away: no layer that anyone would recognise."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x - x.mean(0))


class Remembers(nn.Module):
    """Writes what it saw into a buffer, which is sent with the model."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(12, 3)
        self.register_buffer("seen", torch.zeros(12))

    def forward(self, x: Tensor) -> Tensor:
        self.seen.copy_(x.mean(0))
        return self.head(x)


def trainer(lab, model: nn.Module) -> PrivateTrainer:
    job = lab.job(model)
    return PrivateTrainer(job.plan, model, job.losses, job.examples, job.device)


def test_a_layer_that_is_used_twice_is_trained_right_by_whom_auto_chooses(lab) -> None:
    model = Tied()
    twin = Tied()
    twin.load_state_dict(model.state_dict())
    choice = trainer(lab, model).rehearse()
    assert choice.engine == "opacus"
    job = lab.job(model)
    train(job)
    assert off(lab.move(twin, model) * 30, lab.clipped_sum(lab.gradients(twin, job.examples), CLIP)) < 1e-5


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (Positions(), "positions"),
        (Centred(), "head"),
        (Remembers(), "seen"),
        (nn.Sequential(nn.Linear(12, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)), "'1' (BatchNorm1d)"),
        (nn.Sequential(nn.Linear(12, 4), nn.BatchNorm1d(4, affine=False), nn.Linear(4, 3)), "'1' (BatchNorm1d)"),
    ],
    ids=["positions", "centred", "remembers", "batch norm", "batch norm without parameters"],
)
def test_a_model_that_no_engine_can_take_is_refused_by_the_layers_name(lab, model: nn.Module, named: str) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(BadInput, match="cannot be trained privately") as caught:
        trainer(lab, model).rehearse()
    assert named in str(caught.value)
    assert caught.value.hint
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_an_engine_that_is_asked_for_is_the_one(lab, engine: str) -> None:
    assert trainer(lab, lab.model()).rehearse().engine == lab.engine
    assert trainer(lab, lab.model()).rehearse().why == "it was asked for"


def test_auto_says_whom_it_passed_over_and_why(lab) -> None:
    choice = trainer(lab, Tied()).rehearse()
    names = list(ENGINES)
    for passed in names[: names.index(choice.engine)]:
        assert f"{passed} cannot" in choice.why
    assert trainer(lab, lab.model()).rehearse().engine == names[0]


def test_without_privacy_no_engine_is_needed(lab) -> None:
    job = lab.job(nn.Sequential(nn.Linear(12, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)), privacy={})
    plan = replace(job.plan, privacy=None)
    choice = PrivateTrainer(plan, job.model, job.losses, job.examples, job.device).rehearse()
    assert (choice.engine, "infinite" in choice.why) == ("plain", True)
