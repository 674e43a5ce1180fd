"""Tenant-level privacy through the real strategy: what one tenant can move, the noise on top, and when there is no round."""

from dataclasses import replace

import numpy as np
import pytest
from flwr.serverapp import NeighboringRelation, PrivacyConfig, SamplingMethod
from flwr.serverapp.strategy import FedAdam
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from flowstate_flower.admission import Limits, Reason
from flowstate_flower.aggregation import rule_named
from flowstate_flower.aggregation.updates import Updates
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.privacy import Accountant, Budget, BudgetExhausted
from flowstate_flower.privacy.noise import CryptographicNormals, SeededNormals
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.round import Closing, OfTheServer, close, mean_of_clipped
from flowstate_flower.strategies import RunTerms, ServerNoise
from flowstate_flower.strategies.accounting import RegistryAccountant
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

CLIP, NOISE, TENANTS = 0.5, 4.0, 7
PRIVACY = PrivacyTerms(noise_multiplier=NOISE, clip_norm=CLIP, unit="tenant")
LARGE = {"weight": np.zeros((500, 400), "f4"), "bias": np.zeros(100, "f4"), "steps": np.array(7)}


class Book:
    """A federation's ledger in memory."""

    def __init__(self) -> None:
        self.entries: list[MeanRelease] = []

    def releases(self) -> list[MeanRelease]:
        return list(self.entries)

    def spent(self) -> Accountant:
        total = Accountant()
        for release in self.entries:
            total = total.after(release.cost())
        return total

    def reserve(self, release: MeanRelease, budget: Budget, count: int = 1) -> float:
        epsilon = self.spent().after(release.cost(count)).epsilon(budget.delta)
        if epsilon > budget.epsilon:
            raise BudgetExhausted(f"ε would be {epsilon:.3f}")
        self.entries += [release] * count
        return epsilon

    def is_paid(self) -> bool:
        return False


class Nothing:
    """No noise at all, so that what it is added to can be looked at."""

    source = "cryptographic"

    def __call__(self, count: int) -> np.ndarray:
        return np.zeros(count)


def server_noise(book: Book | None = None, normals=None, epsilon: float = 8.0, population: int = TENANTS) -> ServerNoise:
    like = MeanRelease(NOISE, 1, population, CLIP, "cryptographic")
    return ServerNoise(RegistryAccountant.of(book or Book(), Budget(epsilon, 1e-5), like), normals or CryptographicNormals())


@pytest.fixture
def terms(run_terms: RunTerms) -> RunTerms:
    """The mean of seven tenants' whole updates."""
    return replace(run_terms, privacy=PRIVACY, closing=Closing(rule_named("mean"), 0, 1))


def flat(closed) -> np.ndarray:
    return np.concatenate([layer.ravel() for layer in closed.model if layer.dtype.kind == "f"])


@pytest.mark.parametrize("absent", [0, 3])
def test_the_noise_on_the_model_is_that_of_the_terms(federation, terms: RunTerms, absent: int) -> None:
    """χ² on every coordinate of a released model, at 99.99 %, and Kolmogorov's test that it is Gaussian."""
    federation.lies = dict.fromkeys(federation.tenants[:absent], lambda *_: (_ for _ in ()).throw(RuntimeError("down")))
    federation.deltas = dict.fromkeys(federation.tenants, 0.0)
    federation.run(terms, base=LARGE, server_noise=server_noise())
    noise = flat(federation.closed[-1]) / (NOISE * CLIP / TENANTS)
    low, high = stats.chi2.ppf([0.00005, 0.99995], len(noise))
    assert low < float(np.square(noise, dtype=np.float64).sum()) < high
    assert stats.kstest(noise, "norm").pvalue > 1e-4
    assert federation.closed[-1].model[2] == 7  # a counter is nobody's, and gets no noise


def test_the_noise_is_fresh_in_every_round_and_in_every_run(federation, terms: RunTerms) -> None:
    federation.deltas = dict.fromkeys(federation.tenants, 0.0)
    for _ in range(2):
        federation.run(terms, rounds=2, base=LARGE, server_noise=server_noise())
    models = [flat(closed).astype(np.float64) for closed in federation.closed]
    draws = np.stack([models[0], models[1] - models[0], models[2], models[3] - models[2]])
    correlations = np.corrcoef(draws)[np.triu_indices(4, 1)]
    assert np.all(np.abs(correlations) < 5 / np.sqrt(draws.shape[1]))


