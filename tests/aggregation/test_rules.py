"""What every rule promises, and each against an oracle that is slow and obvious."""

from functools import partial
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstate_flower.aggregation import CATALOGUE, PreconditionFailed, Rule, Updates, rule_named
from flowstate_flower.aggregation.engine import plain, squared_distances
from flowstate_flower.aggregation.rows import krum_scores
from flowstate_flower.aggregation.rule import NotFiniteRow
from flowstate_flower.aggregation.updates import Layer, Layout, applied
from flowstate_flower.errors import BadInput, UnknownName

F = 2
every_rule = pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda r: r.name)
ROBUST = [rule for rule in CATALOGUE.values() if rule.fewest(F)]
FROM_THE_SENT_MODEL = {"centred-clipping", "cge", "norm-bounded-mean"}
BOUNDED_ONLY = {"geometric-median", "centred-clipping", "norm-bounded-mean", "caf"}
every_robust_rule = pytest.mark.parametrize("rule", ROBUST, ids=lambda r: r.name)


def tolerated(rule: Rule) -> int:
    return F if rule.fewest(F) else 0


def matrix(seed: int = 0, n: int = 11, d: int = 40) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    rows.flags.writeable = False  # evidence is read-only: a rule that writes to it fails here
    return rows


def slow(name: str, rows: np.ndarray, f: int) -> np.ndarray:
    """The definitions of the papers, coordinate by coordinate, pair by pair and subset by subset."""
    n, d = rows.shape
    if name in ORACLES:
        return ORACLES[name](rows, f)
    if name in COLUMNS:
        return np.array([COLUMNS[name](rows[:, j], f) for j in range(d)])
    subsets = [rows[list(kept)] for kept in combinations(range(n), n - f)]
    return np.mean(min(subsets, key=SPREADS[name]), axis=0)


def nearest(column: np.ndarray, centre: float, f: int) -> float:
    """Among ties at the edge of the window, the larger value stays out: as a sliding window over sorted values decides."""
    kept = sorted(column)
    while len(kept) > len(column) - f:
        kept.pop(0 if kept[-1] - centre < centre - kept[0] else -1)
    return float(np.mean(kept))


def scores(rows: np.ndarray, f: int) -> list[float]:
    n = len(rows)
    return [sum(sorted(np.sum((rows[i] - rows[k]) ** 2) for k in range(n) if k != i)[: n - f - 2]) for i in range(n)]


def by_score(rows: np.ndarray, f: int) -> list[int]:
    """Row numbers, the best first; of two that tie, the one nearer to everybody."""
    score, far = scores(rows, f), [np.sum((rows - row) ** 2) for row in rows]
    return sorted(range(len(rows)), key=lambda i: (round(score[i], 9), far[i]))


def slow_bulyan(rows: np.ndarray, f: int) -> np.ndarray:
    left, chosen = list(range(len(rows))), []
    while len(chosen) < len(rows) - 2 * f:
        chosen.append(left.pop(by_score(rows[left], min(f, max(0, len(left) - 3)))[0]))
    kept = rows[sorted(chosen)]
    return np.array([nearest(column, np.median(column), 2 * f) for column in kept.T])


def cost_of(rows: np.ndarray, point: np.ndarray) -> float:
    return float(np.linalg.norm(rows - point, axis=1).sum())


def slow_geometric_median(rows: np.ndarray, _f: int) -> np.ndarray:
    from scipy.optimize import minimize

    cost = partial(cost_of, rows)
    best = min(
        (minimize(cost, start, method="BFGS", options={"gtol": 1e-10}).x for start in (rows.mean(0), np.median(rows, 0))),
        key=cost,
    )
    return min([best, *rows], key=cost)


def slow_centred_clipping(rows: np.ndarray, _f: int) -> np.ndarray:
    centre = np.zeros(rows.shape[1])
    for _ in range(10):
        lengths = np.linalg.norm(rows - centre, axis=1)
        radius = np.median(lengths)
        if radius == 0:
            break
        centre = centre + np.mean(
            [(row - centre) * min(1, radius / max(length, radius)) for row, length in zip(rows, lengths, strict=True)], axis=0
        )
    return centre


