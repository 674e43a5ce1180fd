"""Work on plain threads, the caller's among them. All take the next turn that nobody has: none is waited for before it wakes.

Compiled kernels and numpy's loops over large arrays release the interpreter, so the turns run beside each other.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

    helpers = [_pool().submit(take) for _ in range(min(threads, turns) - 1)]
    take()
    for helper in helpers:
        if not helper.cancel():
            helper.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="aggregate")