@pytest.mark.parametrize("delta", [0.0, 1e-6, 1.0, -1e15, 1e30, 3e38])
def test_one_tenant_moves_the_mean_by_at_most_its_share(federation, terms: RunTerms, delta: float) -> None:
    """Whatever it sends, against an update of nothing; the others are neither heard more nor less."""
    models = []
    for hostile in (delta, 0.0):
        federation.deltas = {tenant: 0.05 * i for i, tenant in enumerate(federation.tenants)} | {"tenant-3": hostile}
        federation.run(terms, base=LARGE, server_noise=server_noise(normals=Nothing()))
        models.append(flat(federation.closed[-1]).astype(np.float64))
    moved = float(np.linalg.norm(models[0] - models[1]))
    assert moved <= CLIP / TENANTS * (1 + 1e-6)
    if 1.0 <= abs(delta) < 1e18:  # beyond, it is turned away
        assert moved >= CLIP / TENANTS * (1 - 1e-4)  # the bound is tight


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 9),
    absent=st.integers(0, 5),
    d=st.integers(1, 300),
    magnitude=st.floats(-30, 30),
    clip=st.floats(1e-3, 1e3),
)
def test_the_sensitivity_is_at_most_c_over_m(seed: int, n: int, absent: int, d: int, magnitude: float, clip: float) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, d)).astype("f4")
    rows[0] = (rng.normal(size=d) * 10.0**magnitude).astype("f4")
    without = rows.copy()
    without[0] = 0
    asked = n + absent
    difference = mean_of_clipped(Updates.from_matrix(rows), clip, asked).astype(np.float64) - mean_of_clipped(
        Updates.from_matrix(without), clip, asked
    )
    alone = mean_of_clipped(Updates.from_matrix(rows[:1]), clip, asked).astype(np.float64)
    assert np.linalg.norm(alone) <= clip / asked
    rounding = 1e-6 * n * max(clip, 1e-30) / asked  # of float32 sums, with the others' numbers in them
    assert np.linalg.norm(difference) <= clip / asked + rounding


def test_who_does_not_answer_counts_as_nothing(federation, terms: RunTerms) -> None:
    """The mean is over those asked: without an answer the others weigh no more than before."""
    federation.deltas = dict.fromkeys(federation.tenants, 1e-5)
    federation.lies = dict.fromkeys(federation.tenants[:3], lambda *_: (_ for _ in ()).throw(RuntimeError("down")))
    federation.run(terms, base=LARGE, server_noise=server_noise(normals=Nothing()))
    np.testing.assert_allclose(flat(federation.closed[-1]), 4 / 7 * 1e-5, rtol=1e-5)
    assert {c.weight for c in federation.closed[-1].outcome.contributions} == {1 / 7}


def test_nothing_else_about_single_updates_is_recorded(federation, terms: RunTerms) -> None:
    federation.deltas = {tenant: 10.0**i for i, tenant in enumerate(federation.tenants)}
    federation.run(terms, base=LARGE, server_noise=server_noise())
    contributions = federation.closed[-1].outcome.contributions
    assert {(c.weight, c.share.value, c.share.low, c.share.high) for c in contributions} == {(1 / 7, 0.0, 0.0, 0.0)}
    assert federation.closed[-1].outcome.memory == {}


def test_an_update_that_is_not_finite_is_turned_away_and_the_round_goes_on(federation, terms: RunTerms) -> None:
    federation.lies["tenant-6"] = lambda reply, _: reply.layers["bias"].fill(np.nan)
    federation.run(terms, base=LARGE, server_noise=server_noise())
    assert federation.reasons() == {"tenant-6": Reason.NOT_FINITE}
    assert np.isfinite(flat(federation.closed[-1])).all()


def test_tenants_need_claim_nothing_and_a_claim_changes_nothing(federation, terms: RunTerms) -> None:
    federation.lies["tenant-0"] = lambda reply, _: reply.statement.update(privacy=None)
    federation.run(terms, base=LARGE, server_noise=server_noise())
    assert len(federation.closed[-1].outcome.contributions) == 7


