"""A gradient gives its example away, and with privacy it does not."""

import json
from pathlib import Path

import pytest
import torch

from flowstate_flower.cli.main import run
from flowstate_flower.clients.randomness import GeneratorStream
from flowstate_flower.simulations.inversion import invert, some_digits


def test_inverting_a_gradient_succeeds_without_privacy_and_fails_with_it() -> None:
    torch.manual_seed(1)  # first weights
    plain, private = invert(some_digits(60, seed=1), [None, 1.0], GeneratorStream(1))
    assert plain.similarity.min() > 0.999
    assert (plain.recovered - plain.victims).abs().max() < 1e-3, "a copy, to the pixel"
    assert abs(private.similarity.mean()) < 3 / (60 * 63) ** 0.5, "no more than of noise"
    assert private.similarity.max() < 0.5


def test_clipping_alone_hides_nothing() -> None:
    torch.manual_seed(1)
    (almost,) = invert(some_digits(10, seed=1), [1e-6], GeneratorStream(1))
    assert almost.similarity.min() > 0.999


def test_the_picture_is_made_by_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "inversion.png"
    few = ["--victims", "3", "--shown", "2", "--noise", "1"]
    assert run(["privacy", "invert", "--out", str(picture), *few, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["noise_multiplier"] for one in found] == [None, 1.0]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run(["privacy", "invert", "--out", str(tmp_path / "nowhere" / "a.png"), *few]) == 2
    assert run(["privacy", "invert", "--out", str(picture), "--victims", "2", "--shown", "3"]) == 2
    assert "error: 3 shown of 2 victims" in capsys.readouterr().err
