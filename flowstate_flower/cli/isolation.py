"""`flowstate isolation`: does this installation keep tenants apart? It is tried, not asserted."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table, stderr
from flowstate_flower.errors import CHECK_FAILED
from flowstate_flower.registry import Registry
from flowstate_flower.registry.places import parsed_url, without_password


def isolation(
    database: Annotated[str | None, typer.Option(help="An empty PostgreSQL database to try; without it, SQLite.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Try to cross from one tenant to another in a scratch federation, and print the isolation score. Exits 1 where it worked.

    Example: `flowstate isolation --format json`
    """
    from flowstate_flower.isolation import SUITE, score

    for noisy in ("flwr", "flowstate_flower"):  # what probes provoke is logged in full
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    with stderr.status("a scratch federation") as status:
        found = score(SUITE, create=_create(database), progress=lambda probe: status.update(probe.name))
    if output is Format.JSON:
        print_json(found)
    else:
        print_table(
            ["probe", "area", "weight", "critical", "passed", "seconds"],
            [(r.probe, r.area, r.weight, r.critical, r.passed, r.seconds) for r in found.results],
            spare={"area", "seconds"},
        )
        for result in found.results:
            if not result.passed:
                print_line(f"\nFAILED {result.probe}: {result.promise}")
                for leak in result.leaks:
                    print_line(f"  {leak}")
        tried = f"{sum(r.passed for r in found.results)} of {len(found.results)} probes on {found.engine}"
        print_line(f"\nisolation score {found.score} of 100: {tried} in {found.seconds:.1f} s")
    raise typer.Exit(0 if found.passed else CHECK_FAILED)


def _create(database: str | None) -> Callable[[Path], Registry]:
    if database is None:
        return Registry.create
    parsed_url(database)
    url = without_password(database)
    return lambda folder: Registry.create(url, folder)
