"""`flowstate bench aggregation`: every rule against the least that any rule can do, which is to read the updates once."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated

import numpy as np
import typer

from flowstate_flower.aggregation import Layer, Layout, Updates, rule_named
from flowstate_flower.aggregation.engine import has_kernels
from flowstate_flower.cli.bench import CheckOption, Measure, show
from flowstate_flower.cli.output import Format, FormatOption, stderr

# At most so many times the time of reading the n·d numbers once, with d = 1 000 000 and two threads.
GOALS: dict[int, dict[str, float]] = {
    10: {
        "median": 1.3,
        "trimmed-mean": 1.4,
        "meamed": 2.0,
        "krum": 2.5,
        "multi-krum": 3.5,
        "geometric-median": 3.5,
        "centred-clipping": 3.5,
        "bulyan": 4.0,
        "nnm >> trimmed-mean": 8.0,
        "mean": 1.1,
    },
    32: {
        "median": 1.5,
        "trimmed-mean": 1.8,
        "meamed": 3.0,
        "krum": 3.5,
        "multi-krum": 4.5,
        "geometric-median": 4.5,
        "centred-clipping": 4.5,
        "bulyan": 5.5,
        "nnm >> trimmed-mean": 9.0,
        "mean": 1.2,
    },
    100: {"median": 3.0, "trimmed-mean": 4.0, "krum": 8.0},
}
ALSO = ("phocas", "medoid", "mda", "caf", "cge", "norm-bounded-mean", "nnm >> krum", "arc >> median")


def aggregation(
    threads: Annotated[int, typer.Option(help="How many read the updates at once.", min=1)] = 2,
    repeats: Annotated[int, typer.Option(help="How often each rule is timed; the median counts.", min=1)] = 9,
    dimension: Annotated[int, typer.Option(help="Coordinates of an update.", min=1)] = 1_000_000,
    check: CheckOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """The aggregation rules, as multiples of the time that reading the updates once takes. One run, interleaved.

    The goals are those of two threads and 1 000 000 coordinates.

    Example: `flowstate bench aggregation --check`
    """
    if not has_kernels():
        stderr.print("no compiled kernels here: this measures the numpy path")
    measures = []
    for n, goals in GOALS.items():
        updates = _updates(n, dimension, threads)
        names = [*goals, *(ALSO if n < 100 else ())]
        ratios = _ratios(updates, names, repeats)
        measures += [_measure(n, name, ratios[name], goals.get(name)) for name in names]
    show(measures, output, check=check)


def _updates(n: int, dimension: int, threads: int) -> Updates:
    """N updates of float32, each an array of its own as replies are."""
    rng = np.random.default_rng(n)
    rows = tuple((rng.standard_normal(dimension, dtype=np.float32),) for _ in range(n))
    base = np.zeros(dimension, np.float32)
    return Updates(Layout((Layer("w", (dimension,), base.dtype),)), (base,), rows, np.full(n, 1 / n), threads)


def _ratios(updates: Updates, names: list[str], repeats: int) -> dict[str, float]:
    """Median over the repeats of the time of a rule divided by that of the reading just before it."""
    byzantine = {name: _byzantine(name, updates.n) for name in names}
    works = {name: partial(rule_named(name), updates, byzantine=byzantine[name]) for name in names}
    seen: dict[str, list[float]] = {name: [] for name in names}
    with ThreadPoolExecutor(updates.threads) as pool:

        def read() -> None:
            step = -(-updates.layout.dimension // updates.threads)
            starts = range(0, updates.layout.dimension, step)
            list(pool.map(lambda start: [row[0][start : start + step].sum() for row in updates.rows], starts))

        for work in works.values():
            work()  # compile, and touch the memory
        for repeat in range(repeats):
            stderr.print(f"n = {updates.n}: {repeat + 1} of {repeats}")
            for name, work in works.items():
                seen[name].append(_seconds(work) / _seconds(read))
    return {name: statistics.median(values) for name, values in seen.items()}


def _byzantine(name: str, n: int) -> int:
    """A fifth of the tenants, or as many as the rule withstands if that is fewer."""
    rule = rule_named(name)
    return max(f for f in range(n // 5 + 1) if rule.refusal(n, f) is None)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _measure(n: int, name: str, ratio: float, goal: float | None) -> Measure:
    words = "" if goal is None else f"≤ {goal:g}"
    return Measure(f"n = {n}: {name}", ratio, "× read", words, None if goal is None else ratio <= goal)
