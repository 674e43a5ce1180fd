"""`flowstate keys`: new keys for what is encrypted at rest."""

import typer

from flowstate_flower.cli.inputs import NameArgument, RegistryOption, opened
from flowstate_flower.cli.output import print_line
from flowstate_flower.registry import keys
from flowstate_flower.registry.rounds import OPERATOR

app = typer.Typer(no_args_is_help=True, help="New keys for what is encrypted. What was interrupted may be repeated.")


@app.command("rotate-kek")
def keys_rotate_kek(registry: RegistryOption = None) -> None:
    """Make a new key-encryption key, wrap every data key with it, and forget the old one.

    Example: `flowstate keys rotate-kek --registry operator`
    """
    wrapped = keys.rotate_kek(opened(registry, to_write=True), actor=OPERATOR)
    print_line(f"{wrapped} data keys are wrapped with the new key.")


@app.command("rotate-data-key")
def keys_rotate_data_key(name: NameArgument, registry: RegistryOption = None) -> None:
    """Make a new data key for a tenant, encrypt its rows with it, and destroy the old one.

    Example: `flowstate keys rotate-data-key hospital-a --registry operator`
    """
    rows = keys.renew_data_key(opened(registry, to_write=True), name, actor=OPERATOR)
    print_line(f"{rows} rows of {name} are encrypted with its new data key.")
