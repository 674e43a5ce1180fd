"""`flowstate registry`: the operator's folder itself."""

from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.output import print_line
from flowstate_flower.registry import Registry

app = typer.Typer(no_args_is_help=True, help="The operator's registry.")


@app.command("create")
def registry_create(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")]) -> None:
    """Make a registry with its keys: `operator.key` signs the log, `kek.key` wraps the tenants' data keys.

    Example: `flowstate registry create operator`
    """
    registry = Registry.create(folder)
    print_line(f"{registry.path} is made. Give {folder}/operator.pub to tenants and auditors; keep the two keys apart from it.")
    registry.close()
