"""`flowstate privacy`: what a tenant has spent, what a plan would cost, and budgets that it signs for."""

import typer

from flowstate_flower.cli.privacy.budgets import privacy_open, privacy_raise
from flowstate_flower.cli.privacy.plan import privacy_plan
from flowstate_flower.cli.privacy.show import privacy_show

app = typer.Typer(no_args_is_help=True, help="A tenant's privacy budgets: what is spent, and what a plan would cost.")
app.command("show")(privacy_show)
app.command("plan")(privacy_plan)
app.command("raise")(privacy_raise)
app.command("open")(privacy_open)
