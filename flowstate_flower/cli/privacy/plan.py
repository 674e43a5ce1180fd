"""`flowstate privacy plan`: how much noise a plan needs, and what it costs round by round."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.cli.privacy.accounts import AccountOption, read, the_account
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Accountant, Budget, GaussianRelease, pld
from flowstate_flower.privacy.planner import Work, course, filter_for, least_noise
from flowstate_flower.registry.ledger_views import AccountView

NO_PLD = "ε by privacy-loss distributions is left out: pip install 'flowstate-flower[pld]'"
OF_PLD = "ε (PLD) holds for this plan alone, fixed beforehand; the budget is Rényi's."
POINTS = 8
"""Rounds for which the slower accountant is asked, and lines of the table."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan. `by_round` has ε after each round as it is reported; `pld_by_round` some of them, tighter, for this plan only."""

    noise_multiplier: float
    sample_rate: float
    steps: int
    rounds: int
    rounds_possible: int
    budget: float
    delta: float
    spent_before: float
    by_round: tuple[float, ...]
    pld_by_round: dict[int, float] | None


def privacy_plan(
    rounds: Annotated[int, typer.Option(help="How many rounds.", min=1, max=100_000)],
    examples: Annotated[int, typer.Option(help="N, the number of units: examples, or people.", min=1)],
    batch_size: Annotated[int, typer.Option("--batch", help="B, expected in a step.", min=1)],
    epsilon: Annotated[float | None, typer.Option(help="The budget. Default: the account's, with --home.")] = None,
    delta: Annotated[float, typer.Option(help="Below 1 / N. With --home: the account's.")] = 1e-5,
    steps: Annotated[int | None, typer.Option(help="Steps in a round.", min=1)] = None,
    epochs: Annotated[float | None, typer.Option(help="Instead of steps: passes over the data in a round.")] = None,
    noise: Annotated[float | None, typer.Option(help="The noise multiplier, where it is decided already.")] = None,
    metrics_noise: Annotated[float | None, typer.Option(help="That of the policy's [metrics], where some leave.")] = None,
    home: Annotated[Path | None, typer.Option(help="Begin with what this home has spent.")] = None,
    account: AccountOption = None,
    plot: Annotated[Path | None, typer.Option(help="Draw ε by round to this PNG file.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Plan a budget: the least noise with which all rounds are paid, and ε after each of them.

    Example: `flowstate privacy plan --epsilon 8 --rounds 20 --epochs 1 --examples 6000 --batch 256`
    """
    view = None if home is None else the_account(read(home), account, f"{home} has no account yet")
    if epsilon is None and view is None:
        raise BadInput("no budget", hint="--epsilon, or --home for the budget of an account")
    budget = Budget(epsilon or (view.budget if view else 0.0), view.delta if view else delta)
    work = Work(rounds, _steps(steps, epochs, examples, batch_size), batch_size, examples, metrics_noise)
    if budget.delta >= 1 / examples:
        raise BadInput(f"δ = {budget.delta:g} is not below 1 / {examples}", hint="a smaller δ: everybody's data could leak")
    planned = _planned(budget, work, noise, view)
    if plot is not None:
        _draw(planned, plot)
    if output is Format.JSON:
        print_json(planned)
        return
    _print(planned)


def _steps(steps: int | None, epochs: float | None, units: int, batch_size: int) -> int:
    if (steps is None) == (epochs is None):
        raise BadInput("how much work is a round?", hint="one of --steps and --epochs")
    if steps is not None:
        return steps
    found = round((epochs or 0.0) * units / batch_size)
    if found < 1:
        raise BadInput(f"{epochs} epochs are not one step", hint="more epochs, or a smaller batch")
    return found


def _planned(budget: Budget, work: Work, noise: float | None, view: AccountView | None) -> Planned:
    releases = tuple(charge.release for charge in view.charges) if view else ()
    before, order = Accountant(), view.filter_order if view else None
    for release in releases:
        before = before.after(release)
    release = work.release(least_noise(budget, work, before, order) if noise is None else noise)
    possible = filter_for(budget, release, order).rounds_left(before, release)
    count = min(work.rounds, possible)
    return Planned(
        noise_multiplier=release.noise_multiplier,
        sample_rate=release.sample_rate,
        steps=work.steps,
        rounds=work.rounds,
        rounds_possible=possible,
        budget=budget.epsilon,
        delta=budget.delta,
        spent_before=before.epsilon(budget.delta),
        by_round=tuple(course(before, release, count, budget.delta)),
        pld_by_round=_by_pld(releases, release, count, budget.delta) if pld.is_installed() else None,
    )


def _by_pld(before: tuple[GaussianRelease, ...], release: GaussianRelease, rounds: int, delta: float) -> dict[int, float]:
    return {number: pld.pld_epsilon((*before, *[release] * number), delta) for number in _some(rounds)}


def _some(rounds: int) -> Sequence[int]:
    """About `POINTS` of the rounds, the first and the last among them."""
    return sorted({1 + round(place * (rounds - 1) / (POINTS - 1)) for place in range(POINTS)}) if rounds else []


def _print(plan: Planned) -> None:
    rate = f"q = {plan.sample_rate:.4g}, {plan.steps} steps a round"
    print_line(f"σ = {plan.noise_multiplier:.4g}, {rate}: {min(plan.rounds, plan.rounds_possible)} of {plan.rounds} rounds")
    print_line(f"budget ε = {plan.budget:g} at δ = {plan.delta:g}; {plan.spent_before:.3g} is spent before.\n")
    loose = plan.pld_by_round or {}
    rows = [(number, plan.by_round[number - 1], loose.get(number)) for number in _some(len(plan.by_round))]
    print_table(["round", "ε (Rényi)", "ε (PLD)"], rows, spare={"ε (PLD)"})
    print_line("")
    print_line(
        NO_PLD if plan.pld_by_round is None else "ε (PLD) holds for this plan alone, fixed beforehand; the budget is Rényi's."
    )


def _draw(plan: Planned, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(len(plan.by_round) + 1), [plan.spent_before, *plan.by_round], label="Rényi: what is reported")
    if plan.pld_by_round:
        axes.plot(list(plan.pld_by_round), list(plan.pld_by_round.values()), "o", label="PLD: this plan, fixed beforehand")
    axes.axhline(plan.budget, color="tab:red", linestyle="--", label="budget")
    axes.set(xlabel="round", ylabel=f"ε at δ = {plan.delta:g}", title=f"σ = {plan.noise_multiplier:.4g}")
    axes.legend()
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}", hint="choose another file") from error
