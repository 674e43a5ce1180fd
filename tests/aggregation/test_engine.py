"""The compiled passes against the plain ones: the same bits for weighted sums, one rounding for windows, distances to 1e-6."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstate_flower import machine_code
from flowstate_flower.aggregation import CATALOGUE, Layer, Layout, Updates, engine
from flowstate_flower.aggregation.engine import compiled, plain
from flowstate_flower.aggregation.engine.compiled import rank_mean_kernel
from flowstate_flower.aggregation.engine.differences import MOST_AT_FOUR, blocks
from flowstate_flower.aggregation.engine.network import Keep, full_network, rank_network, sorting_network
from flowstate_flower.aggregation.engine.parts import ALIGNED_COLUMNS
from flowstate_flower.aggregation.engine.sharing import SMALLEST_RANGE, ranges
from flowstate_flower.machine_code import cache_folder


def large(seed: int, n: int, d: int, weight: float = 100.0) -> Updates:
    """Small updates on large weights, as replies hold them."""
    rng = np.random.default_rng(seed)
    base = rng.normal(0, weight, d).astype("f4")
    rows = tuple((base + rng.normal(0, 1e-2, d)).astype("f4") for _ in range(n))
    for array in (base, *rows):
        array.flags.writeable = False
    layout = Layout((Layer("w", (d,), base.dtype),))
    return Updates(layout, (base,), tuple((r,) for r in rows), np.full(n, 1 / n), root=(np.add(base, np.float32(0.002)),))


def test_the_kernels_are_there_to_be_tested() -> None:
    assert engine.has_kernels()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 20), d=st.integers(1, 300), data=st.data())
def test_windows_of_ranks_are_those_of_the_plain_path(seed: int, n: int, d: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, n - 1))
    stop = data.draw(st.integers(first + 1, n))
    updates = large(seed, n, d)
    expected = np.empty(d, "f4")
    plain.rank_mean(first, stop)(np.array([row[0] for row in updates.rows]), updates.base[0], expected)
    np.testing.assert_allclose(engine.rank_mean(updates, first, stop), expected, rtol=1e-6, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 16), d=st.integers(1, 300), data=st.data())
def test_means_around_a_centre_have_the_bits_of_the_plain_path(seed: int, n: int, d: int, data: st.DataObject) -> None:
    keep = data.draw(st.integers(1, n))
    centre = data.draw(st.sampled_from([((n - 1) // 2, n // 2 + 1), (1, n - 1)]))
    updates = large(seed, n, d)
    expected = np.empty(d, "f4")
    plain.mean_around(keep, centre)(np.array([row[0] for row in updates.rows]), updates.base[0], expected)
    np.testing.assert_array_equal(engine.mean_around(updates, keep, centre), expected)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 20), d=st.integers(1, 5000))
def test_weighted_sums_have_the_bits_of_the_plain_path(seed: int, n: int, d: int) -> None:
    updates = large(seed, n, d)
    weights = np.random.default_rng(seed).uniform(0.1, 1, n)
    expected = np.empty(d, "f4")
    plain.weighted_sum(weights.astype("f4"))(np.array([row[0] for row in updates.rows]), updates.base[0], expected)
    np.testing.assert_array_equal(engine.weighted_sum(updates, weights), expected)


@pytest.mark.parametrize("size", [1.0, 1e-3])
@pytest.mark.parametrize("n", [2, 3, 4, 10, 32])
def test_distances_are_exact_to_a_millionth_on_weights_of_norm_100(n: int, size: float) -> None:
    """Float32 distances of whole models by a Gram matrix are wrong by factors here."""
    rng = np.random.default_rng(n)
    d = 200_000
    base = rng.normal(size=d)
    base = (100 * base / np.linalg.norm(base)).astype("f4")
    steps = rng.normal(size=(n, d))
    rows = [(base + size * step / np.linalg.norm(step)).astype("f4") for step in steps]
    layout = Layout((Layer("w", (d,), base.dtype),))
    updates = Updates(layout, (base,), tuple((row,) for row in rows), np.full(n, 1 / n))
    exact = np.array([[np.sum((a.astype(float) - b) ** 2) for b in rows] for a in rows])
    np.testing.assert_allclose(engine.squared_distances(updates), exact, rtol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 32, 33, 34, 100])
def test_each_pair_of_rows_is_in_one_block(n: int) -> None:
    taken = [(block.rows[i], block.rows[j]) for block in blocks(n) for i, j in block.pairs]
    assert sorted(taken) == [(i, j) for i in range(n) for j in range(i + 1, n)]


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("n", [6, MOST_AT_FOUR, MOST_AT_FOUR + 1])
@pytest.mark.parametrize("d", [5, 900, 1024, 5000])
def test_distances_where_all_differences_are_the_same_number(
    d: int, n: int, lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hardest sums: every rounding of a stretch goes the same way. On processors of any width."""
    monkeypatch.setattr(engine, "_plan", lambda n: tuple(compiled.pair_plan(n, lanes)))
    values = np.random.default_rng(d).standard_normal(n).astype("f4")
    updates = Updates.from_matrix(np.repeat(values[:, None], d, axis=1))
    exact = d * (values.astype(float)[:, None] - values.astype(float)) ** 2
    np.testing.assert_allclose(engine.squared_distances(updates), exact, rtol=1e-6)