def test_a_server_optimiser_works_on_what_was_released(federation, terms: RunTerms) -> None:
    book = Book()
    noise = server_noise(book)
    federation.run(terms, rounds=3, base=LARGE, server_noise=noise, optimiser=FedAdam(eta=0.1, beta_1=0.9, beta_2=0.99))
    assert len(book.entries) == 3
    assert noise.accountant.get_epsilon(1e-5) == book.spent().epsilon(1e-5) > 0


def test_a_round_that_did_not_close_costs_nothing(federation, terms: RunTerms) -> None:
    book = Book()
    federation.lies = dict.fromkeys(federation.tenants, lambda *_: (_ for _ in ()).throw(RuntimeError("down")))
    federation.run(terms, base=LARGE, server_noise=server_noise(book))
    assert federation.closed[-1].outcome.update is None
    assert book.entries == []


def test_a_run_ends_where_the_budget_does_with_the_model_it_has(federation, terms: RunTerms) -> None:
    book = Book()
    allowed = MeanRelease(NOISE, 7, 7).cost(3)
    budget = Accountant().after(allowed).epsilon(1e-5)
    strategy = federation.strategy(terms, server_noise=server_noise(book, epsilon=budget))
    result = started(federation, strategy, rounds=9)
    assert [closed.number for closed in federation.closed] == [1, 2, 3]
    assert len(book.entries) == 3
    assert strategy.stopped.startswith("ended before round 4: the federation's budget is spent: ε =")
    np.testing.assert_array_equal(result.arrays["bias"].numpy(), federation.closed[-1].model[1])
    with pytest.raises(RunImpossible, match="the federation's budget is spent"):
        started(federation, federation.strategy(terms, server_noise=server_noise(book, epsilon=budget)), rounds=1)


def test_a_budget_that_another_run_spends_meanwhile_ends_in_a_skipped_round(federation, terms: RunTerms) -> None:
    book = Book()
    budget = Accountant().after(MeanRelease(NOISE, 7, 7).cost(2)).epsilon(1e-5)

    def other_run(*_) -> None:
        if len(book.entries) == 1:
            book.entries.append(book.entries[0])

    federation.lies["tenant-0"] = lambda reply, _: other_run() if reply.terms.round == 2 else None
    strategy = federation.strategy(terms, server_noise=server_noise(book, epsilon=budget))
    started(federation, strategy, rounds=3)
    assert [closed.outcome.update is None for closed in federation.closed] == [False, True]
    assert federation.closed[1].outcome.skipped.startswith("ε would be")
    assert len(book.entries) == 2
    assert strategy.stopped.startswith("ended before round 3")


def test_a_crash_after_the_charge_stays_charged(federation, terms: RunTerms) -> None:
    book = Book()

    class Crash(Nothing):
        def __call__(self, count: int) -> np.ndarray:
            assert len(book.entries) == 1, "noise was drawn before it was paid for"
            raise MemoryError

    with pytest.raises(MemoryError):
        federation.run(terms, base=LARGE, server_noise=server_noise(book, Crash()))
    assert len(book.entries) == 1


def test_more_tenants_than_the_budget_is_for_end_the_run(federation, terms: RunTerms) -> None:
    federation.agreed.discard("tenant-6")
    federation.closed = _Joins(federation)
    strategy = federation.strategy(terms, server_noise=server_noise(population=6))
    started(federation, strategy, rounds=3)
    assert strategy.stopped == "ended before round 2: 7 tenants agree, the budget is for a population of 6"


class _Joins(list):
    def __init__(self, federation) -> None:
        self._federation = federation

    def append(self, item) -> None:
        super().append(item)
        self._federation.agreed.add("tenant-6")


def started(federation, strategy, rounds: int):
    from flwr.app import Array, ArrayRecord

    from flowstate_flower.simulations.in_process import InProcessGrid

    grid = InProcessGrid(federation.answer, len(federation.tenants), workers=4)
    try:
        return strategy.start(grid, ArrayRecord({name: Array(np.asarray(a)) for name, a in LARGE.items()}), rounds)
    finally:
        grid.close()


UNSOUND = {
    "another rule": ({"closing": Closing(rule_named("median"), 0, 1)}, "median is not the mean"),
    "a mixing": ({"closing": Closing(rule_named("nnm(f=1) >> mean"), 0, 1)}, "is not the mean"),
    "weights by examples": ({"closing": Closing(rule_named("mean"), 0, 1, "examples")}, "a number that the tenant chooses"),
    "turning away by norm": ({"limits": Limits(largest_update_norm=1.0)}, "who is turned away would depend on the update"),
    "another clipping": ({"privacy": PRIVACY.model_copy(update={"clipping": "adaptive"})}, "not clipped adaptive"),
}


