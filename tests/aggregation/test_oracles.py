"""Each rule against an oracle that is slow and obvious: the definitions of the papers, in float64."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstate_flower.aggregation import CATALOGUE, Rule, Updates
from flowstate_flower.aggregation.engine import plain
from flowstate_flower.aggregation.updates import Layer, Layout

F = 2
every_rule = pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda r: r.name)


def tolerated(rule: Rule) -> int:
    return F if rule.fewest(F) else 0


def own(d: int) -> np.ndarray:
    return 0.2 + 0.3 * np.sin(np.arange(d))


def cost_of(rows: np.ndarray, point: np.ndarray) -> float:
    return float(np.linalg.norm(rows - point, axis=1).sum())


def matrix(seed: int = 0, n: int = 11, d: int = 40) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    rows.flags.writeable = False
    return rows


@every_rule
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), f=st.integers(0, 2), more=st.integers(0, 4), d=st.integers(2, 30))
def test_a_rule_is_what_its_paper_says(oracle, rule: Rule, seed: int, f: int, more: int, d: int) -> None:
    f = f if rule.fewest(f) else 0
    rows = matrix(seed, (rule.fewest(f) or 1) + more, d)
    expected = oracle(rule.name, rows, f, own(d))
    result = rule(Updates.from_matrix(rows, root=own(d)), byzantine=f).update
    if rule.name == "geometric-median":  # its oracle is a general minimiser, and the minimum is flat
        assert cost_of(rows, result) <= cost_of(rows, expected) * (1 + 1e-7)
        return
    np.testing.assert_allclose(result, expected, atol=1e-9)


@pytest.mark.parametrize(("columns", "rule"), list(product([1, 7, 1000], CATALOGUE.values())), ids=str)
def test_streamed_is_stacked(oracle, monkeypatch: pytest.MonkeyPatch, columns: int, rule: Rule) -> None:
    """Blocks of any width over layers of any shape give the same as one matrix."""
    rows = matrix(3, 13, 24)
    layout = Layout(tuple(Layer(n, s, np.dtype(float)) for n, s in (("a", (3, 4)), ("b", ()), ("c", (11,)))))
    cuts = [(0, 12, (3, 4)), (12, 13, ()), (13, 24, (11,))]
    split = tuple(tuple(row[a:b].reshape(shape) for a, b, shape in cuts) for row in rows)
    base = tuple(np.zeros(shape) for *_, shape in cuts)
    root = tuple(own(24)[a:b].reshape(shape) for a, b, shape in cuts)
    updates = Updates(layout, base, split, np.full(13, 1 / 13), root=root)
    monkeypatch.setattr(plain, "BLOCK_COLUMNS", columns)
    streamed = rule(updates, byzantine=tolerated(rule)).update
    np.testing.assert_allclose(streamed, oracle(rule.name, rows, tolerated(rule), own(24)), atol=1e-4)
