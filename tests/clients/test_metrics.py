"""Metrics leave where the policy says so: bounded, noised, signed, and paid for out of the budget that training has too."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from opacus.accountants.analysis import rdp
from torch import nn

from flowstate_flower import wiring
from flowstate_flower.claims import shortfall, too_little
from flowstate_flower.clients import Examples, TenantPolicy
from flowstate_flower.clients.metrics import bounded_sums, noisy_means
from flowstate_flower.clients.policy import Declined, MetricsPolicy, PrivacyPolicy
from flowstate_flower.clients.randomness import open_stream
from flowstate_flower.clients.spending import charge_of
from flowstate_flower.privacy import Accountant, Budget, Filter, GaussianRelease, epsilon_of, planned_order
from flowstate_flower.privacy.divergence import ORDERS
from flowstate_flower.privacy.planner import Work, course, least_noise
from flowstate_flower.registry import ledger_book
from flowstate_flower.strategies.reported import reported
from flowstate_flower.trust.statements import MetricsClaim, PrivacyClaim, Refused
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms
from tests.clients.conftest import Line
from tests.clients.test_hostile_server import MALFORMED, raw, refused
from tests.clients.test_signer import UPDATE, terms

METRICS = MetricsPolicy(noise_multiplier=8.0, bounds={"loss": 3.0, "accuracy": 1.0})
WORK = LocalWork(steps=5, batch_size=10, learning_rate=0.5)


def right(outputs: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"accuracy": (outputs.argmax(1) == targets).float()}


@pytest.fixture
def clinic(site):
    made = site(metrics=METRICS)
    made.task.example_metrics = right
    return made


def independent_epsilon(steps: int, rate: float, noise: float, on_metrics: float, releases: int) -> float:
    """By Opacus's divergences and its conversion."""
    total = rdp.compute_rdp(q=rate, noise_multiplier=noise, steps=steps * releases, orders=ORDERS)
    total = total + rdp.compute_rdp(q=1.0, noise_multiplier=on_metrics, steps=releases, orders=ORDERS)
    return float(rdp.get_privacy_spent(orders=ORDERS, rdp=total, delta=1e-5)[0])


def test_a_round_costs_what_training_and_its_metrics_cost_together(clinic) -> None:
    for number in (1, 2, 3):
        claim = clinic.update(clinic.ask(round=number)).privacy
        assert claim.epsilon == pytest.approx(independent_epsilon(5, 10 / 40, 1.0, 8.0, number), rel=1e-3)
        assert claim.epsilon == pytest.approx(clinic.spent())
    assert claim.epsilon > epsilon_of([GaussianRelease(1.0, 10 / 40, 15)], 1e-5)


def test_what_leaves_is_signed_and_nothing_else_leaves(clinic) -> None:
    reply = clinic.ask()
    metrics = clinic.update(reply).privacy.metrics
    assert (metrics.noise_multiplier, metrics.bounds) == (8.0, {"accuracy": 1.0, "loss": 3.0})
    assert set(metrics.values) == {"accuracy", "loss"}
    assert dict(reply.content["metrics"]) == {"num-examples": 40}


def test_asked_again_the_values_are_the_same_and_cost_nothing(clinic) -> None:
    first, before = clinic.update(clinic.ask()), clinic.spent()
    again = clinic.update(clinic.ask(nonce="a" * 32))
    assert again.privacy.metrics == first.privacy.metrics
    assert clinic.spent() == before


def test_metrics_are_those_of_the_model_that_was_sent(site) -> None:
    hardly_noised = MetricsPolicy(noise_multiplier=0.01, bounds={"loss": 3.0})
    clinic = site(metrics=hardly_noised, privacy=PrivacyPolicy(epsilon=1e9))
    everybody = LocalWork(steps=5, batch_size=40, learning_rate=0.5).model_dump()
    values = clinic.update(clinic.ask(work=everybody)).privacy.metrics.values  # of a model of zeros
    assert values["loss"] == pytest.approx(math.log(2), abs=8 * 0.01 * 3 / 40)


def test_without_the_table_no_metric_leaves_and_statements_are_what_they_were(site) -> None:
    clinic = site()
    reply = clinic.ask()
    assert "metrics" not in json.loads(clinic.verified(reply).payload)["privacy"]
    assert clinic.update(reply).privacy.metrics is None


@pytest.mark.parametrize("case", [case for case in MALFORMED if "metrics" in json.dumps(MALFORMED[case])])
def test_a_server_that_asks_for_metrics_is_refused_whatever_may_leave(clinic, case: str) -> None:
    refused(clinic, clinic.ask(raw=raw(**MALFORMED[case])), Refused.BAD_TERMS)


