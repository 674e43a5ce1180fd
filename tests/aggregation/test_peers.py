"""What is wrong in other libraries is not wrong here; and where byzfl is installed and says what the paper says, both agree.

byzfl is left out where its definition is another: its Krum counts n - f - 1 neighbours, not the n - f - 2 of the paper, centred
clipping raises with a start vector, SMEA misses the best subset, CAF draws at random, three Weiszfeld steps are no median.
"""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from flowstate_flower.aggregation import CATALOGUE, Layer, Layout, PreconditionFailed, Updates, rule_named
from flowstate_flower.aggregation.rows import krum_scores
from flowstate_flower.aggregation.rule import NotFiniteRow
from flowstate_flower.aggregation.updates import applied
from flowstate_flower.cli.bench import peers


def rows_of(seed: int = 0, n: int = 11, d: int = 20) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def run(name: str, rows: np.ndarray, f: int, **more: object) -> np.ndarray:
    return rule_named(name)(replace(Updates.from_matrix(rows), **more), byzantine=f).update


def test_flower_multi_krum_weighs_by_counts_that_clients_report() -> None:
    rows, shares = rows_of(), np.array([1e6, *[1.0] * 10])
    honest = run("multi-krum", rows, 2)
    np.testing.assert_array_equal(run("multi-krum", rows, 2, shares=shares / shares.sum()), honest)
    for name in set(CATALOGUE) - {"mean", "fltrust", "monna"}:
        f = 2 if CATALOGUE[name].fewest(2) else 0
        np.testing.assert_array_equal(run(name, rows, f, shares=shares / shares.sum()), run(name, rows, f))


def test_flower_krum_takes_too_few_clients() -> None:
    with pytest.raises(PreconditionFailed, match="at least 7"):
        run("krum", rows_of(n=6), 2)


def test_flower_bulyan_selects_by_one_single_krum() -> None:
    """Some draw where the rows that repeated Krum selects are others than the best scores of one Krum."""
    differing = 0
    for seed in range(30):
        rows = rows_of(seed, 11, 3)
        distances = ((rows[:, None] - rows[None]) ** 2).sum(axis=2)
        once = rows[np.sort(np.argsort(krum_scores(distances, 2))[:7])]
        keep, middle = 3, np.median(once, axis=0)
        nearest = np.take_along_axis(once, np.argsort(np.abs(once - middle), axis=0, kind="stable")[:keep], axis=0)
        differing += not np.allclose(nearest.mean(axis=0), run("bulyan", rows, 2))
    assert differing > 10  # and the oracle of test_oracles.py says that ours is the repeated one


@pytest.mark.parametrize("name", [name for name, rule in CATALOGUE.items() if not rule.rooted])
def test_no_nan_gets_through_unnamed(name: str) -> None:
    """Flower's FedMedian is NaN with one NaN client, byzfl's Krum returns that client."""
    rows = rows_of(n=12)
    rows[5, 3] = np.nan
    with pytest.raises(NotFiniteRow, match="row 5 of"):
        run(name, rows, 2 if CATALOGUE[name].fewest(2) else 0)


def test_byzpy_takes_the_lower_median() -> None:
    np.testing.assert_array_equal(run("median", np.array([[0.0], [1.0], [3.0], [9.0]]), 1), [2.0])


def test_byzfl_clipping_overwrites_what_it_is_given() -> None:
    rows = rows_of() * 10
    before = rows.copy()
    for name in ("arc >> median", "clipping(norm=1.0) >> krum", "nnm >> mean", "bucketing(size=2, seed=1) >> median"):
        run(name, rows, 2 if rule_named(name).fewest(2) else 0)
    np.testing.assert_array_equal(rows, before)


def test_what_draws_at_random_elsewhere_repeats_here() -> None:
    rows = rows_of()
    for name in ("caf", "bucketing(size=2, seed=3) >> median", "dnc", "signguard"):
        np.testing.assert_array_equal(run(name, rows, 2), run(name, rows, 2))
    assert not np.array_equal(run("bucketing(size=2, seed=3) >> mean", rows_of(n=10), 0), np.zeros(20))


@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1.0, 1e6, 1e12])
def test_the_geometric_median_depends_on_no_scale(scale: float) -> None:
    """An absolute tolerance stops at once on tiny updates, and three fixed steps are not enough on any."""
    rows = rows_of(4)
    np.testing.assert_allclose(run("geometric-median", rows * scale, 2) / scale, run("geometric-median", rows, 2), rtol=1e-6)


