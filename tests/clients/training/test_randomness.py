"""Noise has the law that is accounted for, to the tails, and never repeats unless it says so."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from flowstate_flower.clients.policy import RandomnessPolicy
from flowstate_flower.clients.randomness import AesStream, GeneratorStream, Stream, open_stream
from flowstate_flower.privacy.gaussians import PAIRS

both = pytest.mark.parametrize("stream", [AesStream(), GeneratorStream(3)], ids=["cryptographic", "generator"])


@both
def test_streams_have_the_laws_they_name(stream: Stream) -> None:
    assert stats.kstest(stream.normal(torch.Size([100_000]), 3.0).numpy(), "norm", args=(0, 3)).pvalue > 1e-4
    assert stats.kstest(stream.uniform(100_000), "uniform").pvalue > 1e-4
    assert stream.uniform(0).shape == (0,)
    assert stream.normal(torch.Size([0]), 1.0).shape == (0,)
    assert stream.normal(torch.Size([3, 5]), 1.0).shape == (3, 5)


@both
def test_a_million_draws_fit_a_gaussian_in_every_cell_to_the_tails(stream: Stream) -> None:
    draws = stream.normal(torch.Size([1_000_000]), 1.0).double().numpy()
    edges = np.concatenate([[-np.inf], np.linspace(-4.5, 4.5, 181), [np.inf]])
    counts, _ = np.histogram(draws, edges)
    expected = np.diff(stats.norm.cdf(edges)) * len(draws)
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-4
    assert abs(draws.var() - 1) < 5 * np.sqrt(2 / len(draws))
    assert stats.kurtosis(draws) == pytest.approx(0, abs=5 * np.sqrt(24 / len(draws)))


@both
def test_draws_do_not_depend_on_each_other(stream: Stream) -> None:
    """Box and Muller make pairs; of a pair neither the values nor the sizes may go together."""
    draws = stream.normal(torch.Size([2 * PAIRS]), 1.0).double().numpy()
    pairs = [(draws[:PAIRS], draws[PAIRS:]), (draws[:-1], draws[1:])]
    for one, other in pairs:
        assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(PAIRS)
        assert abs(np.corrcoef(one**2, other**2)[0, 1]) < 5 / np.sqrt(PAIRS)


@pytest.mark.parametrize("count", [1, 2, 3, 2 * PAIRS - 1, 2 * PAIRS, 2 * PAIRS + 1, 4 * PAIRS + 7])
def test_any_number_of_cryptographic_draws_can_be_had(count: int) -> None:
    stream = AesStream()
    for _ in range(2):
        draws = stream.normal(torch.Size([count]), 1.0)
        assert draws.shape == (count,)
        assert draws.isfinite().all()
        assert len(draws.unique()) > 0.99 * count
    assert len(stream.normal(torch.Size([5]), 1.0).unique()) == 5


class Extreme:
    """A cipher that gives one byte only."""

    def __init__(self, byte: int) -> None:
        self.byte = byte

    def update_into(self, data: memoryview, out: bytearray) -> int:
        out[: len(data)] = bytes([self.byte]) * len(data)
        return len(data)


@pytest.mark.parametrize(("byte", "radius"), [(0xFF, 8.49), (0x00, 0.0)])
def test_radii_end_where_52_bits_end(byte: int, radius: float) -> None:
    stream = AesStream()
    stream._keystream._encryptor = Extreme(byte)
    pair = stream.normal(torch.Size([2]), 1.0)
    assert pair.norm().item() == pytest.approx(radius, abs=0.01)


@both
@pytest.mark.parametrize("std", [2.5, torch.tensor(2.5)], ids=["number", "tensor"])
def test_noise_is_added_to_what_is_there(stream: Stream, std: float | Tensor) -> None:
    total = torch.full((50_000,), 7.0)
    stream.add_normal(total, std)
    assert stats.kstest(total.numpy(), "norm", args=(7, 2.5)).pvalue > 1e-4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@both
def test_noise_on_a_gpu_has_the_same_law_and_never_repeats(stream: Stream) -> None:
    totals = [torch.zeros(50_000, device="cuda") for _ in range(2)]
    for total in totals:
        stream.add_normal(total, 2.5)
    first, second = (total.cpu().double().numpy() for total in totals)
    assert stats.kstest(first, "norm", args=(0, 2.5)).pvalue > 1e-4
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


@pytest.mark.parametrize("source", ["os", "cryptographic", "seeded"])
def test_noise_differs_between_rounds_tenants_and_uses(source: str) -> None:
    def draws(tenant: str, round_number: int, use: str) -> Tensor:
        stream = open_stream(source, seed=1, tenant=tenant, round_number=round_number, use=use)
        torch.manual_seed(0)  # what user code may do has no effect
        return stream.normal(torch.Size([2000]), 1.0)

    all_draws = [draws(t, r, u) for t in ("a", "b") for r in (1, 2) for u in ("noise", "sampling")]
    correlations = np.corrcoef(torch.stack(all_draws).numpy()) - np.eye(8)
    assert np.abs(correlations).max() < 0.15


def test_seeded_streams_repeat_and_others_do_not() -> None:
    def first(source: str) -> Tensor:
        return open_stream(source, seed=1, tenant="a", round_number=1, use="noise").normal(torch.Size([8]), 1.0)

    assert torch.equal(first("seeded"), first("seeded"))
    assert not torch.equal(first("os"), first("os"))
    assert not torch.equal(first("cryptographic"), first("cryptographic"))


def test_a_tenant_that_says_nothing_of_randomness_gets_cryptographic_noise() -> None:
    assert RandomnessPolicy().source == "cryptographic"
