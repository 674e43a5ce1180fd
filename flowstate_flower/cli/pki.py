"""`flowstate pki`: the federation's own certificates, at the operator."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import RegistryOption, opened
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.deployment import certification, issuing
from flowstate_flower.deployment.issuing import Made, Order
from flowstate_flower.errors import BadInput
from flowstate_flower.pki.authority import OwnRoot
from flowstate_flower.pki.files import read_certificates, read_key, replace
from flowstate_flower.registry import tenants
from flowstate_flower.registry.rounds import OPERATOR

app = typer.Typer(no_args_is_help=True, help="The federation's own certificates. Keys of others never come here: requests do.")

ISSUER = "issuer"
WhoArgument = Annotated[str, typer.Argument(metavar="WHO", help="superlink, tenant/NAME or operator/NAME.")]
CsrOption = Annotated[Path | None, typer.Option(help="A certificate signing request in PEM. Its key alone is used.")]
HostOption = Annotated[list[str] | None, typer.Option(help="A name or address to be reached at. Repeat for more.")]
HoursOption = Annotated[float | None, typer.Option(help="How long it holds. Default: 168, for the SuperLink 2160.")]
OutputOption = Annotated[Path | None, typer.Option(help="The file for the certificate and its issuer. Default: stdout.")]


@app.command("init")
def pki_init(
    domain: Annotated[str, typer.Option(help="The trust domain: the first part of every name in a certificate.")] = "flowstate",
    ca_certificate: Annotated[Path | None, typer.Option(help="Your own root in PEM, instead of a new one.")] = None,
    ca_key: Annotated[Path | None, typer.Option(help="Its key, which signs the issuer and is not copied.")] = None,
    registry: RegistryOption = None,
) -> None:
    """Make the authority: a root, an issuer below it, and an empty list of revoked certificates, in `pki/` beside the registry.

    Example: `flowstate pki init --domain fl.example.org --registry operator`
    """
    if (ca_certificate is None) != (ca_key is None):
        raise BadInput("a root comes with its key", hint="--ca-certificate and --ca-key, or neither")
    own = OwnRoot(read_certificates(ca_certificate)[0], read_key(ca_key)) if ca_certificate and ca_key else None
    made = certification.make_authority(opened(registry, to_write=True), domain, own)
    print_line(f"{made.folder} is made. The root's SHA-256 is {made.fingerprint}")
    if own is None:
        print_line(f"Keep {made.folder}/root.key elsewhere: it is needed for a new issuer, once a year, and for nothing else.")


@app.command("issue")
def pki_issue(
    who: WhoArgument,
    csr: CsrOption = None,
    host: HostOption = None,
    hours: HoursOption = None,
    output: OutputOption = None,
    registry: RegistryOption = None,
) -> None:
    """Issue a certificate. For the SuperLink, without a request, the key is made too, in `superlink/` beside the registry.

    Example: `flowstate pki issue superlink --host fl.example.org --registry operator`
    """
    made = issuing.issue(opened(registry, to_write=True), Order(who, csr, tuple(host or ()), hours), actor=OPERATOR)
    _hand_over(made, output)


@app.command("revoke")
def pki_revoke(
    serial: Annotated[list[str] | None, typer.Option(help="A serial number, as `pki show` prints it. Repeat for more.")] = None,
    tenant: Annotated[str | None, typer.Option(help="All certificates of a tenant. It cannot renew them either.")] = None,
    reason: Annotated[str, typer.Option(help="Why. It goes into the registry.")] = "unspecified",
    registry: RegistryOption = None,
) -> None:
    """Revoke certificates: connections that use them end within seconds, and nobody else notices.

    Example: `flowstate pki revoke --tenant hospital-a --reason "laptop stolen" --registry operator`
    """
    if not serial and tenant is None:
        raise BadInput("nothing to revoke", hint="--serial or --tenant")
    writable = opened(registry, to_write=True)
    wanted = [text.lower() for text in serial or ()]
    if tenant is not None:
        tenants.status_of(writable, tenant)
        wanted += [view.serial for view in certification.standing(writable, tenant)]
    ended = certification.revoke(writable, certification.open_authority(writable), wanted, reason, actor=OPERATOR)
    for one in ended:
        print_line(f"{one} is revoked.")
    if not ended:
        print_line("No such certificate stands. The list is published as it was.")


@app.command("rotate")
def pki_rotate(
    who: Annotated[str, typer.Argument(metavar="WHO", help="issuer, superlink, tenant/NAME or operator/NAME.")],
    csr: CsrOption = None,
    host: HostOption = None,
    hours: HoursOption = None,
    output: OutputOption = None,
    root_key: Annotated[Path | None, typer.Option(help="For a new issuer, the root's key. Default: `pki/root.key`.")] = None,
    registry: RegistryOption = None,
) -> None:
    """Replace one certificate and revoke those before it, or replace the issuer, whose certificates go on to hold.

    Example: `flowstate pki rotate superlink --registry operator`
    """
    writable = opened(registry, to_write=True)
    if who == ISSUER:
        made = issuing.rotate_issuer(writable, root_key)
        print_line(f"The new issuer holds until {made.issuer.not_valid_after_utc:%Y-%m-%d}. Nobody has to change anything.")
        return
    _hand_over(issuing.rotate(writable, Order(who, csr, tuple(host or ()), hours), actor=OPERATOR), output)


@app.command("publish")
def pki_publish(registry: RegistryOption = None) -> None:
    """Write the list of revoked certificates anew. The SuperLink and every other command here do it too; it ends after a week.

    Example: `flowstate pki publish --registry operator`
    """
    writable = opened(registry, to_write=True)
    certification.publish(writable, certification.open_authority(writable))
    print_line("The list is published.")


@app.command("show")
def pki_show(
    tenant: Annotated[str | None, typer.Option(help="The certificates of one tenant alone.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that ended or were revoked, too.")] = False,
    registry: RegistryOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show the authority and what it issued.

    Example: `flowstate pki show --registry operator`
    """
    shown = issuing.show(opened(registry), tenant, everything=everything)
    if output is Format.JSON:
        print_json(shown)
        return
    print_table(["", "authority"], [(name, getattr(shown, name)) for name in ("domain", "root", "issuer_until", "list_until")])
    rows = [(v.uri, v.status, v.not_after, v.serial, v.reason) for v in shown.certificates]
    print_table(["whom", "status", "until", "serial", "why"], rows)


def _hand_over(made: Made, output: Path | None) -> None:
    """Where the certificate went; or the certificate itself."""
    until = f"{made.leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if made.where is not None:
        print_line(f"{made.where} holds {made.party.uri} until {until}. A server that runs takes it up within seconds.")
    elif output is None:
        sys.stdout.write(made.chain.decode())
    else:
        replace(output, made.chain)
        print_line(f"{output} names {made.party.uri} until {until}. Send it back: nothing in it is secret.")
