"""`flowstate superlink`: the server of a deployment, and the accounts of those who operate it."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import RegistryOption, opened, said
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.registry.places import place_of
from flowstate_flower.superlink.accounts import ACCOUNTS_FILE, AccountBook, Role, write_secret

app = typer.Typer(invoke_without_command=True)
account = typer.Typer(no_args_is_help=True, help="Operators who may reach the Control API, and what they may do there.")
app.add_typer(account, name="account")

MOST = 65535


@app.callback()
def superlink(
    context: typer.Context,
    registry: RegistryOption = None,
    host: Annotated[str | None, typer.Option(help="The address that tenants reach. Default: loopback, nobody does.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=MOST, help="Where tenants connect. Default: 9092.")] = None,
    operators_port: Annotated[int | None, typer.Option(min=1, max=MOST, help="Control and Runtime. Default: 9093.")] = None,
    enrolment_port: Annotated[int | None, typer.Option(min=1, max=MOST, help="Where tenants join. Default: nowhere.")] = None,
    allow_untested_flower: Annotated[bool, typer.Option(help="Go on with a Flower that this was not tried with.")] = False,
) -> None:
    """The server of a deployment: Flower's SuperLink, with tenants. It runs until Ctrl-C; more settings are in superlink.toml.

    Example: `flowstate superlink --registry operator --host 192.0.2.7`
    """
    if context.invoked_subcommand is not None:
        return
    from flowstate_flower.deployment.certification import kept_published
    from flowstate_flower.deployment.enrolment import Enrolment
    from flowstate_flower.deployment.memory import give_memory_back
    from flowstate_flower.superlink.document import read_document
    from flowstate_flower.superlink.server import addresses
    from flowstate_flower.wiring.front import front

    give_memory_back()
    os.umask(0o077)  # whatever is made from here on is the operator's alone
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=logging.WARNING)
    logging.getLogger("flwr").setLevel(logging.WARNING)  # it would log every request
    logging.getLogger("flwr").propagate = False  # it prints by itself
    if allow_untested_flower:
        os.environ["FLOWSTATE_ALLOW_UNTESTED_FLOWER"] = "1"
    found = opened(registry, to_write=True)
    document = read_document(found.path.parent).listening_at(host, port, operators_port, enrolment_port)
    server = front(found, document, enrolment=Enrolment(found).app() if document.enrolment else None)
    for who, address in addresses(document):
        print_line(f"{who}: https://{address}")
    with kept_published(found):
        server.run()
    found.close()


@account.command("add")
def account_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and dashes.")],
    role: Annotated[Role, typer.Option(help="viewer reads; runner starts and stops runs; admin manages nodes.")] = Role.VIEWER,
    token_file: Annotated[Path | None, typer.Option(help="Where to write the token. Default: superlink/NAME.token.")] = None,
    registry: RegistryOption = None,
) -> None:
    """Let an operator in. The token goes into a file of mode 0600 and is kept nowhere else.

    Example: `flowstate superlink account add alice --role runner --registry operator`
    """
    book = _book(registry)
    path = token_file or book.path.parent / f"{name}.token"
    book.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(path, "")
    try:
        token = book.add(name, role)
    except BaseException:
        path.unlink()
        raise
    path.write_text(token + "\n", encoding="ascii")
    print_line(f"{name} is {role}. The token is in {path}: hand it over by a safe way, and keep no copy.")


@account.command("list")
def account_list(registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """Who may reach the Control API.

    Example: `flowstate superlink account list --registry operator`
    """
    rows = [{"name": found.name, "role": str(found.role)} for found in _book(registry).accounts()]
    if output is Format.JSON:
        print_json(rows)
    else:
        print_table(["name", "role"], [(row["name"], row["role"]) for row in rows])


@account.command("remove")
def account_remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account.")], registry: RegistryOption = None
) -> None:
    """Shut an operator out, at once.

    Example: `flowstate superlink account remove alice --registry operator`
    """
    _book(registry).remove(name)
    print_line(f"{name} is out.")


def _book(registry: str | None) -> AccountBook:
    return AccountBook(place_of(said(registry), None).path.parent / "superlink" / ACCOUNTS_FILE)
