"""Our accountant against Opacus, an independent implementation of the same paper, and against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opacus.accountants.analysis import rdp as opacus_rdp

from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Accountant, Budget, GaussianRelease, epsilon_of
from flowstate_flower.privacy.accountant import ORDERS


@settings(max_examples=60, deadline=None)
@given(q=st.floats(1e-4, 1.0), sigma=st.floats(0.5, 20.0), steps=st.integers(1, 2000))
def test_epsilon_is_what_opacus_computes(q: float, sigma: float, steps: int) -> None:
    theirs = opacus_rdp.compute_rdp(q=q, noise_multiplier=sigma, steps=steps, orders=ORDERS)
    expected, _ = opacus_rdp.get_privacy_spent(orders=ORDERS, rdp=theirs, delta=1e-5)
    assert epsilon_of([GaussianRelease(sigma, q, steps)], 1e-5) == pytest.approx(max(0.0, expected), rel=1e-6, abs=1e-9)


def test_without_sampling_it_is_the_gaussian_mechanism() -> None:
    """RDP of the Gaussian mechanism is α / 2σ², so the best order is known in closed form."""
    sigma, steps, delta = 4.0, 50, 1e-5
    orders = np.linspace(1.01, 60, 200_000)
    best = steps * orders / (2 * sigma**2) + np.log1p(-1 / orders) - (math.log(delta) + np.log(orders)) / (orders - 1)
    assert epsilon_of([GaussianRelease(sigma, 1.0, steps)], delta) == pytest.approx(best.min(), rel=1e-3)


def test_rounds_compose_and_the_order_of_rounds_does_not_matter() -> None:
    few, many = GaussianRelease(1.0, 0.1, 10), GaussianRelease(2.0, 0.5, 30)
    assert epsilon_of([few] * 10, 1e-5) == pytest.approx(epsilon_of([GaussianRelease(1.0, 0.1, 100)], 1e-5))
    assert epsilon_of([few, many], 1e-5) == pytest.approx(epsilon_of([many, few], 1e-5))


def test_nothing_released_costs_nothing() -> None:
    assert Accountant().epsilon(1e-5) == 0
    assert epsilon_of([GaussianRelease(1.0, 0.1, 0)], 1e-5) == 0


@pytest.mark.parametrize(
    ("noise", "rate", "steps"), [(0.0, 0.1, 1), (-1.0, 0.1, 1), (1.0, 0.0, 1), (1.0, 1.1, 1), (1.0, 0.1, -1)]
)
def test_impossible_releases_are_refused(noise: float, rate: float, steps: int) -> None:
    with pytest.raises(BadInput):
        GaussianRelease(noise, rate, steps)


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 1e-5), (-1.0, 1e-5), (1.0, 0.0), (1.0, 1.0)])
def test_impossible_budgets_are_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(BadInput):
        Budget(epsilon, delta)
