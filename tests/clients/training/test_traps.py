"""What breaks privacy in silence. Each trap was seen somewhere, and is a test here under its own sentence."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flowstate_flower.clients import Examples, train
from flowstate_flower.clients.randomness import GeneratorStream, open_stream
from flowstate_flower.clients.training import ENGINES, PrivateTrainer
from flowstate_flower.clients.training.clipping import FlatClipping
from flowstate_flower.clients.training.flat import trainable_only
from flowstate_flower.clients.training.forward import Forward
from flowstate_flower.clients.training.mechanism import Mechanism
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import truncated_poisson


def empty(lab, model: nn.Module, **changes):
    """A job whose samples are empty: at a rate below 1, lab.Still takes nobody."""
    work = {"batch_size": 10} | changes.pop("work", {})
    return lab.job(model, work=work, **changes)


def noise_of(lab, model: nn.Module, **changes) -> Tensor:
    """What a job of empty samples moves, times the batch that it divides by: the sum of its noise."""
    before = lab.flat(model).clone()
    train(empty(lab, model, **changes))
    return (before - lab.flat(model)) * 10


def test_trap_1_a_global_seed_in_a_train_function_repeats_the_noise_of_every_round_and_client(lab, engine: str) -> None:
    draws = []
    for tenant in ("a", "b"):
        for round_number in (1, 2, 3):
            torch.manual_seed(0)  # what user code does
            stream = open_stream("os", seed=0, tenant=tenant, round_number=round_number, use="noise")
            draws.append(noise_of(lab, nn.Linear(12, 300), noise=stream, tenant=tenant, round=round_number))
    correlations = np.corrcoef(torch.stack(draws).numpy()) - np.eye(6)
    assert np.abs(correlations).max() < 6 / np.sqrt(len(draws[0]))


def test_trap_1_a_global_seed_repeats_no_sample_either(lab) -> None:
    sizes = []
    for _ in range(8):
        torch.manual_seed(0)
        job = lab.job(
            lab.model(),
            work={"steps": 20, "batch_size": 10},
            sampling=open_stream("os", seed=0, tenant="a", round_number=1, use="sampling"),
        )
        sizes.append(tuple(len(batch) for batch in job.batches()))
    assert len(set(sizes)) == 8


class Interrupted(Exception):
    """Half-way through a batch."""


def test_trap_2_leaving_a_batch_half_way_leaves_a_sum_that_the_next_step_adds(lab, engine: str) -> None:
    """The sensitivity would be twice what one step accounts for."""
    model, twin = lab.model("perceptron"), lab.model("perceptron")
    examples = lab.examples()
    batch = Batch(examples.features, examples.targets)

    def interrupted() -> object:
        yield batch
        raise Interrupted

    plan = lab.job(model).plan
    with trainable_only(model, ("*",)) as flat, ENGINES[lab.engine](Forward(model, lab.losses), flat, plan, batch) as opened:
        mechanism = Mechanism(opened, FlatClipping(0.5, 1.0), len(flat.vector), torch.device("cpu"))
        with pytest.raises(Interrupted):
            mechanism.noisy_sum(interrupted(), lab.Still())
        total = mechanism.noisy_sum([batch], lab.Still()).clone()
    torch.testing.assert_close(total, lab.clipped_sum(lab.gradients(twin, examples), 0.5), rtol=1e-4, atol=1e-6)


def test_trap_2_an_engine_that_was_interrupted_remembers_nothing_of_the_batch(lab, engine: str) -> None:
    model, twin = lab.model("perceptron"), lab.model("perceptron")
    examples, armed = lab.examples(), []

    def losses(outputs: Tensor, targets: Tensor) -> Tensor:
        if armed:
            raise Interrupted
        return lab.losses(outputs, targets)

    batch = Batch(examples.features, examples.targets)
    plan = lab.job(model).plan
    with trainable_only(model, ("*",)) as flat, ENGINES[lab.engine](Forward(model, losses), flat, plan, batch) as opened:
        total = torch.zeros_like(flat.vector)
        armed.append(True)
        with pytest.raises(Interrupted):
            opened.add_clipped(batch, FlatClipping(0.5, 1.0), total.zero_())
        armed.clear()
        opened.add_clipped(batch, FlatClipping(0.5, 1.0), total.zero_())
    torch.testing.assert_close(total, lab.clipped_sum(lab.gradients(twin, examples), 0.5), rtol=1e-4, atol=1e-6)


def test_trap_3_stepping_the_unwrapped_optimiser_trains_without_noise_and_the_accountant_says_0(lab, engine: str) -> None:
    """There is no other step: each of them asks the stream once for as many draws as there are parameters."""

    class Counting(GeneratorStream):
        def __init__(self) -> None:
            super().__init__(1)
            self.asked: list[tuple[int, float]] = []

        def add_normal(self, total: Tensor, std: float | Tensor) -> None:
            self.asked.append((total.numel(), float(std)))
            super().add_normal(total, std)

    model = lab.model("convolution")
    noise = Counting()
    train(lab.job(model, noise=noise, work={"steps": 7, "batch_size": 12}, sampling=GeneratorStream(2)))
    assert noise.asked == [(len(lab.flat(model)), 2.0 * 0.5)] * 7


@pytest.mark.parametrize(
    "reduce", [Tensor.sum, Tensor.mean, lambda losses: losses.mean().expand(len(losses))], ids=["sum", "mean", "spread"]
)
def test_trap_4_a_loss_that_is_reduced_already_clips_everything_as_one(lab, reduce) -> None:
    """One loss for each row is asked for; a mean that is given to every row mixes them, and no engine gets it right."""
    model = lab.model()
    job = lab.job(model)

    def losses(outputs: Tensor, targets: Tensor) -> Tensor:
        return reduce(lab.losses(outputs, targets))

    with pytest.raises(BadInput, match="the loss"):
        PrivateTrainer(job.plan, model, losses, job.examples, job.device).rehearse()


@pytest.mark.parametrize(("units", "batch"), [(130, 64), (6000, 256), (50, 64)])
def test_trap_5_a_rate_from_the_length_of_a_loader_is_not_b_over_n(lab, units: int, batch: int) -> None:
    job = lab.job(
        lab.model(), examples=lab.examples(units), work={"batch_size": batch, "steps": 300}, sampling=GeneratorStream(6)
    )
    rate = truncated_poisson(units, batch).rate
    assert rate == min(1.0, batch / units)
    sizes = [len(taken) for taken in job.batches()]
    deviation = np.sqrt(units * rate * (1 - rate) / len(sizes))
    assert abs(np.mean(sizes) - min(units, batch)) <= 5 * deviation


def test_trap_6_training_the_same_module_each_round_fails_or_stacks_hooks(lab, engine: str, kind: str) -> None:
    model = lab.model(kind)
    for _ in range(3):
        fresh = lab.model(kind)
        fresh.load_state_dict(model.state_dict())
        train(lab.job(fresh))
        train(lab.job(model))
        torch.testing.assert_close(lab.flat(model), lab.flat(fresh))
    assert not any(m._forward_hooks or m._backward_hooks or m._forward_pre_hooks for m in model.modules())
    assert not any(hasattr(p, left) for p in model.parameters() for left in ("grad_sample", "summed_grad", "_norm_sample"))


def test_trap_7_keys_of_a_wrapped_model_are_not_the_tasks_own(lab, engine: str, kind: str) -> None:
    model = lab.model(kind)
    names = list(model.state_dict())
    train(lab.job(model))
    assert list(model.state_dict()) == names
    assert not any("_module" in name for name in names)


def test_trap_8_a_shuffled_loader_with_the_epsilon_of_poisson_is_unsound(lab) -> None:
    """Sizes vary as a binomial's do, and units come again before all have been there."""
    job = lab.job(lab.model(), examples=lab.examples(200), work={"steps": 2000, "batch_size": 30}, sampling=GeneratorStream(4))
    seen = [batch.features[:, 0] for batch in job.batches()]
    sizes = np.array([len(batch) for batch in seen])
    assert sizes.var() == pytest.approx(200 * 0.15 * 0.85, rel=0.15)  # of a shuffled loader it is 0
    assert len(torch.cat(seen[:6]).unique()) < sum(sizes[:6])


