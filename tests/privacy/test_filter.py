"""The stop: what is fixed at the beginning holds whatever is chosen later, and costs few rounds."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstate_flower.privacy import Accountant, Budget, Filter, GaussianRelease, epsilon_of, planned_order, truncated_poisson
from flowstate_flower.privacy.accountant import conversion
from flowstate_flower.privacy.divergence import ORDERS
from flowstate_flower.privacy.filter import _limits

releases = st.builds(
    GaussianRelease, st.floats(0.5, 8.0), st.floats(1e-3, 1.0), st.integers(1, 50), st.sampled_from([0.0, 1e-20, 1e-14])
)


@settings(max_examples=30, deadline=None)
@given(epsilon=st.floats(0.05, 20.0), chosen=st.lists(releases, min_size=1, max_size=6))
def test_what_is_admitted_never_passes_the_budget(epsilon: float, chosen: list[GaussianRelease]) -> None:
    budget = Budget(epsilon, 1e-5)
    stop, spent = Filter(budget, planned_order(budget, chosen[0])), Accountant()
    for release in chosen:
        for _ in range(min(100, stop.rounds_left(spent, release))):
            spent = spent.after(release)
            assert stop.admits(spent)
        assert spent.epsilon(1e-5) <= epsilon * (1 + 1e-12)


@pytest.mark.parametrize("order", [1.5, 5, 64])
@pytest.mark.parametrize("epsilon", [0.1, 3.0, 12.0])
def test_the_parts_of_delta_make_delta(epsilon: float, order: float) -> None:
    """Each limit, converted back, is ε at its own part; parts and what is kept for truncation are δ together."""
    budget = Budget(epsilon, 1e-5)
    limits, truncation = _limits(budget, order)
    parts = 0.0
    for place, limit in enumerate(limits):
        if limit > -float("inf"):
            low, high = 1e-30, 1.0
            for _ in range(200):
                middle = (low * high) ** 0.5
                low, high = (middle, high) if limit + conversion(middle)[place] > epsilon else (low, middle)
            parts += high
    assert parts + (1 + math.exp(epsilon)) * truncation <= 1e-5 * (1 + 1e-9)


PLANS = [(256, 6000, 1.0, 23), (32, 360, 1.5, 5), (256, 60000, 0.7, 100), (64, 1000, 4.0, 10)]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("epsilon", [3.0, 8.0])
def test_the_stop_costs_few_rounds(plan: tuple[int, int, float, int], epsilon: float) -> None:
    """Against the best order chosen at the end, which is proven for a plan fixed beforehand only."""
    batch, units, sigma, steps = plan
    sampling, budget = truncated_poisson(units, batch), Budget(epsilon, 1e-5)
    release = GaussianRelease(sigma, sampling.rate, steps, sampling.excess)
    at_best = 0
    while epsilon_of([GaussianRelease(sigma, sampling.rate, steps * (at_best + 1), sampling.excess)], 1e-5) <= epsilon:
        at_best += 1
    granted = Filter(budget, planned_order(budget, release)).rounds_left(Accountant(), release)
    assert 0.97 * at_best - 1 <= granted <= at_best


def test_rounds_left_is_how_often_it_goes_on() -> None:
    release, budget = GaussianRelease(1.0, 0.05, 20, 1e-20), Budget(8.0, 1e-5)
    stop, spent, rounds = Filter(budget, planned_order(budget, release)), Accountant(), 0
    while stop.admits(spent.after(release)):
        assert stop.rounds_left(spent, release) == stop.rounds_left(Accountant(), release) - rounds
        spent, rounds = spent.after(release), rounds + 1
    assert stop.rounds_left(spent, release) == 0
    assert rounds == stop.rounds_left(Accountant(), release) > 5


@pytest.mark.parametrize("odd", [1.05, 64, ORDERS[-1]])
def test_an_odd_order_does_not_make_the_budget_useless(odd: float) -> None:
    """Whoever names the first release chooses the order; the ladder of other orders stands behind."""
    budget, usual = Budget(8.0, 1e-5), GaussianRelease(1.0, 256 / 6000, 1, 1e-20)
    left = Filter(budget, odd).rounds_left(Accountant(), usual)
    best = Filter(budget, planned_order(budget, usual)).rounds_left(Accountant(), usual)
    assert best * 0.4 < left < best


def test_truncation_has_its_own_limit() -> None:
    budget = Budget(8.0, 1e-5)
    stop = Filter(budget, 3.4)
    assert stop.admits(Accountant(excess=1e-12))
    assert not stop.admits(Accountant(excess=1e-11))


def test_the_stop_holds_for_a_server_that_chooses_by_dice() -> None:
    dice, budget = random.Random(7), Budget(3.0, 1e-5)
    spent, stop = Accountant(), Filter(budget, 5.0)
    for _ in range(2000):
        after = spent.after(GaussianRelease(dice.choice([0.6, 1.0, 3.0]), dice.choice([0.01, 0.1]), dice.randint(1, 5)))
        spent = after if stop.admits(after) else spent
    assert 2.0 < spent.epsilon(1e-5) <= 3.0