def test_a_far_row_spoils_no_distance_but_its_own() -> None:
    updates = large(1, 6, 50_000)
    spoilt = updates.rows[2][0].copy()
    spoilt[7] = 1e18
    rows = tuple((spoilt,) if i == 2 else row for i, row in enumerate(updates.rows))
    before = engine.squared_distances(updates)
    after = engine.squared_distances(Updates(updates.layout, updates.base, rows, updates.shares))
    others = [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(after[np.ix_(others, others)], before[np.ix_(others, others)])


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda r: r.name)
def test_the_number_of_threads_changes_nothing(rule, threads: int) -> None:
    one = large(3, 11, 70_001)
    one, many = replace(one, threads=1), replace(one, threads=threads)
    byzantine = 2 if rule.fewest(2) else 0
    np.testing.assert_allclose(
        rule(many, byzantine=byzantine).update, rule(one, byzantine=byzantine).update, rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda r: r.name)
def test_layers_of_any_floating_type_and_order_are_read(rule, kind: str) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(6, 7)).astype(kind) for _ in range(11)]
    base = np.zeros((6, 7), kind)
    layout = Layout((Layer("w", (6, 7), np.dtype(kind)), Layer("n", (), np.dtype("i8"))))
    byzantine = 2 if rule.fewest(2) else 0

    def run(arrays: list[np.ndarray]) -> np.ndarray:
        held = tuple((array, np.array(1)) for array in arrays)
        updates = Updates(
            layout, (base, np.array(1)), held, np.full(11, 1 / 11), root=(base + base.dtype.type(0.5), np.array(1))
        )
        return rule(updates, byzantine=byzantine).update

    straight = run(rows)
    assert straight.dtype == (np.float64 if kind == "f8" else np.float32)
    np.testing.assert_allclose(run([np.asfortranarray(row) for row in rows]), straight, rtol=1e-5, atol=1e-6)


def test_without_kernels_the_plain_path_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    updates = large(4, 7, 999)
    fast = {rule.name: rule(updates, byzantine=1 if rule.fewest(1) else 0).update for rule in CATALOGUE.values()}
    engine.has_kernels.cache_clear()
    monkeypatch.setenv("FLOWSTATE_KERNELS", "numpy")
    try:
        assert not engine.has_kernels()
        for rule in CATALOGUE.values():
            slow = rule(updates, byzantine=1 if rule.fewest(1) else 0).update
            np.testing.assert_allclose(slow, fast[rule.name], rtol=1e-4, atol=1e-7, err_msg=rule.name)
    finally:
        engine.has_kernels.cache_clear()


@given(st.integers(1, 64))
def test_the_network_sorts(n: int) -> None:
    lanes = list(np.random.default_rng(n).permutation(n))
    for i, j in sorting_network(n):
        lanes[i], lanes[j] = min(lanes[i], lanes[j]), max(lanes[i], lanes[j])
    assert lanes == sorted(lanes)


@settings(max_examples=60)
@given(n=st.integers(1, 24), data=st.data())
def test_the_pruned_network_keeps_what_is_wanted(n: int, data: st.DataObject) -> None:
    """The zero-one principle on random inputs: the wanted lanes hold the wanted ranks, in any order."""
    first = data.draw(st.integers(0, n - 1))
    stop = data.draw(st.integers(first + 1, n))
    for seed in range(20):
        lanes: list = list(np.random.default_rng(seed).permutation(n))
        for i, j, keep in rank_network(n, first, stop):
            low, high = min(lanes[i], lanes[j]), max(lanes[i], lanes[j])
            lanes[i] = low if keep & Keep.LOW else -1
            lanes[j] = high if keep & Keep.HIGH else -1
        assert sorted(lanes[first:stop]) == list(range(first, stop))
    assert len(rank_network(n, first, stop)) <= len(full_network(n))


