"""`flowstate client`: at a tenant, in its own home."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli import client_up
from flowstate_flower.cli.inputs import HomeArgument
from flowstate_flower.cli.output import print_line

app = typer.Typer(no_args_is_help=True, help="A tenant's own side: join a federation, renew, take part.")

app.command("up")(client_up.client_up)
app.command("signer")(client_up.client_signer)
app.command("status")(client_up.client_status)

InvitationArgument = Annotated[Path, typer.Argument(metavar="INVITATION", help="The file that the operator sent, - for stdin.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Write a file for the operator, instead of connecting.")]
JOINING, RENEWAL = "joining.json", "renewal.json"


@app.command("join")
def client_join(
    invitation: InvitationArgument,
    home: HomeArgument,
    purpose: Annotated[list[str] | None, typer.Option(help="A purpose that the policy allows. Repeat for more.")] = None,
    epsilon: Annotated[float, typer.Option(help="The privacy budget over all runs.")] = 8.0,
    delta: Annotated[float, typer.Option(help="Below 1 / number of examples.")] = 1e-5,
    without_privacy: Annotated[bool, typer.Option("--without-privacy", help="Allow training without privacy.")] = False,
    contact: Annotated[str, typer.Option(help="Whom the operator may ask. Stored encrypted.")] = "",
    offline: OfflineOption = False,
) -> None:
    """Join a federation with an invitation: make a home with its keys, which stay here, and get a certificate.

    A home that `tenant init` made is kept as it is.

    Example: `flowstate client join hospital-a.invitation home --purpose tumours --contact "Jane Roe"`
    """
    from flowstate_flower.deployment import exchange, joining

    data = sys.stdin.buffer.read(exchange.LARGEST_BODY + 1) if str(invitation) == "-" else exchange.read_file(invitation)
    invited = exchange.parsed(exchange.Invitation, data, "the invitation")
    wishes = joining.Wishes(purpose or (), None if without_privacy else (epsilon, delta), contact)
    if offline:
        exchange.write_file(home / JOINING, joining.prepare(home, invited, wishes))
        print_line(f"Send {home / JOINING} to the operator: it holds the invitation's secret, and no key.")
        print_line(f"Then: flowstate client install ANSWER {home}")
        return
    made = joining.join(home, invited, wishes)
    print_line(f"{made.tenant} has joined. The certificate holds until {made.until:%Y-%m-%d %H:%M} UTC.")
    print_line(f"Read {home}/policy.toml, and agree to a purpose: flowstate consent grant {home} --purpose PURPOSE --send")


@app.command("renew")
def client_renew(home: HomeArgument, offline: OfflineOption = False) -> None:
    """Get a new certificate, on the word of the signing key.

    Example: `flowstate client renew home`
    """
    from flowstate_flower.deployment import exchange, joining

    if offline:
        exchange.write_file(home / RENEWAL, joining.renewal(home))
        print_line(f"Send {home / RENEWAL} to the operator. Then: flowstate client install ANSWER {home}")
        return
    made = joining.renew(home)
    print_line(f"The new certificate of {made.tenant} holds until {made.until:%Y-%m-%d %H:%M} UTC.")


@app.command("install")
def client_install(
    answer: Annotated[Path, typer.Argument(metavar="ANSWER", help="The file that the operator sent back.")], home: HomeArgument
) -> None:
    """Put a certificate in place that came by file, where it is this federation's, for this tenant and its key.

    Example: `flowstate client install answer.json home`
    """
    from flowstate_flower.deployment import exchange, joining

    made = joining.install(home, exchange.parsed(exchange.Certificate, exchange.read_file(answer), str(answer)))
    print_line(f"The certificate of {made.tenant} holds until {made.until:%Y-%m-%d %H:%M} UTC.")
