"""The audit: a sound engine passes, planted defects are caught, and the bound is the paper's."""

import json
import math
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from flowstate_flower.cli.main import run
from flowstate_flower.clients.training import ENGINES
from flowstate_flower.clients.training.fast import FastEngine
from flowstate_flower.clients.training.mechanism import Mechanism
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy.one_run import chance, least_epsilon, lower_bound
from flowstate_flower.simulations.canaries import AuditPlan, audit

SMALL = AuditPlan(noise_multiplier=8.0, steps=10, sample_rate=1.0, canaries=50_000, delta=1e-5)
SAMPLED = AuditPlan(noise_multiplier=4.5, steps=20, sample_rate=0.25, canaries=50_000, delta=1e-5)


@pytest.mark.parametrize("plan", [SMALL, SAMPLED], ids=["every example", "a sample"])
def test_a_sound_engine_passes_and_loses_something(plan: AuditPlan) -> None:
    """An honest lower bound is above its claim once in twenty audits at most; here it is far below."""
    found = audit(plan)
    assert found.engine == "fast"
    assert 0.2 < found.bound.epsilon < found.claimed


def test_halved_noise_in_the_trainer_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Mechanism.noisy_sum

    class Half:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def add_normal(self, total: Tensor, std: Any) -> None:
            self.stream.add_normal(total, std / 2)

    monkeypatch.setattr(Mechanism, "noisy_sum", lambda self, pieces, noise: honest(self, pieces, Half(noise)))
    assert not audit(SMALL).holds


def test_an_engine_that_does_not_clip_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Never:
        sensitivity: float

        def factors(self, squared: Tensor) -> Tensor:
            return torch.ones_like(squared)

    class Unclipped(FastEngine):
        def add_clipped(self, batch: Any, clipping: Any, total: Tensor) -> Tensor:
            return super().add_clipped(batch, Never(clipping.sensitivity), total)

    def open_unclipped(forward: Any, flat: Any, plan: Any, trial: Any) -> Any:
        return nullcontext(Unclipped(forward.model, forward.losses))

    monkeypatch.setitem(ENGINES, "fast", open_unclipped)
    with pytest.raises(BadInput):  # the trainer's own trial sees it first
        audit(AuditPlan(8.0, 10, 1.0, 1000, 1e-5, engine="fast"))
    monkeypatch.setattr("flowstate_flower.clients.training.engines.check_sum", lambda *_: None)
    found = audit(AuditPlan(8.0, 10, 1.0, 50_000, 1e-5, engine="fast"))
    assert not found.holds
    assert found.bound.epsilon > 2 * found.claimed


def test_without_delta_the_chance_is_a_binomial_tail() -> None:
    right = 1 / (1 + math.exp(-1.0))
    tail = sum(math.comb(10, k) * right**k * (1 - right) ** (10 - k) for k in range(9, 11))
    assert chance(1000, 10, 9, 1.0, 0.0) == pytest.approx(tail)


def test_delta_adds_what_the_theorem_says() -> None:
    """2mδ · max P[v - i ≤ W < v] / i, by the obvious sum."""
    right = 1 / (1 + math.exp(-0.7))
    pmf = [math.comb(12, k) * right**k * (1 - right) ** (12 - k) for k in range(13)]
    share = max(sum(pmf[10 - i : 10]) / i for i in range(1, 11))
    expected = sum(pmf[10:]) + 2 * 500 * 1e-5 * share
    assert chance(500, 12, 10, 0.7, 1e-5) == pytest.approx(expected)


def test_the_least_epsilon_is_where_the_chance_is_the_error() -> None:
    least = least_epsilon(10_000, 200, 180, 1e-6, 0.05)
    assert chance(10_000, 200, 180, least, 1e-6) == pytest.approx(0.05, rel=1e-3)
    assert least_epsilon(10_000, 200, 100, 1e-6, 0.05) == 0.0


def test_the_bound_of_randomised_response_is_right_nineteen_times_out_of_twenty() -> None:
    """Every coin told truly with probability e^ε / (1 + e^ε): exactly ε, so a bound above it is an error."""
    rng, epsilon, errors = np.random.default_rng(0), 1.0, 0
    for _ in range(100):
        included = rng.random(2000) < 0.5
        told = np.where(rng.random(2000) < 1 / (1 + math.exp(-epsilon)), included, ~included)
        bound = lower_bound(told + rng.random(2000) / 10, included, 0.0)
        assert bound.epsilon > 0.3
        errors += bound.epsilon > epsilon
    assert errors <= 0.05 * 100 + 3 * math.sqrt(100 * 0.05 * 0.95)


def test_the_command_says_what_is_claimed_what_is_proven_and_what_it_could_find(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "audit.png"
    small = ["privacy", "audit", "--canaries", "2000", "--steps", "2", "--plot", str(picture)]
    assert run([*small, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["lower_bound"] <= found["claimed"]
    assert set(found["weaker_noise"]) == {"0.5", "0.75"}
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run(small) == 0
    assert "nothing contradicts" in capsys.readouterr().out


def test_more_lost_than_claimed_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("flowstate_flower.simulations.canaries.epsilon_of", lambda *_: 0.001)
    assert run(["privacy", "audit"]) == 1
    assert "MORE WAS LOST" in capsys.readouterr().out


def test_a_rate_of_nothing_is_refused() -> None:
    assert run(["privacy", "audit", "--sample-rate", "0"]) == 2
    assert run(["privacy", "audit", "--delta", "1"]) == 2
