"""`flowstate privacy raise` and `open`: the two ways in which a budget grows, each signed with the tenant's key."""

from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import HomeArgument
from flowstate_flower.cli.output import print_line
from flowstate_flower.cli.privacy.accounts import AccountOption, opened_ledger, the_account
from flowstate_flower.errors import BadInput
from flowstate_flower.registry.ledger_views import AccountView, accounts

Epsilon = Annotated[float, typer.Option("--epsilon", help="What it may spend in all, with what is spent already.")]


def privacy_raise(home: HomeArgument, epsilon: Epsilon, account: AccountOption = None) -> None:
    """Sign that an account may spend more. The policy has to say so too: the smaller of the two counts.

    Example: `flowstate privacy raise home --epsilon 10`
    """
    views = [view for view in accounts(opened_ledger(home)) if view.status == "open"]
    _sign(home, the_account(views, account, "nothing was spent here yet, so nothing can be raised"), epsilon)


def privacy_open(home: HomeArgument, epsilon: Epsilon, account: AccountOption = None) -> None:
    """Sign that data which the home has not trained on before have a budget of their own. That is only true where they have no
    rows in common with the data of another account: a row in both pays for both.

    Example: `flowstate privacy open home --epsilon 4`
    """
    views = [view for view in accounts(opened_ledger(home)) if view.status == "waiting"]
    _sign(home, the_account(views, account, "no data are waiting for a budget: they are once a round was refused"), epsilon)


def _sign(home: Path, view: AccountView, epsilon: float) -> None:
    from flowstate_flower import wiring

    if not 0 < epsilon < float("inf"):
        raise BadInput(f"a budget of ε = {epsilon}", hint="a number above 0")
    voice = wiring.open_voice(home)
    opened_ledger(home).allow(view.account, epsilon, voice.key)
    print_line(f"{view.account[:12]} may spend ε = {epsilon:g} at δ = {view.delta:g}; {view.spent:.3g} is spent.")
    if (policy := voice.policy.privacy) is not None and policy.epsilon < epsilon:
        print_line(f"policy.toml says {policy.epsilon:g}, which tightens it again with the next round: change it there too.")
