"""Our accountant against Opacus, an independent implementation of the same paper, closed forms, and quadrature."""

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opacus.accountants.analysis import rdp as opacus_rdp

from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Accountant, Budget, GaussianRelease, epsilon_of, pld, truncated_poisson
from flowstate_flower.privacy.divergence import ORDERS, step_curve

EASY = [order for order in ORDERS if order <= 64]
"""Orders that Opacus computes in reasonable time."""


@settings(max_examples=25, deadline=None)
@given(q=st.floats(1e-3, 1.0), sigma=st.floats(0.5, 20.0))
def test_divergence_is_what_opacus_computes(q: float, sigma: float) -> None:
    theirs = opacus_rdp.compute_rdp(q=q, noise_multiplier=sigma, steps=1, orders=EASY)
    assert step_curve(q, sigma)[: len(EASY)] == pytest.approx(theirs, rel=1e-5, abs=1e-11)


@settings(max_examples=15, deadline=None)
@given(q=st.floats(1e-3, 0.9), sigma=st.floats(0.5, 20.0), steps=st.integers(1, 2000))
def test_epsilon_is_never_above_what_opacus_computes(q: float, sigma: float, steps: int) -> None:
    theirs = opacus_rdp.compute_rdp(q=q, noise_multiplier=sigma, steps=steps, orders=EASY)
    expected, best = opacus_rdp.get_privacy_spent(orders=EASY, rdp=theirs, delta=1e-5)
    ours = epsilon_of([GaussianRelease(sigma, q, steps)], 1e-5)
    assert ours <= expected * (1 + 1e-6) + 1e-9
    if best < EASY[-1]:
        assert ours == pytest.approx(max(0.0, expected), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("q", "sigma"), [(1e-4, 0.8), (0.001, 5.0), (0.02, 50.0), (0.3, 0.4)])
@pytest.mark.parametrize("order", [1.05, 3.3, 33])
def test_small_divergences_keep_their_digits(q: float, sigma: float, order: float) -> None:
    with mpmath.workdps(30):

        def density(z: Any) -> Any:
            return mpmath.npdf(z, 0, sigma) * (1 - q + q * mpmath.exp((2 * z - 1) / (2 * mpmath.mpf(sigma) ** 2))) ** order

        span = [sigma * place for place in range(-16, int(order / sigma) + 17, 4)]
        expected = float(mpmath.log(mpmath.quad(density, span)) / (order - 1))
    assert step_curve(q, sigma)[ORDERS.index(order)] == pytest.approx(expected, rel=1e-10)


def test_a_known_run_costs_what_it_costs() -> None:
    """460 steps with B = 256 of 6000 and σ = 1: 6.05 by privacy-loss distributions, a little more by Rényi."""
    sampling = truncated_poisson(6000, 256)
    assert epsilon_of([GaussianRelease(1.0, sampling.rate, 460, sampling.excess)], 1e-5) == pytest.approx(6.703, abs=1e-3)


@pytest.mark.parametrize("sigma", [300.0, 3000.0])
def test_a_tiny_budget_is_not_overstated_by_the_largest_order(sigma: float) -> None:
    orders = np.geomspace(1.01, 1e6, 100_000)
    best = orders / (2 * sigma**2) + np.log1p(-1 / orders) - (math.log(1e-5) + np.log(orders)) / (orders - 1)
    assert epsilon_of([GaussianRelease(sigma, 1.0, 1)], 1e-5) == pytest.approx(best.min(), rel=0.02, abs=1e-4)


@given(excess=st.floats(0.0, 1e-8), steps=st.integers(1, 500))
@settings(max_examples=40, deadline=None)
def test_truncation_is_paid_out_of_delta(excess: float, steps: int) -> None:
    release, delta = GaussianRelease(1.0, 0.02, steps, excess), 1e-5
    spent, plain = epsilon_of([release], delta), GaussianRelease(1.0, 0.02, steps)
    assert spent >= epsilon_of([plain], delta)
    rest = delta - (1 + math.exp(min(spent, 700))) * steps * excess
    assert spent == math.inf or spent == pytest.approx(epsilon_of([plain], rest), rel=1e-9)


def test_truncation_that_eats_delta_is_no_privacy() -> None:
    assert epsilon_of([GaussianRelease(1.0, 0.02, 100, 1e-6)], 1e-5) == math.inf


def test_what_was_written_is_read_again() -> None:
    spent = Accountant().after(GaussianRelease(1.0, 0.02, 7, 1e-20))
    assert Accountant.parse(spent.to_bytes(), spent.excess).agrees_with(spent)
    with pytest.raises(ValueError, match="orders"):
        Accountant.parse(b"\0" * 8, 0.0)


@pytest.mark.skipif(not pld.is_installed(), reason="needs the extra pld")
def test_loss_distributions_are_tighter_and_give_the_known_value() -> None:
    release = GaussianRelease(1.0, 256 / 6000, 460, 1e-20)
    assert pld.pld_epsilon((release,), 1e-5) == pytest.approx(6.047, abs=5e-3)


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
