"""`flowstate config`: the platform's settings, a tenant's and a run's."""

import json
from typing import Annotated, Any

import typer

from flowstate_flower.cli.inputs import RegistryOption, opened
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.registry import configuration
from flowstate_flower.registry.rounds import OPERATOR

app = typer.Typer(no_args_is_help=True, help="Bounds and quotas: of the platform, of a tenant, of a run.")
TenantOption = Annotated[str | None, typer.Option("--tenant", help="This tenant's layer.")]
RunOption = Annotated[str | None, typer.Option("--run", help="This run's layer.")]


@app.command("show")
def config_show(
    tenant: TenantOption = None, run: RunOption = None, registry: RegistryOption = None, output: FormatOption = Format.TABLE
) -> None:
    """Show every setting in force, and the layer that it comes from.

    Example: `flowstate config show --tenant hospital-a --registry operator`
    """
    rows = configuration.in_force(opened(registry), tenant, run)
    if output is Format.JSON:
        print_json(rows)
        return
    print_table(["setting", "value", "from"], [(row.key, row.value, row.layer) for row in rows])


@app.command("set")
def config_set(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As `config show` prints it.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A number, a rate such as 60/hour, or none.")],
    tenant: TenantOption = None,
    run: RunOption = None,
    registry: RegistryOption = None,
) -> None:
    """Set one KEY of a layer to VALUE, a number, a rate such as 60/hour, or none. Bounds inside are only ever tighter.

    Example: `flowstate config set quotas.rounds_per_day 50 --tenant hospital-a --registry operator`
    """
    writable = opened(registry, to_write=True)
    version = configuration.change(writable, key, _value(value), actor=OPERATOR, tenant=tenant, run=run)
    print_line(f"{key} = {value}, version {version}")


def _value(text: str) -> Any:
    """Numbers as numbers, `none` as nothing, the rest as text."""
    if text == "none":
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text
