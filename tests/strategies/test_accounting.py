"""Flower's accountant protocol on a registry: what it costs, what lasts, who shares it, and Flower's own strategies on it."""

import math
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import GaussianPrivacyEvent, PrivacyConfig
from flwr.serverapp.strategy import DifferentialPrivacyServerSideFixedClipping, FedAvg

from flowstate_flower.privacy import Budget, BudgetExhausted
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, audit
from flowstate_flower.registry.federation_ledger import RegistryLedger, released
from flowstate_flower.simulations.in_process import InProcessGrid
from flowstate_flower.strategies.accounting import RegistryAccountant

DELTA = 1e-5
LIKE = MeanRelease(9.8, cohort=1, population=1000, clip_norm=1.0, randomness="cryptographic")
EVENT = GaussianPrivacyEvent(9.8, sample_size=100, population_size=1000)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.create(tmp_path / "registry")


def accountant(registry: Registry, run: str = "run-1", epsilon: float = 8.0) -> RegistryAccountant:
    return RegistryAccountant.of(RegistryLedger(registry, run), Budget(epsilon, DELTA), LIKE)


def gaussian_delta(sigma: float, epsilon: float) -> float:
    """δ of the Gaussian mechanism with sensitivity 1, exactly (Balle and Wang 2018, arXiv:1805.06530, theorem 8)."""

    def below(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2))

    return below(0.5 / sigma - epsilon * sigma) - math.exp(epsilon) * below(-0.5 / sigma - epsilon * sigma)


def test_fifty_rounds_cost_what_the_gaussian_mechanism_costs(registry: Registry) -> None:
    """T releases at noise z are one at z / √T, whose δ is known exactly; Rényi's bound lies above it, and not by much."""
    book = accountant(registry)
    book.compose(EVENT, count=50)
    spent = book.get_privacy_spent()
    assert (spent.num_releases, spent.delta, spent.accounting_method) == (50, DELTA, "rdp")
    assert gaussian_delta(9.8 / math.sqrt(50), spent.epsilon) <= DELTA
    assert gaussian_delta(9.8 / math.sqrt(50), spent.epsilon * 0.9) > DELTA
    assert spent.epsilon == pytest.approx(3.26, abs=0.01)
    assert book.get_epsilon(1e-7) > spent.epsilon


def test_the_cost_is_that_of_flowers_own_accountant(registry: Registry) -> None:
    """Where the extra that it needs is installed."""
    from flwr.serverapp import RdpAccountant

    ours = accountant(registry)
    try:
        theirs = RdpAccountant(ours.config)
    except ImportError as error:
        pytest.skip(str(error))
    for count in (1, 4, 20):
        ours.compose(EVENT, count)
        theirs.compose(EVENT, count)
        assert ours.get_epsilon(DELTA) == pytest.approx(theirs.get_epsilon(DELTA), rel=0.01)
        assert ours.num_releases == theirs.num_releases
        assert ours.would_exceed(EVENT, 1.0) == theirs.would_exceed(EVENT, 1.0)


def test_delta_is_the_inverse_of_epsilon(registry: Registry) -> None:
    book = accountant(registry)
    assert book.get_delta(0.0) == 0.0  # nothing was released
    book.compose(EVENT, 10)
    for delta in (1e-3, 1e-6, 1e-12):
        assert book.get_delta(book.get_epsilon(delta)) == pytest.approx(delta, rel=1e-6)
    assert book.get_delta(1e6) == 0.0 or book.get_delta(1e6) < 1e-300
    with pytest.raises(ValueError, match="epsilon"):
        book.get_delta(-1.0)
    with pytest.raises(ValueError, match="delta"):
        book.get_epsilon(0.0)


def test_looking_ahead_changes_nothing(registry: Registry) -> None:
    book = accountant(registry, epsilon=1.0)
    assert not book.would_exceed(EVENT)
    assert book.would_exceed(EVENT, count=50)
    assert not book.would_exceed(EVENT, max_epsilon=10.0, count=50)
    assert book.num_releases == 0
    with pytest.raises(ValueError, match="population of 7"):
        book.would_exceed(GaussianPrivacyEvent(9.8, 7, 7))
    for count in (0, -1, True, 1.5):
        with pytest.raises(ValueError, match="count"):
            book.compose(EVENT, count)
    unlimited = replace(book, settings=PrivacyConfig(DELTA, 1000, *_model(book), max_epsilon=None))
    with pytest.raises(ValueError, match="no max_epsilon"):
        unlimited.would_exceed(EVENT)


def _model(book: RegistryAccountant) -> tuple:
    return book.config.neighboring_relation, book.config.sampling_method


