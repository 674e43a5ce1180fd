"""`flowstate bench`: every figure of the docs is printed by one of these, and `--check` fails where a goal is missed."""

import typer

from flowstate_flower.cli.bench.aggregation import aggregation
from flowstate_flower.cli.bench.deployment import deployment
from flowstate_flower.cli.bench.quickstart import quickstart
from flowstate_flower.cli.bench.registry import registry
from flowstate_flower.cli.bench.training import training

app = typer.Typer(no_args_is_help=True, help="Measure, and compare with the goals.")
app.command()(quickstart)
app.command()(aggregation)
app.command()(registry)
app.command()(training)
app.command()(deployment)


@app.callback()
def group() -> None:
    """Measure, and compare with the goals."""
