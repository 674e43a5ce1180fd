"""`flowstate bench deployment`: scripted tenants against the real server on loopback, beside Flower's own with FedAvg."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from flowstate_flower.cli.bench import goals
from flowstate_flower.cli.bench.measures import CheckOption, Measure, at_most, figure, show
from flowstate_flower.cli.output import Format, FormatOption, stderr
from flowstate_flower.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Size:
    """How much of each part is measured."""

    tenants: int
    rounds: int
    parameters: int
    large_parameters: int
    per_second: int
    seconds: int
    kills: int


def deployment(
    only: Annotated[list[str] | None, typer.Option(help="rounds, memory, hostile or kills. Repeat for more.")] = None,
    tenants: Annotated[int, typer.Option(help="Scripted tenants.", min=2)] = goals.DEPLOYMENT_TENANTS,
    rounds: Annotated[int, typer.Option(help="Rounds of each server.", min=4)] = goals.DEPLOYMENT_ROUNDS,
    parameters: Annotated[int, typer.Option(help="Of the model, of 4 bytes each.", min=1)] = goals.DEPLOYMENT_PARAMETERS,
    large_parameters: Annotated[int, typer.Option(help="Of the model whose memory counts.", min=1)] = goals.LARGE_PARAMETERS,
    per_second: Annotated[int, typer.Option(help="Hostile requests.", min=1)] = goals.HOSTILE_PER_SECOND,
    seconds: Annotated[int, typer.Option(help="How long one tenant is hostile.", min=1)] = goals.HOSTILE_SECONDS,
    kills: Annotated[int, typer.Option(help="How often a process is killed.", min=1)] = goals.KILLS,
    check: CheckOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """A deployment: round times and memory beside Flower's own server, one tenant that floods, and kill -9 of its processes.

    The goals are those of the sizes that are the defaults.

    Example: `flowstate bench deployment --only rounds --tenants 20 --rounds 4`
    """
    for name in only or ():
        if name not in PARTS:
            raise UnknownName("part", name, PARTS)
    size = Size(tenants, rounds, parameters, large_parameters, per_second, seconds, kills)
    measures: list[Measure] = []
    for name, part in PARTS.items():
        if not only or name in only:
            stderr.print(f"{name} …")
            with TemporaryDirectory(prefix="flowstate-bench-") as folder:
                measures += part(Path(folder), size)
    show(measures, output, check=check)


def _rounds(folder: Path, size: Size) -> Iterator[Measure]:
    """Stock, ours, stock: both servers are up, one works at a time."""
    from flowstate_flower.cli.bench.founding import founded
    from flowstate_flower.cli.bench.ours import PURPOSE, our_superlink
    from flowstate_flower.cli.bench.stock import stock_superlink

    made = founded(folder, _names(size.tenants), PURPOSE)
    half, object_bytes = size.rounds // 4 + 1, 8 * size.parameters + 2**20
    with stock_superlink(folder / "stock", made) as stock, our_superlink(folder / "ours", made, object_bytes) as ours:
        before = stock.rounds("before", size.tenants, size.parameters, half)
        notes = ours.rounds("measured", size.tenants, size.parameters, size.rounds)
        after = stock.rounds("after", size.tenants, size.parameters, half)
    theirs, measured = median([*before.round_seconds(), *after.round_seconds()]), median(notes.round_seconds())
    title = f"{size.tenants} tenants, {4 * size.parameters / 1e6:g} MB"
    lost = size.tenants * size.rounds - notes.accepted()
    yield Measure(f"{title}: answers lost in {size.rounds} rounds", lost, "", "= 0", lost == 0)
    yield at_most(f"{title}: a round, of Flower's own with FedAvg", measured / theirs, "×", goals.MOST_ROUND_RATIO)
    work = (ours.peaks.worked_seconds / size.rounds) / (stock.peaks.worked_seconds / (2 * half))
    yield figure(f"{title}: work of SuperLink and ServerApp in a round, of Flower's own", work, "×")
    yield figure(f"{title}: a round", measured, "s")
    yield figure(f"{title}: a round of Flower's own with FedAvg", theirs, "s")


def _memory(folder: Path, size: Size) -> Iterator[Measure]:
    """One server after the other, so that neither takes the other's memory."""
    from flowstate_flower.cli.bench.founding import founded
    from flowstate_flower.cli.bench.ours import PURPOSE, our_superlink
    from flowstate_flower.cli.bench.stock import stock_superlink

    tenants, model = goals.LARGE_TENANTS, 4 * size.large_parameters
    made = founded(folder, _names(tenants), PURPOSE)
    with our_superlink(folder / "ours", made, 2 * model + 2**20) as ours:
        notes = ours.rounds("measured", tenants, size.large_parameters, goals.LARGE_ROUNDS)
    with stock_superlink(folder / "stock", made) as stock:
        stock.rounds("measured", tenants, size.large_parameters, goals.LARGE_ROUNDS)
    title, bound = f"{tenants} tenants, {model / 1e6:g} MB", goals.SERVER_APP_MODELS * model + goals.SERVER_APP_BYTES
    lost = tenants * goals.LARGE_ROUNDS - notes.accepted()
    yield Measure(f"{title}: answers lost in {goals.LARGE_ROUNDS} rounds", lost, "", "= 0", lost == 0)
    yield at_most(f"{title}: peak of the ServerApp", ours.peaks.server_app / 1e6, "MB", bound / 1e6)
    yield figure(f"{title}: peak of FedAvg's ServerApp", stock.peaks.server_app / 1e6, "MB")
    yield at_most(f"{title}: peak of the SuperLink", ours.peaks.superlink / 1e6, "MB", stock.peaks.superlink / 1e6)


def _hostile(folder: Path, size: Size) -> Iterator[Measure]:
    from flowstate_flower.cli.bench.flooding import flooding

    return flooding(folder, size.per_second, size.seconds)


def _kills(folder: Path, size: Size) -> Iterator[Measure]:
    from flowstate_flower.cli.bench.cutting import cutting

    return cutting(folder, size.kills)


def _names(count: int) -> list[str]:
    return [f"tenant-{number:03}" for number in range(count)]


Part = Callable[[Path, Size], Iterator[Measure]]
PARTS: dict[str, Part] = {"rounds": _rounds, "memory": _memory, "hostile": _hostile, "kills": _kills}
