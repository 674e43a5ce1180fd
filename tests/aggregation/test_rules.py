"""What every rule promises: contracts parametrised over the catalogue."""

import numpy as np
import pytest

from flowstate_flower.aggregation import CATALOGUE, PreconditionFailed, Rule, Updates, rule_named
from flowstate_flower.aggregation.engine import squared_distances
from flowstate_flower.aggregation.rows import krum_scores
from flowstate_flower.aggregation.rule import NotFiniteRow
from flowstate_flower.aggregation.updates import Layer, Layout, applied
from flowstate_flower.errors import BadInput, UnknownName

F = 2
every_rule = pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda r: r.name)
ROBUST = [rule for rule in CATALOGUE.values() if rule.fewest(F)]
BY_DIRECTION = {"flame", "clipped-clustering", "signguard", "foolsgold", "fltrust"}
BY_SIGN = {"sign-majority", "robust-learning-rate"}
FROM_THE_SENT_MODEL = BY_DIRECTION | BY_SIGN | {"centred-clipping", "cge", "norm-bounded-mean"}
WITH_THE_SERVERS_OWN = {"monna", "fltrust"}
SHORTENING = BY_DIRECTION - {"foolsgold"} | {"centred-clipping", "norm-bounded-mean", "monna"}
BOUNDED_ONLY = BY_DIRECTION | BY_SIGN | {"geometric-median", "centred-clipping", "norm-bounded-mean", "caf"}
every_robust_rule = pytest.mark.parametrize("rule", ROBUST, ids=lambda r: r.name)


def tolerated(rule: Rule) -> int:
    return F if rule.fewest(F) else 0


def matrix(seed: int = 0, n: int = 11, d: int = 40) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    rows.flags.writeable = False  # evidence is read-only: a rule that writes to it fails here
    return rows


def of(rows: np.ndarray, scale: float = 1.0, shift: float | np.ndarray = 0.0) -> Updates:
    """The rows, and an update of the server's own that points about where they do, for the rules that want one."""
    return Updates.from_matrix(rows, root=scale * (0.2 + 0.3 * np.sin(np.arange(rows.shape[1]))) + shift)


@every_rule
def test_the_order_of_tenants_does_not_matter(rule: Rule) -> None:
    rows = matrix()
    order = np.random.default_rng(1).permutation(len(rows))
    straight = rule(of(rows), byzantine=tolerated(rule))
    shuffled = rule(of(rows[order]), byzantine=tolerated(rule))
    np.testing.assert_allclose(shuffled.update, straight.update, atol=1e-8)
    if straight.weights is not None:
        np.testing.assert_allclose(shuffled.weights, straight.weights[order], atol=1e-9)


@every_rule
def test_moving_and_scaling_the_updates_moves_and_scales_the_result(rule: Rule) -> None:
    rows, shift = matrix(), np.linspace(-3, 3, 40)
    plain = rule(of(rows), byzantine=tolerated(rule)).update
    if rule.name in FROM_THE_SENT_MODEL:
        shift = np.zeros(40)  # the model that was sent is a point of reference: moving all updates is not a symmetry
    moved = rule(of(2.5 * rows + shift, 2.5, shift), byzantine=tolerated(rule)).update
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
        result = rule(of(attacked), byzantine=F).update
    if rule.name in BOUNDED_ONLY:
        spread = np.linalg.norm(honest - honest.mean(axis=0), axis=1).max()
        assert np.linalg.norm(result - honest.mean(axis=0)) <= 4 * spread
        return
    assert np.all(result >= honest.min(axis=0) - 1e-9)
    assert np.all(result <= honest.max(axis=0) + 1e-9)


def rule_reads_columns(rule: Rule) -> bool:
    return rule.name in {"median", "trimmed-mean", "meamed", "phocas", "robust-learning-rate"}


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("rule", [r for r in ROBUST if not rule_reads_columns(r)], ids=lambda r: r.name)
def test_a_row_that_is_not_finite_is_named(rule: Rule, poison: float) -> None:
    attacked = matrix(n=12).copy()
    attacked[4, 7] = poison
    with np.errstate(all="ignore"), pytest.raises(NotFiniteRow, match="row 4 of"):
        rule(of(attacked), byzantine=F)


@every_rule
def test_weights_are_shares_of_the_rows(rule: Rule) -> None:
    rows = matrix()
    aggregate = rule(of(rows), byzantine=tolerated(rule))
    if aggregate.weights is not None:
        assert 0 < aggregate.weights.sum() <= 1 + 1e-9
        assert rule.name in SHORTENING | {"cge"} or aggregate.weights.sum() == pytest.approx(1)
        if rule.name != "monna":  # the rest of its weight is on the server's own update
            np.testing.assert_allclose(aggregate.weights @ rows, aggregate.update, atol=1e-12)


@every_robust_rule
@pytest.mark.parametrize("byzantine", [1, 2, 3])
def test_one_update_less_than_needed_is_refused_and_never_clamped(rule: Rule, byzantine: int) -> None:
    fewest = rule.fewest(byzantine)
    assert fewest is not None
    rule(of(matrix(n=fewest)), byzantine=byzantine)
    with pytest.raises(PreconditionFailed, match=f"at least {fewest} updates"):
        rule(of(matrix(n=fewest - 1)), byzantine=byzantine)


def test_the_mean_does_not_claim_to_withstand_anybody() -> None:
    with pytest.raises(PreconditionFailed, match="withstands no hostile tenant"):
        rule_named("mean")(Updates.from_matrix(matrix()), byzantine=1)


def test_an_unknown_rule_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName) as caught:
        rule_named("multikrum")
    assert caught.value.hint == "did you mean 'multi-krum'?"


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
    scores = krum_scores(squared_distances(of(rows)), byzantine=1)
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