@pytest.mark.parametrize(("changes", "why"), UNSOUND.values(), ids=UNSOUND)
def test_what_is_not_accounted_for_is_refused_before_anybody_is_asked(federation, terms: RunTerms, changes, why) -> None:
    with pytest.raises(RunImpossible, match=why):
        federation.run(replace(terms, **changes), base=LARGE, server_noise=server_noise())
    assert federation.messages == []


def config(**changes) -> PrivacyConfig:
    said = {
        "target_delta": 1e-5,
        "population_size": TENANTS,
        "neighboring_relation": NeighboringRelation.ADD_OR_REMOVE_ONE,
        "sampling_method": SamplingMethod.NO_AMPLIFICATION,
        "max_epsilon": 8.0,
    }
    return PrivacyConfig(**(said | changes))


ACCOUNTS = {
    "Poisson": (config(sampling_method=SamplingMethod.POISSON), "it is known who was asked"),
    "replace-one": (
        config(
            sampling_method=SamplingMethod.WITHOUT_REPLACEMENT,
            neighboring_relation=NeighboringRelation.REPLACE_ONE,
        ),
        "it is known who was asked",
    ),
    "no budget": (config(max_epsilon=None), "no budget"),
    "a large δ": (config(target_delta=1 / TENANTS), "is not below 1 / 7 tenants"),
}


@pytest.mark.parametrize(("settings_", "why"), ACCOUNTS.values(), ids=ACCOUNTS)
def test_an_account_that_promises_something_else_is_refused(federation, terms: RunTerms, settings_, why) -> None:
    accountant = RegistryAccountant(Book(), settings_, MeanRelease(NOISE, 1, TENANTS))
    with pytest.raises(RunImpossible, match=why):
        federation.run(terms, base=LARGE, server_noise=ServerNoise(accountant, CryptographicNormals()))
    assert federation.messages == []


def test_terms_and_noise_go_together(federation, terms: RunTerms, run_terms: RunTerms) -> None:
    with pytest.raises(RunImpossible, match="needs the server's noise and its budget"):
        federation.run(terms)
    with pytest.raises(RunImpossible, match="without terms that ask for it"):
        federation.run(run_terms, server_noise=server_noise())
    with pytest.raises(RunImpossible, match="without terms that ask for it"):
        federation.run(replace(run_terms, privacy=None), server_noise=server_noise())
    assert federation.messages == []


def test_seeded_noise_is_for_simulations(federation, terms: RunTerms) -> None:
    seeded = [server_noise(normals=SeededNormals(1, "run-1")) for _ in range(2)]
    with pytest.raises(RunImpossible, match="seeded noise protects nobody"):
        federation.run(terms, server_noise=seeded[0])
    simulated = replace(terms, limits=Limits(accept_seeded_noise=True))
    for noise in seeded:
        federation.run(simulated, base=LARGE, server_noise=noise)
    np.testing.assert_array_equal(flat(federation.closed[0]), flat(federation.closed[1]))


def test_a_delta_of_one_in_the_population_is_no_promise() -> None:
    with pytest.raises(BadInput, match=r"δ = 0\.1 is not below 1 / 10 tenants"):
        RegistryAccountant.of(Book(), Budget(8.0, 0.1), MeanRelease(NOISE, 1, 10))


def test_a_round_is_never_closed_without_noise(federation, terms: RunTerms, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr("flowstate_flower.strategies.tenant_strategy.close", lambda *a: seen.append(a) or close(*a))
    federation.run(terms, base=LARGE, server_noise=server_noise())
    ((round_terms, replies, closing, _),) = seen
    with pytest.raises(RunImpossible, match="without noise"):
        close(round_terms, replies, closing, OfTheServer())


@pytest.mark.parametrize("bound", ["least_noise_multiplier", "largest_clip_norm", "largest_epsilon"])
def test_bounds_on_a_tenants_own_noise_are_not_met_by_the_servers(bound: str) -> None:
    work = LocalWork(steps=1, batch_size=1, learning_rate=0.1)
    assert Bounds().objection(work, PRIVACY) == ""
    assert Bounds(**{bound: 1.0}).objection(work, PRIVACY) == "no privacy of the tenant's own is asked for"
