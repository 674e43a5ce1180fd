"""`flowstate bench training`: what private training costs, how exact it is, and what it reaches."""

import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowstate_flower.cli.bench.measures import CheckOption, Measure, show
from flowstate_flower.cli.output import Format, FormatOption

if TYPE_CHECKING:
    import torch


class Part(StrEnum):
    """What can be measured alone."""

    EXACTNESS = "exactness"
    STEPS = "steps"
    CLIENTS = "clients"
    MEMORY = "memory"
    LEDGER = "ledger"
    ACCURACY = "accuracy"


class Device(StrEnum):
    """Where models and data lie."""

    CPU = "cpu"
    CUDA = "cuda"


def training(
    only: Annotated[list[Part] | None, typer.Option(help="Only this part; may be repeated. All parts where absent.")] = None,
    threads: Annotated[list[int] | None, typer.Option(help="Torch's threads; may be repeated. One and all.", min=1)] = None,
    repeats: Annotated[int, typer.Option(help="How often each takes its turn; the median counts.", min=1)] = 7,
    images: Annotated[Path | None, typer.Option(help="A folder with MNIST's four files, instead of Debian's.")] = None,
    device: Annotated[Device, typer.Option(help="Where models and data lie.")] = Device.CPU,
    check: CheckOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Private training: a step against plain torch and Opacus, many clients at once, memory, the ledger, and accuracy.

    One run, taking turns; on the CPU each ratio is that of CPU times within a turn, and the median over turns. With
    `--device cuda` steps and clients are measured on a GPU, in wall time, and nothing else.

    Example: `flowstate bench training --check`
    """
    from flowstate_flower.clients.training import pick_device

    place = pick_device(device.value)
    several = threads or sorted({1, os.cpu_count() or 1})
    parts = [Part.STEPS, Part.CLIENTS] if device is Device.CUDA else list(Part)
    found: list[Measure] = []
    for part in parts:
        if only is None or part in only:
            found += _measured(part, several, repeats, images, place)
    show(found, output, check=check)


def _measured(part: Part, threads: list[int], repeats: int, images: Path | None, place: "torch.device") -> Iterable[Measure]:
    from flowstate_flower.cli.bench import accuracy, spending, steps, training_memory

    match part:
        case Part.EXACTNESS:
            return steps.exactness()
        case Part.STEPS:
            return [m for k in threads for m in steps.alone(k, repeats, place)]
        case Part.CLIENTS:
            return [m for k in threads for m in steps.clients(k, repeats, place)]
        case Part.MEMORY:
            return training_memory.memory()
        case Part.LEDGER:
            return spending.ledger()
        case Part.ACCURACY:
            return accuracy.accuracy(images)
