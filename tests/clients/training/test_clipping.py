"""Nobody's gradient is longer than the terms say, and an adaptive threshold costs what is claimed."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from flowstate_flower.clients.randomness import GeneratorStream
from flowstate_flower.clients.training.clipping import AdaptiveClipping, FlatClipping, PerLayerClipping, clipping_of
from flowstate_flower.trust.terms import PrivacyTerms

CPU = torch.device("cpu")
squares = st.floats(0, 2.0**100, width=32) | st.sampled_from([0.0, float("inf"), float("nan"), 1e-38])


def makers() -> list:
    return [FlatClipping(0.7, 1.0), PerLayerClipping(0.7, 1.0), AdaptiveClipping(0.7, 1.0, 10, CPU)]


@pytest.mark.parametrize("clipping", makers(), ids=["flat", "per-layer", "adaptive"])
@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(squares, squares, squares), min_size=1, max_size=5))
def test_whatever_the_norms_are_an_item_is_at_most_as_long_as_the_sensitivity(clipping, rows: list) -> None:
    squared = torch.tensor(rows).T
    factors = clipping.factors(squared)
    assert factors.shape == squared.shape
    assert (factors >= 0).all()
    assert (factors <= 1).all()
    finite = squared.sum(0).isfinite()
    assert not factors[:, ~finite].any()
    lengths = (factors**2 * squared)[:, finite].sum(0).sqrt()
    assert (lengths <= clipping.sensitivity * (1 + 1e-5)).all()


@pytest.mark.parametrize("clipping", makers()[:1] + makers()[2:], ids=["flat", "adaptive"])
def test_short_gradients_are_left_as_they_are(clipping) -> None:
    assert torch.equal(clipping.factors(torch.full((3, 4), 0.01)), torch.ones(3, 4))


@pytest.mark.parametrize("z", [0.3, 1.0, 9.8])
def test_gradients_and_counts_together_cost_what_one_sum_costs(z: float) -> None:
    """One item moves the pair (gradient / C, count) by (1, ½): with these deviations exactly 1 / z of them."""
    clipping = AdaptiveClipping(0.7, z, 64, CPU)
    assert (1 / clipping.gradient_multiplier) ** 2 + (0.5 / clipping.count_noise) ** 2 == pytest.approx(1 / z**2)
    assert clipping.gradient_multiplier == pytest.approx((z**-2 - (2 * clipping.count_noise) ** -2) ** -0.5)
    assert float(clipping.noise) == pytest.approx(clipping.gradient_multiplier * 0.7)


class Noted(GeneratorStream):
    """Remembers the deviations that it was asked for."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked: list[tuple[int, float]] = []

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        self.asked.append((total.numel(), float(std)))
        super().add_normal(total, std)


def test_a_threshold_follows_the_median_and_never_passes_the_terms() -> None:
    generator = torch.Generator().manual_seed(6)
    clipping, noise, seen = AdaptiveClipping(5.0, 1.0, 200, CPU), Noted(), []
    for _ in range(300):
        norms = torch.exp(torch.randn(200, generator=generator)) * 0.3  # median 0.3
        clipping.saw(norms.square()[None], None)
        clipping.end_step(noise)
        seen.append(clipping.sensitivity)
    assert max(seen) <= 5.0
    assert sum(seen[150:]) / 150 == pytest.approx(0.3, rel=0.1)
    assert {size for size, _ in noise.asked} == {1}
    assert {std for _, std in noise.asked} == {clipping.count_noise}
    for _ in range(400):  # longer than the terms allow
        clipping.saw(torch.full((1, 200), 1e4), None)
        clipping.end_step(noise)
    assert clipping.sensitivity == 5.0


def test_padding_is_not_counted_and_pieces_are() -> None:
    quiet, whole = Still(), torch.rand(2, 30, generator=torch.Generator().manual_seed(1)) / 5
    at_once, in_pieces = AdaptiveClipping(0.7, 1.0, 30, CPU), AdaptiveClipping(0.7, 1.0, 30, CPU)
    at_once.saw(whole, None)
    in_pieces.saw(whole[:, :20], None)
    in_pieces.saw(torch.cat([whole[:, 20:], torch.zeros(2, 5)], dim=1), torch.tensor([1.0] * 10 + [0.0] * 5))
    at_once.end_step(quiet)
    in_pieces.end_step(quiet)
    assert at_once.sensitivity == pytest.approx(in_pieces.sensitivity)
    assert at_once.sensitivity < 0.69  # seven in ten are shorter


class Still:
    """No noise."""

    def add_normal(self, total: Tensor, std: float | Tensor) -> None:
        pass


def test_the_noise_on_counts_is_what_it_is_said_to_be() -> None:
    """What moves the threshold of an empty sample is noise alone."""
    noise, moves = GeneratorStream(8), []
    for _ in range(2000):
        clipping = AdaptiveClipping(1e3, 1.0, 10, CPU)
        clipping._threshold = torch.tensor(1.0)
        clipping.end_step(noise)
        moves.append(float(-torch.log(clipping._threshold) / 0.2 * 10))
    assert stats.kstest(moves, "norm", args=(0, clipping.count_noise)).pvalue > 1e-4


def test_terms_name_the_clipping() -> None:
    def of(name: str) -> object:
        terms = PrivacyTerms.model_validate({"noise_multiplier": 2.0, "clip_norm": 0.5, "clipping": name})
        return clipping_of(terms, 10, CPU)

    assert type(of("flat")) is FlatClipping
    assert type(of("per-layer")) is PerLayerClipping
    assert type(of("adaptive")) is AdaptiveClipping
    assert of("flat").noise == of("per-layer").noise == 1.0
