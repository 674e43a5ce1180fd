"""The running server: two listeners on one app, a third for those who are only about to join, and what watches over them.

Tenants have the Fleet API behind client certificates. Operators have Control and Runtime on loopback. Enrolment, where it is
asked for, has TLS without client certificates, as its callers have none yet.
"""

import asyncio
import itertools
import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from flowstate_flower.errors import BadInput
from flowstate_flower.superlink.bodies import App
from flowstate_flower.superlink.brief import MOST_CONNECTIONS, BriefProtocol
from flowstate_flower.superlink.composition import Places, composed
from flowstate_flower.superlink.document import Address, SuperlinkDocument
from flowstate_flower.superlink.edge import OperatorEdge, TenantEdge
from flowstate_flower.superlink.events import Kind, Sink, Tally
from flowstate_flower.superlink.internals import check_flower_version
from flowstate_flower.superlink.listener import Renewal, Server, TenantServer, listening, server_tls
from flowstate_flower.superlink.operators import is_open
from flowstate_flower.superlink.protocol import TenantProtocol
from flowstate_flower.superlink.roll import RecentRoll, Revocations, Roll
from flowstate_flower.superlink.standing import Connections, Peer, Standing, peer_of

WATCH_SECONDS, STALLED_SECONDS, KEEP_ALIVE_SECONDS, GRACE_SECONDS = 0.5, 5.0, 75, 5
HANGING, HANGING_SECONDS = 10, 60.0
"""So many times a tenant's connections may hang unread, for so long: a handshake costs more than a wait."""
FLUSH_EVERY = 4
"""Beats of the watch."""
QUIET = {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1", "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1"}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Federation:
    """Whom the server asks, and whom it tells. `enrolment` is the app of those who are about to join."""

    trust_domain: str
    roll: Roll
    revocations: Revocations
    sink: Sink
    enrolment: App | None = None


class SuperLink:
    """Flower's SuperLink with tenants. `serve` runs until `stop`, or a signal where it is the main thread's."""

    def __init__(self, places: Places, document: SuperlinkDocument, federation: Federation, *, launches: bool = True) -> None:
        """Make everything and bind nothing. Raises `BadInput`."""
        check_flower_version()
        os.environ.update(QUIET)
        places.check()
        self.document, self._places, self._federation = document, places, federation
        self.tally = Tally(federation.sink)
        roll = RecentRoll(federation.roll)
        limits = document.limits
        app, self.state_factory = composed(places, document.operators, roll, self.tally, limits=limits, launches=launches)
        self._standing = Standing(roll, federation.revocations)
        self._connections = Connections(self._standing, self.tally)
        self._edge = TenantEdge(app, limits, self._standing, self.tally)
        self._servers: list[Server] = self._made(app)
        self._stopping = False

    @property
    def is_up(self) -> bool:
        """All listeners listen."""
        return all(server.started for server in self._servers)

    def run(self) -> None:
        """Serve on an event loop of its own until stopped. Raises `BadInput` where a port is taken."""
        with asyncio.Runner(loop_factory=self._servers[0].config.get_loop_factory()) as runner:
            runner.run(self.serve())

    def stop(self) -> None:
        """End all listeners: no new connections, five seconds for what is under way. From any thread."""
        self._stopping = True
        for server in self._servers:
            server.should_exit = True

    async def serve(self) -> None:
        """Serve until stopped."""
        for address in (self.document.tenants, self.document.operators, self.document.enrolment):
            if address is not None:
                _check_free(address)
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread: whoever runs this stops it
            for sign in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(sign, self.stop)
        watching = asyncio.create_task(self._watch())
        watching.add_done_callback(self._unwatched)
        try:
            await asyncio.gather(*(server._serve() for server in self._servers))
        finally:
            watching.cancel()
            await asyncio.to_thread(self.tally.flush)

    def welcome(self, connection: TenantProtocol, certificate: bytes | None) -> Peer | None:
        """See `protocol.Host`."""
        peer = peer_of(certificate, self._federation.trust_domain) if certificate is not None else None
        if peer is None:
            self.tally.note(Kind.WRONG_CERTIFICATE, None, "the certificate names no tenant")
            return None
        pace, most = self._edge.pace(peer.tenant), self.document.limits.connections
        if pace.connections >= HANGING * most:
            self.tally.note(Kind.TOO_MANY_CONNECTIONS, peer.tenant)
            return None
        pace.connections += 1
        self._connections.live.add(connection)
        if pace.connections > most:
            self.tally.note(Kind.TOO_MANY_CONNECTIONS, peer.tenant)
            connection.leave_hanging()
        return peer

    def goodbye(self, connection: TenantProtocol) -> None:
        """See `protocol.Host`."""
        if connection.peer is None:
            return
        self._connections.live.discard(connection)
        self._edge.pace(connection.peer.tenant).connections -= 1
        if connection.is_oversize:
            self.tally.note(Kind.OVERSIZE_HEADERS, connection.peer.tenant)

    def _unwatched(self, watching: asyncio.Task[None]) -> None:
        """Nothing is served that nobody watches over."""
        if not watching.cancelled():
            log.critical("the watch over connections has ended", exc_info=watching.exception())
            self.stop()

    async def _watch(self) -> None:
        """Twice a second: who is connected still may be. Every other second: hand on what was counted."""
        refreshing: asyncio.Task[None] | None = None
        for beats in itertools.count(1):
            await asyncio.sleep(WATCH_SECONDS)
            if refreshing is None or refreshing.done():
                refreshing = asyncio.create_task(asyncio.to_thread(self._standing.refresh, self._connections.peers()))
            await asyncio.wait({refreshing}, timeout=STALLED_SECONDS)
            if not refreshing.done() or refreshing.exception() is not None:
                log.error("whether tenants may stay cannot be found out: all are disconnected")
                self._connections.hang_up_on_all(Kind.UNREADABLE_REGISTRY)
            self._connections.sweep()
            self._hang_up_on_the_silent()
            if beats % FLUSH_EVERY == 0:
                self._edge.forget_the_gone()
                self._renewal.look()
                await asyncio.to_thread(self.tally.flush)

    def _hang_up_on_the_silent(self) -> None:
        for connection in list(self._connections.live):
            if not isinstance(connection, TenantProtocol):
                continue
            if connection.hangs_longer_than(HANGING_SECONDS):
                connection.hang_up()
            elif connection.waits_longer_than(self.document.limits.idle_seconds):
                self.tally.note(Kind.SLOW_UPLOAD, connection.peer.tenant if connection.peer else None, "no whole head")
                connection.hang_up()

    def _made(self, app: App) -> list[Server]:
        places, document = self._places, self.document
        outer = OperatorEdge(app, is_open, document.limits, self.tally)
        tls = server_tls(places.certificate, places.key)
        mutual = server_tls(places.certificate, places.key, clients=places.ca)
        self._renewal = Renewal(places.certificate, places.key, [tls, mutual])
        servers: list[Server] = [
            Server(_config(outer, document.operators, lifespan="on", tls=lambda *_: tls)),
            TenantServer(
                _config(self._edge, document.tenants, lifespan="off"),
                document.tenants,
                mutual,
                document.limits,
                self.tally,
                self._protocol,
            ),
        ]
        if document.enrolment is not None and self._federation.enrolment is not None:
            enrolling = _config(self._federation.enrolment, document.enrolment, lifespan="off", tls=lambda *_: tls)
            enrolling.http, enrolling.limit_concurrency = BriefProtocol, MOST_CONNECTIONS
            servers.append(Server(enrolling))
        return servers

    def _protocol(self, config: uvicorn.Config, state: ServerState) -> TenantProtocol:
        return TenantProtocol(config, state, self, self.document.limits.header_bytes)


def _config(app: Any, address: Address, *, lifespan: Any, tls: Callable[..., Any] | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        lifespan=lifespan,
        interface="asgi3",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_context_factory=tls,
    )


def _check_free(address: Address) -> None:
    try:
        listening(address).close()
    except OSError as error:
        raise BadInput(f"cannot listen on {address}: {error.strerror}", hint="choose another port in superlink.toml") from error


def addresses(document: SuperlinkDocument) -> Sequence[tuple[str, Address]]:
    """What listens where, in words."""
    found = [("tenants", document.tenants), ("operators", document.operators)]
    return [*found, ("enrolment", document.enrolment)] if document.enrolment is not None else found
