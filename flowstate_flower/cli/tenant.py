"""`flowstate tenant`: how an organisation joins, pauses and leaves. `init` runs at the tenant, the others at the operator."""

from typing import Annotated

import typer

from flowstate_flower.cli import invitations
from flowstate_flower.cli.inputs import FileArgument, HomeArgument, NameArgument, RegistryOption, opened, signed_file
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import tenants, views
from flowstate_flower.registry.rounds import OPERATOR
from flowstate_flower.registry.tenants import Status

app = typer.Typer(no_args_is_help=True, help="Tenants, from their request to join to their end.")


@app.command("list")
def tenant_list(registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """List the tenants.

    Example: `flowstate tenant list --registry runs/demo`
    """
    rows = views.tenants(opened(registry))
    if output is Format.JSON:
        print_json(rows)
        return
    table = [(view.tenant, view.status, ", ".join(view.purposes), view.since) for view in rows]
    print_table(["tenant", "status", "agrees to", "since"], table)


@app.command("show")
def tenant_show(name: NameArgument, registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """Show one tenant: status, keys, and the contact that it gave, for which the operator's keys are needed.

    Example: `flowstate tenant show hospital-a --registry operator`
    """
    view = tenants.show(opened(registry, to_write=True), name)
    if output is Format.JSON:
        print_json(view)
        return
    rows = [("status", view.status), ("key", view.key), ("nodes", "\n".join(view.nodes)), ("contact", view.contact)]
    print_table(["", view.tenant], rows)


@app.command("init")
def tenant_init(
    home: HomeArgument,
    name: Annotated[str, typer.Option(help="The name to join under.")],
    purpose: Annotated[list[str], typer.Option(help="A purpose that the policy allows. Repeat for more.")],
    epsilon: Annotated[float, typer.Option(help="The privacy budget over all runs.")] = 8.0,
    delta: Annotated[float, typer.Option(help="Below 1 / number of examples.")] = 1e-5,
    without_privacy: Annotated[bool, typer.Option("--without-privacy", help="Allow training without privacy.")] = False,
    node: Annotated[list[str] | None, typer.Option(help="Public key of a Flower node, in hexadecimal.")] = None,
    contact: Annotated[str, typer.Option(help="Whom the operator may ask. Stored encrypted.")] = "",
) -> None:
    """Make a tenant's home, and a signed request to join. Keys are made here and stay here; only the request is to be sent.

    Example: `flowstate tenant init home --name hospital-a --purpose tumours --contact "Jane Roe"`
    """
    from flowstate_flower import wiring

    budget = None if without_privacy else (epsilon, delta)
    request, key = wiring.join(home, name, purpose, budget=budget, nodes=node or [], contact=contact)
    print_line(f"{home} is made: read policy.toml, and send {request} to the operator.")
    print_line(f"Tell the operator by another way that the key begins with {key.text[:16]}.")


@app.command("request")
def tenant_request(file: FileArgument, registry: RegistryOption = None) -> None:
    """Record a tenant's signed request to join.

    Example: `flowstate tenant request request.json --registry operator`
    """
    name = tenants.request(opened(registry, to_write=True), signed_file(file), actor=OPERATOR)
    print_line(f"{name} has requested to join. Next, once its key is checked: flowstate tenant approve {name}")


@app.command("approve")
def tenant_approve(
    name: NameArgument,
    key: Annotated[
        str | None, typer.Option(help="How the key begins that the tenant told you, 16 digits or more. Another is refused.")
    ] = None,
    registry: RegistryOption = None,
) -> None:
    """Approve a request: this is the organisation, and this is its key.

    Example: `flowstate tenant approve hospital-a --key 9f86d081884c7d65 --registry operator`
    """
    writable = opened(registry, to_write=True)
    if key is not None:
        registered = tenants.signing_keys(writable).get(name)
        if len(key) < 16 or registered is None or not registered.text.startswith(key.lower()):
            raise BadInput(f"{name} has no key that begins with {key}", hint="16 digits or more, from the tenant itself")
    tenants.move(writable, name, Status.APPROVED, actor=OPERATOR)
    print_line(f"{name} is approved. Next: flowstate tenant activate {name}")


@app.command("activate")
def tenant_activate(name: NameArgument, registry: RegistryOption = None) -> None:
    """Let an approved tenant take part, in what it consents to.

    Example: `flowstate tenant activate hospital-a --registry operator`
    """
    tenants.move(opened(registry, to_write=True), name, Status.ACTIVE, actor=OPERATOR, since=Status.APPROVED)
    print_line(f"{name} is active. It is asked once it consents to a purpose.")


@app.command("suspend")
def tenant_suspend(name: NameArgument, registry: RegistryOption = None) -> None:
    """Stop asking a tenant, and turn its replies in flight away.

    Example: `flowstate tenant suspend hospital-a --registry operator`
    """
    tenants.move(opened(registry, to_write=True), name, Status.SUSPENDED, actor=OPERATOR)
    print_line(f"{name} is suspended. Back with: flowstate tenant resume {name}")


@app.command("resume")
def tenant_resume(name: NameArgument, registry: RegistryOption = None) -> None:
    """Let a suspended tenant take part again.

    Example: `flowstate tenant resume hospital-a --registry operator`
    """
    tenants.move(opened(registry, to_write=True), name, Status.ACTIVE, actor=OPERATOR, since=Status.SUSPENDED)
    print_line(f"{name} is active again.")


@app.command("delete")
def tenant_delete(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    registry: RegistryOption = None,
) -> None:
    """Delete a suspended tenant for ever: its data key is destroyed, a tombstone remains. Repeat it after an interruption.

    Example: `flowstate tenant delete hospital-a --yes --registry operator`
    """
    writable = opened(registry, to_write=True)
    if not yes:
        typer.confirm(f"Destroy what is encrypted for {name}? Nobody can undo this.", abort=True, err=True)
    tenants.remove(writable, name, actor=OPERATOR)
    print_line(f"{name} is deleted. Copies of the database that were made before still need the key-encryption key.")


app.command("invite")(invitations.invite)
app.command("invitations")(invitations.invitations)
app.command("withdraw")(invitations.withdraw)
app.command("enrol")(invitations.enrol)
