"""One round's training at one tenant, as the ClientApp hands it to a trainer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.task import Examples, TorchTask, example_losses
from flowstate_flower.clients.training.plan import Choices, EngineName, TrainingPlan
from flowstate_flower.clients.training.sampling import sampler_of
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.clients.training.source import Source
from flowstate_flower.clients.training.trainer import PrivateTrainer
from flowstate_flower.errors import BadInput
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms


@dataclass(frozen=True, slots=True)
class LocalJob:
    """One round's training at one tenant. `model` holds the server's weights, on `device`, and is trained in place."""

    tenant: str
    round: int
    model: nn.Module
    examples: Examples
    losses: Callable[[Tensor, Tensor], Tensor]  # one loss per example
    work: LocalWork
    privacy: PrivacyTerms | None
    sampling: Stream
    noise: Stream
    device: torch.device
    choices: Choices = field(default_factory=Choices)
    between_steps: Callable[[], None] = lambda: None  # asked before every step; it raises where the round must stop

    @property
    def plan(self) -> TrainingPlan:
        """What is to be done."""
        return TrainingPlan.of(self.work, self.privacy, self.choices)

    def batches(self) -> Iterator[Batch]:
        """`work.steps` truncated Poisson samples, some of which may be empty. For trainers of one's own."""
        plan = self.plan
        sampler = sampler_of(self.examples, plan.batch_size, by_group=plan.by_group, rows_per_group=self.choices.rows_per_group)
        source = Source(self.examples, self.device)
        for _ in range(plan.steps):
            self.between_steps()
            yield source.batch(sampler.draw(self.sampling))


Trainer = Callable[[LocalJob], None]


def choices_of(task: TorchTask) -> Choices:
    """What the task chooses of its training. Raises `BadInput` for an attribute `choices` that is something else."""
    choices = getattr(task, "choices", None) or Choices()
    if not isinstance(choices, Choices):
        raise BadInput("the task's attribute choices is no Choices", hint="flowstate_flower.clients.training.Choices")
    return choices


def train(job: LocalJob) -> None:
    """Train `job.model` in place: with differential privacy where the job asks for it, plainly where it does not."""
    trainer = PrivateTrainer(job.plan, job.model, job.losses, job.examples, job.device)
    trainer.train(job.sampling, job.noise, job.between_steps)


def rehearse(task: TorchTask, model: nn.Module, examples: Examples, work: LocalWork, privacy: PrivacyTerms | None) -> Choices:
    """The task's choices, with the engine that is going to train. Nothing is kept of the few rows that are tried.

    Raises `BadInput`, while nothing has been spent, for a task that cannot be trained: a loss that is reduced already, data
    that do not fit the terms, or, where training is private, a layer without gradients of single rows.
    """
    choices = choices_of(task)
    trainer = PrivateTrainer(
        TrainingPlan.of(work, privacy, choices), model, partial(example_losses, task), examples, torch.device("cpu")
    )
    model.eval()
    with torch.no_grad():
        example_losses(task, model(examples.features[:2]), examples.targets[:2])
    choice = trainer.rehearse()
    return choices if trainer.plan.privacy is None else replace(choices, engine=cast(EngineName, choice.engine))


def pick_device(name: str) -> torch.device:
    """`auto` is the best there is: CUDA, then Apple's MPS, then the CPU. Raises `BadInput` for one that is not there."""
    if name == "auto":
        accelerator = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device(accelerator)
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise BadInput(f"no device '{name}' here", hint="auto, cpu, cuda, cuda:0 or mps") from error
    return device