def test_a_budget_is_never_passed_and_a_refusal_leaves_no_trace(registry: Registry) -> None:
    book = accountant(registry, epsilon=1.0)
    with pytest.raises(BudgetExhausted, match="ε would be"):
        book.compose(EVENT, count=50)
    assert book.num_releases == 0
    while not book.would_exceed(EVENT):
        book.compose(EVENT)
    with pytest.raises(BudgetExhausted):
        book.compose(EVENT)
    assert 0.9 < book.get_epsilon(DELTA) <= 1.0


def test_a_restart_and_another_run_go_on_from_what_was_spent(registry: Registry) -> None:
    accountant(registry).compose(EVENT, 5)
    registry.close()
    again = Registry.open(registry.path.parent, to_write=True)
    second = accountant(again, "run-2")
    assert second.num_releases == 5
    second.compose(EVENT, 3)
    assert accountant(again, "run-1").get_epsilon(DELTA) == second.get_epsilon(DELTA)
    first, other = released(again, "run-1"), released(again, "run-2")
    assert (first.releases, other.releases) == (5, 3)
    assert first.epsilon == other.epsilon > first.epsilon_of_run > other.epsilon_of_run
    assert (first.randomness, first.clip_norm, first.smallest_cohort) == ("cryptographic", 1.0, 100)
    assert str(first).startswith("Tenant-level privacy: ε = 0.")
    assert released(again, "run-3") is None
    assert audit.verify(again, again.operator).findings == ()


def test_state_is_shown_and_never_set_back(registry: Registry) -> None:
    book = accountant(registry)
    before = book.state_dict()
    book.load_state_dict(before)
    book.compose(EVENT)
    assert book.state_dict()["releases"][0]["cohort"] == 100
    with pytest.raises(ValueError, match="never set back"):
        book.load_state_dict(before)
    assert book.num_releases == 1


def test_two_runs_that_race_for_one_budget_share_it(registry: Registry) -> None:
    """As many releases as one run alone would have got, whoever got them."""
    alone = 0
    spent = accountant(registry).ledger.spent()
    while spent.after(LIKE.cost(alone + 1)).epsilon(DELTA) <= 1.0:
        alone += 1

    def race(run: str) -> None:
        own = Registry.open(registry.path.parent, to_write=True)
        book = accountant(own, run, epsilon=1.0)
        try:
            while True:
                book.compose(EVENT)
        except BudgetExhausted:
            own.close()

    threads = [threading.Thread(target=race, args=(f"run-{i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accountant(registry).num_releases == alone > 3


KILLED = """
import os, signal, sys
from pathlib import Path
from flwr.serverapp import GaussianPrivacyEvent
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry
from flowstate_flower.registry.federation_ledger import RegistryLedger
from flowstate_flower.strategies import ServerNoise
from flowstate_flower.strategies.accounting import RegistryAccountant
from flowstate_flower.trust.terms import PrivacyTerms

class Killed:
    source = "cryptographic"
    def __call__(self, count):
        os.kill(os.getpid(), signal.SIGKILL)

ledger = RegistryLedger(Registry.open(Path(sys.argv[1]), to_write=True), "run-1")
accountant = RegistryAccountant.of(ledger, Budget(8.0, 1e-5), MeanRelease(9.8, 1, 1000, 1.0, "cryptographic"))
ServerNoise(accountant, Killed()).of_round(PrivacyTerms(noise_multiplier=9.8, clip_norm=1.0, unit="tenant"), 100)(5)
"""


@pytest.mark.slow
def test_a_kill_between_charge_and_release_stays_charged(registry: Registry) -> None:
    registry.close()
    folder = registry.path.parent
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], env={**os.environ}, cwd=Path.cwd(), check=False)
    assert done.returncode == -signal.SIGKILL
    again = Registry.open(folder, to_write=True)
    assert accountant(again).num_releases == 1
    assert audit.verify(again, again.operator).verified


def test_flowers_own_strategy_takes_the_accountant(registry: Registry) -> None:
    """Its wrapper for fixed clipping at the server, three rounds of it: every release is a row."""

    def answer(request: Message, _context) -> Message:
        arrays = {k: Array(v.numpy() + np.float32(1)) for k, v in request.content["arrays"].items()}
        content = RecordDict({"arrays": ArrayRecord(arrays), "metrics": MetricRecord({"num-examples": 1})})
        return Message(content, reply_to=request)

    like = MeanRelease(1.0, 1, population=4)
    book = RegistryAccountant.of(RegistryLedger(registry, "flowers-own"), Budget(50.0, DELTA), like)
    fedavg = FedAvg(fraction_evaluate=0.0, min_available_nodes=4, min_train_nodes=4)
    strategy = DifferentialPrivacyServerSideFixedClipping(fedavg, 1.0, 0.5, 4, accountant=book)
    grid = InProcessGrid(answer, 4)
    strategy.start(grid, ArrayRecord({"w": Array(np.zeros(10, "f4"))}), 3)
    grid.close()
    assert strategy.privacy_spent().num_releases == 3
    assert released(registry, "flowers-own").epsilon == pytest.approx(strategy.privacy_spent().epsilon)
