"""Local training: SGD on Poisson batches, private or not, on the best device that is there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.task import Examples, TorchTask, example_losses
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.errors import BadInput
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms


@dataclass(frozen=True, slots=True)
class LocalJob:
    """One round's training at one tenant. `model` holds the server's weights and is trained in place."""

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
    between_steps: Callable[[], None] = lambda: None  # asked before every step: raises where the round must stop

    @property
    def sample_rate(self) -> float:
        """The probability with which each example enters a step."""
        return sample_rate(self.work, len(self.examples))

    def batches(self) -> Iterator[Batch]:
        """`work.steps` Poisson samples, some of which may be empty."""
        for _ in range(self.work.steps):
            self.between_steps()
            taken = self.sampling.uniform(len(self.examples)) < self.sample_rate
            index = taken.nonzero().squeeze(1).to(self.device)
            yield Batch(self.examples.features[index], self.examples.targets[index])


Trainer = Callable[[LocalJob], None]


def sample_rate(work: LocalWork, examples: int) -> float:
    """B / N, at most 1."""
    return min(1.0, work.batch_size / examples)


def train(job: LocalJob) -> None:
    """Train `job.model` in place: with differential privacy where the job asks for it, plainly where it does not."""
    if job.privacy is None:
        _plain_sgd(job)
        return
    from flowstate_flower.clients.opacus_sgd import private_sgd

    private_sgd(job, job.privacy)


def rehearse(task: TorchTask, model: nn.Module, examples: Examples, *, private: bool) -> None:
    """Raise `BadInput` for a task that cannot be trained, while nothing has been spent on it: a loss that is reduced already,
    or, where training is `private`, a layer without per-example gradients. One forward pass, whose result goes nowhere.
    """
    if private:
        from flowstate_flower.clients.opacus_sgd import check_private

        check_private(model)
    model.eval()
    with torch.no_grad():
        example_losses(task, model(examples.features[:2]), examples.targets[:2])


def _plain_sgd(job: LocalJob) -> None:
    optimiser = torch.optim.SGD(job.model.parameters(), lr=job.work.learning_rate, momentum=job.work.momentum)
    job.model.train()
    for batch in job.batches():
        if len(batch) == 0:
            continue
        optimiser.zero_grad()
        job.losses(job.model(batch.features), batch.targets).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()


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
