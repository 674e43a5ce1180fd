"""`flowstate privacy`: what privacy costs, and attacks that show what it is worth."""

import typer

from flowstate_flower.cli.privacy.audit import audit
from flowstate_flower.cli.privacy.invert import invert

app = typer.Typer(no_args_is_help=True, help="What privacy costs, and attacks that show what it is worth.")
app.command()(audit)
app.command()(invert)
