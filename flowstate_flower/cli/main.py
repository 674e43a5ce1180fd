"""`flowstate`: the whole command line, and the one place where errors become exit codes.

Exit codes: 0 done · 1 a check found something wrong · 2 bad input · 3 the federation cannot run as asked · 4 a registry that
cannot be read · 130 stopped by the person.
"""

import sys
from importlib import import_module
from typing import Annotated

import click
import typer

from flowstate_flower import __version__
from flowstate_flower.cli.output import complain
from flowstate_flower.errors import FlowstateError, Interrupted

ROOMS = {
    "simulate": "simulation:simulate",
    "scenarios": "simulation:scenarios",
    "rules": "rules:rules",
    "registry": "deployment:app",
    "superlink": "superlink:app",
    "tenant": "tenant:app",
    "consent": "consent:app",
    "privacy": "privacy:app",
    "config": "config:app",
    "keys": "keys:app",
    "pki": "pki:app",
    "client": "client:app",
    "run": "runs:app",
    "audit": "audit:app",
    "metrics": "metrics:metrics",
    "poc": "poc:app",
    "doctor": "doctor:doctor",
    "isolation": "isolation:isolation",
    "bench": "bench:app",
}
"""The module and the name in it of each command: one command does not wait for the imports of the others."""


def application(only: str | None = None) -> typer.Typer:
    """The command line, or the part of it that `only` needs."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        suggest_commands=False,  # click 8.5 does
        rich_markup_mode="markdown",
        help="Federated learning between organisations that do not fully trust each other, on Flower.",
        epilog="Start with: `flowstate simulate quickstart`",
    )
    app.callback()(root)
    for name in [only] if only in ROOMS else ROOMS:
        module, _, attribute = ROOMS[name].partition(":")
        command = getattr(import_module(f"flowstate_flower.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


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
        app = application(arguments[0] if arguments else None)
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
