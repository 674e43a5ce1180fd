"""The rules on a GPU against what the GPU can do: the bandwidth of a copy and the speed of a product, both measured here."""

import statistics
from functools import partial
from typing import Any

import numpy as np

from flowstate_flower.aggregation import Layer, Layout, Updates, rule_named
from flowstate_flower.aggregation.engine import squared_distances
from flowstate_flower.cli.bench import goals
from flowstate_flower.cli.bench.measures import Measure, Work, at_least, figure
from flowstate_flower.cli.bench.reading import byzantine
from flowstate_flower.errors import BadInput

BYTES = 4
SQUARE = 8192
DEVICE = "cuda"


def cuda(dimension: int, repeats: int) -> list[Measure]:
    """Median and trimmed mean against the copy, distances against the larger of their two floors.

    Raises `BadInput` where there is no GPU.
    """
    import torch

    if not torch.cuda.is_available():
        raise BadInput("no CUDA device here", hint="leave out --device cuda")
    n = goals.CUDA_TENANTS
    bandwidth, operations = _bandwidth(dimension, repeats), _operations(repeats)
    rows: Any = tuple((torch.randn(dimension, device=DEVICE),) for _ in range(n))
    base: Any = (torch.zeros(dimension, device=DEVICE),)
    layout = Layout((Layer("w", (dimension,), np.dtype(np.float32)),))
    updates = Updates(layout, base, rows, np.full(n, 1 / n))
    title = f"n = {n}, d = {dimension}: "
    measures = []
    for name in ("median", "trimmed-mean"):
        spent = _seconds(partial(rule_named(name), updates, byzantine=byzantine(name, n)), repeats)
        moved = BYTES * dimension * (n + 2)  # the rows and the base are read, the result is written
        measures.append(at_least(title + name, 100 * moved / spent / bandwidth, "% of copy bandwidth", goals.CUDA_SHARE))
    floor = max(BYTES * n * dimension / bandwidth, n * (n - 1) * dimension / operations)  # a product and a sum for each pair
    spent = _seconds(partial(squared_distances, updates), repeats)
    measures.append(at_least(title + "distances", 100 * floor / spent, "% of their floor", goals.CUDA_SHARE))
    return [
        *measures,
        figure(f"copy bandwidth of {torch.cuda.get_device_name()}", bandwidth / 1e9, "GB/s"),
        figure("float32 operations", operations / 1e12, "Tflop/s"),
    ]


def _bandwidth(dimension: int, repeats: int) -> float:
    import torch

    source = torch.ones(dimension, device=DEVICE)
    target = torch.empty_like(source)
    return 2 * BYTES * dimension / _seconds(lambda: target.copy_(source), repeats)


def _operations(repeats: int) -> float:
    """Float32 operations in a second, without the shortened products of tensor cores."""
    import torch

    square = torch.ones(SQUARE, SQUARE, device=DEVICE)
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        return float(2 * SQUARE**3 / _seconds(lambda: square @ square, repeats))
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def _seconds(work: Work, repeats: int) -> float:
    """Median over the repeats, after one that is not counted, between two events on the device."""
    import torch

    event: Any = torch.cuda.Event
    work()
    times: list[float] = []
    for _ in range(repeats):
        begin, end = event(enable_timing=True), event(enable_timing=True)
        begin.record()
        work()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(times)
