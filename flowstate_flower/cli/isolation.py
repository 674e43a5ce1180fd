"""`flowstate isolation`: does this installation keep tenants apart? It is tried, not asserted."""

import logging

import typer

from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table, stderr
from flowstate_flower.errors import CHECK_FAILED


def isolation(output: FormatOption = Format.TABLE) -> None:
    """Try to cross from one tenant to another in a scratch federation, and print the isolation score. Exits 1 where it worked.

    Example: `flowstate isolation --format json`
    """
    from flowstate_flower.isolation import SUITE, score

    for noisy in ("flwr", "flowstate_flower"):  # what probes provoke is logged in full
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    with stderr.status("a scratch federation") as status:
        found = score(SUITE, progress=lambda probe: status.update(probe.name))
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
