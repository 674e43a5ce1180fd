"""Where arrays lie is found out once for all that is made of the same updates, and never mixed up."""

from dataclasses import replace

import numpy as np
import pytest

from flowstate_flower.aggregation import Layout, Updates, engine
from flowstate_flower.aggregation.engine import lying


def test_rows_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    updates = Updates.from_matrix(np.random.default_rng(0).standard_normal((6, 500), np.float32))
    asked, address = [], lying.address
    monkeypatch.setattr(lying, "address", lambda array: asked.append(id(array)) or address(array))
    distances = engine.squared_distances(updates.with_origin())
    engine.weighted_sum(updates, np.full(6, 1 / 6))
    engine.weighted_sum(updates.only([1, 4]), np.full(2, 1 / 2))
    engine.rank_mean(updates.mixed(np.repeat(np.eye(3), 2, axis=1) / 2, distances), 1, 2)
    assert {asked.count(id(array)) for row in (*updates.rows, updates.base) for array in row} == {1}


def test_rows_that_came_in_place_of_others_are_not_taken_for_them() -> None:
    """Even where the others are gone and something new has their identity."""
    base = (np.zeros((8, 8), np.float32),)
    updates = Updates(Layout.of(("w",), base), base, (base,), np.ones(1))
    for value in range(200):
        row = np.full(64, value, np.float32).reshape(8, 8)  # a view, as what comes out of a reply
        updates = replace(updates, rows=((row,),))
        np.testing.assert_array_equal(engine.weighted_sum(updates, np.ones(1)), np.full(64, value))
