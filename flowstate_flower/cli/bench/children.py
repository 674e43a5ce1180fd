"""What only a fresh process can tell: the memory that a rule needs above the replies, and what its first use costs."""

import ctypes
import importlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from flowstate_flower.aggregation import CATALOGUE, Updates, rule_named
from flowstate_flower.cli.bench import goals
from flowstate_flower.cli.bench.measures import Measure, Work, absent, at_most, figure
from flowstate_flower.cli.bench.reading import byzantine, updates
from flowstate_flower.cli.output import stderr

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET_THE_PEAK = "5"
LITTLE = 4096
OTHER_TENANTS = 7
MOST_SUBSETS = 100_000
LIBRARIES = ("scipy.sparse.csgraph", "scipy.cluster.hierarchy", "scipy.spatial.distance", "sklearn.cluster")
"""What some rules load when they are first used, which is not compilation."""


def memory(dimension: int, threads: int) -> list[Measure]:
    """One figure for each rule of the catalogue and some compositions."""
    n, names = goals.MEMORY_TENANTS, (*CATALOGUE, *goals.COMPOSITIONS)
    stderr.print(f"memory: n = {n}, d = {dimension}")
    bound = (goals.MEMORY_MODELS * 4 * dimension + goals.MEMORY_BYTES) / 1e6
    if not STATUS.exists():
        return [absent("memory above the replies", "needs /proc", f"≤ {bound:g}")]
    found = _child("peaks", n, dimension, threads, *names)
    title = f"n = {n}, d = {dimension}: memory above the replies, "
    missing = [absent(title + name, "it refuses so many subsets") for name in names if name not in found]
    return [at_most(title + name, value, "MB", bound) for name, value in found.items()] + missing


def first_use(tenants: list[int]) -> list[Measure]:
    """The slowest first call of a rule with another number of tenants, the same with nothing in any cache, and with what that
    left there. Loading the libraries is not in it.
    """
    measures: list[Measure] = []
    for n in tenants:
        stderr.print(f"compile: n = {n}")
        with TemporaryDirectory(prefix="flowstate-bench-") as folder:
            fresh, kept = _calls(f"{folder}/fresh", n), _calls(f"{folder}/fresh", n)
            _calls(f"{folder}/used", OTHER_TENANTS)
            new = _calls(f"{folder}/used", n)
        measures += [
            at_most(f"n = {n}: first use of a new (n, f), {new[0]}", new[1], "s", goals.MOST_COMPILE_SECONDS),
            figure(f"n = {n}: once on a machine, with what serves every n, {fresh[0]}", fresh[1], "s"),
            figure(f"n = {n}: first use from the cache, {kept[0]}", kept[1], "s"),
        ]
    return measures


def _calls(caches: str, n: int) -> tuple[str, float]:
    """The rule whose first call took longest, and its seconds."""
    kept = {"FLOWSTATE_CACHE": f"{caches}/kernels", "NUMBA_CACHE_DIR": f"{caches}/numba"}
    found = _child("first_calls", n, *CATALOGUE, *goals.COMPOSITIONS, **kept)
    slowest = max(found, key=lambda name: found[name])
    return slowest, found[slowest]


def _child(function: str, *arguments: object, **environment: str) -> dict[str, float]:
    command = [sys.executable, "-m", __name__, function, *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def peaks(n: str, dimension: str, threads: str, *names: str) -> dict[str, float]:
    """In the child: megabytes above what was there before. Each rule in a fork, which begins with the rows and nothing else."""
    given = updates(int(n), int(dimension), int(threads))
    return {name: _in_a_fork(partial(_peak, name, given)) for name in names if _is_possible(name, given.n)}


def first_calls(n: str, *names: str) -> dict[str, float]:
    """In the child: seconds of each rule's first call, in this order."""
    from flowstate_flower.aggregation.engine import has_kernels

    given = updates(int(n), LITTLE, 1)
    has_kernels()
    np.linalg.eigh(np.eye(3))
    for library in LIBRARIES:
        importlib.import_module(library)
    return {name: _first_call(name, given) for name in names if _is_possible(name, given.n)}


def _first_call(name: str, given: Updates) -> float:
    begun = time.perf_counter()
    rule_named(name)(given, byzantine=byzantine(name, given.n))
    return time.perf_counter() - begun


def _peak(name: str, given: Updates) -> float:
    """Compiled code and loaded libraries are there before; they do not grow with the model."""
    rule, f = rule_named(name), byzantine(name, given.n)
    rule(updates(given.n, LITTLE, given.threads), byzantine=f)
    return rise(partial(rule, given, byzantine=f))


def rise(work: Work) -> float:
    """Megabytes that this process held more than now, at most, during one call; the result is in it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).malloc_trim(0)  # what is free would be used first, and nothing be seen
    CLEAR.write_text(FORGET_THE_PEAK)
    before = _status("VmRSS")
    work()
    return (_status("VmHWM") - before) * 1024 / 1e6


def _status(field: str) -> int:
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(field))


def _in_a_fork(work: Callable[[], float]) -> float:
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        answer = said.read()
    os.waitpid(child, 0)
    return float(json.loads(answer))


def _is_possible(name: str, n: int) -> bool:
    """Not what would try too many subsets."""
    return name != "smea" or math.comb(n, byzantine(name, n)) < MOST_SUBSETS


if __name__ == "__main__":
    function, *given_arguments = sys.argv[1:]
    entries: dict[str, Callable[..., dict[str, float]]] = {"peaks": peaks, "first_calls": first_calls}
    json.dump(entries[function](*given_arguments), sys.stdout)
