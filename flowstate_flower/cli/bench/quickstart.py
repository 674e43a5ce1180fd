"""`flowstate bench quickstart`: what the attack of the shipped demo costs, with the robust rule and without."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from flowstate_flower.cli.bench import goals
from flowstate_flower.cli.bench.measures import CheckOption, above, at_most, figure, show
from flowstate_flower.cli.output import Format, FormatOption, stderr


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
            figure(f"seed {seed}: accuracy, nobody poisons", final["unattacked"], "%"),
            figure(f"seed {seed}: accuracy, {results.rule}", final["defended"], "%"),
            figure(f"seed {seed}: accuracy, plain FedAvg", final["undefended"], "%"),
            at_most(f"seed {seed}: points lost, {results.rule}", lost["defended"], "points", goals.MOST_POINTS_LOST),
            above(f"seed {seed}: points lost, plain FedAvg", lost["undefended"], "points", goals.MOST_POINTS_LOST),
            above(f"seed {seed}: audit verified", float(results.audit.verified), "", 0.0),
        ]
    measures.append(at_most("slowest simulation", slowest, "s", goals.MOST_SECONDS))
    show(measures, output, check=check)
