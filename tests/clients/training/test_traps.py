"""DP-SGD does what its ε is computed for: each trap that breaks privacy in silence is a test."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flowstate_flower.clients import Examples, LocalJob, train
from flowstate_flower.clients.randomness import AesStream, GeneratorStream, Stream, open_stream
from flowstate_flower.clients.task import example_losses
from flowstate_flower.clients.training import pick_device, sample_rate
from flowstate_flower.errors import BadInput
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms


class Silent:
    """A stream that takes every example and adds no noise: what is left is the clipped sum."""

    def __init__(self, take: float = 0.0) -> None:
        self.take = take

    def uniform(self, count: int) -> Tensor:
        return torch.full((count,), self.take, dtype=torch.float64)

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        return torch.zeros(shape)


def linear(seed: int = 0) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(4, 3)


def job(model: nn.Module, examples: int = 30, clip: float = 0.5, **changes: object) -> LocalJob:
    generator = torch.Generator().manual_seed(5)
    features = 3 * torch.randn(examples, 4, generator=generator)
    made = LocalJob(
        tenant="clinic",
        round=1,
        model=model,
        examples=Examples(features, torch.randint(0, 3, (examples,), generator=generator)),
        losses=lambda outputs, targets: nn.functional.cross_entropy(outputs, targets, reduction="none"),
        work=LocalWork(steps=1, batch_size=10, learning_rate=1.0),
        privacy=PrivacyTerms(noise_multiplier=2.0, clip_norm=clip),
        sampling=Silent(),
        noise=Silent(),
        device=torch.device("cpu"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def step_of(model: nn.Module, before: nn.Module) -> Tensor:
    """The parameters' move, flat."""
    pairs = zip(before.parameters(), model.parameters(), strict=True)
    return torch.cat([(b - a).detach().reshape(-1) for a, b in pairs])


def naive_clipped_sum(model: nn.Module, examples: Examples, clip: float) -> Tensor:
    """One backward pass per example, clipped in plain sight."""
    total = torch.zeros(sum(p.numel() for p in model.parameters()))
    for x, y in zip(examples.features, examples.targets, strict=True):
        model.zero_grad()
        nn.functional.cross_entropy(model(x[None]), y[None]).backward()
        gradient = torch.cat([p.grad.reshape(-1) for p in model.parameters()])  # type: ignore[union-attr]
        total += gradient * min(1.0, clip / gradient.norm().item())
    return total


