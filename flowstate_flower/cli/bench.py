"""`flowstate bench`: every figure of the docs is printed by one of these, and `--check` fails where a goal is missed."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from flowstate_flower.cli.output import Format, FormatOption, print_json, print_table, stderr
from flowstate_flower.errors import CHECK_FAILED

app = typer.Typer(no_args_is_help=True, help="Measure, and compare with the goals.")

MOST_POINTS_LOST = 3.0
MOST_SECONDS = 120.0

CheckOption = Annotated[bool, typer.Option("--check", help="Exit 1 where a goal is missed.")]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure beside its goal. `met` is None where there is no goal."""

    name: str
    value: float
    unit: str
    goal: str
    met: bool | None


@app.callback()
def group() -> None:
    """Measure, and compare with the goals."""


@app.command()
def quickstart(
    seeds: Annotated[int, typer.Option(help="How many seeds, from 1 on.", min=1, max=100)] = 5,
    check: CheckOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """The shipped demo over several seeds: what the attack costs with the robust rule, and with plain FedAvg.

    Example: `flowstate bench quickstart --seeds 5 --check`
    """
    from flowstate_flower.simulations.scenario import load
    from flowstate_flower.simulations.simulate import Order, simulate

    scenario, measures, slowest = load("quickstart"), [], 0.0
    for seed in range(1, seeds + 1):
        stderr.print(f"seed {seed} of {seeds}")
        with TemporaryDirectory(prefix="flowstate-bench-") as folder:
            begun = time.monotonic()
            results = simulate(Order("quickstart", scenario, seed, "in-process", Path(folder) / "run"))
            slowest = max(slowest, time.monotonic() - begun)
        final = {variant: 100 * value for variant, value in results.final_accuracy.items()}
        lost = {variant: final["unattacked"] - final[variant] for variant in ("defended", "undefended")}
        measures += [
            Measure(f"seed {seed}: accuracy, nobody poisons", final["unattacked"], "%", "", None),
            Measure(f"seed {seed}: accuracy, {results.rule}", final["defended"], "%", "", None),
            Measure(f"seed {seed}: accuracy, plain FedAvg", final["undefended"], "%", "", None),
            _at_most(f"seed {seed}: points lost, {results.rule}", lost["defended"], "points", MOST_POINTS_LOST),
            _above(f"seed {seed}: points lost, plain FedAvg", lost["undefended"], "points", MOST_POINTS_LOST),
            _above(f"seed {seed}: audit verified", float(results.audit.verified), "", 0.0),
        ]
    measures.append(_at_most("slowest simulation", slowest, "s", MOST_SECONDS))
    show(measures, output, check=check)


def show(measures: list[Measure], output: Format, *, check: bool) -> None:
    """Print the measures; with `check`, leave with 1 if a goal was missed."""
    if output is Format.JSON:
        print_json({"results": measures})
    else:
        rows = [(m.name, f"{m.value:.2f}", m.unit, m.goal, {True: "met", False: "MISSED", None: ""}[m.met]) for m in measures]
        print_table(["figure", "value", "unit", "goal", ""], rows)
    if check and any(m.met is False for m in measures):
        raise typer.Exit(CHECK_FAILED)


def _at_most(name: str, value: float, unit: str, bound: float) -> Measure:
    return Measure(name, value, unit, f"≤ {bound:g}", value <= bound)


def _above(name: str, value: float, unit: str, bound: float) -> Measure:
    return Measure(name, value, unit, f"> {bound:g}", value > bound)
