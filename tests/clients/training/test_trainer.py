"""What is trained, how, and what is left alone."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from flowstate_flower.clients import Examples, train
from flowstate_flower.clients.randomness import GeneratorStream
from flowstate_flower.clients.task import example_losses
from flowstate_flower.clients.training import Choices, PrivateTrainer, TrainingPlan, choices_of, pick_device, rehearse
from flowstate_flower.clients.training.sampling import Rows, RowSampler
from flowstate_flower.clients.training.source import Source, padded
from flowstate_flower.errors import BadInput
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

PRIVACY = PrivacyTerms(noise_multiplier=2.0, clip_norm=0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"learning_rate": math.inf},
        {"momentum": 1.0},
        {"momentum": -0.1},
        {"weight_decay": -1.0},
        {"weight_decay": math.inf},
        {"schedule": "stairs"},
        {"privacy": PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0, unit="tenant")},
    ],
    ids=str,
)
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict) -> None:
    right = {"steps": 1, "batch_size": 1, "learning_rate": 1.0, "privacy": None}
    TrainingPlan(**right)
    with pytest.raises(BadInput) as caught:
        TrainingPlan(**(right | wrong))
    assert caught.value.hint


@pytest.mark.parametrize(
    "wrong",
    [{"engine": "best"}, {"autocast": "float16"}, {"trainable": ()}, {"most_rows": 0}, {"rows_per_group": 0}],
    ids=str,
)
def test_choices_that_make_no_sense_are_refused(wrong: dict) -> None:
    with pytest.raises(BadInput):
        Choices(**wrong)


def test_a_plan_holds_what_the_terms_ask() -> None:
    work = LocalWork(steps=3, batch_size=4, learning_rate=0.5, momentum=0.9, weight_decay=0.1, schedule="linear")
    plan = TrainingPlan.of(work, PRIVACY)
    assert (plan.steps, plan.batch_size, plan.learning_rate, plan.privacy) == (3, 4, 0.5, PRIVACY)
    assert (plan.momentum, plan.weight_decay, plan.schedule) == (0.9, 0.1, "linear")


def test_where_the_tenant_is_the_unit_local_training_is_plain() -> None:
    """Its whole update is clipped, by somebody else."""
    work = LocalWork(steps=1, batch_size=4, learning_rate=0.5)
    assert TrainingPlan.of(work, PRIVACY.model_copy(update={"unit": "tenant"})).privacy is None


@pytest.mark.parametrize(
    ("schedule", "rates"), [("constant", [1, 1, 1, 1]), ("linear", [1, 0.75, 0.5, 0.25]), ("cosine", [1, 0.8536, 0.5, 0.1464])]
)
@pytest.mark.parametrize("private", [True, False])
def test_momentum_decay_and_schedule_are_those_of_torch(lab, schedule: str, rates: list, private: bool) -> None:
    """Against torch's own optimiser, with the same clipped gradients."""
    model, twin = lab.model(), lab.model()
    work = {"steps": 4, "learning_rate": 0.3, "momentum": 0.9, "weight_decay": 0.05, "schedule": schedule}
    job = lab.job(model, work=work, **({} if private else {"privacy": {}}))
    job = job if private else replace(job, privacy=None)
    train(job)
    optimiser = torch.optim.SGD(twin.parameters(), lr=0.3, momentum=0.9, weight_decay=0.05)
    for rate in rates:
        gradients = lab.gradients(twin, job.examples)
        total = (lab.clipped_sum(gradients, 0.5) if private else gradients.sum(0)) / 30
        for parameter, piece in zip(twin.parameters(), total.split([p.numel() for p in twin.parameters()]), strict=True):
            parameter.grad = piece.view_as(parameter)
        optimiser.param_groups[0]["lr"] = 0.3 * rate
        optimiser.step()
    torch.testing.assert_close(lab.flat(model), lab.flat(twin), rtol=1e-3, atol=1e-5)


def test_a_step_is_divided_by_the_expected_batch_never_by_its_own_size(lab, engine: str) -> None:
    model = lab.model()
    job = lab.job(model, work={"batch_size": 10}, sampling=GeneratorStream(3))
    train(job)
    taken = RowSampler(30, 10).draw(GeneratorStream(3)).index
    assert len(taken) != 10
    chosen = Examples(job.examples.features[taken], job.examples.targets[taken])
    truth = lab.clipped_sum(lab.gradients(lab.model(), chosen), 0.5) / 10
    torch.testing.assert_close(lab.move(lab.model(), model), truth, rtol=1e-4, atol=1e-6)


