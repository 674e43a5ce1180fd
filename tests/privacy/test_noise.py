"""The server's noise: Gaussian, its own, and the same only where it is seeded."""

import numpy as np
import pytest
from scipy import stats

from flowstate_flower.privacy.noise import CryptographicNormals, Keystream, SeededNormals

DRAWS = 1_000_000


@pytest.mark.parametrize("normals", [CryptographicNormals(), SeededNormals(1, "run")], ids=lambda n: n.source)
def test_draws_are_standard_normal(normals) -> None:
    """A million: mean and variance to ±0.5 % and ±0.7 % at five standard errors, tails and all by Kolmogorov's test."""
    draws = normals(DRAWS)
    assert draws.shape == (DRAWS,)
    assert abs(draws.mean()) < 5 / np.sqrt(DRAWS)
    assert abs(draws.var() - 1) < 5 * np.sqrt(2 / DRAWS)
    assert stats.kstest(draws, "norm").pvalue > 1e-4
    half = DRAWS // 2  # where Box and Muller's two halves meet
    assert abs(np.corrcoef(draws[:half], draws[half:])[0, 1]) < 5 / np.sqrt(half)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_any_number_of_them(count: int) -> None:
    assert CryptographicNormals()(count).shape == (count,)
    assert SeededNormals(1, "run")(count).shape == (count,)


def test_no_seed_repeats_cryptographic_noise() -> None:
    drawn = []
    for _ in range(2):
        np.random.seed(1)
        drawn += [CryptographicNormals()(1000), CryptographicNormals()(1000)]
    assert np.abs(np.corrcoef(np.stack(drawn))[np.triu_indices(4, 1)]).max() < 0.2


def test_seeded_noise_belongs_to_a_seed_and_a_run() -> None:
    np.testing.assert_array_equal(SeededNormals(1, "a")(5), SeededNormals(1, "a")(5))
    assert (SeededNormals(1, "a")(5) != SeededNormals(2, "a")(5)).all()
    assert (SeededNormals(1, "a")(5) != SeededNormals(1, "b")(5)).all()
    assert SeededNormals(1, "a").source == "seeded"


def test_a_stream_goes_on_where_it_was() -> None:
    stream = Keystream()
    words = np.concatenate([stream.words(100), stream.words(0), stream.words(100)])
    assert len(set(words.tolist())) == 200


def test_the_extremes_of_the_stream_are_finite_draws(monkeypatch) -> None:
    for word in (0, 2**64 - 1):
        monkeypatch.setattr(Keystream, "words", lambda _, count, word=word: np.full(count, word, np.uint64))
        assert np.isfinite(CryptographicNormals()(4)).all()
