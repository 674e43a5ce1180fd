"""Scenarios are parsed once, and a mistake in one is answered with what was meant."""

from pathlib import Path

import pytest

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.simulations.scenario import load, shipped, with_rounds

TEXT = shipped()["quickstart"].read_text()


def changed(tmp_path: Path, old: str, new: str) -> str:
    assert old in TEXT
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(old, new))
    return str(path)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_is_valid(name: str) -> None:
    assert load(name).title


MISTAKES = {
    "a misspelt key": ("rounds = 16", "round_s = 16", "unknown key 'round_s'", "did you mean 'rounds'?"),
    "a misspelt key in a table": ("clip_norm", "clipnorm", "unknown key 'privacy.clipnorm'", "did you mean 'clip_norm'?"),
    "a misspelt key in a list": ("strength = 4.0", "strenght = 4.0", "unknown key", "did you mean 'strength'?"),
    "an unknown rule": ('"multi-krum"', '"multikrum"', "unknown rule 'multikrum'", "did you mean 'multi-krum'?"),
    "an unknown tenant": ('"tenant-09"', '"tenant-99"', "unknown tenant 'tenant-99'", "did you mean 'tenant-09'?"),
    "a text for a number": ("rounds = 16", 'rounds = "16"', "rounds", "see docs/reference"),
    "no rounds": ("rounds = 16", "rounds = 0", "rounds", "see docs/reference"),
    "noise that is not positive": ("noise_multiplier = 4.0", "noise_multiplier = 0.0", "noise_multiplier", "see docs"),
    "noise that is not a number": ("noise_multiplier = 4.0", "noise_multiplier = nan", "noise_multiplier", "see docs"),
    "an unknown attack": ('"sign-flip"', '"sign-flop"', "attackers.0.kind", "see docs"),
    "a withdrawal of one that never agreed": ('"tenant-09"', '"tenant-10"', "tenant-10 cannot withdraw", "see docs"),
    "not TOML": ("rounds = 16", "rounds = = 16", "is not TOML", "toml.io"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_clear_line(tmp_path: Path, mistake: str) -> None:
    old, new, message, hint = MISTAKES[mistake]
    with pytest.raises(BadInput) as caught:
        load(changed(tmp_path, old, new))
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value).replace(str(tmp_path), "")


def test_a_missing_scenario_is_named() -> None:
    with pytest.raises(UnknownName, match="unknown scenario 'quikstart'") as caught:
        load("quikstart")
    assert caught.value.hint == "did you mean 'quickstart'?"
    with pytest.raises(BadInput, match=r"cannot read nowhere\.toml"):
        load("nowhere.toml")


def test_a_file_whose_name_cannot_name_a_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "my own.toml"
    path.write_text(TEXT)
    with pytest.raises(BadInput, match="'my own' cannot name a run"):
        load(str(path))


def test_rounds_can_be_overridden_and_never_with_nonsense() -> None:
    assert with_rounds(load("quickstart"), 3).rounds == 3
    with pytest.raises(BadInput, match="0 rounds"):
        with_rounds(load("quickstart"), 0)