def test_a_metric_that_the_task_does_not_have_is_found_before_anything_is_spent(site) -> None:
    clinic = site(metrics=METRICS)
    assert clinic.refusal(clinic.ask()).reason == Refused.FAILED
    assert clinic.spent() == 0


def test_a_budget_that_training_alone_would_fit_in_is_exhausted(site) -> None:
    alone = site("alone")
    alone.ask()
    dear = MetricsPolicy(noise_multiplier=1.0, bounds={"loss": 1.0})
    clinic = site(metrics=dear, privacy=PrivacyPolicy(epsilon=1.05 * alone.spent()))
    assert clinic.refusal(clinic.ask()).reason == Refused.BUDGET
    assert clinic.spent() == 0


class Given(Line):
    """Losses as they are given."""

    def model(self) -> nn.Module:
        return nn.Identity()

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return outputs[:, 0]


def sums(values: list[float], groups: list[int] | None = None, bound: float = 2.0) -> float:
    policy = MetricsPolicy(noise_multiplier=1.0, bounds={"loss": bound})
    people = None if groups is None else torch.tensor(groups)
    examples = Examples(torch.tensor(values)[:, None], torch.zeros(len(values)), people)
    return bounded_sums(Given(), nn.Identity(), examples, policy, lambda: None)["loss"]


def test_each_row_counts_for_what_lies_between_zero_and_the_bound() -> None:
    assert sums([0.5, 1.5, 7.0, -3.0]) == pytest.approx(0.5 + 1.5 + 2.0 + 0.0)
    assert sums([math.nan, math.inf, -math.inf]) == pytest.approx(2.0 + 2.0 + 0.0)


def test_a_person_counts_once_however_many_rows_there_are_of_it() -> None:
    assert sums([2.0] * 9 + [1.0], [7] * 9 + [3]) == pytest.approx(2.0 + 1.0)
    assert sums([0.0, 2.0, 9.0], [1, 1, 5]) == pytest.approx(1.0 + 2.0)


def test_one_unit_more_or_less_moves_all_sums_by_at_most_the_root_of_their_number() -> None:
    generator = np.random.default_rng(3)
    values, people = generator.normal(scale=1e3, size=600), generator.integers(0, 40, 600)
    values[::7] = np.nan
    for person in range(40):
        others = people != person
        moved = sums(values.tolist(), people.tolist()) - sums(values[others].tolist(), people[others].tolist())
        assert abs(moved) <= 2.0 * (1 + 1e-12)


def test_noise_is_what_was_accounted_for() -> None:
    stream = open_stream("os", seed=0, tenant="", round_number=1, use="metrics")
    draws = [noisy_means({"loss": 6.0, "accuracy": 2.0}, 10, METRICS, stream) for _ in range(20_000)]
    for name, mean in (("loss", 0.6), ("accuracy", 0.2)):
        found = np.array([draw[name] for draw in draws])
        expected = METRICS.bounds[name] * 8.0 * math.sqrt(2) / 10
        assert found.mean() == pytest.approx(mean, abs=5 * expected / math.sqrt(20_000))
        assert found.std() == pytest.approx(expected, rel=0.03)
    together = np.array([[draw["loss"], draw["accuracy"]] for draw in draws])
    assert abs(np.corrcoef(together.T)[0, 1]) < 0.04


def test_the_signer_signs_the_values_that_were_reserved_for_and_no_others(site, served) -> None:
    clinic = served(site(metrics=METRICS))
    home, asked, values = clinic.home(None), terms(), {"loss": 0.5, "accuracy": 0.9}
    charge = charge_of(home.policy, asked, "a" * 64, 40)
    home.reserve(asked, charge)
    for wrong in ({}, {"loss": 0.5}, {**values, "age": 1.0}):
        with pytest.raises(Declined):
            home.sign_update(asked, UPDATE, 40, wrong)
    assert home.sign_update(asked, UPDATE, 40, values).is_signed_by(clinic.key)
    assert home.sign_update(terms(nonce="b" * 32), UPDATE, 40, values).is_signed_by(clinic.key)
    with pytest.raises(Declined):  # a second draw of the noise
        home.sign_update(asked, UPDATE, 40, {**values, "loss": 0.6})


@pytest.mark.parametrize("believes_declared", [False, True])
def test_a_charge_leaves_out_no_metric_and_makes_none_cheaper(site, served, believes_declared: bool) -> None:
    clinic = served(site(metrics=METRICS), believes_declared=believes_declared)
    home, asked = clinic.home(None), terms()
    cheaper = home.policy.model_copy(update={"metrics": METRICS.model_copy(update={"noise_multiplier": 80.0})})
    with pytest.raises(Declined):
        home.reserve(asked, charge_of(cheaper, asked, "a" * 64, 40))
    assert clinic.spent() == 0


