"""Those who train in the benchmark, each end to end: plain torch, Opacus with its own loader, and this package's trainer."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial

import torch
from opacus import PrivacyEngine
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from flowstate_flower.cli.bench.models import Workload
from flowstate_flower.clients import Examples
from flowstate_flower.clients.randomness import Stream, open_stream
from flowstate_flower.clients.training import LocalJob, PrivateTrainer, TrainingPlan
from flowstate_flower.clients.training.together import train_together
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

RATE, MOMENTUM = 0.01, 0.9
PRIVACY = PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0)
Steps = Callable[[int], None]
"""Trains so many steps more."""


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy of each example."""
    return nn.functional.cross_entropy(outputs, targets, reduction="none")


def plain(workload: Workload, examples: Examples, batch: int, device: torch.device) -> Steps:
    """Torch as its tutorials have it: a DataLoader that shuffles, autograd, SGD."""
    model = workload.model().to(device)
    optimiser = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
    loader = DataLoader(TensorDataset(examples.features, examples.targets), batch, shuffle=True, drop_last=True)
    return partial(_torch_steps, model, optimiser, _endless(loader), device)


def opacus(workload: Workload, examples: Examples, batch: int, device: torch.device) -> Steps:
    """Opacus's PrivacyEngine with hooks, its Poisson loader and its noise."""
    model = workload.model().to(device)
    optimiser = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
    loader = DataLoader(TensorDataset(examples.features, examples.targets), batch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that its noise is not cryptographic
        hooked, noisy, poisson = PrivacyEngine().make_private(
            module=model,
            optimizer=optimiser,
            data_loader=loader,
            noise_multiplier=PRIVACY.noise_multiplier,
            max_grad_norm=PRIVACY.clip_norm,
        )
    return partial(_torch_steps, hooked, noisy, _endless(poisson), device)


def ours(workload: Workload, examples: Examples, batch: int, device: torch.device) -> Steps:
    """The trainer as a tenant has it, its set-up included: sampling, clipping, cryptographic noise, momentum."""
    model = workload.model().to(device)

    def steps(count: int) -> None:
        plan = TrainingPlan(count, batch, RATE, PRIVACY, momentum=MOMENTUM)
        trainer = PrivateTrainer(plan, model, losses, examples, device)
        trainer.train(stream(device, "sampling"), stream(device, "noise"))

    return steps


def one_after_the_other(workload: Workload, clients: int, rows: int, batch: int, device: torch.device) -> Steps:
    """Opacus, client by client; its set-up is not counted."""
    everybody = [opacus(workload, workload.examples(rows), batch, device) for _ in range(clients)]

    def steps(count: int) -> None:
        for client in everybody:
            client(count)

    return steps


def together(workload: Workload, clients: int, rows: int, batch: int, device: torch.device) -> Steps:
    """All clients in one step, their set-up included. Their draws are seeded, as those of simulated clients are."""
    everybody = [(workload.model().to(device), workload.examples(rows).to(device)) for _ in range(clients)]

    def steps(count: int) -> None:
        work = LocalWork(steps=count, batch_size=batch, learning_rate=RATE, momentum=MOMENTUM)
        train_together([_job(f"client-{number}", work, *client, device) for number, client in enumerate(everybody)])

    return steps


def stream(device: torch.device, use: str) -> Stream:
    """What a tenant draws from."""
    return open_stream("cryptographic" if device.type == "cpu" else "os", seed=0, tenant="", round_number=0, use=use)


def _job(tenant: str, work: LocalWork, model: nn.Module, examples: Examples, device: torch.device) -> LocalJob:
    return LocalJob(
        tenant=tenant,
        round=1,
        model=model,
        examples=examples,
        losses=losses,
        work=work,
        privacy=PRIVACY,
        sampling=open_stream("seeded", seed=0, tenant=tenant, round_number=1, use="sampling"),
        noise=open_stream("seeded", seed=0, tenant=tenant, round_number=1, use="noise"),
        device=device,
    )


def _torch_steps(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    batches: Iterator[list[Tensor]],
    device: torch.device,
    count: int,
) -> None:
    model.train()
    for _ in range(count):
        features, targets = next(batches)
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(features.to(device)), targets.to(device)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def _endless(loader: DataLoader[tuple[Tensor, ...]]) -> Iterator[list[Tensor]]:
    while True:
        for batch in loader:
            if len(batch[0]):
                yield batch
