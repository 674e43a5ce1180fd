"""HTTP on a tenant's connection: uvicorn's protocol, told who is at the other end, with bounds that uvicorn has not.

uvicorn keeps a request's head in memory however long it is and however slowly it comes, and queues pipelined requests.
"""

import asyncio
import time
from typing import Any, Protocol

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from flowstate_flower.superlink.standing import Peer


class Host(Protocol):
    """Who receives connections."""

    def welcome(self, connection: "TenantProtocol", certificate: bytes | None) -> Peer | None:
        """Who a connection with this DER certificate is; None where it is not let in."""

    def goodbye(self, connection: "TenantProtocol") -> None:
        """A connection has ended."""


class Refused(httptools.HttpParserError):
    """A head that is not read to its end."""


class TenantProtocol(HttpToolsProtocol):
    """One connection. `waiting_since` is when the head began that is not complete, on the monotonic clock."""

    def __init__(self, config: Config, server_state: ServerState, host: Host, most_head_bytes: int) -> None:
        super().__init__(config=config, server_state=server_state, app_state={})
        self._host, self._most_head_bytes = host, most_head_bytes
        self._head_bytes, self._in_head = 0, False
        self.peer: Peer | None = None
        self.waiting_since: float | None = time.monotonic()
        self._hanging_since: float | None = None
        self.is_oversize = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        session = transport.get_extra_info("ssl_object")
        self.peer = self._host.welcome(self, session.getpeercert(binary_form=True) if session is not None else None)
        if self.peer is None:
            self.hang_up()
        self.app_state = {"peer": self.peer, "flow": self.flow}

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        super().connection_lost(exc)
        self._host.goodbye(self)

    def hang_up(self) -> None:
        """See `standing.Connection`."""
        self.transport.abort()

    def leave_hanging(self) -> None:
        """Read nothing of it any more: whoever connects too often waits for an answer instead of trying again."""
        self.waiting_since, self._hanging_since = None, time.monotonic()
        self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.peer is None or self.parser is None or self._hanging_since is not None:
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            self.waiting_since = self.waiting_since or time.monotonic()
            if self._head_bytes > self._most_head_bytes:
                self.is_oversize = True
                self.hang_up()

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        super().on_header(name, value)
        if sum(len(n) + len(v) for n, v in self.headers) > self._most_head_bytes:
            self.is_oversize = True
            raise Refused("the head of a request is too long")

    def on_message_begin(self) -> None:
        """See `httptools.HttpRequestParser`."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """See `httptools.HttpRequestParser`. One may wait: a client has all of an answer before we are done."""
        if self.pipeline:
            raise Refused("requests before the answers to those before them")
        self._in_head, self._head_bytes, self.waiting_since = False, 0, None
        super().on_headers_complete()

    def waits_longer_than(self, seconds: float) -> bool:
        """Whether the other end began a request, or only connected, and has not said for `seconds` what it wants."""
        return self.waiting_since is not None and time.monotonic() - self.waiting_since > seconds

    def hangs_longer_than(self, seconds: float) -> bool:
        """Whether it was left hanging that long ago."""
        return self._hanging_since is not None and time.monotonic() - self._hanging_since > seconds


def flow_of(state: dict[str, Any]) -> Any:
    """What pauses the reading of the connection that a request came on."""
    return state["flow"]
