"""Shares: what they add up to, who has none, and what their interval knows."""

import numpy as np
import pytest

from flowstate_flower.aggregation import Aggregate, Updates, rule_named
from flowstate_flower.attribution import cosine_shares


def test_shares_add_up_and_equal_work_gives_equal_shares() -> None:
    updates = Updates.from_matrix(np.tile(np.arange(1.0, 65.0), (4, 1)))
    shares = cosine_shares(updates, rule_named("mean")(updates, byzantine=0))
    assert [share.value for share in shares] == pytest.approx([0.25] * 4)


def test_whoever_pulls_the_other_way_has_no_share() -> None:
    rows = np.random.default_rng(0).normal(1, 0.1, size=(5, 64))
    rows[2] *= -1
    updates = Updates.from_matrix(rows)
    shares = cosine_shares(updates, rule_named("median")(updates, byzantine=1))
    assert shares[2].value == 0
    assert sum(share.value for share in shares) == pytest.approx(1)


def test_a_row_that_the_rule_dropped_has_no_share_whatever_its_direction() -> None:
    updates = Updates.from_matrix(np.ones((3, 32)))
    shares = cosine_shares(updates, Aggregate(np.ones(32), np.array([0.5, 0.5, 0.0])))
    assert [share.value for share in shares] == pytest.approx([0.5, 0.5, 0.0])


def test_the_interval_covers_the_share_and_widens_with_disagreement_between_coordinates() -> None:
    rng = np.random.default_rng(3)
    calm = Updates.from_matrix(np.ones((3, 640)) + 0.01 * rng.normal(size=(3, 640)))
    wild = Updates.from_matrix(np.ones((3, 640)) + 3 * rng.normal(size=(3, 640)))
    widths = []
    for updates in (calm, wild):
        shares = cosine_shares(updates, rule_named("mean")(updates, byzantine=0))
        assert all(share.low <= share.value <= share.high for share in shares)
        widths.append(shares[0].high - shares[0].low)
    assert widths[1] > 10 * widths[0]


def test_nothing_is_attributed_where_nothing_moved() -> None:
    updates = Updates.from_matrix(np.zeros((3, 8)))
    assert [share.value for share in cosine_shares(updates, rule_named("mean")(updates, byzantine=0))] == [0, 0, 0]