def test_a_step_without_noise_is_the_clipped_sum_over_the_expected_batch() -> None:
    model = linear()
    work = job(model)
    train(work)
    expected = -naive_clipped_sum(linear(), work.examples, 0.5) / 10  # 10 expected, 30 taken: never the batch's own size
    torch.testing.assert_close(step_of(model, linear()), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_one_example_moves_the_sum_by_at_most_the_clipping_norm(scale: float) -> None:
    """The sensitivity that the noise is scaled to."""
    model = linear()
    one = job(model, examples=1, clip=0.7)
    one = replace(
        one,
        examples=Examples(one.examples.features * scale, one.examples.targets),
        work=LocalWork(steps=1, batch_size=1, learning_rate=1.0),
    )
    train(one)
    assert step_of(model, linear()).norm().item() <= 0.7 * (1 + 1e-6)


def test_the_noise_has_the_standard_deviation_that_was_accounted() -> None:
    """χ² on what is really added, over many steps of a batch that is empty."""
    draws = []
    for seed in range(400):
        model = nn.Linear(40, 20)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
        empty = job(model, clip=0.5, sampling=Silent(take=1.0), noise=GeneratorStream(seed))
        empty = replace(empty, examples=Examples(torch.zeros(30, 40), torch.zeros(30, dtype=torch.long)))
        train(empty)
        draws.append(torch.cat([p.detach().reshape(-1) for p in model.parameters()]) * 10)  # undo the division by B
    noise = torch.cat(draws).double()
    count = len(noise)
    expected = (2.0 * 0.5) ** 2
    assert abs(noise.square().mean().item() / expected - 1) < 5 * np.sqrt(2 / count)
    assert abs(noise.mean().item()) < 5 * np.sqrt(expected / count)


def test_an_empty_batch_is_a_step_of_pure_noise_not_a_skipped_one() -> None:
    model = linear()
    train(job(model, sampling=Silent(take=1.0), noise=GeneratorStream(1)))
    assert step_of(model, linear()).abs().min() > 0


def test_every_step_adds_fresh_noise_and_carries_nothing_over() -> None:
    """Two steps on empty batches are two independent draws: no summed gradient is left behind for the next one."""
    model = linear()
    work = LocalWork(steps=2, batch_size=10, learning_rate=1.0)
    train(job(model, sampling=Silent(take=1.0), noise=GeneratorStream(9), work=work))
    stream = GeneratorStream(9)
    shapes = [p.shape for p in model.parameters()]
    total = sum(torch.cat([stream.normal(s, 1.0).reshape(-1) for s in shapes]) for _ in range(2))
    torch.testing.assert_close(step_of(model, linear()), -total / 10)  # type: ignore[operator]


@pytest.mark.parametrize("source", ["os", "cryptographic", "seeded"])
def test_noise_differs_between_rounds_tenants_and_uses(source: str) -> None:
    """A global seed at the top of the training function would make these equal."""

    def draws(tenant: str, round_number: int, use: str) -> Tensor:
        stream = open_stream(source, seed=1, tenant=tenant, round_number=round_number, use=use)  # type: ignore[arg-type]
        torch.manual_seed(0)  # what user code may do has no effect
        return stream.normal(torch.Size([2000]), 1.0)

    all_draws = [draws(t, r, u) for t in ("a", "b") for r in (1, 2) for u in ("noise", "sampling")]
    correlations = np.corrcoef(torch.stack(all_draws).numpy()) - np.eye(8)
    assert np.abs(correlations).max() < 0.15


def test_seeded_streams_repeat_and_others_do_not() -> None:
    def first(source: str) -> Tensor:
        return open_stream(source, seed=1, tenant="a", round_number=1, use="noise").normal(torch.Size([8]), 1.0)  # type: ignore[arg-type]

    assert torch.equal(first("seeded"), first("seeded"))
    assert not torch.equal(first("os"), first("os"))
    assert not torch.equal(first("cryptographic"), first("cryptographic"))


@pytest.mark.parametrize("stream", [AesStream(), GeneratorStream(3)], ids=["cryptographic", "generator"])
def test_streams_have_the_laws_they_name(stream: Stream) -> None:
    from scipy import stats

    assert stats.kstest(stream.normal(torch.Size([100_000]), 3.0).numpy(), "norm", args=(0, 3)).pvalue > 1e-4
    assert stats.kstest(stream.uniform(100_000).numpy(), "uniform").pvalue > 1e-4
    assert stream.uniform(0).shape == (0,)
    assert stream.normal(torch.Size([3, 5]), 1.0).shape == (3, 5)


def test_batches_are_poisson_samples_at_the_accounted_rate() -> None:
    from scipy import stats

    work = job(
        linear(), examples=200, sampling=GeneratorStream(4), work=LocalWork(steps=3000, batch_size=30, learning_rate=1.0)
    )
    sizes = np.array([len(batch) for batch in work.batches()])
    assert work.sample_rate == 0.15
    assert stats.binomtest(int(sizes.sum()), 200 * 3000, 0.15).pvalue > 1e-4
    assert sizes.var() == pytest.approx(200 * 0.15 * 0.85, rel=0.15)  # a shuffled loader would have variance 0


def test_the_rate_is_b_over_n_and_never_above_one() -> None:
    work = LocalWork(steps=1, batch_size=64, learning_rate=1.0)
    assert sample_rate(work, 130) == 64 / 130  # not 1 / ceil(N / B)
    assert sample_rate(work, 10) == 1.0


def test_a_loss_that_is_reduced_already_is_refused() -> None:
    class Reduced:
        def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return nn.functional.cross_entropy(outputs, targets)

    with pytest.raises(BadInput, match="has shape"):
        example_losses(Reduced(), torch.zeros(5, 3), torch.zeros(5, dtype=torch.long))  # type: ignore[arg-type]


def test_a_model_with_batch_norm_is_refused_by_name() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    with pytest.raises(BadInput, match="BatchNorm") as caught:
        train(job(model))
    assert "GroupNorm" in caught.value.hint


def test_training_twice_on_models_of_one_task_does_not_stack_hooks() -> None:
    first, second = linear(), linear()
    train(job(first))
    train(job(first))
    for _ in range(2):
        fresh = linear()
        fresh.load_state_dict(second.state_dict())
        train(job(fresh))
        second = fresh
    torch.testing.assert_close(first.weight, second.weight)
    assert not any(getattr(parameter, "summed_grad", None) is not None for parameter in first.parameters())


def test_state_keeps_the_tasks_own_names() -> None:
    model = linear()
    train(job(model))
    assert list(model.state_dict()) == ["weight", "bias"]


def test_without_privacy_training_is_plain_sgd() -> None:
    model, twin = linear(), linear()
    plain = job(model, privacy=None)
    train(plain)
    nn.functional.cross_entropy(twin(plain.examples.features), plain.examples.targets).backward()
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.sub_(parameter.grad)  # type: ignore[arg-type]
    torch.testing.assert_close(model.weight, twin.weight)


def test_a_convolution_with_empty_batches_trains() -> None:
    model = nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(2, 3))
    train(job(model, sampling=Silent(take=1.0), noise=GeneratorStream(2)))


def test_a_device_that_is_not_there_is_named() -> None:
    assert pick_device("auto").type in {"cpu", "cuda", "mps"}
    with pytest.raises(BadInput, match="no device 'cuda:99'"):
        pick_device("cuda:99")
