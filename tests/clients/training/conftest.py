"""Small jobs, and the obvious way to do what engines do. An engine is tried by every test that takes `engine`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flowstate_flower.clients import Examples, LocalJob
from flowstate_flower.clients.training import ENGINES, Choices
from flowstate_flower.clients.training import engines as engines_module
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

MODELS: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(12, 3),
    "perceptron": lambda: nn.Sequential(nn.Linear(12, 7), nn.Tanh(), nn.Linear(7, 3, bias=False)),
    "convolution": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 3, 4)), nn.Conv2d(1, 4, 2), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3)
    ),
    "sequence": lambda: nn.Sequential(
        nn.Unflatten(1, (3, 4)), nn.Linear(4, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 2), nn.Flatten(), nn.Linear(6, 3)
    ),
}


class Still:
    """A stream without noise. Where the rate is 1 everyone is taken; below it, nobody."""

    def uniform(self, count: int) -> np.ndarray:
        return np.zeros(count)

    def normal(self, shape: torch.Size, std: float) -> Tensor:
        return torch.zeros(shape)

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        pass


class Lab:
    """What tests of training share."""

    Still = Still
    models = MODELS
    engine = "auto"

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    def model(self, kind: str = "linear", seed: int = 0) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.models[kind]()

    def examples(self, count: int = 30, scale: float = 3.0, groups: Tensor | None = None, seed: int = 5) -> Examples:
        generator = torch.Generator().manual_seed(seed)
        features = scale * torch.randn(count, 12, generator=generator)
        return Examples(features, torch.randint(0, 3, (count,), generator=generator), groups)

    def job(self, model: nn.Module, *, clip: float = 0.5, choices: Choices | None = None, **changes: Any) -> LocalJob:
        """One step on all examples, without noise, at learning rate 1; `privacy` and `work` change that."""
        examples = changes.pop("examples", None) or self.examples()
        work = {"steps": 1, "batch_size": len(examples), "learning_rate": 1.0} | changes.pop("work", {})
        privacy = {"noise_multiplier": 2.0, "clip_norm": clip} | changes.pop("privacy", {})
        made = LocalJob(
            tenant="clinic",
            round=1,
            model=model,
            examples=examples,
            losses=self.losses,
            work=LocalWork.model_validate(work),
            privacy=PrivacyTerms.model_validate(privacy),
            sampling=Still(),
            noise=Still(),
            device=torch.device("cpu"),
            choices=replace(choices or Choices(), engine=self.engine),
        )
        return replace(made, **changes)

    def flat(self, model: nn.Module) -> Tensor:
        return torch.cat([p.detach().reshape(-1) for p in model.parameters() if p.requires_grad])

    def move(self, before: nn.Module, after: nn.Module) -> Tensor:
        """How far the parameters went against the gradient."""
        return self.flat(before) - self.flat(after)

    def gradients(self, model: nn.Module, examples: Examples) -> Tensor:
        """(N, P) by one backward pass a row."""
        rows = []
        for x, y in zip(examples.features, examples.targets, strict=True):
            loss = self.losses(model(x[None]), y[None])
            wanted = [p for p in model.parameters() if p.requires_grad]
            rows.append(torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, wanted)]))
        return torch.stack(rows)

    def clipped_sum(self, gradients: Tensor, clip: float) -> Tensor:
        return (gradients.double() * (clip / gradients.double().norm(dim=1)).clamp(max=1)[:, None]).sum(0).float()


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture(params=[*ENGINES, "ghost"])
def engine(request: pytest.FixtureRequest, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an engine, under which all jobs of the lab are trained. `ghost` is Opacus's other way."""
    monkeypatch.setattr(engines_module, "ghost_pays", lambda _: request.param == "ghost")
    lab.engine = "opacus" if request.param == "ghost" else request.param
    return str(request.param)


@pytest.fixture(params=MODELS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
