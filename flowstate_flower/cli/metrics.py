"""`flowstate metrics`: the federation for Prometheus, and for whoever reads numbers."""

import ipaddress
import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Annotated, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import typer
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.exposition import ThreadingWSGIServer

from flowstate_flower.cli.inputs import RegistryOption, opened
from flowstate_flower.cli.output import complain, print_json, stderr
from flowstate_flower.errors import BadInput, FlowstateError
from flowstate_flower.registry.exposition import exposition
from flowstate_flower.registry.measures import measured

PATHS = ("/", "/metrics")


class MetricsFormat(StrEnum):
    """How measures are printed."""

    PROMETHEUS = "prometheus"
    JSON = "json"


def metrics(
    registry: RegistryOption = None,
    tenant: Annotated[str | None, typer.Option(help="Only what this tenant may see.")] = None,
    output: Annotated[MetricsFormat, typer.Option("--format", help="prometheus or json.")] = MetricsFormat.PROMETHEUS,
    listen: Annotated[
        str | None, typer.Option(help="Serve them here for Prometheus, say 127.0.0.1:9464, until stopped.")
    ] = None,
    listen_anywhere: Annotated[bool, typer.Option("--listen-anywhere", help="Let --listen be no loopback address.")] = False,
) -> None:
    """Print the measures of the federation and of each tenant in Prometheus' text format.

    Example: `flowstate metrics --registry operator --tenant hospital-a`
    """
    source = opened(registry)
    if listen is not None:
        _serve(listen, listen_anywhere, lambda: exposition(lambda: measured(source, tenant=tenant)))
    elif output is MetricsFormat.JSON:
        print_json(measured(source, tenant=tenant))
    else:
        sys.stdout.write(exposition(lambda: measured(source, tenant=tenant)).decode())


class _Silent(WSGIRequestHandler):
    """Requests are not logged."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _serve(where: str, anywhere: bool, text: Callable[[], bytes]) -> None:
    text()  # what cannot be read is said now, not to Prometheus
    host, port = _address(where, anywhere)
    try:
        server = make_server(host, port, _application(text), ThreadingWSGIServer, handler_class=_Silent)
    except OSError as error:
        raise BadInput(f"cannot listen on {where}: {error.strerror}", hint="choose another port") from error
    with server:
        stderr.print(f"http://{host}:{server.server_port}/metrics, until Ctrl-C", soft_wrap=True)
        server.serve_forever()


def _application(text: Callable[[], bytes]) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """One page for one method. A registry that cannot be read is a 503, and one line for the operator."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        status, body = "200 OK", b""
        if environ["REQUEST_METHOD"] != "GET" or environ["PATH_INFO"] not in PATHS:
            status = "404 Not Found"
        else:
            try:
                body = text()
            except FlowstateError as error:
                complain(error)
                status = "503 Service Unavailable"
        start_response(status, [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4), ("Content-Length", str(len(body)))])
        return [body]

    return application


def _address(where: str, anywhere: bool) -> tuple[str, int]:
    """Host and port. Only a loopback address may be listened on, unless somebody insists."""
    host, _, port = where.rpartition(":")
    try:
        address = ipaddress.IPv4Address(host)
        number = int(port)
    except ValueError as error:
        raise BadInput(f"'{where}' is not an IPv4 address and a port", hint="for example 127.0.0.1:9464") from error
    if not 0 <= number <= 65535:
        raise BadInput(f"{number} is not a port", hint="0 to 65535; 0 takes any that is free")
    if not address.is_loopback and not anywhere:
        raise BadInput(
            f"{host} is reachable from outside, and the page has no password", hint="--listen-anywhere insists on it"
        )
    return host, number
