"""Threads that share work: each turn once, on processors of their own, and nothing of that stays."""

import os
import subprocess
import sys
import threading

import pytest

from flowstate_flower.aggregation.turns import take_turns

several = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two processors, and Linux"
)


def _processors() -> dict[int, set[int]]:
    """Where each of two threads may run while both have a turn."""
    found: dict[int, set[int]] = {}
    both = threading.Barrier(2)

    def work(_: int) -> None:
        both.wait(60)
        found[threading.get_ident()] = os.sched_getaffinity(0)

    take_turns(work, 2, 2)
    return found


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_each_turn_is_taken_once(threads: int) -> None:
    taken: list[int] = []
    take_turns(taken.append, 50, threads)
    assert sorted(taken) == list(range(50))


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_turn_raises_is_raised(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        take_turns(lambda turn: 1 // (turn - 5), 10, threads)


@several
def test_the_caller_and_its_helpers_share_no_processor() -> None:
    for _ in range(5):
        first, second = _processors().values()
        assert len(first) == 1 or len(second) == 1
        assert not first & second


@several
def test_afterwards_the_caller_runs_anywhere_again() -> None:
    before = os.sched_getaffinity(0)
    take_turns(lambda turn: None, 10, 2)
    assert os.sched_getaffinity(0) == before
    with pytest.raises(ZeroDivisionError):
        take_turns(lambda turn: 1 // (turn - turn), 10, 2)
    assert os.sched_getaffinity(0) == before


@several
def test_a_caller_that_is_kept_to_one_processor_shares_it() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        taken: list[int] = []
        take_turns(taken.append, 50, 2)
        assert sorted(taken) == list(range(50))
        assert os.sched_getaffinity(0) == {min(before)}
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_takes_its_turns_too() -> None:
    """Its parent's helpers are not there: it has its own."""
    script = """
import os
from flowstate_flower.aggregation.turns import _helpers, take_turns
take_turns(lambda turn: None, 10, 2)
if (child := os.fork()) == 0:
    taken = []
    take_turns(taken.append, 50, 2)
    os._exit(sorted(taken) != list(range(50)) or not _helpers()._threads[0].is_alive())
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
