"""`flowstate poc`: a whole deployment on one machine, to try."""

from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table, stderr
from flowstate_flower.errors import CHECK_FAILED

app = typer.Typer(no_args_is_help=True, help="A deployment to try: all of it as real processes on this machine, in one folder.")

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="New, or one that `poc up` made.")]


@app.command("up")
def poc_up(
    folder: FolderArgument,
    tenants: Annotated[int, typer.Option(help="How many organisations, hospital-a and on.", min=1, max=26)] = 3,
) -> None:
    """Bring up an operator with a SuperLink, and tenants that join by invitation. What is there already is kept.

    Example: `flowstate poc up --tenants 3 poc`
    """
    from flowstate_flower.deployment.poc import PURPOSE, Poc

    poc = Poc(folder.absolute())
    poc.up(tenants, lambda line: stderr.print(line, soft_wrap=True))
    print_line(f"{folder} is up. Tenants agree to '{PURPOSE}', and learn scikit-learn's digits.")
    print_line(f"Every command of an operator works with --registry {folder}/operator, of a tenant with {folder}/tenants/NAME.")


@app.command("status")
def poc_status(folder: FolderArgument, output: FormatOption = Format.TABLE) -> None:
    """Show what runs. Exits 1 where something does not.

    Example: `flowstate poc status poc`
    """
    from flowstate_flower.deployment.poc import Poc

    states = Poc(folder.absolute()).states()
    if output is Format.JSON:
        print_json({"services": states})
    else:
        print_table(["service", "process", "last"], [(s.service, s.pid or "is down", s.last) for s in states], spare={"last"})
    raise typer.Exit(CHECK_FAILED if any(state.pid is None for state in states) else 0)


@app.command("down")
def poc_down(folder: FolderArgument) -> None:
    """End every process. What was recorded stays, and `poc up` goes on with it.

    Example: `flowstate poc down poc`
    """
    from flowstate_flower.deployment.poc import Poc

    Poc(folder.absolute()).down(lambda line: stderr.print(line, soft_wrap=True))
    print_line(f"{folder} is down.")
