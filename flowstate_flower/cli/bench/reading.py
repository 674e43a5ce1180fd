"""Every rule against the least that any rule can do, which is to read the updates once."""

import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np

from flowstate_flower.aggregation import Layer, Layout, Updates, rule_named
from flowstate_flower.cli.bench import goals
from flowstate_flower.cli.bench.measures import Measure, at_most, figure, seconds
from flowstate_flower.cli.output import stderr

UNIT = "× read"


def read(tenants: list[int], dimension: int, threads: int, repeats: int) -> list[Measure]:
    """One figure for each rule and number of tenants; goals where there are two threads."""
    measures = []
    for n in tenants:
        bounds = goals.READ.get(n, {})
        names = [*bounds, *(goals.READ_ALSO if n < 100 else ())]
        ratios = _ratios(updates(n, dimension, threads), names, repeats)
        for name in names:
            title = f"n = {n}, {threads_in_words(threads)}: {name}"
            if threads == goals.THREADS and name in bounds:
                measures.append(at_most(title, ratios[name], UNIT, bounds[name]))
            else:
                measures.append(figure(title, ratios[name], UNIT))
    return measures


def threads_in_words(threads: int) -> str:
    """1 thread, 2 threads."""
    return f"{threads} thread{'' if threads == 1 else 's'}"


def updates(n: int, dimension: int, threads: int) -> Updates:
    """N updates of float32, each an array of its own as replies are, and one of the server's own for the rules that want it."""
    rng = np.random.default_rng(n)
    *rows, root = ((rng.standard_normal(dimension, dtype=np.float32),) for _ in range(n + 1))
    base = np.full(dimension, 0.0, np.float32)  # filled, so that it is in memory
    layout = Layout((Layer("w", (dimension,), base.dtype),))
    return Updates(layout, (base,), tuple(rows), np.full(n, 1 / n), threads, root=root)


def byzantine(name: str, n: int) -> int:
    """A fifth of the tenants, or as many as the rule withstands if that is fewer."""
    rule = rule_named(name)
    return max(f for f in range(n // 5 + 1) if rule.refusal(n, f) is None)


def _ratios(given: Updates, names: list[str], repeats: int) -> dict[str, float]:
    """Median over the repeats of the time of a rule divided by that of the reading just before it."""
    works = {name: partial(rule_named(name), given, byzantine=byzantine(name, given.n)) for name in names}
    seen: dict[str, list[float]] = {name: [] for name in names}
    with _reader(given) as reading:
        for work in works.values():
            work()  # compile, and touch the memory
        for repeat in range(repeats):
            stderr.print(f"read: n = {given.n}, {threads_in_words(given.threads)}: {repeat + 1} of {repeats}")
            for name, work in works.items():
                seen[name].append(seconds(work) / seconds(reading))
    return {name: statistics.median(values) for name, values in seen.items()}


@contextmanager
def _reader(given: Updates) -> Iterator[Callable[[], None]]:
    """What reads every number once, in as many threads as the rules have."""
    dimension = given.layout.dimension
    step = -(-dimension // given.threads)
    with ThreadPoolExecutor(given.threads) as pool:

        def reading() -> None:
            list(pool.map(lambda at: [row[0][at : at + step].sum() for row in given.rows], range(0, dimension, step)))

        yield reading
