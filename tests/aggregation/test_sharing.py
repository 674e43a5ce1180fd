"""Ranges of layers that threads take from compiled code: each once, whoever takes it, and the same result whoever took it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from numba import njit

from flowstate_flower.aggregation import CATALOGUE, Layer, Layout, Updates, engine
from flowstate_flower.aggregation.engine import plain, sharing
from flowstate_flower.aggregation.engine.intrinsics import next_of

KINDS = {"direct": "f4", "half": "f2", "double": "f8", "across": "f4"}


def layered(sizes: list[int], kinds: list[str], n: int = 11, threads: int = 2) -> Updates:
    """Layers of these sizes; of a kind that kernels read in place or not, one of whole numbers among them."""
    rng = np.random.default_rng(0)

    def array(size: int, kind: str, weight: float) -> np.ndarray:
        numbers = rng.normal(0, weight, (size, 2)).astype(KINDS[kind])
        return np.asfortranarray(numbers) if kind == "across" else numbers

    base = (*(array(size, kind, 10) for size, kind in zip(sizes, kinds, strict=True)), np.arange(3))
    rows = tuple((*(b + array(len(b), k, 1) for b, k in zip(base[:-1], kinds, strict=True)), np.arange(3)) for _ in range(n))
    layout = Layout(tuple(Layer(str(k), b.shape, b.dtype) for k, b in enumerate(base)))
    return Updates(layout, base, rows, np.full(n, 1 / n), threads)


@njit(nogil=True)
def many_numbers(counter: int, found: np.ndarray) -> None:
    """As many as there is room for."""
    for k in range(len(found)):
        found[k] = next_of(counter)


def test_no_number_is_given_to_two_threads() -> None:
    spans = sharing.Spans(np.zeros((0, 5), np.int64), np.zeros(1, np.int64), np.empty(0, np.float32), None)
    found = np.zeros((4, 100_000), np.int64)
    many_numbers(spans.counter, found[0, :0])  # compiled before
    begin = threading.Barrier(4)

    def work(thread: int) -> None:
        begin.wait()
        many_numbers(spans.counter, found[thread])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    np.testing.assert_array_equal(np.sort(found.ravel()), np.arange(found.size))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kinds", [["direct"] * 3, ["direct", "half"], ["across", "direct", "double"], ["half"]], ids="+".join)
@pytest.mark.parametrize("sizes", [[1, 1, 1], [7, 300, 9], [3000, 1500, 60_001], [260_001, 5, 16]])
def test_layers_of_every_kind_are_read_once(sizes: list[int], kinds: list[str], threads: int, monkeypatch) -> None:
    """What is left to compiled code, and what is not, make up the whole together; so do columns that are no whole register."""
    monkeypatch.setattr(sharing, "WORTH_SHARING", 1)
    updates = layered(sizes[: len(kinds)], kinds, threads=threads)
    weights = np.linspace(0.1, 1, updates.n)
    rows = np.array([np.concatenate([np.ravel(a).astype("f8") for a in row[:-1]]) for row in (*updates.rows, updates.base)])
    gaps = rows[:-1] - rows[-1]
    tolerance = 2e-2 if "half" in kinds else 1e-5  # of bases of some 10, in float16
    np.testing.assert_allclose(engine.weighted_sum(updates, weights), weights @ gaps, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(engine.rank_mean(updates, 5, 6), np.median(gaps, axis=0), rtol=tolerance, atol=tolerance)
    exact = np.array([np.square(gaps - gap).sum(axis=1) for gap in gaps])
    np.testing.assert_allclose(engine.squared_distances(updates), exact, rtol=1e-6)


@pytest.mark.parametrize("rule", ["krum", "median", "caf", "geometric-median", "multi-krum"])
def test_whoever_took_which_range_the_bits_are_the_same(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "WORTH_SHARING", 1)
    updates = layered([40_000, 3, 90_000], ["direct", "direct", "direct"], threads=3)
    first = CATALOGUE[rule](updates, byzantine=2).update.copy()
    for _ in range(20):
        np.testing.assert_array_equal(CATALOGUE[rule](replace(updates), byzantine=2).update, first)


def test_ranges_are_divided_once_for_all_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    updates, asked = layered([50_000], ["direct"]), []
    divided = sharing._divided
    monkeypatch.setattr(sharing, "_divided", lambda *given: asked.append(given[1:]) or divided(*given))
    for _ in range(3):
        engine.squared_distances(updates)
        engine.weighted_sum(updates, np.full(updates.n, 0.1))
    assert len(asked) == 2  # forwards and backwards
    some = np.array([0.5, 0.5, *[0.0] * 9])
    expected = np.empty(100_000, "f4")
    plain.weighted_sum(some[:2].astype("f4"))(
        np.array([row[0].ravel() for row in updates.rows[:2]]), updates.base[0].ravel(), expected
    )
    np.testing.assert_array_equal(engine.weighted_sum(updates, some), expected)  # of other rows, another division
    assert len(asked) == 3
