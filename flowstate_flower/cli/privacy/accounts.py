"""Which account of a home a command is about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.ledger_views import AccountView, accounts
from flowstate_flower.registry.tenant_ledger import TenantLedger

AccountOption = Annotated[str | None, typer.Option("--account", help="How its name begins, where there are several.")]


def opened_ledger(home: Path) -> TenantLedger:
    """The ledger of a home, checked with the home's own key."""
    from flowstate_flower import wiring

    return wiring.open_ledger(home)


def the_account(views: Sequence[AccountView], beginning: str | None, nothing: str) -> AccountView:
    """The only one, or the one whose name begins so. Raises `BadInput`; `nothing` is said where there is none at all."""
    if not views:
        raise BadInput(nothing, hint="flowstate privacy show HOME lists the accounts")
    if beginning is None and len(views) > 1:
        raise BadInput(f"there are {len(views)} accounts", hint="name one: --account " + views[0].account[:8])
    found = [view for view in views if view.account.startswith(beginning or "")]
    if len(found) != 1:
        raise UnknownName("account", beginning or "", [view.account[:12] for view in views])
    return found[0]


def read(home: Path) -> list[AccountView]:
    """The accounts of a home."""
    return accounts(opened_ledger(home))
