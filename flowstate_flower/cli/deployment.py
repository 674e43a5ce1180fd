"""`flowstate registry`: the operator's folder and database themselves."""

from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import RegistryOption, opened, said
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.errors import CHECK_FAILED
from flowstate_flower.registry import Registry
from flowstate_flower.registry.places import without_password
from flowstate_flower.trust.keys import PublicKey

app = typer.Typer(no_args_is_help=True, help="The operator's registry.")

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")]
DatabaseOption = Annotated[
    str | None,
    typer.Option(help="postgresql+psycopg://USER@HOST/DATABASE, an empty database; without it, SQLite in the folder."),
]


@app.command("create")
def registry_create(folder: FolderArgument, database: DatabaseOption = None) -> None:
    """Make a registry with its keys: `operator.key` signs the log, `kek.key` wraps the tenants' data keys.

    Example: `flowstate registry create operator`
    """
    registry = Registry.create(folder) if database is None else Registry.create(without_password(database), folder)
    print_line(f"{registry.path} is made. Give {folder}/operator.pub to tenants and auditors; keep the two keys apart from it.")
    registry.close()


@app.command("migrate")
def registry_migrate(
    registry: RegistryOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do it, print it, and undo it.")] = False,
) -> None:
    """Bring a registry of an older version to this one: all of it in one transaction, or nothing. Take a copy first.

    Example: `flowstate registry migrate --dry-run --registry operator`
    """
    from flowstate_flower.registry import upgrading

    done = upgrading.upgrade(said(registry), dry_run=dry_run)
    if not done.steps:
        print_line(f"nothing to do: this is schema {done.after}")
        return
    for step in done.steps:
        print_line(f"- {step}")
    does = "would bring" if dry_run else "brought"
    print_line(f"This {does} it from schema {done.before} to {done.after}, with {done.entries} more entries in the log.")


@app.command("backup")
def registry_backup(
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A new folder.")], registry: RegistryOption = None
) -> None:
    """Copy a registry while it is in use: rows, models and the operator's public key, without the secret keys.

    Example: `flowstate registry backup copies/monday --registry operator`
    """
    from flowstate_flower.registry import safekeeping

    source = opened(registry)
    models = safekeeping.backup(source, destination)
    print_line(f"{destination} holds {source.name} and {models} models. Its keys are not in it: copy them elsewhere.")


@app.command("restore")
def registry_restore(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A folder that `registry backup` made.")],
    folder: FolderArgument,
    database: DatabaseOption = None,
    keys: Annotated[Path | None, typer.Option(help="A folder with operator.key and kek.key, to write again.")] = None,
    operator_key: Annotated[Path | None, typer.Option(help="The public key that you trust. Default: the copy's.")] = None,
) -> None:
    """Put a copy in place, if its log verifies. Nothing is overwritten. With `--database`, this moves it to PostgreSQL.

    Example: `flowstate registry restore copies/monday operator --keys safe`
    """
    from flowstate_flower.registry import safekeeping

    key = PublicKey.read(operator_key) if operator_key else None
    where, home = (folder, None) if database is None else (without_password(database), folder)
    verdict = safekeeping.restore(source, where, home=home, operator=key, keys=keys)
    print_line(f"{folder} is restored: {verdict.entries} entries verified, root {verdict.root}")


@app.command("check")
def registry_check(registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """Check a registry: the database, its schema, its log and models, the keys beside it. Exits 1 where something is wrong.

    Example: `flowstate registry check --registry operator`
    """
    from flowstate_flower.registry import checking

    found = checking.check(opened(registry))
    if output is Format.JSON:
        print_json(found)
    else:
        rows = [(check.what, problem) for check in found for problem in check.problems or ("sound",)]
        print_table(["checked", "found"], rows)
    raise typer.Exit(CHECK_FAILED if any(check.problems for check in found) else 0)
