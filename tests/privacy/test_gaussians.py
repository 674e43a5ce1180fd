"""Gaussians as machine code against the formula: for any number of them, to the ends of what bits can say."""

from collections.abc import Iterator

import numpy as np
import pytest

from flowstate_flower import machine_code
from flowstate_flower.privacy import gaussians
from flowstate_flower.privacy.gaussians import PAIRS, Gaussians
from flowstate_flower.privacy.noise import Keystream

FRACTION = (1 << 52) - 1
WORDS = [0, 1, FRACTION, FRACTION - 1, FRACTION + 1, (1 << 64) - 1, 1 << 51, (1 << 51) - 1, 1 << 20]
TURNS = [quarter * (1 << 30) + step for quarter in range(4) for step in (0, 1, (1 << 29) - 1, 1 << 29, (1 << 30) - 1)]
FARTHEST = 8.5


class Given(Keystream):
    """Gives the same bits each time: so many as are asked for, the words first."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.words = rng.integers(0, 1 << 64, PAIRS, dtype=np.uint64)
        self.turns = rng.integers(0, 1 << 32, PAIRS, dtype=np.uint32)

    def fill(self, zeros: memoryview, buffer: bytearray) -> None:
        pairs = len(zeros) // 12
        buffer[: len(zeros)] = self.words[:pairs].tobytes() + self.turns[:pairs].tobytes()


def added(keystream: Keystream, count: int, std: float = 1.0) -> np.ndarray:
    """(count,) draws, from between neighbours that nothing may be written to."""
    memory = np.zeros(count + 2, np.float32)
    Gaussians(keystream).add(memory[1:-1], std)
    assert memory[0] == memory[-1] == 0
    return memory[1:-1].astype(np.float64)


@pytest.fixture(params=[4, 8, 16])
def lanes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Registers of any width."""
    gaussians._kernel.cache_clear()
    monkeypatch.setattr(machine_code, "lanes", lambda: request.param)
    yield request.param
    gaussians._kernel.cache_clear()


def without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    gaussians._kernel.cache_clear()
    monkeypatch.setenv("FLOWSTATE_KERNELS", "numpy")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 64, 65, 999, 2 * PAIRS - 1, 2 * PAIRS, 2 * PAIRS + 1])
def test_any_number_of_them_is_what_the_formula_says(lanes: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    keystream = Given(count)
    compiled = added(keystream, count, 2.0)
    without_machine_code(monkeypatch)
    np.testing.assert_allclose(compiled, added(keystream, count, 2.0), rtol=0, atol=2 * FARTHEST * 2**-22)
    assert len(np.unique(compiled)) >= 0.9 * min(count, 2 * PAIRS)


def test_where_bits_end(lanes: int) -> None:
    """Each of the extreme words with each of the extreme turns, in every lane; relative to the radius, which may be tiny."""
    keystream = Given(1)
    words, turns = (grid.ravel() for grid in np.meshgrid(np.array(WORDS, np.uint64), np.array(TURNS, np.uint32)))
    pairs = len(words)
    keystream.words[:pairs], keystream.turns[:pairs] = words, turns
    draws = added(keystream, 2 * pairs)
    radii = np.sqrt(-2 * np.log1p(-(words & np.uint64(FRACTION)).astype(np.float64) * 2.0**-52))
    angles = turns * (2 * np.pi / 2**32)
    assert radii.max() < FARTHEST
    for found, expected in ((draws[:pairs], np.cos(angles)), (draws[pairs:], np.sin(angles))):
        assert (np.abs(found - radii * expected) <= radii * 2**-21).all()


def test_they_are_added_to_what_is_there_and_the_keystream_goes_on() -> None:
    source, total = Gaussians(Keystream()), np.full(1000, 1e3, np.float32)
    source.add(total, 1.0)
    first = total - 1e3
    source.add(total, 1.0)
    second = total - 1e3 - first
    assert 0.8 < first.std() < 1.2
    assert 0.8 < second.std() < 1.2
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.2
