"""Samples have the law that is accounted for: rate B / N, independent, bounded by dropping at random."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from flowstate_flower.clients import Examples
from flowstate_flower.clients.randomness import GeneratorStream
from flowstate_flower.clients.training import units_of
from flowstate_flower.clients.training.sampling import GroupSampler, RowSampler, UnitSampler, sampler_of
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import truncated_poisson


def drawn(sampler: UnitSampler, times: int, seed: int = 1) -> np.ndarray:
    """(times, units) who was taken."""
    stream, taken = GeneratorStream(seed), np.zeros((times, sampler.units), dtype=bool)
    for row in taken:
        chosen = sampler.draw(stream)
        assert len(np.unique(chosen)) == len(chosen)
        row[chosen] = True
    return taken


def fits(counts: np.ndarray, expected: np.ndarray) -> float:
    """p of a χ² test, with rare cells put together."""
    rare = expected < 5
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    keep = expected > 0
    return float(stats.chisquare(counts[keep], expected[keep] * counts[keep].sum() / expected[keep].sum()).pvalue)


@pytest.mark.parametrize(("units", "batch"), [(40, 3), (40, 10), (40, 31), (7, 6)])
def test_sizes_are_binomial_and_units_are_taken_independently(units: int, batch: int) -> None:
    taken = drawn(UnitSampler(units, batch), 6000)
    rate = batch / units
    sizes = np.bincount(taken.sum(axis=1), minlength=units + 1)
    assert fits(sizes, stats.binom.pmf(np.arange(units + 1), units, rate) * 6000) > 1e-4
    each = taken.sum(axis=0)
    assert (
        stats.chisquare(
            np.stack([each, 6000 - each]).ravel(), np.repeat([6000 * rate, 6000 * (1 - rate)], units), units - 1
        ).pvalue
        > 1e-4
    )
    pairs = np.corrcoef(taken.T)[np.triu_indices(units, 1)]
    assert np.abs(pairs).max() < 6 / np.sqrt(6000)


def test_a_sample_that_is_too_large_is_cut_at_random() -> None:
    sampler = UnitSampler(40, 10)
    sampler.sampling = replace(sampler.sampling, largest=12)
    sampler._cumulative = sampler._cumulative[:12]
    taken = drawn(sampler, 6000)
    law = stats.binom.pmf(np.arange(41), 40, 0.25)
    law[12] += law[13:].sum()
    law[13:] = 0
    assert fits(np.bincount(taken.sum(axis=1), minlength=41), law * 6000) > 1e-4
    each = taken.sum(axis=0)
    assert stats.chisquare(each).pvalue > 1e-4  # nobody is dropped more often than others


def test_the_rate_and_the_bound_are_those_that_are_accounted() -> None:
    sampler = RowSampler(6000, 256)
    assert sampler.sampling == truncated_poisson(6000, 256)
    assert sampler.sampling.rate == 256 / 6000
    assert sampler.expected == pytest.approx(256)
    assert max(len(sampler.draw(GeneratorStream(seed))) for seed in range(500)) <= sampler.sampling.largest


@settings(max_examples=50, deadline=None)
@given(units=st.integers(1, 500), batch=st.integers(1, 600), seed=st.integers(0, 2**30))
def test_a_sample_is_distinct_units_within_its_bound(units: int, batch: int, seed: int) -> None:
    sampler = UnitSampler(units, batch)
    chosen = sampler.draw(GeneratorStream(seed))
    assert len(set(chosen.tolist())) == len(chosen) <= sampler.sampling.largest
    assert all(0 <= unit < units for unit in chosen)
    if batch >= units:
        assert len(chosen) == units


GROUPS = torch.tensor([7] * 1 + [3] * 2 + [9] * 5 + [1] * 20)[torch.randperm(28, generator=torch.Generator().manual_seed(2))]


def test_a_person_brings_all_its_rows_or_as_many_as_it_may() -> None:
    sampler = GroupSampler(GROUPS, 4, most=4)  # four persons at rate 1
    rows = sampler.draw(GeneratorStream(3))
    assert (len(rows), rows.per_item) == (4, 4)
    for index, weights in zip(rows.index.reshape(4, 4), rows.weights.reshape(4, 4), strict=True):
        real = index[weights > 0]
        assert len(GROUPS[real].unique()) == 1
        assert len(set(real.tolist())) == len(real) == min(4, int((GROUPS[real[0]] == GROUPS).sum()))
        assert weights.sum().item() == pytest.approx(1)  # the mean over what it brings


def test_each_row_of_a_person_is_as_likely_as_any_other() -> None:
    sampler, stream = GroupSampler(GROUPS, 4, most=4), GeneratorStream(4)
    counts = torch.zeros(28)
    for _ in range(3000):
        rows = sampler.draw(stream)
        counts[rows.index[rows.weights > 0]] += 1
    many = counts[GROUPS == 1]
    assert many.sum() == 4 * 3000
    assert stats.chisquare(many.numpy()).pvalue > 1e-4
    assert (counts[GROUPS == 3] == 3000).all()


def test_persons_are_sampled_not_rows() -> None:
    groups = torch.arange(50).repeat_interleave(torch.arange(50) % 7 + 1)
    sampler, stream = GroupSampler(groups, 10, most=3), GeneratorStream(5)
    sizes, taken = [], torch.zeros(50)
    for _ in range(4000):
        rows = sampler.draw(stream)
        sizes.append(len(rows))
        taken[groups[rows.index.reshape(-1, 3)[:, 0]]] += 1
    assert sampler.sampling == truncated_poisson(50, 10)
    assert fits(np.bincount(sizes, minlength=51), stats.binom.pmf(np.arange(51), 50, 0.2) * 4000) > 1e-4
    assert stats.chisquare(taken.numpy()).pvalue > 1e-4  # a person with seven rows no more often than one with a single row


def test_no_person_brings_more_than_the_largest_has() -> None:
    assert GroupSampler(torch.tensor([1, 1, 2]), 1, most=8).per_item == 2


def test_persons_that_nobody_named_cannot_be_the_unit() -> None:
    examples = Examples(torch.zeros(4, 2), torch.zeros(4))
    with pytest.raises(BadInput, match="name no persons"):
        sampler_of(examples, 2, by_group=True, rows_per_group=8)
    named = Examples(torch.zeros(4, 2), torch.zeros(4), torch.tensor([1, 1, 5, 9]))
    assert (units_of(named, by_group=True), units_of(named, by_group=False)) == (3, 4)


def test_the_rate_is_b_over_n_and_never_above_one() -> None:
    assert RowSampler(130, 64).sampling.rate == 64 / 130  # not 1 / ceil(N / B)
    assert RowSampler(10, 64).sampling.rate == 1.0
