"""Votes by sign, rows that are not finite, and layers of every type: with kernels and without."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowstate_flower.aggregation import CATALOGUE, Layer, Layout, Updates, engine
from flowstate_flower.aggregation.engine.lying import Scattered
from flowstate_flower.aggregation.engine.network import Keep, extremes, rank_network
from flowstate_flower.aggregation.rule import NotFiniteRow
from flowstate_flower.aggregation.updates import BFLOAT16, applied


@pytest.fixture(params=["compiled", "numpy"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """With kernels, and without."""
    engine.has_kernels.cache_clear()
    if request.param == "numpy":
        monkeypatch.setenv("FLOWSTATE_KERNELS", "numpy")
    yield request.param
    engine.has_kernels.cache_clear()


def gaps(updates: Updates) -> np.ndarray:
    """(n, d) differences to the base, in float64, on a matrix; mixed where the updates are."""
    floating = [i for i, layer in enumerate(updates.layout.layers) if layer.is_floating]
    rows = [np.concatenate([(row[i].astype(float) - updates.base[i]).ravel() for i in floating]) for row in updates.rows]
    return np.array(rows) if updates.mixing is None else updates.mixing @ np.array(rows)


PAIRED = np.repeat(np.eye(4), 2, axis=1) / 2


def sparse(seed: int, n: int, d: int, kind: str) -> Updates:
    """Updates by small whole numbers, many of them 0: exact in every type, and their means too."""
    rng = np.random.default_rng(seed)
    dtype = BFLOAT16 if kind == "bf2" else np.dtype(kind)
    base = rng.integers(-8, 8, d).astype(dtype)
    rows = tuple(((base.astype(float) + rng.integers(-2, 3, d)).astype(dtype),) for _ in range(n))
    return Updates(Layout((Layer("w", (d,), dtype),)), (base,), rows, np.full(n, 1 / n))


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("kind", ["f2", "bf2", "f4", "f8"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), d=st.integers(1, 6000), threshold=st.integers(0, 9))
def test_votes_are_those_of_their_papers(path: str, kind: str, mixed: bool, seed: int, d: int, threshold: int) -> None:
    updates = sparse(seed, 8, d, kind)
    if mixed:
        updates = updates.mixed(PAIRED, engine.squared_distances(updates.with_origin()))
    steps = gaps(updates)
    signs, mean = np.sign(steps).sum(axis=0), steps.mean(axis=0)
    np.testing.assert_array_equal(engine.sign_vote(updates), np.sign(signs))
    np.testing.assert_array_equal(engine.voted_mean(updates, threshold), np.where(np.abs(signs) >= threshold, mean, -mean))
    expected = np.stack([(steps < 0).sum(axis=1), (steps == 0).sum(axis=1), (steps > 0).sum(axis=1)], axis=1)
    np.testing.assert_array_equal(engine.sign_counts(updates), expected)
    assert engine.sign_vote(updates).dtype == updates.layout.working_dtype


def test_a_nan_has_no_sign(path: str) -> None:
    updates = sparse(9, 3, 100, "f4")
    spoilt = updates.rows[1][0].copy()
    spoilt[[3, 98]] = np.nan
    counts = engine.sign_counts(replace(updates, rows=(updates.rows[0], (spoilt,), updates.rows[2])))
    assert counts.sum(axis=1).tolist() == [100, 98, 100]


PASSES: dict[str, Callable[[Updates], object]] = {
    "median": lambda updates: engine.rank_mean(updates, (updates.n - 1) // 2, updates.n // 2 + 1),
    "smallest": lambda updates: engine.rank_mean(updates, 0, 1),
    "all": lambda updates: engine.rank_mean(updates, 0, updates.n),
    "mean around": lambda updates: engine.mean_around(updates, updates.n - 2, (1, updates.n - 1)),
    "voted mean": lambda updates: engine.voted_mean(updates, 2),
    "sign vote": engine.sign_vote,
    "weighted sum": lambda updates: engine.weighted_sum(updates, np.full(updates.n, 0.1)),
}


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("poison", [np.nan, -np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["f2", "bf2", "f4", "f8"])
@pytest.mark.parametrize("name", PASSES)
def test_a_row_that_is_not_finite_is_named_wherever_it_is(path: str, name: str, kind: str, poison: float, mixed: bool) -> None:
    for row, column in product(range(8), (0, 37, 1000)):  # in whole vectors, and in what is left over
        updates = sparse(1, 8, 1001, kind)
        if mixed:
            updates = updates.mixed(PAIRED, engine.squared_distances(updates.with_origin()))
        updates.rows[row][0][column] = poison
        with pytest.raises(NotFiniteRow, match=f"row {row} of 8 is not finite"), np.errstate(all="ignore"):
            PASSES[name](updates)


@pytest.mark.parametrize("name", PASSES)
def test_large_numbers_are_finite(path: str, name: str) -> None:
    updates = sparse(10, 8, 1001, "f4")
    far = tuple((np.full(1001, sign * 3e38, "f4"),) for sign in (1, -1))
    with np.errstate(over="ignore", invalid="ignore"):
        PASSES[name](replace(updates, rows=(*far, *updates.rows[2:])))


def test_rows_of_no_weight_may_hold_anything(path: str) -> None:
    updates = sparse(2, 8, 100, "f4")
    updates.rows[5][0][7] = np.nan
    assert np.isfinite(engine.weighted_sum(updates, np.where(np.arange(8) == 5, 0.0, 0.1))).all()


@given(n=st.integers(1, 24), data=st.data())
def test_the_extremes_are_looked_at_wherever_they_are(n: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, n - 1))
    stop = data.draw(st.integers(first + 1, n))
    network = rank_network(n, first, stop)
    looks = extremes(n, network)
    for place, extreme in product(range(n), (-1, n)):
        lanes: list = list(range(n))
        lanes[place] = extreme
        seen = []
        for k, comparator in enumerate([*network, None]):
            seen += [(side, lanes[lane]) for at, lane, side in looks if at == k]
            if comparator is not None:
                i, j, keep = comparator
                low, high = min(lanes[i], lanes[j]), max(lanes[i], lanes[j])
                lanes[i] = low if keep & Keep.LOW else lanes[i]
                lanes[j] = high if keep & Keep.HIGH else lanes[j]
        assert (Keep.LOW if extreme < 0 else Keep.HIGH, extreme) in seen


@pytest.mark.parametrize("kind", ["f2", "bf2"])
def test_every_16_bit_number_is_widened_exactly(kind: str) -> None:
    dtype = BFLOAT16 if kind == "bf2" else np.dtype(kind)
    numbers = np.arange(1 << 16, dtype=np.uint16).view(dtype)
    with np.errstate(invalid="ignore"):
        numbers = numbers[np.isfinite(numbers)]
    layout, base = Layout((Layer("w", numbers.shape, dtype),)), (np.zeros_like(numbers),)
    result = engine.rank_mean(Updates(layout, base, ((numbers,),), np.ones(1)), 0, 1)
    np.testing.assert_array_equal(result, numbers.astype("f4"))


@pytest.mark.parametrize("kinds", [("f4", "f8"), ("bf2", "f4"), ("f2", "f8"), ("f2", "bf2")], ids=str)
@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda r: r.name)
def test_layers_of_different_types_go_together(rule, kinds: tuple[str, str]) -> None:
    first, second = (sparse(seed, 11, 2000, kind) for seed, kind in enumerate(kinds))
    layers = (replace(first.layout.layers[0], name="a"), replace(second.layout.layers[0], name="b"))
    rows = tuple(a + b for a, b in zip(first.rows, second.rows, strict=True))
    updates = Updates(Layout(layers), first.base + second.base, rows, first.shares, root=rows[0])
    wide = updates.layout.working_dtype
    assert wide == (np.float64 if "f8" in kinds else np.float32)
    byzantine = 2 if rule.fewest(2) else 0
    result = rule(updates, byzantine=byzantine).update
    assert result.dtype == wide
    exact = gaps(updates)
    expected = rule(Updates.from_matrix(exact, root=exact[0]), byzantine=byzantine).update
    np.testing.assert_allclose(result, expected, atol=1e-5)
    model = applied(updates.layout, updates.base, result)
    assert [array.dtype for array in model] == [layer.dtype for layer in layers]


@pytest.mark.parametrize("kind", ["f2", "bf2", "turned"])
@pytest.mark.parametrize("name", ["median", "trimmed-mean", "krum", "nnm >> trimmed-mean"])
def test_no_rule_copies_updates_that_have_to_be_converted(name: str, kind: str) -> None:
    import tracemalloc

    from flowstate_flower.aggregation import rule_named

    n, shape = 12, (500, 400)
    rng = np.random.default_rng(0)
    dtype = {"f2": np.dtype("f2"), "bf2": BFLOAT16, "turned": np.dtype("f4")}[kind]
    rows = [rng.normal(size=shape[::-1] if kind == "turned" else shape).astype(dtype) for _ in range(n)]
    held = tuple((row.T if kind == "turned" else row,) for row in rows)
    updates = Updates(Layout((Layer("w", shape, dtype),)), (np.zeros(shape, dtype),), held, np.full(n, 1 / n))
    rule = rule_named(name)
    rule(updates, byzantine=2)
    tracemalloc.start()
    rule(updates, byzantine=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2 * 4 * 200_000 + 2_000_000  # a copy of all would be 9 600 000


@given(data=st.data(), shape=st.lists(st.integers(1, 7), min_size=2, max_size=4))
def test_an_array_in_any_order_is_cut_rows_first(data: st.DataObject, shape: list[int]) -> None:
    straight = np.arange(np.prod(shape)).reshape(shape)
    axes = data.draw(st.permutations(range(len(shape))))
    turned = straight.transpose(axes)
    low = data.draw(st.integers(0, straight.size - 1))
    high = data.draw(st.integers(low + 1, straight.size))
    np.testing.assert_array_equal(Scattered(turned)[low:high], turned.ravel()[low:high])
