"""Tenants that poison. An attacker is a real tenant: it signs what it sends, and only its training lies.

Each attack wraps an honest trainer. The privacy that an attacker claims says nothing about its own data; it harms nobody
else's.
"""

from collections.abc import Callable
from dataclasses import replace

import torch

from flowstate_flower.clients import Examples, LocalJob, Trainer, train
from flowstate_flower.simulations.digits import CLASSES
from flowstate_flower.simulations.scenario import Attacker

Poison = Callable[[LocalJob, Attacker], None]


def sign_flip(job: LocalJob, attacker: Attacker) -> None:
    """Train honestly, then send the model moved the opposite way, `strength` times as far."""
    before = {name: parameter.detach().clone() for name, parameter in job.model.named_parameters()}
    train(job)
    with torch.no_grad():
        for name, parameter in job.model.named_parameters():
            parameter.copy_(before[name] - attacker.strength * (parameter - before[name]))


def label_flip(job: LocalJob, attacker: Attacker) -> None:
    """Train honestly on targets turned round."""
    train(replace(job, examples=Examples(job.examples.features, CLASSES - 1 - job.examples.targets)))


ATTACKS: dict[str, Poison] = {"sign-flip": sign_flip, "label-flip": label_flip}


def trainer_of(tenant: str, attackers: tuple[Attacker, ...], honest: Trainer | None = None) -> Trainer:
    """How `tenant` trains: honestly, by `honest` where it is given, unless it is one of `attackers` and its time has come."""
    mine = [attacker for attacker in attackers if attacker.tenant == tenant]

    def trainer(job: LocalJob) -> None:
        for attacker in mine:
            if job.round >= attacker.from_round:
                ATTACKS[attacker.kind](job, attacker)
                return
        (honest or train)(job)

    return trainer