def test_metrics_without_a_reservation_are_not_signed(site, served) -> None:
    clinic = served(site())
    home, asked = clinic.home(None), terms()
    home.reserve(asked, charge_of(home.policy, asked, "a" * 64, 40))
    with pytest.raises(Declined):
        home.sign_update(asked, UPDATE, 40, {"loss": 0.5})


def claim(epsilon: float, **values: float) -> PrivacyClaim:
    metrics = MetricsClaim(noise_multiplier=8.0, bounds={"loss": 3.0, "accuracy": 1.0}, values=values)
    return PrivacyClaim(
        noise_multiplier=1.0,
        clip_norm=1.0,
        sample_rate=10 / 40,
        steps=5,
        epsilon=epsilon,
        delta=1e-5,
        randomness="os",
        metrics=metrics,
    )


def test_a_claim_that_leaves_its_metrics_out_of_the_sum_does_not_add_up() -> None:
    training = epsilon_of([GaussianRelease(1.0, 10 / 40, 5)], 1e-5)
    both = independent_epsilon(5, 10 / 40, 1.0, 8.0, 1)
    assert "costs at least" in too_little(claim(training, loss=0.1, accuracy=0.2), {})
    assert not too_little(claim(1.001 * both, loss=0.1, accuracy=0.2), {})


def test_a_claim_of_metrics_has_their_values() -> None:
    asked = PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0)
    assert "values" in shortfall(claim(9.0), asked, WORK, 40, accept_seeded=False)
    assert not shortfall(claim(9.0, loss=0.1, accuracy=0.2), asked, WORK, 40, accept_seeded=False)
    with pytest.raises(ValueError, match="values"):
        claim(9.0, loss=0.1)


def test_an_account_with_metrics_adds_up_when_it_is_audited(clinic) -> None:
    clinic.ask()
    ledger = wiring.open_ledger(clinic.folder)
    with ledger.reading() as session:
        assert list(ledger_book.problems(session)) == []


def test_the_stop_and_the_plan_count_metrics() -> None:
    budget, plain = Budget(3.0, 1e-5), GaussianRelease(1.5, 0.05, 20)
    release = GaussianRelease(1.5, 0.05, 20, metrics_noise_multiplier=10.0)
    stop, spent, rounds = Filter(budget, planned_order(budget, release)), Accountant(), 0
    left = stop.rounds_left(spent, release)
    while stop.admits(spent.after(release)):
        spent, rounds = spent.after(release), rounds + 1
    assert 0 < rounds == left < Filter(budget, planned_order(budget, plain)).rounds_left(Accountant(), plain)
    assert list(course(Accountant(), release, rounds, 1e-5))[-1] == pytest.approx(spent.epsilon(1e-5))
    with_metrics, without = Work(10, 20, 50, 1000, 10.0), Work(10, 20, 50, 1000)
    assert least_noise(budget, with_metrics, Accountant()) > least_noise(budget, without, Accountant())


NO_BUDGET = {"privacy": None, "allow_without_privacy": True}


@pytest.mark.parametrize(
    "changes",
    [
        NO_BUDGET,
        {"privacy": {"epsilon": 3.0, "unit": "tenant"}},
        {"metrics": {"noise_multiplier": 0.0, "bounds": {"loss": 1.0}}},
        {"metrics": {"noise_multiplier": 1.0, "bounds": {}}},
        {"metrics": {"noise_multiplier": 1.0, "bounds": {"loss": 0.0}}},
        {"metrics": {"noise_multiplier": 1.0, "bounds": {"loss": math.inf}}},
    ],
)
def test_a_policy_lets_out_bounded_metrics_for_a_budget_alone(changes: dict) -> None:
    good = {"tenant": "clinic", "purposes": ["research"], "privacy": {"epsilon": 3.0}, "metrics": METRICS.model_dump()}
    TenantPolicy.model_validate(good)
    with pytest.raises(ValueError, match="metrics"):
        TenantPolicy.model_validate(good | changes)


def test_a_policy_with_metrics_is_written_as_it_is_read(clinic) -> None:
    assert wiring.open_home(clinic.folder).policy.metrics == METRICS


def test_the_server_is_told_the_median_of_what_tenants_let_out() -> None:
    def contribution(metrics: MetricsClaim | None) -> SimpleNamespace:
        said = SimpleNamespace(privacy=claim(9.0).model_copy(update={"metrics": metrics}))
        return SimpleNamespace(submission=SimpleNamespace(statement=said))

    losses = [MetricsClaim(noise_multiplier=8.0, bounds={"loss": 3.0}, values={"loss": value}) for value in (0.2, 0.4, 1e9)]
    found = reported([*map(contribution, losses), contribution(None)])
    assert found == {"accepted": 4, "reported-loss": 0.4}
