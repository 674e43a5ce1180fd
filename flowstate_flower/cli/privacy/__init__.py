"""`flowstate privacy`: what a tenant has spent, what a plan would cost, budgets that it signs for, and attacks that show what
the privacy is worth.
"""

import typer

from flowstate_flower.cli.privacy.audit import audit
from flowstate_flower.cli.privacy.budgets import privacy_open, privacy_raise
from flowstate_flower.cli.privacy.invert import invert
from flowstate_flower.cli.privacy.plan import privacy_plan
from flowstate_flower.cli.privacy.show import privacy_show

app = typer.Typer(no_args_is_help=True, help="Privacy: what is spent, what a plan would cost, and what attacks find.")
app.command("show")(privacy_show)
app.command("plan")(privacy_plan)
app.command("raise")(privacy_raise)
app.command("open")(privacy_open)
app.command("audit")(audit)
app.command("invert")(invert)