def test_without_privacy_training_is_plain_sgd(lab) -> None:
    model, twin = lab.model("convolution"), lab.model("convolution")
    job = replace(lab.job(model), privacy=None)
    train(job)
    lab.losses(twin(job.examples.features), job.examples.targets).mean().backward()
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.sub_(parameter.grad)
    torch.testing.assert_close(lab.flat(model), lab.flat(twin))


def test_plain_training_in_pieces_is_the_same(lab) -> None:
    whole, pieces = lab.model("convolution"), lab.model("convolution")
    train(replace(lab.job(whole), privacy=None))
    train(replace(lab.job(pieces, choices=Choices(most_rows=7)), privacy=None))
    torch.testing.assert_close(lab.flat(whole), lab.flat(pieces))


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("norm", [nn.BatchNorm1d, lambda size: nn.GroupNorm(2, size)], ids=["batch norm", "group norm"])
def test_frozen_parameters_and_their_statistics_stay_bit_equal(lab, engine: str, private: bool, norm) -> None:
    body = nn.Sequential(nn.Linear(12, 6), norm(6), nn.ReLU(), nn.Dropout(0.5))
    trained = nn.Sequential(body, nn.Linear(6, 3))
    if norm is nn.BatchNorm1d and engine == "fast":
        lab.engine = "auto"  # which finds that Opacus can
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    job = lab.job(trained, choices=Choices(trainable=("1.*",)), noise=GeneratorStream(4), work={"steps": 3})
    train(job if private else replace(job, privacy=None))
    after = trained.state_dict()
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor) == name.startswith("0."), name
    assert all(parameter.requires_grad for parameter in trained.parameters())


