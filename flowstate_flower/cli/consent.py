"""`flowstate consent`: signed at the tenant (`grant`, `withdraw`), recorded at the operator (`accept`, `list`)."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import FileArgument, HomeArgument, RegistryOption, opened, signed_file
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import consents
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import ConsentStatement

app = typer.Typer(no_args_is_help=True, help="What tenants agree to, in their own signatures.")
SendOption = Annotated[bool, typer.Option("--send", help="Hand it to the operator, whose federation the home has joined.")]
Purpose = Annotated[str, typer.Option(help="What it is about, as policy.toml names it.")]


@app.command("grant")
def consent_grant(
    home: HomeArgument,
    purpose: Purpose,
    expires: Annotated[str | None, typer.Option(help="A day or an instant in UTC, or 90d from now. Default: never.")] = None,
    app_digest: Annotated[str | None, typer.Option("--app", help="The only code that it is for, by its SHA-256.")] = None,
    operator_key: Annotated[Path | None, typer.Option(help="operator.pub of the only federation that it is for.")] = None,
    most_rounds: Annotated[int | None, typer.Option(help="How many rounds at most.", min=1)] = None,
    most_steps: Annotated[int | None, typer.Option(help="How many steps in a round at most.", min=1)] = None,
    least_noise_multiplier: Annotated[float | None, typer.Option(help="How much noise at least.")] = None,
    largest_clip_norm: Annotated[float | None, typer.Option(help="Which clipping norm at most.")] = None,
    largest_epsilon: Annotated[float | None, typer.Option(help="Which total ε at most.")] = None,
    send: SendOption = False,
) -> None:
    """Sign a consent, and send it to the operator or print it, for the operator to accept.

    Example: `flowstate consent grant home --purpose tumours --expires 90d > consent.json`
    """
    from flowstate_flower import wiring

    for name, value in (("noise", least_noise_multiplier), ("norm", largest_clip_norm), ("ε", largest_epsilon)):
        if value is not None and not 0 < value < float("inf"):
            raise BadInput(f"a bound of {value} on the {name}", hint="a number above 0")
    envelope = wiring.open_voice(home).consent(
        purpose,
        bounds=Bounds(
            most_rounds=most_rounds,
            most_steps=most_steps,
            least_noise_multiplier=least_noise_multiplier,
            largest_clip_norm=largest_clip_norm,
            largest_epsilon=largest_epsilon,
        ),
        app=app_digest,
        expires_at=None if expires is None else _instant(expires),
        operator=PublicKey.read(operator_key) if operator_key else None,
    )
    _hand_over(home, envelope, send=send)


@app.command("withdraw")
def consent_withdraw(home: HomeArgument, purpose: Purpose, send: SendOption = False) -> None:
    """Sign a withdrawal, and send or print it, for the operator to accept. In the home it counts once policy.toml says so too.

    Example: `flowstate consent withdraw home --purpose tumours > withdrawal.json`
    """
    from flowstate_flower import wiring

    _hand_over(home, wiring.open_voice(home).withdrawal(purpose), send=send)


@app.command("accept")
def consent_accept(file: FileArgument, registry: RegistryOption = None) -> None:
    """Record a signed consent or withdrawal. It counts for the next message, and for replies in flight.

    Example: `flowstate consent accept consent.json --registry operator`
    """
    statement = consents.accept(opened(registry, to_write=True), signed_file(file))
    granted = isinstance(statement, ConsentStatement)
    print_line(f"{statement.tenant} {'agrees' if granted else 'no longer agrees'} to {statement.purpose}.")


@app.command("list")
def consent_list(registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """List every consent that was ever given, the newest last.

    Example: `flowstate consent list --registry operator --format json`
    """
    rows = consents.listed(opened(registry))
    if output is Format.JSON:
        print_json(rows)
        return
    bounds = [", ".join(f"{name} {value:g}" for name, value in row.bounds.items()) for row in rows]
    table = [(r.tenant, r.purpose, r.status, r.granted_at, r.expires_at, b) for r, b in zip(rows, bounds, strict=True)]
    print_table(["tenant", "purpose", "status", "since", "until", "bounds"], table, spare={"since"})


def _hand_over(home: Path, envelope: Envelope, *, send: bool) -> None:
    if not send:
        typer.echo(envelope.to_bytes())
        return
    from flowstate_flower.deployment import joining

    joining.hand_in(home, envelope)
    print_line("The operator has it on record.")


def _instant(text: str) -> str:
    """`90d`, a day or an instant as UTC to the microsecond."""
    try:
        days = re.fullmatch(r"([1-9]\d{0,4})d", text)
        moment = datetime.now(UTC) + timedelta(days=int(days[1])) if days else datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError) as error:
        raise BadInput(f"cannot read '{text}' as a time", hint="2027-01-31, 2027-01-31T12:00:00 or 90d") from error
