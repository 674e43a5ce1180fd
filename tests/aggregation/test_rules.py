"""What every rule promises, and each against an oracle that is slow and obvious."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstate_flower.aggregation import CATALOGUE, PreconditionFailed, Rule, Updates, rule_named
from flowstate_flower.aggregation.rows import krum_scores, squared_distances
from flowstate_flower.aggregation.updates import Layer, Layout, applied
from flowstate_flower.errors import UnknownName

F = 2
every_rule = pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda r: r.name)
ROBUST = [rule for rule in CATALOGUE.values() if rule.fewest(F)]
every_robust_rule = pytest.mark.parametrize("rule", ROBUST, ids=lambda r: r.name)


def tolerated(rule: Rule) -> int:
    return F if rule.fewest(F) else 0


def matrix(seed: int = 0, n: int = 9, d: int = 40) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    rows.flags.writeable = False  # evidence is read-only: a rule that writes to it fails here
    return rows


def slow(name: str, rows: np.ndarray, f: int) -> np.ndarray:
    """The definitions of the papers, coordinate by coordinate and pair by pair."""
    n, d = rows.shape
    if name == "mean":
        return np.array([sum(rows[i, j] for i in range(n)) / n for j in range(d)])
    if name == "median":
        return np.array([np.median(rows[:, j]) for j in range(d)])
    if name == "trimmed-mean":
        return np.array([np.mean(sorted(rows[:, j])[f : n - f]) for j in range(d)])
    scores = [sum(sorted(np.sum((rows[i] - rows[k]) ** 2) for k in range(n) if k != i)[: n - f - 2]) for i in range(n)]
    best = sorted(range(n), key=lambda i: scores[i])
    return rows[best[0]] if name == "krum" else np.mean([rows[i] for i in best[: n - f]], axis=0)


@every_rule
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), f=st.integers(0, 3), more=st.integers(0, 5), d=st.integers(1, 30))
def test_a_rule_is_what_its_paper_says(rule: Rule, seed: int, f: int, more: int, d: int) -> None:
    f = f if rule.fewest(f) else 0
    rows = matrix(seed, (rule.fewest(f) or 1) + more, d)
    np.testing.assert_allclose(rule(Updates.from_matrix(rows), byzantine=f).update, slow(rule.name, rows, f), atol=1e-12)


@every_rule
def test_the_order_of_tenants_does_not_matter(rule: Rule) -> None:
    rows = matrix()
    order = np.random.default_rng(1).permutation(len(rows))
    straight = rule(Updates.from_matrix(rows), byzantine=tolerated(rule))
    shuffled = rule(Updates.from_matrix(rows[order]), byzantine=tolerated(rule))
    np.testing.assert_allclose(shuffled.update, straight.update, atol=1e-12)
    if straight.weights is not None:
        np.testing.assert_array_equal(shuffled.weights, straight.weights[order])


@every_rule
def test_moving_and_scaling_the_updates_moves_and_scales_the_result(rule: Rule) -> None:
    rows, shift = matrix(), np.linspace(-3, 3, 40)
    plain = rule(Updates.from_matrix(rows), byzantine=tolerated(rule)).update
    moved = rule(Updates.from_matrix(2.5 * rows + shift), byzantine=tolerated(rule)).update
    np.testing.assert_allclose(moved, 2.5 * plain + shift, atol=1e-9)


@every_robust_rule
@pytest.mark.parametrize("poison", [1e12, -1e12, 1e300])
def test_f_liars_cannot_drag_the_result(rule: Rule, poison: float) -> None:
    attacked = matrix().copy()
    attacked[:F] = poison
    honest = attacked[F:]
    with np.errstate(over="ignore"):
        result = rule(Updates.from_matrix(attacked), byzantine=F).update
    assert np.all(result >= honest.min(axis=0))
    assert np.all(result <= honest.max(axis=0))


@every_rule
def test_weights_are_shares_of_the_rows(rule: Rule) -> None:
    rows = matrix()
    aggregate = rule(Updates.from_matrix(rows), byzantine=tolerated(rule))
    if aggregate.weights is not None:
        assert aggregate.weights.sum() == pytest.approx(1)
        np.testing.assert_allclose(aggregate.weights @ rows, aggregate.update, atol=1e-12)


@every_robust_rule
@pytest.mark.parametrize("byzantine", [1, 2, 3])
def test_one_update_less_than_needed_is_refused_and_never_clamped(rule: Rule, byzantine: int) -> None:
    fewest = rule.fewest(byzantine)
    assert fewest is not None
    rule(Updates.from_matrix(matrix(n=fewest)), byzantine=byzantine)
    with pytest.raises(PreconditionFailed, match=f"at least {fewest} updates"):
        rule(Updates.from_matrix(matrix(n=fewest - 1)), byzantine=byzantine)


def test_the_mean_does_not_claim_to_withstand_anybody() -> None:
    with pytest.raises(PreconditionFailed, match="withstands no hostile tenant"):
        rule_named("mean")(Updates.from_matrix(matrix()), byzantine=1)


def test_an_unknown_rule_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName) as caught:
        rule_named("multikrum")
    assert caught.value.hint == "did you mean 'multi-krum'?"


@pytest.mark.parametrize(("columns", "rule"), list(product([1, 7, 1000], CATALOGUE.values())), ids=str)
def test_streamed_is_stacked(monkeypatch: pytest.MonkeyPatch, columns: int, rule: Rule) -> None:
    """Blocks of any width over layers of any shape give the same as one matrix."""
    rows = matrix(3, 9, 24)
    layout = Layout(tuple(Layer(n, s, np.dtype(float)) for n, s in (("a", (3, 4)), ("b", ()), ("c", (11,)))))
    cuts = [(0, 12, (3, 4)), (12, 13, ()), (13, 24, (11,))]
    split = tuple(tuple(row[a:b].reshape(shape) for a, b, shape in cuts) for row in rows)
    base = tuple(np.zeros(shape) for *_, shape in cuts)
    updates = Updates(layout, base, split, np.full(9, 1 / 9))
    monkeypatch.setattr(Updates.blocks, "__defaults__", (columns,))
    streamed = rule(updates, byzantine=tolerated(rule)).update
    np.testing.assert_allclose(streamed, slow(rule.name, rows, tolerated(rule)), atol=1e-12)


def test_counters_are_not_averaged() -> None:
    """Integer layers stay the base's own, and take no part in distances."""
    layout = Layout((Layer("w", (2,), np.dtype("f4")), Layer("seen", (), np.dtype("i8"))))
    base = (np.zeros(2, "f4"), np.array(5))
    rows = tuple((np.full(2, i, "f4"), np.array(10**9 * i)) for i in range(3))
    updates = Updates(layout, base, rows, np.full(3, 1 / 3))
    assert squared_distances(updates).max() == 8
    model = applied(layout, base, rule_named("median")(updates, byzantine=1).update)
    assert model[0].dtype == np.float32
    assert model[1] == 5