def test_kernels_are_compiled_once_and_a_broken_cache_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWSTATE_CACHE", str(tmp_path))
    rank_mean_kernel.cache_clear()
    updates = large(5, 9, 64)
    expected = engine.rank_mean(updates, 3, 6)
    (stored,) = cache_folder().glob("*.o")
    whole = stored.read_bytes()
    for damaged in (whole[:40], whole[:-1] + b"x", b""):
        stored.write_bytes(damaged)
        rank_mean_kernel.cache_clear()
        np.testing.assert_array_equal(engine.rank_mean(updates, 3, 6), expected)
        assert stored.read_bytes() == whole
    rank_mean_kernel.cache_clear()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12), sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=4))
def test_moments_are_those_of_the_plain_path(seed: int, n: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    layout = Layout(tuple(Layer(f"l{i}", (size,), np.dtype("f4")) for i, size in enumerate(sizes)))
    base = tuple(rng.normal(size=size).astype("f4") for size in sizes)
    rows = tuple(tuple(b + rng.normal(size=b.shape).astype("f4") for b in base) for _ in range(n))
    direction = rng.normal(size=layout.dimension).astype("f4")
    updates = Updates(layout, base, rows, np.full(n, 1 / n))
    gaps = np.array([np.concatenate([r.astype(float) - b for r, b in zip(row, base, strict=True)]) for row in rows])
    products, squares = engine.moments(updates, direction, 16)
    scale = np.abs(gaps).sum(axis=1).max() + 1
    np.testing.assert_allclose(products.sum(axis=1), gaps @ direction, atol=1e-5 * scale)
    np.testing.assert_allclose(squares.sum(axis=1), (gaps**2).sum(axis=1), rtol=1e-5)
    slow_products, slow_squares = engine.moments(updates, direction.astype(float), 16)  # float64: the plain path
    np.testing.assert_allclose(products, slow_products, atol=1e-5 * scale)
    np.testing.assert_allclose(squares, slow_squares, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [*CATALOGUE, "nnm >> trimmed-mean", "arc >> median", "nnm >> krum"])
def test_no_rule_copies_the_updates(name: str) -> None:
    """Beyond the replies themselves, at most two models and a few megabytes for tiles and matrices."""
    import tracemalloc

    from flowstate_flower.aggregation import rule_named

    updates, rule = large(7, 12, 1_000_000), rule_named(name)
    byzantine = 2 if rule.fewest(2) else 0
    rule(updates, byzantine=byzantine)  # compiled
    tracemalloc.start()
    rule(updates, byzantine=byzantine)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2 * 4_000_000 + 4_000_000


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("n", [9, 17])
def test_registers_of_any_width_give_the_same_bits(n: int, lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever processor this runs on: the kernels of narrower and wider ones agree to the bit."""
    updates = large(8, n, 2500)
    expected = [engine.rank_mean(updates, 2, 7), engine.mean_around(updates, 6, (4, 5))]
    monkeypatch.setattr(machine_code, "lanes", lambda: lanes)
    for kernel in (compiled.rank_mean_kernel, compiled.mean_around_kernel):
        kernel.cache_clear()
    try:
        np.testing.assert_array_equal(engine.rank_mean(updates, 2, 7), expected[0])
        np.testing.assert_array_equal(engine.mean_around(updates, 6, (4, 5)), expected[1])
    finally:
        for kernel in (compiled.rank_mean_kernel, compiled.mean_around_kernel):
            kernel.cache_clear()


@pytest.mark.parametrize("n", [17, 30])
def test_a_warmed_rule_compiles_nothing_more(n: int) -> None:
    updates = large(11, n, 500)
    CATALOGUE["trimmed-mean"].warm(n, 3, updates.base[0].dtype)
    misses = rank_mean_kernel.cache_info().misses
    CATALOGUE["trimmed-mean"](updates, byzantine=3)
    assert rank_mean_kernel.cache_info().misses == misses
    CATALOGUE["trimmed-mean"].warm(6, 3, updates.base[0].dtype)  # too few for it: nothing to warm, nothing to refuse yet
    assert rank_mean_kernel.cache_info().misses == misses


@pytest.mark.parametrize("last_first", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("d", [1, 1000, 70_000, 1_000_003])
def test_ranges_hold_each_column_once_and_become_smaller(d: int, threads: int, last_first: bool) -> None:
    updates = Updates.from_matrix(np.zeros((2, d), np.float32))
    spans = [(part.start, part.end) for part in ranges(updates, range(2), threads=threads, last_first=last_first)]
    places = spans[::-1] if last_first else spans
    assert [0, *(end for _, end in places)] == [*(start for start, _ in places), d]
    sizes = [end - start for start, end in spans]
    assert all(later <= sooner + ALIGNED_COLUMNS for sooner, later in itertools.pairwise(sizes))
    assert len(sizes) == 1 or sizes[-1] <= max(sizes[0] // 2, 2 * SMALLEST_RANGE)


@pytest.mark.parametrize("n", [3, 4, 11, 40])
def test_compiled_iterations_end_where_the_plain_ones_do(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from flowstate_flower.aggregation import geometry

    updates = large(13, n, 2000)
    distances = engine.squared_distances(updates.with_origin())
    inner, centre = distances[:-1, :-1], np.zeros(n + 1)
    centre[n] = 1.0
    weights = geometry.geometric_median(inner, 0)
    clipped = centre.copy()
    geometry._clip(distances, clipped, n, 10)
    filtered = [geometry.caf(inner, f) for f in range((n + 1) // 2)]
    monkeypatch.setattr(geometry, "has_kernels", lambda: False)
    np.testing.assert_allclose(weights, geometry.geometric_median(inner, 0), rtol=1e-6, atol=1e-9)
    geometry._clip(distances, centre, n, 10)
    np.testing.assert_allclose(clipped, centre, rtol=1e-9)
    np.testing.assert_allclose(filtered, [geometry.caf(inner, f) for f in range((n + 1) // 2)], rtol=1e-7, atol=1e-9)


def symmetric(kind: str, n: int, seed: int) -> np.ndarray:
    """(n, n) matrices of full rank, of one direction, with eigenvalues that are equal or nothing, and of several blocks."""
    rng = np.random.default_rng(seed)
    square, direction = rng.standard_normal((n, n)), rng.standard_normal(n)
    twice = np.where(np.arange(n) % 2, 1.0, 0.0)
    return {
        "full": square @ square.T,
        "indefinite": square + square.T,
        "one direction": np.outer(direction, direction),
        "nothing": np.zeros((n, n)),
        "all equal": np.eye(n),
        "diagonal": np.diag(direction),
        "blocks": np.outer(twice, twice) + np.outer(1 - twice, 1 - twice),
    }[kind]


@pytest.mark.parametrize("kind", ["full", "indefinite", "one direction", "nothing", "all equal", "diagonal", "blocks"])
@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 40), seed=st.integers(0, 99), power=st.sampled_from([-30, 0, 30]))
def test_the_top_eigenpair_is_that_of_lapack(kind: str, n: int, seed: int, power: int) -> None:
    from flowstate_flower.aggregation.engine.spread import top_pair

    matrix, direction = symmetric(kind, n, seed) * 10.0**power, np.zeros(n)
    value = top_pair(matrix.copy(), direction)
    rounding = 1e-13 * (np.linalg.norm(matrix) or 1.0)
    assert value == pytest.approx(np.linalg.eigvalsh(matrix)[-1], abs=rounding)
    assert np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-13)
    assert np.linalg.norm(matrix @ direction - value * direction) <= rounding


@pytest.mark.parametrize("strange", [np.nan, np.inf])
@pytest.mark.parametrize("n", [2, 5])
def test_only_the_row_that_is_not_finite_is_nowhere_by_its_own_account(n: int, strange: float) -> None:
    updates = large(14, n, 5000)
    spoilt = updates.rows[1][0].copy()
    spoilt[77] = strange
    rows = tuple((spoilt,) if i == 1 else row for i, row in enumerate(updates.rows))
    distances = engine.squared_distances(replace(updates, rows=rows))
    assert np.isnan(np.diag(distances)).tolist() == [i == 1 for i in range(n)]
    assert not np.isfinite(distances[1]).any()
