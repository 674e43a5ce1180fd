"""The tenants' listener: TLS with client certificates, behind an accept loop that does not let strangers take all of it.

A handshake costs more than a request and comes before anybody is known, so it is rationed by address.
"""

import asyncio
import logging
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import uvicorn

from flowstate_flower.superlink.document import Address, Limits
from flowstate_flower.superlink.events import Kind, Tally
from flowstate_flower.superlink.pace import Bucket
from flowstate_flower.superlink.protocol import TenantProtocol

HANDSHAKE_SECONDS, HANDSHAKES_AT_ONCE, MOST_ADDRESSES, BACKLOG = 5.0, 512, 10_000, 512
log = logging.getLogger(__name__)
MakeProtocol = Callable[[uvicorn.Config, uvicorn.server.ServerState], TenantProtocol]


def server_tls(certificate: Path, key: Path, clients: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or newer with our certificate; with `clients`, a CA, every client must present a certificate of it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
        context.num_tickets = 0  # a resumed session would not show its certificate again
    return context


class Renewal:
    """Serves a renewed certificate to new connections, without a restart, once its file has changed."""

    def __init__(self, certificate: Path, key: Path, contexts: Sequence[ssl.SSLContext]) -> None:
        self._certificate, self._key, self._contexts = certificate, key, contexts
        self._seen = self._stamp()

    def look(self) -> None:
        """Take up what lies there now. Half of a pair is left alone: the other half is about to come."""
        now = self._stamp()
        if now == self._seen:
            return
        try:
            for context in self._contexts:
                context.load_cert_chain(self._certificate, self._key)
        except (OSError, ssl.SSLError):
            log.warning("the certificate %s does not go with its key: the one before is served on", self._certificate)
            return
        self._seen = now

    def _stamp(self) -> tuple[int, int]:
        try:
            return self._certificate.stat().st_mtime_ns, self._key.stat().st_mtime_ns
        except OSError:
            return 0, 0


class Doors:
    """How many handshakes each address may begin a second. Who is faster waits, as others behind its address may be honest."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buckets: dict[str, Bucket] = {}
        self._inside: defaultdict[str, int] = defaultdict(int)

    def enter(self, address: str) -> float | None:
        """In how many seconds this address may begin another handshake, None where too many of it wait already."""
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets = {address: bucket for address, bucket in self._buckets.items() if not bucket.is_full}
        if self._inside[address] >= HANDSHAKES_AT_ONCE:
            return None
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = Bucket(self._limits.handshakes_per_second, self._limits.burst_handshakes)
        self._inside[address] += 1
        return bucket.take(1)

    def leave(self, address: str) -> None:
        """A handshake of this address is over."""
        self._inside[address] -= 1
        if not self._inside[address]:
            del self._inside[address]


class Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to whoever runs several of them."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """See `uvicorn.Server`."""
        return nullcontext()


class TenantServer(Server):
    """uvicorn's server on our own accept loop. `address` must be free."""

    def __init__(
        self, config: uvicorn.Config, address: Address, tls: ssl.SSLContext, limits: Limits, tally: Tally, make: MakeProtocol
    ) -> None:
        super().__init__(config)
        self._address, self._tls, self._tally, self._make = address, tls, tally, make
        self._limits, self._doors = limits, Doors(limits)
        self._greetings: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`."""
        await self.lifespan.startup()
        self.servers = []
        self._socket = listening(self._address)
        self._accepting = asyncio.create_task(self._accept())
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`."""
        self._accepting.cancel()
        for greeting in list(self._greetings):
            greeting.cancel()
        self._socket.close()
        await super().shutdown(sockets)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, where = await loop.sock_accept(self._socket)
            except OSError:  # out of file descriptors, or the other end left
                await asyncio.sleep(0.05)
                continue
            address = str(where[0])
            is_full = len(self.server_state.connections) >= self._limits.all_connections
            wait = None if is_full else self._doors.enter(address)
            if wait is None:
                self._tally.note(Kind.TOO_MANY_CONNECTIONS, detail=address)
                client.close()
                continue
            greeting = loop.create_task(self._greet(client, address, wait))
            self._greetings.add(greeting)
            greeting.add_done_callback(self._greetings.discard)

    async def _greet(self, client: socket.socket, address: str, wait: float) -> None:
        """The handshake, after `wait` seconds; from there on the connection is its protocol's."""
        loop = asyncio.get_running_loop()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.sleep(wait)
            await loop.connect_accepted_socket(
                lambda: self._make(self.config, self.server_state),
                client,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except (TimeoutError, OSError) as error:
            self._tally.note(Kind.BAD_HANDSHAKE, detail=f"{address}: {getattr(error, 'reason', None) or error}")
            client.close()
        finally:
            self._doors.leave(address)


def listening(address: Address) -> socket.socket:
    """A socket that listens there. Raises `OSError` where the address is taken."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address.host, address.port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