def test_krum_finds_the_liar_when_updates_are_tiny_beside_the_model() -> None:
    """Weights of norm 100 and updates of norm 1e-3: float32 distances between whole models select the attacker."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(20):
        base = rng.normal(size=20_000)
        base *= 100 / np.linalg.norm(base)
        step = rng.normal(size=20_000)
        steps = [step + 0.1 * rng.normal(size=20_000) for _ in range(8)] + [-step, -step + 0.01 * rng.normal(size=20_000)]
        rows = tuple((base + 1e-3 * s / np.linalg.norm(s),) for s in steps)
        updates = Updates(Layout((Layer("w", base.shape, base.dtype),)), (base,), rows, np.full(10, 0.1))
        weights = rule_named("krum")(updates, byzantine=2).weights
        assert weights is not None
        wrong += int(np.argmax(weights)) >= 8
    assert wrong == 0


def test_a_row_is_not_its_own_neighbour_even_among_equals() -> None:
    """With equal rows a zero distance may belong to another: self is left out by index, not by being the smallest."""
    rows = np.array([[0.0], [0.0], [0.0], [10.0], [11.0]])
    scores = krum_scores(squared_distances(Updates.from_matrix(rows)), byzantine=1)
    np.testing.assert_array_equal(scores, [0, 0, 0, 101, 122])
