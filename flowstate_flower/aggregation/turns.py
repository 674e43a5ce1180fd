"""Work on plain threads, the caller's among them. All take the next turn that nobody has: none is waited for before it wakes.

Compiled kernels and numpy's loops over large arrays release the interpreter, so the turns run beside each other. For that they
must be on processors of their own. A thread that gives the interpreter to another is often woken on the processor where that
other one runs, and both stay there for milliseconds, which is as long as most passes take: so, where the system lets us, the
caller keeps to its processor for the time of the work, and its helpers to the rest.

The standard library's pool would do the same, and takes as long to begin and end as a pass over a small model.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import count
from queue import SimpleQueue

Work = Callable[[int], None]


def take_turns(work: Work, turns: int, threads: int) -> None:
    """Call `work` with each of 0…turns-1, by so many threads. Raises what `work` raises."""
    if threads == 1 or turns == 1:
        for turn in range(turns):
            work(turn)
        return
    shared, own = _Shared(work, turns), 0
    helpers = _helpers()
    own_place, allowed = helpers.make_way()
    try:
        helpers.ask(shared, min(threads, turns) - 1)
        if allowed:
            os.sched_setaffinity(0, own_place)
        while (turn := next(shared.numbers)) < turns:
            work(turn)
            own += 1
    finally:
        if allowed:
            os.sched_setaffinity(0, allowed)
    for _ in range(turns - own):
        if (error := shared.ends.get()) is not None:
            raise error


class _Shared:
    """Work of which helpers take turns. A helper that comes too late finds none left."""

    def __init__(self, work: Work, turns: int) -> None:
        self._work, self._turns = work, turns
        self.numbers = count()
        self.ends: SimpleQueue[BaseException | None] = SimpleQueue()  # what each turn of a helper raised

    def help(self) -> None:
        while (turn := next(self.numbers)) < self._turns:
            try:
                self._work(turn)
            except BaseException as error:
                self.ends.put(error)
            else:
                self.ends.put(None)


class _Helpers:
    """Threads that work where their caller does not."""

    def __init__(self) -> None:
        self._most = os.cpu_count() or 1
        self._wanted: SimpleQueue[_Shared] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._kept_to: dict[int, set[int]] = {}  # by a helper's number in the system
        self._others: set[int] = set()

    def ask(self, shared: _Shared, many: int) -> None:
        """Have so many helpers take part, or as many as there are processors."""
        many = min(many, self._most)
        while len(self._threads) < many:
            helper = threading.Thread(target=self._help, name=f"aggregate_{len(self._threads)}", daemon=True)
            self._threads.append(helper)
            helper.start()
        for _ in range(many):
            self._wanted.put(shared)

    def make_way(self) -> tuple[set[int], set[int]]:
        """Keep helpers off the caller's processor. Returns which that is, and all where the caller may be: none, if everything
        stays as it was.
        """
        if _processor is None:
            return set(), set()
        allowed, own = os.sched_getaffinity(0), {_processor()}
        self._others = allowed - own
        if not self._others or not own <= allowed:
            return own, set()
        for number in list(self._kept_to):
            self._keep(number, self._others)
        return own, allowed

    def _help(self) -> None:
        """A helper begins as its caller was, which may be kept to one processor."""
        number = threading.get_native_id()
        self._kept_to[number] = set()
        self._keep(number, self._others)
        while True:
            self._wanted.get().help()

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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # its helpers stayed with the parent
