"""`flowstate privacy show`: each account of a home, what it has spent and on what."""

from typing import Annotated

import typer

from flowstate_flower.cli.inputs import HomeArgument
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.cli.privacy.accounts import read
from flowstate_flower.registry.ledger_views import AccountView, ChargeView

WIDTH, BLOCKS = 30, " ▏▎▍▌▋▊▉█"


def privacy_show(
    home: HomeArgument,
    last: Annotated[int, typer.Option(help="How many of the newest rounds.", min=0)] = 20,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show what each account of a home has spent of its budget, after checking every entry of its ledger.

    Example: `flowstate privacy show home --last 5`
    """
    from flowstate_flower import wiring

    views, policy = read(home), wiring.open_voice(home).policy.privacy
    if output is Format.JSON:
        print_json({"accounts": views, "policy_epsilon": policy.epsilon if policy else None})
        return
    if not views:
        print_line("Nothing was spent here yet.")
    for view in views:
        _print_account(view, last)
        if policy is not None and policy.epsilon > view.budget and policy.delta == view.delta:
            print_line(
                f"policy.toml says ε = {policy.epsilon:g}, which changes nothing: flowstate privacy raise signs for more."
            )


def bar(part: float, width: int = WIDTH) -> str:
    """How much of `width` characters a part from 0 to 1 fills, to an eighth of a character."""
    eighths = round(min(1.0, max(0.0, part)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (BLOCKS[rest] if rest else "")).ljust(width, "·")


def _print_account(view: AccountView, last: int) -> None:
    print_line(f"\naccount {view.account[:12]}, {view.unit} of {view.units}, {view.status}" + (", signed" * view.signed))
    print_line(f"{bar(view.spent / view.budget)} ε = {view.spent:.3g} of {view.budget:g} at δ = {view.delta:g}")
    if view.status == "waiting":
        print_line("It has no budget of its own before the tenant signs: flowstate privacy open")
    if view.rounds_left is not None and view.next_epsilon is not None:
        print_line(f"One more round like the last: ε = {view.next_epsilon:.3g}. There may be {view.rounds_left} of them.")
    if view.unsettled:
        print_line(f"{len(view.unsettled)} rounds were reserved and did not end. They are spent.")
    rows = [
        (c.run, c.round, c.release.noise_multiplier, c.release.sample_rate, c.release.steps, c.epsilon, _end(c))
        for c in view.charges[max(0, len(view.charges) - last) :]
    ]
    if rows:
        print_table(["run", "round", "noise", "rate", "steps", "ε so far", "settled"], rows)


def _end(charge: ChargeView) -> str:
    return "no" if charge.settled_at is None else "yes"
