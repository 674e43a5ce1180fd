"""The outermost layer of each listener: which paths it has, and for tenants how much of the server one of them may take.

Steps for a tenant's request, each cheaper than the next:
 1. a path of the Fleet API, POST
 2. the tenant is active, its certificate holds
 3. the head admits to no more than may be
 4. the tenant's turn: a tenant beyond its pace waits here, and its socket is not read
 5. a slot: what is in memory for one tenant at a time is bounded
 6. the body, counted as it comes
 7. Flower, and our checks inside it
Whoever is refused pays for it at its own pace, so that sending what cannot be right slows its sender down and nobody else.
"""

import asyncio
from collections.abc import Callable, Mapping

from flowstate_flower.superlink.bodies import (
    OPERATORS_BODY,
    App,
    ClientGone,
    Event,
    Receive,
    Refusal,
    Scope,
    Send,
    Uploads,
    answer,
    declared_length,
    fleet_paths,
    replayed,
)
from flowstate_flower.superlink.document import Limits
from flowstate_flower.superlink.events import Kind, Tally
from flowstate_flower.superlink.pace import Bucket, Pace
from flowstate_flower.superlink.protocol import flow_of
from flowstate_flower.superlink.standing import Peer, Standing

REFUSED = "flowstate.refused"
"""Where an inner layer leaves what it has refused and counted already."""
UNUSABLE = "flowstate.unusable"
"""Where an inner layer leaves what was found wrong once Flower had answered as if nothing were."""
STATUS = {Kind.SUSPENDED_TENANT: 403, Kind.UNREADABLE_REGISTRY: 503, Kind.UNREADABLE_REVOCATIONS: 503}
FLOWERS_REFUSALS = {400: Kind.MALFORMED, 401: Kind.BAD_SIGNATURE, 415: Kind.MALFORMED, 422: Kind.MALFORMED, 500: Kind.MALFORMED}
"""What Flower's own answer says of a request, which says 500 where it did not expect what was sent."""


class TenantEdge:
    """Tenants' requests on their way to Flower's app. `ask` runs a blocking question in a thread."""

    def __init__(self, app: App, limits: Limits, standing: Standing, tally: Tally) -> None:
        self._app, self._limits, self._standing, self._tally = app, limits, standing, tally
        self._paths: Mapping[str, int] = fleet_paths(limits)
        self.paces: dict[str, Pace] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        peer: Peer = scope["state"]["peer"]
        try:
            await self._served(scope, receive, send, peer)
        except ClientGone:
            return
        except Refusal as refusal:
            self._refused(peer, refusal.kind, f"{scope['path']}: {refusal.detail}")
            await answer(send, refusal)

    def pace(self, tenant: str) -> Pace:
        """What the tenant uses now."""
        found = self.paces.get(tenant)
        if found is None:
            limits = self._limits
            found = self.paces[tenant] = Pace(
                Bucket(limits.objects_per_second, limits.burst_objects),
                Bucket(limits.bytes_per_second, limits.burst_bytes),
                asyncio.Semaphore(limits.in_flight),
            )
        return found

    def forget_the_gone(self) -> None:
        """Drop what is known of tenants that are not connected and owe nothing."""
        for tenant, pace in list(self.paces.items()):
            if not pace.connections and pace.requests.is_full and pace.received.is_full:
                del self.paces[tenant]

    async def _served(self, scope: Scope, receive: Receive, send: Send, peer: Peer) -> None:
        most = self._paths.get(scope["path"]) if scope["method"] == "POST" else None
        if most is None:  # 1
            raise Refusal(Kind.FORBIDDEN_PATH, 403, scope["method"], closes=True)
        await self._stands(peer)  # 2
        if declared_length(scope) > most:  # 3
            raise Refusal(Kind.OVERSIZE_BODY, 413, f"more than {most} bytes", closes=True)
        pace = self.pace(peer.tenant)
        await self._turn(scope, peer, pace)  # 4
        if pace.slots.locked():
            self._tally.note(Kind.TOO_MANY_IN_FLIGHT, peer.tenant)
        async with pace.slots:  # 5
            body = await Uploads(self._limits, pace.received).body(receive, most)  # 6
            await self._app(scope, replayed(body, receive), self._watched(scope, send, peer))  # 7
            if scope["state"].get(UNUSABLE) is not None:
                self._refused(peer, scope["state"][UNUSABLE], scope["path"])

    async def _stands(self, peer: Peer) -> None:
        remembered = self._standing.remembered(peer)
        if remembered is None:
            remembered = (await asyncio.to_thread(self._standing.objection, peer),)
        if remembered[0] is not None:
            raise Refusal(remembered[0], STATUS.get(remembered[0], 401), "not now", closes=True)

    async def _turn(self, scope: Scope, peer: Peer, pace: Pace) -> None:
        wait = pace.requests.take(1 if scope["path"].endswith("-object") else self._limits.request_costs)
        if wait <= 0:
            return
        self._tally.note(Kind.RATE_LIMITED, peer.tenant, f"waits {wait:.1f} s")
        flow = flow_of(scope["state"])
        flow.pause_reading()
        try:
            await asyncio.sleep(wait)
        finally:
            flow.resume_reading()

    def _watched(self, scope: Scope, send: Send, peer: Peer) -> Send:
        """A `send` that notices Flower's own refusals."""

        async def sent(event: Event) -> None:
            if event["type"] == "http.response.start" and event["status"] >= 400:
                kind = scope["state"].get(REFUSED) or FLOWERS_REFUSALS.get(event["status"])
                if kind is not None:
                    self._refused(peer, kind, scope["path"])
            await send(event)

        return sent

    def _refused(self, peer: Peer, kind: Kind, detail: str) -> None:
        self._tally.note(kind, peer.tenant, detail)
        self.pace(peer.tenant).requests.take(self._limits.refusal_costs)


class OperatorEdge:
    """Operators' and ServerApps' requests on their way to Flower's app, on loopback: never the Fleet API."""

    def __init__(self, app: App, is_open: Callable[[str], bool], limits: Limits, tally: Tally) -> None:
        self._app, self._is_open, self._limits, self._tally = app, is_open, limits, tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            if not self._is_open(scope["path"]):
                raise Refusal(Kind.FORBIDDEN_PATH, 403, "operators", closes=True)
            if declared_length(scope) > OPERATORS_BODY:
                raise Refusal(Kind.OVERSIZE_BODY, 413, "operators", closes=True)
            body = await Uploads(self._limits).body(receive, OPERATORS_BODY)
        except ClientGone:
            return
        except Refusal as refusal:
            self._tally.note(refusal.kind, None, f"{scope['path']}: {refusal.detail}")
            await answer(send, refusal)
            return
        await self._app(scope, replayed(body, receive), send)
