"""`flowstate bench aggregation`: the rules against reading once, against peers, through the strategy, and what they need."""

from enum import StrEnum
from typing import Annotated

import typer

from flowstate_flower.cli.bench import goals
from flowstate_flower.cli.bench.measures import CheckOption, Measure, show
from flowstate_flower.cli.output import Format, FormatOption, stderr


class Part(StrEnum):
    """What can be measured alone."""

    READ = "read"
    PEERS = "peers"
    STRATEGY = "strategy"
    MEMORY = "memory"
    COMPILE = "compile"


class Device(StrEnum):
    """Where the updates lie."""

    CPU = "cpu"
    CUDA = "cuda"


def aggregation(
    only: Annotated[list[Part] | None, typer.Option(help="Only this part; may be repeated. All parts where absent.")] = None,
    tenants: Annotated[list[int] | None, typer.Option(help="How many updates; may be repeated.", min=3)] = None,
    threads: Annotated[list[int] | None, typer.Option(help="How many read at once; may be repeated.", min=1)] = None,
    repeats: Annotated[int, typer.Option(help="How often a rule is timed; the median counts.", min=1)] = 9,
    dimension: Annotated[int, typer.Option(help="Coordinates of an update.", min=100)] = goals.DIMENSION,
    device: Annotated[Device, typer.Option(help="Where the updates lie.")] = Device.CPU,
    check: CheckOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """The aggregation rules: against the time that reading once takes, against peers, through the strategy, in memory, at
    first use.

    One run, taking turns. The goals are those of two threads and 1 000 000 coordinates. Memory is measured with ten times as
    many coordinates; with `--device cuda` a hundred times as many are measured, and nothing else.

    Example: `flowstate bench aggregation --check`
    """
    if device is Device.CUDA:
        from flowstate_flower.cli.bench.cuda import cuda

        show(cuda(100 * dimension, repeats), output, check=check)
        return
    parts, many, several = only or list(Part), tenants or list(goals.TENANTS), threads or [goals.THREADS, 1]
    measures: list[Measure] = []
    for part in Part:
        if part in parts:
            measures += _measured(part, many, sorted(several, reverse=True), repeats, dimension, output)
    show(measures, output, check=check)


def _measured(
    part: Part, tenants: list[int], threads: list[int], repeats: int, dimension: int, output: Format
) -> list[Measure]:
    from flowstate_flower.aggregation.engine import has_kernels
    from flowstate_flower.cli.bench import against, children, reading, replies
    from flowstate_flower.cli.bench.peers import found

    if not has_kernels():
        stderr.print("no compiled kernels here: this measures the numpy path")
    match part:
        case Part.READ:
            return [m for k in threads for m in reading.read(tenants, dimension, k, repeats)]
        case Part.PEERS:
            here, missing = found()
            results = against.against(here, tenants, dimension, threads, repeats)
            if output is Format.TABLE:
                against.table(results, here)
            return against.held(results, missing, dimension)
        case Part.STRATEGY:
            return replies.through_the_strategy(dimension, threads[0], repeats)
        case Part.MEMORY:
            return children.memory(10 * dimension, threads[0])
        case Part.COMPILE:
            return children.first_use(tenants)