def slow_caf(rows: np.ndarray, f: int) -> np.ndarray:
    kept, best, least = np.ones(len(rows)), rows.mean(0), np.inf
    while kept.sum() > len(rows) - 2 * f:
        mean = kept @ rows / kept.sum()
        covariance = (kept[:, None] * (rows - mean)).T @ (rows - mean) / kept.sum()
        values, vectors = np.linalg.eigh(covariance)
        if values[-1] < least:
            best, least = mean, values[-1]
        if f == 0 or values[-1] <= 1e-12:
            break
        along = ((rows - mean) @ vectors[:, -1]) ** 2
        kept = np.maximum(kept * (1 - along / along[kept > 0].max()), 0)
        kept[kept < 1e-9] = 0
    return best


COLUMNS = {
    "mean": lambda column, _: np.mean(column),
    "median": lambda column, _: np.median(column),
    "trimmed-mean": lambda column, f: np.mean(sorted(column)[f : len(column) - f]),
    "meamed": lambda column, f: nearest(column, np.median(column), f),
    "phocas": lambda column, f: nearest(column, np.mean(sorted(column)[f : len(column) - f]), f),
}
SPREADS = {
    "mda": lambda rows: max((np.linalg.norm(a - b) for a, b in combinations(rows, 2)), default=0.0),
    "smea": lambda rows: np.linalg.eigvalsh(np.atleast_2d(np.cov(rows.T, bias=True)))[-1] if len(rows) > 1 else 0.0,
}
ORACLES = {
    "krum": lambda rows, f: rows[by_score(rows, f)[0]],
    "multi-krum": lambda rows, f: np.mean(rows[by_score(rows, f)[: len(rows) - f]], axis=0),
    "bulyan": slow_bulyan,
    "medoid": lambda rows, _: min(rows, key=lambda row: np.linalg.norm(rows - row, axis=1).sum()),
    "geometric-median": slow_geometric_median,
    "centred-clipping": slow_centred_clipping,
    "caf": slow_caf,
    "cge": lambda rows, f: np.mean(sorted(rows, key=np.linalg.norm)[: len(rows) - f], axis=0),
    "norm-bounded-mean": lambda rows, _: np.mean(
        [row * min(1, np.median(np.linalg.norm(rows, axis=1)) / max(np.linalg.norm(row), 1e-300)) for row in rows], axis=0
    ),
}


@every_rule
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), f=st.integers(0, 2), more=st.integers(0, 4), d=st.integers(2, 30))
def test_a_rule_is_what_its_paper_says(rule: Rule, seed: int, f: int, more: int, d: int) -> None:
    f = f if rule.fewest(f) else 0
    rows = matrix(seed, (rule.fewest(f) or 1) + more, d)
    expected, result = slow(rule.name, rows, f), rule(Updates.from_matrix(rows), byzantine=f).update
    if rule.name == "geometric-median":  # its oracle is a general minimiser, and the minimum is flat
        assert cost_of(rows, result) <= cost_of(rows, expected) * (1 + 1e-7)
        return
    np.testing.assert_allclose(result, expected, atol=1e-9)


@every_rule
def test_the_order_of_tenants_does_not_matter(rule: Rule) -> None:
    rows = matrix()
    order = np.random.default_rng(1).permutation(len(rows))
    straight = rule(Updates.from_matrix(rows), byzantine=tolerated(rule))
    shuffled = rule(Updates.from_matrix(rows[order]), byzantine=tolerated(rule))
    np.testing.assert_allclose(shuffled.update, straight.update, atol=1e-8)
    if straight.weights is not None:
        np.testing.assert_allclose(shuffled.weights, straight.weights[order], atol=1e-9)


