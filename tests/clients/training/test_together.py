"""Clients that are trained at once get what each would have got alone, and protect what each would have protected."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from flowstate_flower.clients import Examples, LocalJob, train
from flowstate_flower.clients.randomness import GeneratorStream
from flowstate_flower.clients.training import Choices
from flowstate_flower.clients.training.together import SomeStopped, together, train_together


class Twice(nn.Module):
    """One layer, used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(12, 12), nn.Linear(12, 3)

    def forward(self, features: Tensor) -> Tensor:
        return self.outer(torch.tanh(self.inner(torch.tanh(self.inner(features)))))


class Wrapped(nn.Module):
    """A perceptron that is not one layer after the other to look at."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(12, 7), nn.Linear(7, 3)

    def forward(self, features: Tensor) -> Tensor:
        return self.outer(torch.tanh(self.inner(features)))


MODELS: dict[str, Callable[[], nn.Module]] = {
    "used twice": Twice,
    "wrapped": Wrapped,
    "words": lambda: nn.Sequential(Whole(), nn.Embedding(9, 4), nn.Flatten(), nn.Linear(48, 3)),
    "line": lambda: nn.Sequential(
        nn.Unflatten(1, (2, 6)), nn.Conv1d(2, 4, 3, padding="same", groups=2), nn.Tanh(), nn.Flatten(), nn.Linear(24, 3)
    ),
}


class Whole(nn.Module):
    """Features as tokens."""

    def forward(self, features: Tensor) -> Tensor:
        return features.abs().long().clamp(max=8)


def crowd(lab: Any, make: Callable[[], nn.Module], clients: int = 5, **changes: Any) -> list[LocalJob]:
    """Clients that differ in weights, data, steps, rates, noise and streams."""
    jobs = []
    for client in range(clients):
        torch.manual_seed(client)
        work = {
            "steps": 1 + client % 3,
            "batch_size": 4 + client,
            "learning_rate": 0.1 * (1 + client),
            "momentum": 0.2 * client,
        }
        job = lab.job(
            make(),
            clip=0.2 + client % 2,
            examples=lab.examples(10 + 7 * client, seed=client),
            work=work | {"weight_decay": 0.01 * client, "schedule": "cosine"} | changes.get("work", {}),
            privacy={"noise_multiplier": 0.5 + client % 2} | changes.get("privacy", {}),
            sampling=GeneratorStream(client),
            noise=GeneratorStream(100 + client),
        )
        jobs.append(replace(job, tenant=f"tenant-{client}"))
    return jobs


def same(lab: Any, together: list[LocalJob], alone: list[LocalJob]) -> None:
    """The same weights up to float32 rounding, and streams that have given the same draws."""
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(lab.flat(one.model), lab.flat(other.model), rtol=1e-4, atol=1e-5)
        for used, expected in ((one.sampling, other.sampling), (one.noise, other.noise)):
            assert np.array_equal(used.uniform(3), expected.uniform(3))


@pytest.mark.parametrize("most_floats", [500, 1 << 22])
@pytest.mark.parametrize("kind", ["linear", "perceptron", "convolution", "sequence", *MODELS])
def test_everybody_gets_what_training_alone_would_have_given(lab: Any, kind: str, most_floats: int) -> None:
    """Different weights, data, batches, steps, rates, clips and noise in one stack, whole or in pieces."""
    make = (MODELS | lab.models)[kind]
    together, alone = crowd(lab, make), crowd(lab, make)
    (joint,) = train_together(together, most_floats=most_floats)
    assert joint.engine == ("every gradient" if kind == "used twice" else "book-keeping"), joint.why
    assert set(joint.tenants) == {job.tenant for job in together}
    if kind == "used twice":
        assert "'inner" in joint.why
    for job in alone:
        train(job)
    same(lab, together, alone)


@pytest.mark.parametrize("clipping", ["flat", "per-layer", "adaptive"])
def test_each_clipping_is_that_of_the_trainer(lab: Any, clipping: str) -> None:
    together, alone = (crowd(lab, lab.models["perceptron"], privacy={"clipping": clipping}) for _ in range(2))
    (joint,) = train_together(together)
    assert (joint.engine == "one after the other") == (clipping == "adaptive")
    for job in alone:
        train(job)
    same(lab, together, alone)


def test_a_person_is_the_unit_of_every_client(lab: Any) -> None:
    def jobs() -> list[LocalJob]:
        made = crowd(lab, lab.models["sequence"], privacy={"unit": "group"}, work={"batch_size": 3})
        groups = [torch.arange(len(job.examples)) % 5 for job in made]
        examples = [Examples(job.examples.features, job.examples.targets, g) for job, g in zip(made, groups, strict=True)]
        return [replace(job, examples=own, choices=Choices(rows_per_group=2)) for job, own in zip(made, examples, strict=True)]

    together, alone = jobs(), jobs()
    assert [joint.engine for joint in train_together(together)] == ["book-keeping"]
    for job in alone:
        train(job)
    same(lab, together, alone)


def test_without_privacy_it_is_plain_sgd(lab: Any) -> None:
    together, alone = ([replace(job, privacy=None) for job in crowd(lab, lab.models["perceptron"])] for _ in range(2))
    train_together(together)
    for job in alone:
        train(job)
    same(lab, together, alone)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 12), st.integers(1, 4)), min_size=2, max_size=6))
def test_any_sizes_of_data_batches_and_steps(sizes: list[tuple[int, int, int]]) -> None:
    """Empty and uneven batches, clients that finish early."""
    from tests.clients.training.conftest import Lab

    lab = Lab()

    def jobs() -> list[LocalJob]:
        return [
            lab.job(
                lab.model("perceptron", seed=place),
                examples=lab.examples(count, seed=place),
                work={"steps": steps, "batch_size": batch},
                sampling=GeneratorStream(place),
                noise=GeneratorStream(place + 50),
            )
            for place, (count, batch, steps) in enumerate(sizes)
        ]

    together, alone = jobs(), jobs()
    train_together(together)
    for job in alone:
        train(job)
    same(lab, together, alone)


def test_a_part_of_the_model_is_trained_and_the_rest_may_differ(lab: Any) -> None:
    def jobs() -> list[LocalJob]:
        return [replace(job, choices=Choices(trainable=("2.*",))) for job in crowd(lab, lab.models["perceptron"])]

    together, alone, before = jobs(), jobs(), jobs()
    train_together(together)
    for job in alone:
        train(job)
    same(lab, together, alone)
    assert torch.equal(together[3].model[0].weight, before[3].model[0].weight)
    assert not torch.equal(together[3].model[2].weight, before[3].model[2].weight)


@pytest.mark.parametrize("straight", [True, False])
def test_dropout_drops_other_units_for_every_client(lab: Any, straight: bool) -> None:
    """One mask for all would give clients with the same weights and data the same result."""

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.drop, self.last = nn.Linear(12, 50), nn.Dropout(0.5), nn.Linear(50, 3)

        def forward(self, features: Tensor) -> Tensor:
            return self.last(self.drop(self.first(features)))

    def make() -> nn.Module:
        torch.manual_seed(1)
        wrapped = Wrapped()
        return nn.Sequential(wrapped.first, wrapped.drop, wrapped.last) if straight else wrapped

    jobs = [lab.job(make(), examples=lab.examples(6)) for _ in range(3)]
    (joint,) = train_together(jobs)
    assert joint.engine == "book-keeping"
    results = [lab.flat(job.model) for job in jobs]
    assert not torch.equal(results[0], results[1])
    assert not torch.equal(results[1], results[2])


def test_clients_that_cannot_share_a_stack_are_sorted_apart(lab: Any) -> None:
    jobs = [
        *crowd(lab, lab.models["linear"], 2),
        *crowd(lab, lab.models["perceptron"], 3),
        *crowd(lab, lab.models["convolution"], 1),
    ]
    joints = train_together(jobs)
    assert sorted((len(joint.tenants), joint.engine) for joint in joints) == [
        (1, "book-keeping"),
        (2, "book-keeping"),
        (3, "book-keeping"),
    ]


@pytest.mark.parametrize("kind", ["linear", "perceptron"])
def test_who_is_left_over_after_a_crash_gets_what_it_would_have_got_among_all(lab: Any, kind: str) -> None:
    """To the bit: what goes on after a crash ends with the undisturbed model."""
    everybody = crowd(lab, lab.models[kind], 5)
    train_together(everybody)
    for few in ([4], [0, 2], [1, 2, 3]):
        again = crowd(lab, lab.models[kind], 5)
        train_together([again[client] for client in few])
        for client in few:
            assert torch.equal(lab.flat(again[client].model), lab.flat(everybody[client].model)), few


def test_models_that_only_differ_in_a_setting_are_not_one_architecture(lab: Any) -> None:
    def scaled(by: float) -> Callable[[], nn.Module]:
        class Scaled(nn.Linear):
            def __init__(self) -> None:
                super().__init__(12, 3)
                self.by = by

            def forward(self, features: Tensor) -> Tensor:
                return super().forward(features) * self.by

        return Scaled

    kinds = [nn.Sequential(nn.Linear(12, 3), nn.LeakyReLU(slope)) for slope in (0.1, 0.1, 0.9, 0.9)]
    jobs = [replace(job, model=model) for job, model in zip(crowd(lab, scaled(1.0), 4), kinds, strict=True)]
    assert sorted(len(joint.tenants) for joint in train_together(jobs)) == [2, 2]


def test_batch_norm_is_refused_by_name_for_every_client(lab: Any) -> None:
    jobs = crowd(lab, lambda: nn.Sequential(nn.Linear(12, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)), 2)
    with pytest.raises(SomeStopped) as caught:
        train_together(jobs)
    assert set(caught.value.errors) == {0, 1}
    assert all("BatchNorm" in str(error) for error in caught.value.errors.values())


def test_one_client_that_has_to_stop_stops_alone(lab: Any) -> None:
    together, alone = (crowd(lab, lab.models["perceptron"], work={"steps": 4}) for _ in range(2))
    asked = []

    def enough() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise TimeoutError("enough")

    together[1] = replace(together[1], between_steps=enough)
    with pytest.raises(SomeStopped) as caught:
        train_together(together)
    assert isinstance(caught.value.errors.pop(1), TimeoutError)
    assert not caught.value.errors
    for job in alone:
        train(job)
    del together[1], alone[1]
    same(lab, together, alone)


# what privacy needs


def silent(lab: Any, count: int, **changes: Any) -> list[LocalJob]:
    """Clients whose every example is taken, and that add no noise: what is left is the clipped sum."""
    return [lab.job(lab.model(), examples=lab.examples(8, seed=client), **changes) for client in range(count)]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_one_example_moves_a_clients_sum_by_at_most_the_clipping_norm(lab: Any, scale: float) -> None:
    jobs = [lab.job(lab.model(), examples=lab.examples(1, scale=scale, seed=client), clip=0.7) for client in range(4)]
    train_together(jobs)
    for job in jobs:
        assert lab.move(lab.model(), job.model).norm().item() <= 0.7 * (1 + 1e-6)


def test_one_example_more_changes_its_own_client_by_at_most_the_clipping_norm_and_nobody_else(lab: Any) -> None:
    before, after = silent(lab, 3), silent(lab, 3)
    features = after[1].examples.features.clone()
    features[0] = 1e3
    after[1] = replace(after[1], examples=Examples(features, after[1].examples.targets))
    for jobs in (before, after):
        train_together(jobs)
    for client, (one, other) in enumerate(zip(before, after, strict=True)):
        distance = (lab.move(lab.model(), one.model) - lab.move(lab.model(), other.model)).norm().item() * 8
        assert (0 < distance <= 2 * 0.5 * (1 + 1e-5)) if client == 1 else distance == 0


def test_an_example_that_is_not_finite_adds_nothing(lab: Any) -> None:
    broken, without = silent(lab, 3), silent(lab, 3)
    features = broken[1].examples.features.clone()
    features[2] = float("inf")
    broken[1] = replace(broken[1], examples=Examples(features, broken[1].examples.targets))
    for jobs in (broken, without):
        train_together(jobs)
    own = without[1].examples
    kept = torch.arange(8) != 2
    gradients = lab.gradients(lab.model(), Examples(own.features[kept], own.targets[kept]))
    torch.testing.assert_close(
        lab.move(lab.model(), broken[1].model) * 8, lab.clipped_sum(gradients, 0.5), rtol=1e-4, atol=1e-6
    )
    for client in (0, 2):
        assert torch.equal(lab.flat(broken[client].model), lab.flat(without[client].model))


def test_noise_has_the_accounted_deviation_and_nothing_in_common_between_clients_and_steps(lab: Any) -> None:
    """χ² on what is really added, in steps whose batches are empty: pure noise, never skipped."""
    steps, clients = 2, 30
    big = lambda: nn.Linear(12, 200)  # noqa: E731
    drawn = []
    for _ in range(steps):
        jobs = []
        for client in range(clients):
            model = big()
            nn.init.zeros_(model.weight), nn.init.zeros_(model.bias)
            examples = Examples(torch.zeros(50, 12), torch.zeros(50, dtype=torch.int64))
            privacy = {"noise_multiplier": 2.0 + client % 2}
            job = lab.job(model, examples=examples, privacy=privacy, work={"batch_size": 1}, sampling=Nobody())
            jobs.append(replace(job, noise=GeneratorStream(1000 * len(drawn) + client)))
        train_together(jobs)
        drawn.append(torch.stack([lab.flat(job.model) for job in jobs]).double())
    deviations = torch.tensor([0.5 * (2.0 + client % 2) for client in range(clients)]).double()
    noise = torch.cat([each / deviations[:, None] for each in drawn])
    count = noise.numel()
    assert abs(noise.square().mean().item() - 1) < 5 * (2 / count) ** 0.5
    correlations = torch.corrcoef(noise) - torch.eye(len(noise))
    assert correlations.abs().max() < 6 / noise.shape[1] ** 0.5


class Nobody:
    """A stream under which Poisson samples of few out of many are empty."""

    def uniform(self, count: int) -> np.ndarray:
        return np.zeros(count)


def test_small_stacks_are_trained_by_one_thread_and_torch_has_all_of_them_again_afterwards(lab: Any, monkeypatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(together, "train_stack", lambda *_: seen.append(torch.get_num_threads()) or {})
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        together.train_together(crowd(lab, lab.models["linear"]))
        monkeypatch.setattr(together, "WORTH_THREADS", 0)
        together.train_together(crowd(lab, lab.models["linear"]))
        assert (seen, torch.get_num_threads()) == ([1, 2], 2)
    finally:
        torch.set_num_threads(before)
