"""`flowstate doctor`: what is wrong here, and its cure."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import RegistryOption, said
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_table
from flowstate_flower.errors import CHECK_FAILED, BadInput
from flowstate_flower.registry.places import place_of

HomeOption = Annotated[Path | None, typer.Option("--home", help="A tenant's home, instead of an operator's folder.")]


def doctor(home: HomeOption = None, registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """Look at an operator's folder or a tenant's home: versions, disk, keys, certificates, database, clock and SuperLink.

    Each thing that is wrong is printed with its cure. Exits 1 where there is one.

    Example: `flowstate doctor --home home`
    """
    from flowstate_flower.deployment.doctor import certificates, database, examined, machine, secrets
    from flowstate_flower.deployment.reach import operators_door, tenants_door

    if home is not None and registry is not None:
        raise BadInput("a home and a registry at once", hint="look at one after the other")
    now = datetime.now(UTC)
    if home is not None:
        folder = home
        looks = [partial(machine, home), partial(secrets, home)]
        looks += [partial(certificates, home, now, f"flowstate client renew {home}"), partial(tenants_door, home)]
    else:
        where = said(registry)
        folder = place_of(where).folder
        looks = [partial(machine, folder), partial(secrets, folder)]
        looks += [partial(certificates, folder, now, "flowstate pki rotate"), partial(database, where)]
        looks.append(partial(operators_door, folder))
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder", hint="name a tenant's --home or an operator's --registry")
    found = examined(looks)
    if output is Format.JSON:
        print_json({"findings": found})
    else:
        print_table(["", "looked at", "found", "cure"], [(_mark(f.cure), f.what, f.found, f.cure) for f in found])
    raise typer.Exit(CHECK_FAILED if any(finding.cure for finding in found) else 0)


def _mark(cure: str) -> str:
    return "WRONG" if cure else "ok"
