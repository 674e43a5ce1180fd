"""Reading what a tenant uploads: counted as it comes, at the tenant's pace, never too much and never too slowly."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from flowstate_flower.superlink.document import MIB, Limits
from flowstate_flower.superlink.events import Kind
from flowstate_flower.superlink.pace import Bucket

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class ClientGone(Exception):
    """The other end hung up before it had said all."""


class Refusal(Exception):
    """A request that is answered here. `closes` where what remains of it is not read."""

    def __init__(self, kind: Kind, status: int, detail: str, *, closes: bool = False) -> None:
        super().__init__(detail)
        self.kind, self.status, self.detail, self.closes = kind, status, detail, closes


@dataclass(frozen=True, slots=True)
class Uploads:
    """How bodies are read. `received` is the tenant's pace in bytes, None where nobody counts."""

    limits: Limits
    received: Bucket | None = None

    async def body(self, receive: Receive, most: int) -> bytes:
        """A whole body. Raises `Refusal` where it has more than `most` bytes or comes too slowly, `ClientGone`."""
        parts: list[bytes] = []
        size, more, loop = 0, True, asyncio.get_running_loop()
        deadline = loop.time() + self.limits.idle_seconds
        while more:
            event = await self._next(receive, deadline)
            chunk = event.get("body", b"")
            more = event.get("more_body", False)
            size += len(chunk)
            if size > most:
                raise Refusal(Kind.OVERSIZE_BODY, 413, f"more than {most} bytes", closes=True)
            parts.append(chunk)
            deadline += len(chunk) / self.limits.slowest_bytes_per_second
            if self.received is not None and (wait := self.received.take(len(chunk))) > 0:
                await asyncio.sleep(wait)  # nothing is read meanwhile beyond what uvicorn holds: 64 KiB
                deadline += wait
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _next(self, receive: Receive, deadline: float) -> Event:
        try:
            async with asyncio.timeout_at(deadline):
                event = await receive()
        except TimeoutError:
            raise Refusal(Kind.SLOW_UPLOAD, 408, "too slow", closes=True) from None
        if event["type"] == "http.disconnect":
            raise ClientGone
        return event


def declared_length(scope: Scope) -> int:
    """What the request's head says of its body's length, 0 where it says nothing. Raises `Refusal`."""
    said = [value for name, value in scope["headers"] if name == b"content-length"]
    if not said:
        return 0
    if len(said) > 1 or not said[0].isdigit() or len(said[0]) > 18:
        raise Refusal(Kind.MALFORMED, 400, "content-length", closes=True)
    return int(said[0])


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body first, and then waits for the end of the connection."""
    given = False

    async def next_event() -> Event:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_event


async def answer(send: Send, refusal: Refusal) -> None:
    """Say no, in one line of JSON."""
    body = b'{"detail":"%s"}' % refusal.kind.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if refusal.closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


SMALL_BODY = 64 * 1024
OVERHEAD = 4096
"""What Protocol Buffers put around an object."""


def fleet_paths(limits: Limits) -> dict[str, int]:
    """The paths that tenants reach, with the most bytes of a body on each."""
    small = ("activate-node", "deactivate-node", "send-node-heartbeat", "pull-messages", "get-run", "get-fab")
    paths = {f"/v1/fleet/{name}": SMALL_BODY for name in (*small, "pull-object", "confirm-message-received")}
    paths["/v1/fleet/push-messages"] = limits.message_bytes
    paths["/v1/fleet/push-object"] = limits.object_bytes + OVERHEAD
    return paths


OPERATORS_BODY = 64 * MIB
