"""Flower's own SuperLink app with our parts in it. Nothing of Flower is changed in place: parts are passed in or added.

A check at the end refuses to serve an app that is not as it was when this was tried: a route that nobody bound to a tenant, or
layers in another order.
"""

import os
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from flwr.supercore.protobuf.translation import ProtobufTranslationMiddleware
from flwr.supercore.utils import get_popen_detach_kwargs
from flwr.superlink.cli.flower_superlink import SuperLinkLifespan
from flwr.superlink.config_loader import SuperLinkLifespanConfig
from flwr.superlink.main import create_app
from flwr.superlink.routers.control.middlewares import ControlAuthenticationMiddleware, ControlEventLogMiddleware
from flwr.superlink.routers.fleet.node_auth import NodeAuthMiddleware
from starlette.middleware import Middleware

from flowstate_flower.errors import BadInput
from flowstate_flower.superlink.accounts import ACCOUNTS_FILE, OWNER_ONLY, AccountBook
from flowstate_flower.superlink.bodies import fleet_paths
from flowstate_flower.superlink.document import Address, Limits
from flowstate_flower.superlink.events import Tally
from flowstate_flower.superlink.fleet import Activation, Binding
from flowstate_flower.superlink.linkstate import TenantLinkStateFactory
from flowstate_flower.superlink.operators import ControlLog, Roles, TokenAuthn
from flowstate_flower.superlink.roll import Roll

CLOSED = {"/v1/fleet/register-node", "/v1/fleet/unregister-node"}
"""What a node without a registered key would call: it never gets past the edge."""
ORDER = (ControlAuthenticationMiddleware, ProtobufTranslationMiddleware, ControlEventLogMiddleware, NodeAuthMiddleware)
NO_DATABASE = ":flwr-in-memory:"


@dataclass(frozen=True, slots=True)
class Places:
    """The operator's `superlink` folder: the server's leaf and key, the CA that clients are under, Flower's state."""

    folder: Path
    ca: Path

    @property
    def certificate(self) -> Path:
        """Our certificate, with the chain up to the CA."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """Its key."""
        return self.folder / "server.key"

    @property
    def database(self) -> Path:
        """Flower's link state and objects."""
        return self.folder / "state.db"

    @property
    def accounts(self) -> Path:
        """Operators and the digests of their tokens."""
        return self.folder / ACCOUNTS_FILE

    @property
    def superexec_secret(self) -> Path:
        """What Flower's launcher of ServerApps proves itself with: made anew at every start."""
        return self.folder / "superexec.secret"

    def check(self) -> None:
        """Raise `BadInput` for what is missing, or for a key that others may read."""
        for path in (self.ca, self.certificate, self.key):
            if not path.is_file():
                raise BadInput(f"there is no {path}", hint="flowstate pki init, then flowstate pki issue superlink")
        if self.key.stat().st_mode & 0o077:
            raise BadInput(f"{self.key} can be read by others", hint=f"chmod 600 {self.key}")


class Lifespan(SuperLinkLifespan):
    """Flower's, whose launcher of ServerApps has to prove that it is ours. `secret` is where its secret lies, None for none."""

    secret: Path | None = None

    def _start_superexec_if_needed(self) -> None:
        if self.secret is None:
            return
        config = self.config
        command = [
            "flower-superexec",
            "--runtime-api-address",
            f"{config.host}:{config.port}",
            "--parent-pid",
            str(os.getpid()),
        ]
        command += ["--root-certificates", str(config.ssl_ca_certfile), "--superexec-auth-secret-file", str(self.secret)]
        self.superexec_process = subprocess.Popen(command, **get_popen_detach_kwargs())


def composed(
    places: Places, operators: Address, roll: Roll, tally: Tally, *, limits: Limits, launches: bool = True
) -> tuple[FastAPI, TenantLinkStateFactory]:
    """Flower's app and its state. `launches` starts Flower's SuperExec, which starts ServerApps. Raises `BadInput`."""
    book = AccountBook(places.accounts)
    factory = TenantLinkStateFactory(str(places.database), roll, tally)
    factory.state()
    places.database.chmod(OWNER_ONLY)
    secret = _new_secret(places.superexec_secret) if launches else None
    app = create_app(_config(places, operators, TokenAuthn(book, tally), ControlLog(tally), secret), _lifespan(places, secret))
    app.state.linkstate_factory = app.state.runtime_state_factory = factory
    app.state.superlink_lifespan.state_factory = factory
    inner = [Middleware(Roles, book, tally), Middleware(Binding, factory.state, roll)]
    parsed = _layers(app).index(ProtobufTranslationMiddleware)
    app.user_middleware[parsed + 1 : parsed + 1] = inner
    app.user_middleware.append(Middleware(Activation, factory.state, roll, tally))
    check_composition(app, limits)
    return app, factory


def check_composition(app: FastAPI, limits: Limits) -> None:
    """Raise `BadInput` where Flower's app has a Fleet route that nobody bound, or its layers lie otherwise than was tried."""
    routes = [found.route for found in iter_route_contexts(app.routes)]
    fleet = {route.path for route in routes if isinstance(route, APIRoute) and route.path.startswith("/v1/fleet/")}
    if fleet != set(fleet_paths(limits)) | CLOSED:
        odd = ", ".join(sorted(fleet ^ (set(fleet_paths(limits)) | CLOSED)))
        raise BadInput(f"Flower's Fleet API is not the one this was tried with: {odd}", hint="install a tested version of flwr")
    layers = _layers(app)
    places = [layers.index(layer) if layer in layers else -1 for layer in ORDER]
    if -1 in places or places != sorted(places):
        raise BadInput("the layers of Flower's app lie otherwise than tried", hint="install a tested version of flwr")


def _layers(app: FastAPI) -> list[object]:
    """What a request passes, outermost first."""
    return [layer.cls for layer in app.user_middleware]


def _lifespan(places: Places, secret: bytes | None) -> type[Lifespan]:
    return type("OurLifespan", (Lifespan,), {"secret": places.superexec_secret if secret is not None else None})


def _config(
    places: Places, operators: Address, authn: TokenAuthn, control_log: ControlLog, secret: bytes | None
) -> SuperLinkLifespanConfig:
    """What Flower's command line would make of its flags. Its own state is in memory and unused: ours takes its place."""
    files: Sequence[Path] = (places.ca, places.certificate, places.key)
    ca, certificate, key = (path.read_bytes() for path in files)
    return SuperLinkLifespanConfig(
        control_address="127.0.0.1:0",
        health_server_address=None,
        host=operators.host,
        port=operators.port,
        insecure=False,
        certificates=(ca, certificate, key),
        superexec_auth_secret=secret,
        authn_plugin=authn,
        event_log_plugin=control_log,
        fleet_event_log_plugin=None,  # it costs two hops of threads a request; who joins is noted by `Activation`
        enable_event_log=True,
        artifact_provider=None,
        enable_supernode_auth=True,
        fleet_api_type="grpc-rere",
        fleet_api_address=None,
        simulation=False,
        ssl_ca_certfile=str(places.ca),
        ssl_certfile=str(places.certificate),
        ssl_keyfile=str(places.key),
        database=NO_DATABASE,
        isolation="subprocess",
        runtime_dependency_install=False,
    )


def _new_secret(path: Path) -> bytes:
    path.unlink(missing_ok=True)
    secret = secrets.token_bytes(32)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
        file.write(secret)
    return secret
