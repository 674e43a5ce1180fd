"""`flowstate tenant invite`, `invitations`, `withdraw` and `enrol`: how an operator lets organisations join by themselves."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import NameArgument, RegistryOption, opened
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import tickets
from flowstate_flower.registry.rounds import OPERATOR

BY_FILE = timedelta(days=7)
"""How long a file may be under way."""


def invite(
    name: NameArgument,
    output: Annotated[Path, typer.Option(help="The file to make, for its owner alone. It is a secret until it is used.")],
    superlink: Annotated[
        str | None, typer.Option(help="Where tenants reach the SuperLink, as HOST:PORT. Default: as its certificate says.")
    ] = None,
    enrolment: Annotated[str | None, typer.Option(help="Where they reach the enrolment listener. Default: likewise.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="There is no enrolment listener: they join by files.")] = False,
    hours: Annotated[float, typer.Option(help="How long it is good.")] = 72.0,
    registry: RegistryOption = None,
) -> None:
    """Invite an organisation to join under a name: once, and soon. This is the approval; nothing else has to be approved.

    Example: `flowstate tenant invite hospital-a --output a.invitation --superlink fl.example.org:9092 --registry operator`
    """
    from flowstate_flower.deployment import admitting, exchange

    writable = opened(registry, to_write=True)
    where = admitting.whereabouts(writable, superlink, enrolment)
    where = replace(where, enrolment=None) if offline else where
    made = admitting.invite(writable, name, where, timedelta(hours=hours), actor=OPERATOR)
    exchange.write_file(output, made)
    print_line(f"{output} lets somebody join as {name} until {made.expires_at}: send it to nobody else.")
    print_line(f"Tell them by another way that the root's SHA-256 begins with {made.fingerprint[:16]}.")


def invitations(registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """List the invitations: open, used, expired or withdrawn.

    Example: `flowstate tenant invitations --registry operator`
    """
    rows = tickets.listed(opened(registry))
    if output is Format.JSON:
        print_json(rows)
        return
    table = [(view.id, view.tenant, view.status, view.made_at, view.expires_at) for view in rows]
    print_table(["invitation", "for", "status", "made", "until"], table)


def withdraw(
    invitation: Annotated[str, typer.Argument(metavar="INVITATION", help="As `tenant invitations` prints it.")],
    registry: RegistryOption = None,
) -> None:
    """Withdraw an invitation that is open.

    Example: `flowstate tenant withdraw 1f2e3d4c5b6a7988 --registry operator`
    """
    tickets.withdraw(opened(registry, to_write=True), invitation, actor=OPERATOR)
    print_line(f"{invitation} is good no more.")


def enrol(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `client join` or `renew` wrote with `--offline`.")],
    output: Annotated[Path, typer.Option(help="The file for the answer.")],
    registry: RegistryOption = None,
) -> None:
    """Answer by file whoever joins or renews by file.

    Example: `flowstate tenant enrol joining.json --output answer.json --registry operator`
    """
    from flowstate_flower.deployment import admitting, certification, exchange
    from flowstate_flower.registry.enrolment import NotLetIn

    data, writable = exchange.read_file(file), opened(registry, to_write=True)
    authority = certification.open_authority(writable)
    try:
        if b"flowstate-renewal-" in data:
            asked = exchange.parsed(exchange.Renewal, data, str(file))
            name, answer = admitting.renew(writable, authority, asked, fresh=BY_FILE)
        else:
            joining = exchange.parsed(exchange.Joining, data, str(file))
            name, answer = admitting.admit(writable, authority, joining, fresh=BY_FILE)
    except NotLetIn as error:
        raise BadInput(f"{file} is not answered: {error}", hint="flowstate tenant invitations") from error
    exchange.write_file(output, answer)
    print_line(f"{output} is for {name}: send it back. Nothing in it is secret.")