def test_trap_9_a_random_record_in_place_of_an_empty_batch_doubles_the_sensitivity(lab, engine: str, kind: str) -> None:
    """An empty sample is a step of noise, whatever the data are, and convolutions do not mind."""
    poisoned = lab.examples(30, scale=1e6)
    first, second = lab.model(kind), lab.model(kind)
    train(empty(lab, first, noise=GeneratorStream(1)))
    train(empty(lab, second, noise=GeneratorStream(1), examples=poisoned))
    assert torch.equal(lab.flat(first), lab.flat(second))
    assert lab.move(lab.model(kind), first).abs().min() > 0


@pytest.mark.parametrize("clipping", ["per-layer", "adaptive"])
def test_trap_9_empty_batches_pass_through_every_clipping(lab, engine: str, clipping: str) -> None:
    model = lab.model("convolution")
    moved = noise_of(lab, model, noise=GeneratorStream(1), privacy={"clipping": clipping}, work={"steps": 3})
    assert moved.isfinite().all()
    assert moved.abs().min() > 0


def test_trap_10_noise_that_is_replayed_repeats(lab, engine: str) -> None:
    """Steps within a round, and rounds, are independent draws."""
    steps = []
    for _ in range(2):
        stream = GeneratorStream(len(steps) + 1)
        for _ in range(3):
            steps.append(noise_of(lab, nn.Linear(12, 300), noise=stream))
    correlations = np.corrcoef(torch.stack(steps).numpy()) - np.eye(6)
    assert np.abs(correlations).max() < 6 / np.sqrt(len(steps[0]))


def test_batch_norm_would_let_examples_see_each_other(lab, engine: str) -> None:
    model = nn.Sequential(nn.Linear(12, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    job = lab.job(model)
    with pytest.raises(BadInput, match="BatchNorm") as caught:
        PrivateTrainer(job.plan, model, job.losses, job.examples, job.device).rehearse()
    assert "GroupNorm" in caught.value.hint


def test_what_a_plain_round_claims_is_nothing(lab) -> None:
    """Without privacy the noise stream is not even asked."""

    class Untouched(lab.Still):
        def add_normal(self, total: Tensor, std: float | Tensor) -> None:
            raise AssertionError

    train(replace(lab.job(lab.model(), noise=Untouched()), privacy=None))


def test_a_poisoned_example_does_not_undo_the_noise(lab, engine: str) -> None:
    """A NaN in the sum is a NaN in the model, noise or not: whoever sees it knows that the example is there."""
    examples = lab.examples(10)
    features = examples.features.clone()
    features[0] = float("nan")
    model = lab.model()
    train(lab.job(model, examples=Examples(features, examples.targets), noise=GeneratorStream(3)))
    assert lab.flat(model).isfinite().all()
