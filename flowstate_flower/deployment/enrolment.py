"""The enrolment listener's app: where tenants join with an invitation, renew and consent, over TLS, with none of their own.

It faces strangers. Bodies are small and arrive soon or not at all; whoever failed too often waits; every no is the same no.
What happens is counted, and goes to the registry once a second at most.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowstate_flower.deployment import admitting, certification
from flowstate_flower.deployment.exchange import LARGEST_BODY, Certificate, Consent, Joining, Recorded, Renewal, parsed
from flowstate_flower.errors import BadInput, FlowstateError
from flowstate_flower.pki import Authority
from flowstate_flower.registry import Registry
from flowstate_flower.registry.enrolment import NotLetIn
from flowstate_flower.registry.server_events import EventKind, ServerEvent, record

JOIN_PATH, RENEW_PATH, CONSENT_PATH = "/v1/join", "/v1/renew", "/v1/consent"
REFUSED_AS = {
    JOIN_PATH: EventKind.BAD_INVITATION,
    RENEW_PATH: EventKind.BAD_RENEWAL,
    CONSENT_PATH: EventKind.BAD_CONSENT,
}
BODY_SECONDS, FLUSH_SECONDS = 10.0, 1.0
MOST_FAILURES, SECONDS_PER_FAILURE, MOST_ADDRESSES = 10, 6.0, 10_000
AT_ONCE, MOST_WAITING = 2, 64
log = logging.getLogger(__name__)
Record = Callable[[Sequence[ServerEvent]], None]
Answer = Certificate | Recorded
Act = Callable[[Authority], tuple[str, Answer]]


class Failures:
    """How often each address failed lately: ten are free, then one every six seconds. Memory is bounded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        """When all failures of an address will be forgotten."""
        self._swept = -SECONDS_PER_FAILURE

    def too_many(self, address: str) -> bool:
        """Whether this address has to wait."""
        return self._until.get(address, 0.0) - self._clock() > (MOST_FAILURES - 1) * SECONDS_PER_FAILURE

    def add(self, address: str) -> None:
        """One more of this address."""
        now = self._clock()
        if len(self._until) >= MOST_ADDRESSES and now - self._swept >= SECONDS_PER_FAILURE:
            self._swept = now
            self._until = {known: until for known, until in self._until.items() if until > now}
        if len(self._until) < MOST_ADDRESSES or address in self._until:
            self._until[address] = max(now, self._until.get(address, 0.0)) + SECONDS_PER_FAILURE


@dataclass(slots=True)
class _Notes:
    """Events since the last time they were recorded, by kind and tenant, with one detail of each."""

    record: Record
    counts: Counter[tuple[EventKind, str | None]] = field(default_factory=Counter)
    details: dict[tuple[EventKind, str | None], str] = field(default_factory=dict)
    writing: "asyncio.Task[None] | None" = None

    def add(self, kind: EventKind, tenant: str | None, detail: str) -> None:
        """One more. It is recorded within a second."""
        self.counts[kind, tenant] += 1
        self.details[kind, tenant] = detail
        if self.writing is None or self.writing.done():
            self.writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        counts, details = self.counts, self.details
        self.counts, self.details = Counter(), {}
        events = [ServerEvent(kind, tenant, count, details[kind, tenant]) for (kind, tenant), count in counts.items()]
        try:
            await asyncio.to_thread(self.record, events)
        except FlowstateError:
            log.exception("what happened at the enrolment listener could not be recorded")


class _Refused(Exception):
    """The answer to a request that is not let in. `detail` is for the operator alone."""

    def __init__(self, status: int, said: str, kind: EventKind, detail: str = "") -> None:
        super().__init__(detail)
        self.status, self.said, self.kind = status, said, kind


class Enrolment:
    """Answers requests to join and to renew, and takes consents, a few at a time."""

    def __init__(self, registry: Registry, clock: Callable[[], float] = time.monotonic) -> None:
        """`registry` is open to write; its authority is opened for every request, so that a new issuer is used at once."""
        self._registry, self._failures = registry, Failures(clock)
        self._notes = _Notes(partial(record, registry))
        self._turns, self._waiting = asyncio.Semaphore(AT_ONCE), 0
        self._acts = {JOIN_PATH: self._join, RENEW_PATH: self._renew, CONSENT_PATH: self._agree}

    def app(self) -> Starlette:
        """The ASGI app: three paths and nothing else."""
        routes = [Route(path, self._answer, methods=["POST"]) for path in self._acts]
        return Starlette(routes=routes)

    async def _answer(self, request: Request) -> Response:
        address = request.client.host if request.client else ""
        try:
            if self._failures.too_many(address):
                raise _Refused(429, "wait", EventKind.RATE_LIMITED, "too many failed before")
            name, handed = await self._handed(request)
        except _Refused as refused:
            self._notes.add(refused.kind, None, f"{request.url.path}: {refused}"[:200])
            if refused.status not in (429, 503):
                self._failures.add(address)
            return JSONResponse({"detail": refused.said}, refused.status)
        except ClientDisconnect:
            return Response(status_code=400)
        self._notes.add(EventKind.ENROLLED, name, request.url.path)
        return Response(handed.model_dump_json(), media_type="application/json")

    async def _handed(self, request: Request) -> tuple[str, Answer]:
        try:
            body = await asyncio.wait_for(_body(request), BODY_SECONDS)
        except TimeoutError as error:
            raise _Refused(408, "too slow", EventKind.SLOW_UPLOAD) from error
        if self._waiting >= MOST_WAITING:
            raise _Refused(503, "busy", EventKind.TOO_MANY_IN_FLIGHT)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(self._act, request.url.path, body)
        finally:
            self._waiting -= 1

    def _act(self, path: str, body: bytes) -> tuple[str, Answer]:
        try:
            act = self._acts[path](body)
        except BadInput as error:
            raise _Refused(400, "malformed", EventKind.MALFORMED, str(error)) from error
        try:
            authority = certification.open_authority(self._registry)
        except FlowstateError as error:
            log.exception("the authority does not answer")
            raise _Refused(503, "busy", EventKind.UNREADABLE_REGISTRY, str(error)) from error
        try:
            return act(authority)
        except NotLetIn as error:
            raise _Refused(403, "refused", REFUSED_AS[path], str(error)) from error
        except BadInput as error:  # whoever gets here has a good invitation, or a good key
            raise _Refused(409, str(error), REFUSED_AS[path], str(error)) from error
        except FlowstateError as error:
            log.exception("the registry does not answer")
            raise _Refused(503, "busy", EventKind.UNREADABLE_REGISTRY, str(error)) from error

    def _join(self, body: bytes) -> Act:
        joining = parsed(Joining, body, "the body")
        return lambda authority: admitting.admit(self._registry, authority, joining)

    def _renew(self, body: bytes) -> Act:
        renewal = parsed(Renewal, body, "the body")
        return lambda authority: admitting.renew(self._registry, authority, renewal)

    def _agree(self, body: bytes) -> Act:
        consent = parsed(Consent, body, "the body")
        return lambda _: admitting.agree(self._registry, consent)


async def _body(request: Request) -> bytes:
    """The whole body, counted as it arrives."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or len(announced) > 12 or int(announced) > LARGEST_BODY:
        raise _Refused(413, "too large", EventKind.OVERSIZE_BODY, f"{announced[:20]} bytes announced")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise _Refused(413, "too large", EventKind.OVERSIZE_BODY, f"more than {LARGEST_BODY} bytes")
        parts.append(part)
    return b"".join(parts)
