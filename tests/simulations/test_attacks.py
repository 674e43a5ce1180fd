"""Attacks do what they are called, from the round on in which they begin."""

from collections.abc import Callable

import pytest
import torch

from flowstate_flower.clients import Examples, LocalJob, train
from flowstate_flower.clients.randomness import GeneratorStream
from flowstate_flower.simulations.attacks import ATTACKS, trainer_of
from flowstate_flower.simulations.scenario import Attacker
from flowstate_flower.trust.terms import LocalWork


def job(round_number: int = 3) -> LocalJob:
    features = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    model = torch.nn.Linear(4, 10)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    return LocalJob(
        tenant="t",
        round=round_number,
        model=model,
        examples=Examples(features, torch.arange(50) % 10),
        losses=lambda o, y: torch.nn.functional.cross_entropy(o, y, reduction="none"),
        work=LocalWork(steps=3, batch_size=20, learning_rate=0.5),
        privacy=None,
        sampling=GeneratorStream(1),
        noise=GeneratorStream(2),
        device=torch.device("cpu"),
    )


def trained(trainer: Callable[[LocalJob], None], round_number: int = 3) -> torch.Tensor:
    work = job(round_number)
    trainer(work)
    return work.model.weight.detach()


def test_sign_flip_sends_the_opposite_as_many_times() -> None:
    attacker = Attacker(tenant="t", kind="sign-flip", strength=4.0)
    torch.testing.assert_close(trained(trainer_of("t", (attacker,))), -4 * trained(train))


def test_label_flip_trains_on_targets_turned_round() -> None:
    attacker = Attacker(tenant="t", kind="label-flip")
    flipped = trained(trainer_of("t", (attacker,)))
    torch.testing.assert_close(flipped, trained(train).flip(0))  # digit d learns what digit 9 - d should have


@pytest.mark.parametrize("kind", ATTACKS)
def test_an_attacker_is_honest_until_its_round(kind: str) -> None:
    attacker = Attacker(tenant="t", kind=kind, from_round=3, strength=2.0)  # type: ignore[arg-type]
    torch.testing.assert_close(trained(trainer_of("t", (attacker,)), 2), trained(train, 2))
    assert not torch.equal(trained(trainer_of("t", (attacker,)), 3), trained(train, 3))


def test_others_are_not_affected() -> None:
    attacker = Attacker(tenant="somebody-else", kind="sign-flip")
    torch.testing.assert_close(trained(trainer_of("t", (attacker,))), trained(train))
