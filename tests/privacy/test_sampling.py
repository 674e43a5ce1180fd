"""Truncated Poisson: the bound is a bound, and never more than is said."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstate_flower.privacy import truncated_poisson
from flowstate_flower.privacy.sampling import RARELY


@settings(max_examples=50, deadline=None)
@given(units=st.integers(1, 10**6), batch=st.integers(1, 4096))
def test_the_largest_sample_is_rarely_too_small(units: int, batch: int) -> None:
    sampling = truncated_poisson(units, batch)
    assert sampling.rate == min(1.0, batch / units)
    assert 0 <= sampling.excess <= RARELY
    assert sampling.largest <= units
    assert sampling.largest == units or sampling.largest <= batch + 10 * batch**0.5 + 40


@pytest.mark.parametrize(("units", "batch"), [(360, 32), (300, 7), (60, 20)])
def test_the_excess_is_the_exact_tail(units: int, batch: int) -> None:
    """Of a data set with one unit more, as neighbouring ones have."""
    sampling = truncated_poisson(units, batch)
    q, n = Fraction(sampling.rate), units + 1
    tail = sum(comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(sampling.largest + 1, n + 1))
    expected = 0.0 if sampling.largest == units else float(tail)
    assert sampling.excess == pytest.approx(expected, rel=1e-9)
