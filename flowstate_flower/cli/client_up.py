"""`flowstate client up`, `signer` and `status`: what runs at a tenant, and how it stands."""

from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import HomeArgument
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table


def client_up(
    home: HomeArgument,
    task: Annotated[str, typer.Option(help="The task, as module:object of what is installed here.")],
    superlink: Annotated[str | None, typer.Option(help="HOST:PORT. Default: what federation.toml says.")] = None,
    reads: Annotated[list[Path] | None, typer.Option(help="A folder that training reads, such as the data's. Repeat.")] = None,
    train_as: Annotated[str | None, typer.Option(help="The user that trains. Needs root, whose default is nobody.")] = None,
    network: Annotated[bool, typer.Option("--network", help="Training may connect to anywhere, not just its node.")] = False,
    same_user: Annotated[bool, typer.Option("--same-user", help="No wall: training may read the signing key.")] = False,
    believe_declared: Annotated[bool, typer.Option("--believe-declared", help="Charge what mods declare.")] = False,
    port: Annotated[int | None, typer.Option(help="Of the SuperNode, on the loopback interface. Default: a free one.")] = None,
) -> None:
    """Take part: run the signer, a SuperNode, and behind a wall the code that trains, until Ctrl-C or SIGTERM.

    Training can neither read the signing key nor sign beyond policy and budget. Where no wall holds, nothing is started.

    Example: `flowstate client up home --task tumours.task:task --reads /srv/scans`
    """
    from flowstate_flower.deployment import client, joining, walls
    from flowstate_flower.deployment.processes import free_ports

    wishes = walls.Wishes(train_as, tuple(path.absolute() for path in reads or ()), network, same_user)
    on = port or free_ports(1)[0]
    where = superlink or joining.read_federation(home).superlink
    plan = client.ClientPlan(home.absolute(), where, task, on, wishes, believe_declared)
    client.up(plan, print_line)


def client_signer(
    home: HomeArgument,
    user: Annotated[
        int | None, typer.Option("--for", help="Number of the user that trains, where it is another. Needs root.")
    ] = None,
    believe_declared: Annotated[bool, typer.Option("--believe-declared", help="Charge what mods declare.")] = False,
    apps_seen: Annotated[bool, typer.Option("--apps-seen", help="The SuperNode starts listed apps only.")] = False,
) -> None:
    """Run the signer alone, at HOME/signer.sock: for those who start SuperNode and training by other means.

    Example: `flowstate client signer home`
    """
    from flowstate_flower.deployment import signing

    signing.sign(home.absolute(), user, believes_declared=believe_declared, apps_seen=apps_seen)


def client_status(home: HomeArgument, output: FormatOption = Format.TABLE) -> None:
    """Show how a home stands: certificate, signer, the last rounds, and what is spent.

    Example: `flowstate client status home`
    """
    from flowstate_flower.deployment.client_status import status

    found = status(home.absolute())
    if output is Format.JSON:
        print_json(found)
        return
    until = found.certificate_until
    rows: list[tuple[str, object]] = [
        ("superlink", found.superlink or "has not joined"),
        ("certificate", f"until {until:%Y-%m-%d %H:%M} UTC" if until else "none"),
        ("signer", "runs" if found.signer_runs else "does not run"),
        ("refusals", found.refusals),
    ]
    rows += [(f"account {a.account[:12]}", f"ε = {a.spent:.3f} of {a.budget:g}, {a.status}") for a in found.accounts]
    rows += [
        (f"{c.run} round {c.round}", f"ε = {c.epsilon:.3f}, {'ended' if c.settled_at else 'never ended'}, {c.reserved_at}")
        for c in found.rounds
    ]
    print_table(["", found.tenant], rows)
