"""Work on plain threads, the caller's among them. All take the next turn that nobody has: none is waited for before it wakes.

Compiled kernels and numpy's loops over large arrays release the interpreter, so the turns run beside each other. For that they
must be on processors of their own. A thread that gives the interpreter to another is often woken where that other one runs, and
both stay there for milliseconds, which is as long as most passes take: so, where the system lets us, the caller keeps to its
processor for the time of the work, and its helpers to the rest.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count


def take_turns(work: Callable[[int], None], turns: int, threads: int) -> None:
    """Call `work` with each of 0…turns-1, by so many threads. Raises what `work` raises."""
    if threads == 1 or turns == 1:
        for turn in range(turns):
            work(turn)
        return
    numbers = count()

    def take() -> None:
        while (turn := next(numbers)) < turns:
            work(turn)

    helpers = _helpers()
    with helpers.elsewhere():
        asked = [helpers.pool.submit(take) for _ in range(min(threads, turns) - 1)]
        take()
    for one in asked:
        if not one.cancel():
            one.result()


class _Helpers:
    """Threads that work where their caller does not."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(os.cpu_count() or 1, "aggregate", initializer=self._begin)
        self._kept_to: dict[int, set[int]] = {}  # by a helper's number in the system
        self._others: set[int] = set()

    def _begin(self) -> None:
        """A helper begins as its caller was, which may be kept to one processor."""
        number = threading.get_native_id()
        self._kept_to[number] = set()
        self._keep(number, self._others)

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """While this lasts, the caller stays where it is and helpers are on other processors; as it was where there is one."""
        if _processor is None:
            yield
            return
        allowed, own = os.sched_getaffinity(0), {_processor()}
        self._others = allowed - own
        if not self._others or not own <= allowed:
            yield
            return
        for number in list(self._kept_to):
            self._keep(number, self._others)
        os.sched_setaffinity(0, own)
        try:
            yield
        finally:
            os.sched_setaffinity(0, allowed)

    def _keep(self, number: int, places: set[int]) -> None:
        if places and self._kept_to[number] != places:
            with suppress(OSError):  # a processor that was taken away, or a helper that is gone: it runs where it may
                os.sched_setaffinity(number, places)
                self._kept_to[number] = places


def _find_processor() -> Callable[[], int] | None:
    """What says on which processor the caller runs; None where the system has no such thing, or lets nobody be kept to one."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    found = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return found if found is not None and found() >= 0 else None


_processor = _find_processor()


@cache
def _helpers() -> _Helpers:
    return _Helpers()
