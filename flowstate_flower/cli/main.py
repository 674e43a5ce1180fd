"""`flowstate`: the whole command line, and the one place where errors become exit codes.

Exit codes: 0 done · 1 a check found something wrong · 2 bad input · 3 the federation cannot run as asked · 4 a registry that
cannot be read · 130 stopped by the person.
"""

import sys
from typing import Annotated

import click
import typer

from flowstate_flower import __version__
from flowstate_flower.cli import (
    audit,
    bench,
    client,
    config,
    consent,
    deployment,
    doctor,
    isolation,
    keys,
    metrics,
    pki,
    poc,
    privacy,
    rules,
    runs,
    simulation,
    superlink,
    tenant,
)
from flowstate_flower.cli.output import complain
from flowstate_flower.errors import FlowstateError, Interrupted

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Federated learning between organisations that do not fully trust each other, on Flower.",
    epilog="Start with: `flowstate simulate quickstart`",
)
app.command("simulate")(simulation.simulate)
app.command("scenarios")(simulation.scenarios)
app.command("rules")(rules.rules)
app.add_typer(deployment.app, name="registry")
app.add_typer(superlink.app, name="superlink")
app.add_typer(tenant.app, name="tenant")
app.add_typer(consent.app, name="consent")
app.add_typer(privacy.app, name="privacy")
app.add_typer(config.app, name="config")
app.add_typer(keys.app, name="keys")
app.add_typer(pki.app, name="pki")
app.add_typer(client.app, name="client")
app.add_typer(runs.app, name="run")
app.add_typer(audit.app, name="audit")
app.command("metrics")(metrics.metrics)
app.add_typer(poc.app, name="poc")
app.command("doctor")(doctor.doctor)
app.command("isolation")(isolation.isolation)
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Nothing but `--version` belongs to all commands."""


def main() -> None:
    """Run the command line; no mistake of a person ends in a traceback."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        return int(app(arguments, prog_name="flowstate", standalone_mode=False) or 0)
    except FlowstateError as error:
        complain(error)
        return error.exit_code
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        complain(Interrupted("stopped"))
        return Interrupted.exit_code
    except BrokenPipeError:  # the reader of a pipe left: nobody to tell
        sys.stderr.close()
        return 0
