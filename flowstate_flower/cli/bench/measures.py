"""A figure beside its goal, and how a list of them is printed."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from flowstate_flower.cli.output import Format, print_json, print_table
from flowstate_flower.errors import CHECK_FAILED

PAUSE_SECONDS, MOST_PAUSES, IDLE = 0.01, 50, 0.1
"""How long to wait at a time, how often, and the share of a processor that a process at rest may use meanwhile."""

CheckOption = Annotated[bool, typer.Option("--check", help="Exit 1 where a goal is missed.")]
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure beside its goal. `met` is None where there is no goal; `value` is None where it cannot be measured here, and
    `unit` then says why.
    """

    name: str
    value: float | None
    unit: str
    goal: str
    met: bool | None


def figure(name: str, value: float, unit: str) -> Measure:
    """A figure without a goal."""
    return Measure(name, value, unit, "", None)


def at_most(name: str, value: float, unit: str, bound: float) -> Measure:
    """Met where the value is at most `bound`."""
    return Measure(name, value, unit, f"≤ {bound:g}", value <= bound)


def at_least(name: str, value: float, unit: str, bound: float) -> Measure:
    """Met where the value is `bound` or more."""
    return Measure(name, value, unit, f"≥ {bound:g}", value >= bound)


def above(name: str, value: float, unit: str, bound: float) -> Measure:
    """Met where the value is more than `bound`."""
    return Measure(name, value, unit, f"> {bound:g}", value > bound)


def absent(name: str, why: str, goal: str = "") -> Measure:
    """What cannot be measured here. It is named, and is not a missed goal."""
    return Measure(name, None, f"absent: {why}", goal, None)


def show(measures: Sequence[Measure], output: Format, *, check: bool) -> None:
    """Print the measures; with `check`, leave with 1 if a goal was missed."""
    if output is Format.JSON:
        print_json({"results": measures})
    else:
        print_table(["figure", "value", "unit", "goal", ""], [_row(measure) for measure in measures])
    if check and any(m.met is False for m in measures):
        raise typer.Exit(CHECK_FAILED)


def seconds(work: Work) -> float:
    """Wall time of one call, from rest; garbage waits."""
    _rest()
    gc.disable()
    try:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun
    finally:
        gc.enable()


def _rest() -> None:
    """Wait until no thread of this process works: those of BLAS go on for a tenth of a second after their work, in case more
    comes, on processors that whoever is timed next could use.
    """
    for _ in range(MOST_PAUSES):
        before = time.process_time()
        time.sleep(PAUSE_SECONDS)
        if time.process_time() - before < IDLE * PAUSE_SECONDS:
            return


def _row(measure: Measure) -> tuple[str, str | None, str, str, str]:
    value = None if measure.value is None else f"{measure.value:.2f}"
    return measure.name, value, measure.unit, measure.goal, {True: "met", False: "MISSED", None: ""}[measure.met]