@every_rule
def test_moving_and_scaling_the_updates_moves_and_scales_the_result(rule: Rule) -> None:
    rows, shift = matrix(), np.linspace(-3, 3, 40)
    plain = rule(Updates.from_matrix(rows), byzantine=tolerated(rule)).update
    if rule.name in FROM_THE_SENT_MODEL:
        shift = np.zeros(40)  # the model that was sent is a point of reference: moving all updates is not a symmetry
    moved = rule(Updates.from_matrix(2.5 * rows + shift), byzantine=tolerated(rule)).update
    np.testing.assert_allclose(moved, 2.5 * plain + shift, atol=1e-6)


@every_robust_rule
@pytest.mark.parametrize("poison", [1e12, -1e12, 1e300])
def test_f_liars_cannot_drag_the_result(rule: Rule, poison: float) -> None:
    attacked = matrix().copy()
    attacked[:F] = poison
    honest = attacked[F:]
    with np.errstate(over="ignore"):
        if poison == 1e300 and not rule_reads_columns(rule):
            return  # its square is no number: see the test of rows that are not finite
        result = rule(Updates.from_matrix(attacked), byzantine=F).update
    if rule.name in BOUNDED_ONLY:
        spread = np.linalg.norm(honest - honest.mean(axis=0), axis=1).max()
        assert np.linalg.norm(result - honest.mean(axis=0)) <= 4 * spread
        return
    assert np.all(result >= honest.min(axis=0) - 1e-9)
    assert np.all(result <= honest.max(axis=0) + 1e-9)


def rule_reads_columns(rule: Rule) -> bool:
    return rule.name in {"median", "trimmed-mean", "meamed", "phocas"}


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("rule", [r for r in ROBUST if not rule_reads_columns(r)], ids=lambda r: r.name)
def test_a_row_that_is_not_finite_is_named(rule: Rule, poison: float) -> None:
    attacked = matrix(n=12).copy()
    attacked[4, 7] = poison
    with np.errstate(all="ignore"), pytest.raises(NotFiniteRow, match="row 4 of"):
        rule(Updates.from_matrix(attacked), byzantine=F)


@every_rule
def test_weights_are_shares_of_the_rows(rule: Rule) -> None:
    rows = matrix()
    aggregate = rule(Updates.from_matrix(rows), byzantine=tolerated(rule))
    if aggregate.weights is not None:
        assert 0 < aggregate.weights.sum() <= 1 + 1e-9
        assert rule.name in FROM_THE_SENT_MODEL or aggregate.weights.sum() == pytest.approx(1)
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
    rows = matrix(3, 13, 24)
    layout = Layout(tuple(Layer(n, s, np.dtype(float)) for n, s in (("a", (3, 4)), ("b", ()), ("c", (11,)))))
    cuts = [(0, 12, (3, 4)), (12, 13, ()), (13, 24, (11,))]
    split = tuple(tuple(row[a:b].reshape(shape) for a, b, shape in cuts) for row in rows)
    base = tuple(np.zeros(shape) for *_, shape in cuts)
    updates = Updates(layout, base, split, np.full(13, 1 / 13))
    monkeypatch.setattr(plain, "BLOCK_COLUMNS", columns)
    streamed = rule(updates, byzantine=tolerated(rule)).update
    np.testing.assert_allclose(streamed, slow(rule.name, rows, tolerated(rule)), atol=1e-4)


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


def test_another_package_brings_a_rule_as_an_entry_point(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real distribution on the path: its rule is found by name, composes, and cannot replace one of ours."""
    (tmp_path / "theirs.py").write_text(
        "from dataclasses import replace\n"
        "from flowstate_flower.aggregation import CATALOGUE\n"
        "OWN = replace(CATALOGUE['median'], name='theirs')\n"
        "MEDIAN = replace(CATALOGUE['mean'], name='median')\n"
    )
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[flowstate_flower.rules]\ntheirs = theirs:OWN\nmedian = theirs:MEDIAN\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert rule_named("nnm >> theirs").name == "nnm >> theirs"
    assert rule_named("median") is CATALOGUE["median"]
    (info / "entry_points.txt").write_text("[flowstate_flower.rules]\nbroken = os:sep\n")
    with pytest.raises(BadInput, match="'broken' is not a rule"):
        rule_named("unheard-of")
