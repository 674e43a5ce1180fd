"""Answers that are kept: young ones are believed, old ones are not, and a crowd is one question."""

import pytest

from flowstate_flower.superlink.pace import MOST_DEBT_SECONDS, Bucket
from flowstate_flower.superlink.roll import KEEP_SECONDS, RecentRoll


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """Everybody is active and agrees, and every question is counted."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.out: set[str] = set()
        self.recorded = True

    def owners(self, node_keys):
        return {key: f"owner of {key}" for key in node_keys if key != "nobody's"}

    def active(self, tenants):
        self.asked.append(set(tenants))
        return set(tenants) - self.out

    def members(self, flower_run, tenants):
        return set(tenants) - self.out if self.recorded else None

    def most_nodes(self, tenant):
        return None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def real() -> Counting:
    return Counting()


def test_an_answer_is_believed_for_a_second_and_not_longer(clock, real) -> None:
    roll = RecentRoll(real, clock)
    assert roll.active(["a"]) == {"a"}
    real.out = {"a"}
    assert roll.active(["a"]) == {"a"}
    clock.now += KEEP_SECONDS
    assert roll.active(["a"]) == set()


def test_a_crowd_is_asked_for_at_once(clock, real) -> None:
    roll = RecentRoll(real, clock)
    for tenant in "abc":
        roll.active([tenant])
    clock.now += KEEP_SECONDS
    real.asked.clear()
    for tenant in "abc":
        roll.active([tenant])
    assert real.asked == [{"a", "b", "c"}]


def test_that_a_run_has_no_purpose_is_asked_again_at_once(clock, real) -> None:
    roll, real.recorded = RecentRoll(real, clock), False
    assert roll.members(1, ["a"]) is None
    real.recorded = True
    assert roll.members(1, ["a"]) == {"a"}
    assert roll.members(2, ["b"]) == {"b"}


def test_a_key_of_nobody_is_nobodys(clock, real) -> None:
    assert RecentRoll(real, clock).owners(["k", "nobody's"]) == {"k": "owner of k"}


def test_a_bucket_lends_and_is_paid_back_but_never_lends_without_end(clock) -> None:
    bucket = Bucket(10.0, 20.0, clock)
    assert bucket.take(20) == 0
    assert bucket.take(5) == pytest.approx(0.5)
    clock.now += 0.5
    assert bucket.take(1) == pytest.approx(0.1)
    assert bucket.take(1e9) == MOST_DEBT_SECONDS
    clock.now += 1e6
    assert bucket.is_full