def test_fedmls_geometric_median_of_equal_clients_is_client_0() -> None:
    """It builds the weights as a set; and it converges to a data point. Three equal rows of seven are no majority."""
    rows = rows_of(5, 7, 3)
    rows[1] = rows[2] = rows[0]
    result = run("geometric-median", rows, 2)

    def cost(point: np.ndarray) -> float:
        return float(np.linalg.norm(rows - point, axis=1).sum())

    assert cost(result) < min(cost(row) for row in rows)
    for step in np.eye(3) * 1e-3:
        assert cost(result) <= min(cost(result + step), cost(result - step))


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_sums_without_extremes_fail_with_huge_outliers(kind: str) -> None:
    """A total minus its extremes keeps nothing but rounding; the kept values are added instead."""
    rows = rows_of(6).astype(kind)
    expected = run("trimmed-mean", rows, 2)
    far = rows.copy()
    far[np.argmax(rows, axis=0), np.arange(20)] = 1e30
    far[np.argmin(rows, axis=0), np.arange(20)] = -1e30
    np.testing.assert_array_equal(run("trimmed-mean", far, 2), expected)


def test_f_is_a_number_of_clients_not_a_floored_share() -> None:
    """`int(beta * n)` of 0.3 · 10 is 2 in floating point arithmetic, where 3 were meant."""
    rows = rows_of(7, 10, 5)
    np.testing.assert_allclose(run("trimmed-mean", rows, 3), np.sort(rows, axis=0)[3:7].mean(axis=0))


def test_flower_krum_takes_the_smallest_entry_for_the_distance_to_itself() -> None:
    """With float32 rounding the smallest of a row is often another's: a neighbour is left out, and itself counted."""
    distances = np.array([[5.0, 1, 2, 8, 9], [1, 7, 3, 8, 9], [2, 3, 6, 8, 9], [8, 8, 8, 1, 9], [9, 9, 9, 9, 0]])
    np.testing.assert_array_equal(krum_scores(distances, 1), [3, 4, 5, 16, 18])


@pytest.mark.parametrize("name", ["krum", "multi-krum", "bulyan", "caf", "geometric-median", "mda", "smea"])
def test_distances_of_16_bits_or_from_a_float32_gram_matrix_choose_other_clients(name: str) -> None:
    """Qora rounds to 16 bits, byzpy and Flower subtract large squares. Far from the origin nothing changes here."""
    steps = np.round(rows_of(8) * 256) / 256  # exact on weights of 4096 in float32 too
    far = replace(
        Updates.from_matrix((steps + 4096).astype("f4")), base=(np.full(20, 4096, "f4"),), shares=np.full(len(steps), 1 / 11)
    )
    np.testing.assert_allclose(rule_named(name)(far, byzantine=2).update, run(name, steps, 2), rtol=1e-5, atol=1e-6)


def test_flower_gives_whole_numbers_back_as_floats() -> None:
    layout = Layout((Layer("w", (2,), np.dtype("f4")), Layer("steps", (1,), np.dtype("i8"))))
    base = (np.zeros(2, "f4"), np.array([2**53 + 1]))
    rows = tuple((np.full(2, float(i), "f4"), np.array([i])) for i in range(5))
    update = rule_named("median")(Updates(layout, base, rows, np.full(5, 0.2)), byzantine=1).update
    weights, steps = applied(layout, base, update)
    assert (weights.dtype, steps.dtype, steps.tolist()) == (np.float32, np.int64, [2**53 + 1])


def test_byzfl_centred_clipping_cannot_begin_where_the_last_round_ended() -> None:
    rows = rows_of(9)
    first = rule_named("centred-clipping(steps=1)")(Updates.from_matrix(rows), byzantine=2)
    second = run("centred-clipping(steps=1)", rows, 2, memory=first.memory)
    np.testing.assert_allclose(second, run("centred-clipping(steps=2)", rows, 2), rtol=1e-9, atol=1e-12)


def test_fedml_and_blades_overwrite_the_weights_that_they_begin_with() -> None:
    rows, shares = rows_of(10), np.linspace(1, 2, 11)
    shares /= shares.sum()
    shares.flags.writeable = rows.flags.writeable = False
    for name, rule in CATALOGUE.items():
        if not rule.rooted:
            run(name, rows, 2 if rule.fewest(2) else 0, shares=shares)


def test_byzfl_smea_misses_the_best_subset() -> None:
    """Ours is never beaten by a subset of the same size, whatever the draw."""

    def spread(subset: np.ndarray) -> float:
        return float(np.linalg.eigvalsh(np.cov(subset.T, bias=True))[-1])

    for seed in range(10):
        rows = rows_of(seed, 7, 3)
        best = min((rows[list(kept)] for kept in combinations(range(7), 5)), key=spread)
        np.testing.assert_allclose(run("smea", rows, 2), best.mean(axis=0), atol=1e-9)


@pytest.mark.parametrize("name", ["median", "trimmed-mean", "meamed", "mda", "nnm >> trimmed-mean", "nnm >> median"])
@pytest.mark.parametrize("seed", range(5))
def test_byzfl_agrees(name: str, seed: int) -> None:
    theirs = next((peer for peer in peers.found()[0] if peer.name == "byzfl on arrays"), None)
    if theirs is None:
        pytest.skip("byzfl is not installed: make peers")
    rows = rows_of(seed, 11, 30)
    expected = theirs.offers[name](peers.Case(rows, 2))()()  # type: ignore[arg-type]
    np.testing.assert_allclose(run(name, rows, 2), np.asarray(expected), atol=1e-9)
