"""Connections that are over soon, whatever the other end does: for strangers, who have one thing to say."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LASTS_SECONDS, MOST_CONNECTIONS = 30.0, 256


class BriefProtocol(HttpToolsProtocol):
    """HTTP on a connection that is cut after `LASTS_SECONDS`."""

    _cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._cut = asyncio.get_running_loop().call_later(LASTS_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)
