"""Mixings before rules: the same as mixing a stacked matrix by hand, for every rule, and names that can be read back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstate_flower.aggregation import (
    CATALOGUE,
    Mixing,
    PreconditionFailed,
    Updates,
    arc,
    bucketing,
    clipping,
    nnm,
    rule_named,
    rules,
)
from flowstate_flower.aggregation.catalogue import COMPOSITIONS
from flowstate_flower.aggregation.engine import squared_distances
from flowstate_flower.errors import BadInput, UnknownName

MIXINGS = [nnm(), bucketing(size=2, seed=3), clipping(norm=2.5), arc()]
F = 2
# After a mixing, rows may be equal in length or altogether, and these rules keep one of them: which one is arbitrary.
TIES = {"cge", "bulyan", "mda"}
every_mixing = pytest.mark.parametrize("mixing", MIXINGS, ids=lambda m: m.name)


def by_hand(mixing: Mixing, rows: np.ndarray, f: int) -> np.ndarray:
    """Mixed rows from the definitions, on a matrix."""
    n = len(rows)
    lengths = np.linalg.norm(rows, axis=1)
    if mixing.name == "nnm":
        return np.array([rows[np.argsort(np.linalg.norm(rows - row, axis=1), kind="stable")[: n - f]].mean(0) for row in rows])
    if mixing.name.startswith("bucketing"):
        order = np.random.default_rng(3).permutation(n)
        return np.array([rows[order[i : i + 2]].mean(axis=0) for i in range(0, n, 2)])
    bound = 2.5 if mixing.name.startswith("clipping") else sorted(lengths)[n - int(2 * f / n * (n - f)) - 1]
    return rows * np.minimum(1, bound / lengths)[:, None]


@every_mixing
@pytest.mark.parametrize("rule", [r for r in CATALOGUE.values() if r.fewest(F) and r.name not in TIES], ids=lambda r: r.name)
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_mixed_in_cache_is_mixed_by_hand(mixing: Mixing, rule, kind: str) -> None:
    rows = np.random.default_rng(0).normal(size=(23, 3000)).astype(kind) / 20
    mixed = by_hand(mixing, rows.astype(float), F)
    root = 0.02 * np.sin(np.arange(3000))
    expected = rule(Updates.from_matrix(mixed, root=root), byzantine=F).update
    result = (mixing >> rule)(Updates.from_matrix(rows, root=root.astype(kind)), byzantine=F).update
    np.testing.assert_allclose(result, expected, atol=2e-6 if kind == "f4" else 1e-9)


@every_mixing
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(7, 20), d=st.integers(1, 40))
def test_distances_between_mixed_rows_follow_from_those_between_rows(mixing: Mixing, seed: int, n: int, d: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    updates = Updates.from_matrix(rows)
    distances = squared_distances(updates.with_origin())
    mixed = updates.mixed(mixing.matrix(distances, F), distances)
    hand = by_hand(mixing, rows, F)
    exact = ((hand[:, None] - hand[None, :]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(mixed), exact, atol=1e-9 * max(1, distances.max()))


def test_weights_are_on_the_tenants_not_on_the_mixed_rows() -> None:
    rows = np.random.default_rng(1).normal(size=(12, 50))
    aggregate = rule_named("nnm >> krum")(Updates.from_matrix(rows), byzantine=F)
    assert aggregate.weights is not None
    assert np.count_nonzero(aggregate.weights) == 10  # krum takes one mixed row, which is a mean of n - f tenants
    np.testing.assert_allclose(aggregate.weights @ rows, aggregate.update, atol=1e-12)


def test_mixings_follow_one_another() -> None:
    rows = np.random.default_rng(2).normal(size=(20, 30))
    chained = rule_named("arc >> nnm >> trimmed-mean")
    expected = rule_named("trimmed-mean")(Updates.from_matrix(by_hand(nnm(), by_hand(arc(), rows, F), F)), byzantine=F)
    np.testing.assert_allclose(chained(Updates.from_matrix(rows), byzantine=F).update, expected.update, atol=1e-9)


@pytest.mark.parametrize(
    "name", ["nnm >> trimmed-mean", "bucketing(size=3, seed=7) >> krum", "clipping(norm=0.5) >> arc >> median"]
)
def test_a_name_can_be_read_back(name: str) -> None:
    assert rule_named(name).name == name
    assert rule_named(name.replace(" ", "").replace(">>", " >>")).name == name


def test_python_reads_as_text_does() -> None:
    rule = rules.nnm(f=3) >> rules.trimmed_mean(f=3)
    assert rule.name == "nnm(f=3) >> trimmed-mean(f=3)"
    assert repr(rule) == "nnm(f=3) >> trimmed_mean(f=3)"
    assert rule_named(repr(rule)) == rule_named(rule.name) == rule == eval(repr(rule), vars(rules))
    rows = np.random.default_rng(5).normal(size=(11, 30))
    expected = rule_named("nnm >> trimmed-mean")(Updates.from_matrix(rows), byzantine=3).update
    np.testing.assert_array_equal(rule(Updates.from_matrix(rows), byzantine=2).update, expected)
    assert rule.fewest(3) == rule.fewest(0) == 7
    with pytest.raises(PreconditionFailed, match="withstands fewer hostile tenants, 4 asked for"):
        rule(Updates.from_matrix(rows), byzantine=4)


@pytest.mark.parametrize(
    "text",
    [*CATALOGUE, *COMPOSITIONS, "dnc(f=1, remove=2)", "clipping(norm=1e-3) >> arc(f=2) >> centred_clipping(momentum=0.5)"],
)
def test_a_repr_can_be_read_back(text: str) -> None:
    rule = rule_named(text)
    again = rule_named(repr(rule))
    assert again == rule
    assert again.name == rule.name
    rows = Updates.from_matrix(np.random.default_rng(6).normal(size=(13, 20)), root=np.ones(20))
    f = 1 if rule.fewest(1) else 0
    np.testing.assert_array_equal(again(rows, byzantine=f).update, rule(rows, byzantine=f).update)


def test_mixings_chain_from_the_left_in_python() -> None:
    chain = rules.arc() >> rules.nnm() >> rules.bucketing(size=2, seed=1) >> rules.median()
    assert chain == rule_named("arc >> nnm >> bucketing(size=2, seed=1) >> median")
    assert (rules.arc() >> (rules.nnm() >> rules.bucketing(size=2, seed=1))) >> rules.median() == chain


def test_every_rule_is_a_function_with_its_paper() -> None:
    for name, rule in CATALOGUE.items():
        function = getattr(rules, name.replace("-", "_"))
        assert function() is rule
        for words in (rule.paper, rule.needs, "Breakdown: "):
            assert words in function.__doc__


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("nmm >> median", "did you mean 'nnm'?"),
        ("nnm >> medain", "did you mean 'median'?"),
        ("bucketing(sizes=2) >> median", "write it as bucketing(size=2, seed=1)"),
        ("clipping >> median", "write it as bucketing(size=2, seed=1)"),
        ("clipping(norm=0.0) >> median", "above 0"),
        ("bucketing(size=0) >> median", "at least 1"),
        ("__import__('os') >> median", "one of: arc, bucketing, clipping, nnm"),
    ],
)
def test_what_cannot_be_read_is_answered(text: str, hint: str) -> None:
    with pytest.raises(BadInput) as caught:
        rule_named(text)
    assert caught.value.hint == hint
    assert isinstance(caught.value, UnknownName | BadInput)


def test_bucketing_needs_as_many_updates_as_fill_the_buckets() -> None:
    rule = rule_named("bucketing(size=2, seed=1) >> krum")
    fewest = rule.fewest(2)
    assert fewest == 13  # seven buckets, the last of them half full
    rule(Updates.from_matrix(np.random.default_rng(0).normal(size=(13, 5))), byzantine=2)
    with pytest.raises(PreconditionFailed, match="at least 13"):
        rule(Updates.from_matrix(np.zeros((12, 5))), byzantine=2)


@pytest.mark.parametrize("poison", [1e6, -1e6])
def test_liars_do_not_drag_a_mixed_rule(poison: float) -> None:
    rows = np.random.default_rng(3).normal(size=(12, 60))
    rows[:F] = poison
    result = rule_named("nnm >> trimmed-mean")(Updates.from_matrix(rows), byzantine=F).update
    assert np.all(np.abs(result) <= np.abs(rows[F:]).max())
