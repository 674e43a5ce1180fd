"""`flowstate privacy audit`: a lower bound on ε, from one run of the real trainer."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.errors import CHECK_FAILED

if TYPE_CHECKING:
    from flowstate_flower.simulations.canaries import Finding


class Engine(StrEnum):
    """Who computes the clipped sums."""

    AUTO = "auto"
    FAST = "fast"
    OPACUS = "opacus"


def audit(
    noise_multiplier: Annotated[float, typer.Option("--noise", help="σ, the noise divided by the clip.", min=0.01)] = 8.0,
    steps: Annotated[int, typer.Option(help="Steps of training.", min=1, max=10_000)] = 10,
    sample_rate: Annotated[float, typer.Option(help="Chance of each example to enter a step.", min=0, max=1)] = 1.0,
    canaries: Annotated[int, typer.Option(help="How many; about half are in the data.", min=10, max=1_000_000)] = 50_000,
    delta: Annotated[float, typer.Option(help="δ of the claim.", min=0, max=1)] = 1e-5,
    engine: Annotated[Engine, typer.Option(help="Who computes the clipped sums.")] = Engine.AUTO,
    plot: Annotated[Path | None, typer.Option(help="Write a picture of the scores: .png or .svg.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Attack private training with canaries, and print the ε that they prove beside the ε that is claimed. Exits 1 where more
    was lost than claimed.

    The same attack on weaker noise says what the audit could have found; it finds nothing below that. Nothing is seeded, so
    no two audits are the same. Such a bound is wrong in one audit out of twenty at most.

    Example: `flowstate privacy audit --engine opacus --plot audit.png`
    """
    from flowstate_flower.simulations.canaries import FACTORS, AuditPlan
    from flowstate_flower.simulations.canaries import audit as audited

    plan = AuditPlan(noise_multiplier, steps, sample_rate, canaries, delta, engine.value)
    found = audited(plan)
    weaker = {factor: audited(plan, factor) for factor in FACTORS}
    if plot is not None:
        from flowstate_flower.simulations.pictures import audit_picture

        audit_picture(found, plot)
    if output is Format.JSON:
        print_json({"delta": delta, **_facts(found), "weaker_noise": {f"{f:g}": _facts(w) for f, w in weaker.items()}})
    else:
        rows = [_row("as claimed", found), *(_row(f"× {factor:g}", one) for factor, one in weaker.items())]
        print_table(["noise", "claimed ε", "ε is at least", "guesses", "right", "claim"], rows)
        print_line(f"\n{_verdict(found, delta)} {_power(weaker)}")
    raise typer.Exit(0 if found.holds else CHECK_FAILED)


def _facts(found: "Finding") -> dict[str, object]:
    return {
        "engine": found.engine,
        "claimed": found.claimed,
        "lower_bound": found.bound.epsilon,
        "guesses": found.bound.guesses,
        "right": found.bound.right,
        "holds": found.holds,
    }


def _row(noise: str, found: "Finding") -> tuple[object, ...]:
    bound = found.bound
    return noise, found.claimed, bound.epsilon, bound.guesses, bound.right, "holds" if found.holds else "BROKEN"


def _verdict(found: "Finding", delta: float) -> str:
    if found.holds:
        return f"Engine {found.engine}: nothing contradicts ε = {found.claimed:.2f} at δ = {delta:g}."
    return f"Engine {found.engine}: MORE WAS LOST than ε = {found.claimed:.2f} at δ = {delta:g}, with 95 % confidence."


def _power(weaker: dict[float, "Finding"]) -> str:
    said = [f"× {factor:g} {'would have been found' if not one.holds else 'would not'}" for factor, one in weaker.items()]
    return f"Noise {', '.join(said)}."