def test_what_is_frozen_has_no_part_in_the_norm(lab, engine: str) -> None:
    model = lab.model("perceptron")
    job = lab.job(model, choices=Choices(trainable=("2.weight",)))
    train(job)
    twin = lab.model("perceptron")
    twin[0].requires_grad_(False)
    truth = lab.clipped_sum(lab.gradients(twin, job.examples), 0.5) / 30
    model[0].requires_grad_(False)
    torch.testing.assert_close(lab.move(twin, model), truth, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("trainable", [("nothing.*",), ("weight", "head*")])
def test_a_pattern_that_names_nothing_is_refused(lab, trainable: tuple) -> None:
    with pytest.raises(BadInput, match="matches"):
        train(lab.job(lab.model(), choices=Choices(trainable=trainable)))


def test_a_model_of_half_precision_is_refused_by_the_parameters_name(lab) -> None:
    with pytest.raises(BadInput, match="'weight' is torch"):
        train(lab.job(lab.model().bfloat16()))


def test_a_person_is_clipped_as_one_however_many_rows_it_has(lab, engine: str) -> None:
    groups = torch.arange(30) % 5
    groups[::2] = 7  # one person with half of all rows
    model = lab.model()
    choices = Choices(rows_per_group=30)
    job = lab.job(
        model, examples=lab.examples(groups=groups), work={"batch_size": 6}, privacy={"unit": "group"}, choices=choices
    )
    train(job)
    gradients = lab.gradients(lab.model(), job.examples)
    people = torch.stack([gradients[groups == person].mean(0) for person in groups.unique()])
    truth = lab.clipped_sum(people, 0.5) / len(people)
    torch.testing.assert_close(lab.move(lab.model(), model), truth, rtol=1e-4, atol=1e-6)


def test_all_rows_of_a_person_together_move_the_sum_by_at_most_the_clip(lab, engine: str) -> None:
    model = lab.model()
    one = lab.examples(20, scale=1e3, groups=torch.zeros(20, dtype=torch.long))
    train(lab.job(model, examples=one, work={"batch_size": 1}, privacy={"unit": "group"}))
    assert 0 < lab.move(lab.model(), model).norm().item() <= 0.5 * (1 + 1e-6)


def test_pieces_hold_whole_persons(lab) -> None:
    groups = torch.arange(30) % 10
    plan = replace(lab.job(lab.model(), privacy={"unit": "group"}).plan, choices=Choices(most_rows=7))
    rows = Rows(np.arange(30), np.ones(30, np.float32), per_item=3)
    pieces = list(Source(lab.examples(groups=groups), torch.device("cpu"), 7).pieces(rows))
    assert [len(piece) for piece in pieces] == [2] * 5
    with pytest.raises(BadInput, match="a person brings 3"):
        list(Source(lab.examples(), torch.device("cpu"), 2).pieces(rows))
    assert plan.by_group


def test_padding_fills_a_sample_up_without_weight() -> None:
    rows = padded(Rows(np.array([4, 5])), 5)
    assert rows.index.tolist() == [4, 5, 0, 0, 0]
    assert rows.weights.tolist() == [1, 1, 0, 0, 0]


def test_rows_may_lie_in_a_file(lab, tmp_path) -> None:
    """Mapped tensors are read row by row."""
    examples = lab.examples()
    path = tmp_path / "features"
    path.write_bytes(examples.features.numpy().tobytes())
    mapped = torch.from_file(str(path), size=360).view(30, 12)
    first, second = lab.model(), lab.model()
    train(lab.job(first))
    train(lab.job(second, examples=Examples(mapped, examples.targets)))
    assert torch.equal(lab.flat(first), lab.flat(second))


class Task:
    """The least that a task is."""

    def __init__(self, lab) -> None:
        self.loss = lab.losses


def test_rehearsal_fixes_the_engine_and_spends_nothing(lab) -> None:
    model = lab.model()
    work = LocalWork(steps=1, batch_size=4, learning_rate=0.5)
    choices = rehearse(Task(lab), model, lab.examples(), work, PRIVACY)
    assert choices.engine != "auto"
    assert torch.equal(lab.flat(model), lab.flat(lab.model()))
    assert rehearse(Task(lab), model, lab.examples(), work, None) == Choices()


def test_rehearsal_refuses_what_would_fail_later(lab) -> None:
    task, work = Task(lab), LocalWork(steps=1, batch_size=4, learning_rate=0.5)
    persons = PRIVACY.model_copy(update={"unit": "group"})
    with pytest.raises(BadInput, match="name no persons"):
        rehearse(task, lab.model(), lab.examples(), work, persons)
    task.choices = Choices(trainable=("head",))
    with pytest.raises(BadInput, match="matches 'head'"):
        rehearse(task, lab.model(), lab.examples(), work, PRIVACY)
    task.choices = "fast"
    with pytest.raises(BadInput, match="choices"):
        choices_of(task)


def test_a_loss_that_is_reduced_already_is_refused(lab) -> None:
    task = Task(lab)
    task.loss = nn.functional.cross_entropy
    for privacy in (PRIVACY, None):
        with pytest.raises(BadInput, match="has shape"):
            rehearse(task, lab.model(), lab.examples(), LocalWork(steps=1, batch_size=4, learning_rate=0.5), privacy)
    with pytest.raises(BadInput, match="has shape"):
        example_losses(task, torch.zeros(5, 3), torch.zeros(5, dtype=torch.long))


def test_a_trainer_of_ones_own_gets_the_same_samples(lab) -> None:
    job = lab.job(lab.model(), work={"steps": 50, "batch_size": 6}, sampling=GeneratorStream(9))
    sampler, stream = RowSampler(30, 6), GeneratorStream(9)
    for batch in job.batches():
        assert torch.equal(batch.features, job.examples.features[sampler.draw(stream).index])


def test_dropout_may_be_trained(lab, engine: str) -> None:
    model = nn.Sequential(nn.Linear(12, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    job = lab.job(model, noise=GeneratorStream(1), work={"steps": 3})
    PrivateTrainer(job.plan, model, job.losses, job.examples, job.device).rehearse()
    before = lab.flat(model).clone()
    train(job)
    assert not torch.equal(before, lab.flat(model))


def test_a_device_that_is_not_there_is_named() -> None:
    assert pick_device("auto").type in {"cpu", "cuda", "mps"}
    with pytest.raises(BadInput, match="no device 'cuda:99'"):
        pick_device("cuda:99")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("clipping", ["flat", "per-layer", "adaptive"])
def test_a_gpu_gives_the_cpus_sum(lab, engine: str, clipping: str) -> None:
    gpu = torch.device("cuda")
    here, there = lab.model("convolution"), lab.model("convolution").to(gpu)
    work = {"steps": 3, "batch_size": 10}
    train(lab.job(here, work=work, sampling=GeneratorStream(2), privacy={"clipping": clipping}))
    train(replace(lab.job(there, work=work, sampling=GeneratorStream(2), privacy={"clipping": clipping}), device=gpu))
    torch.testing.assert_close(lab.flat(there).cpu(), lab.flat(here), rtol=1e-3, atol=1e-5)
