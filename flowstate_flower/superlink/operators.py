"""Operators on the Control API: a token says who, the account's role says what, and everything that is done is recorded.

What Flower offers beyond runs and nodes (automations, connectors, apps of a hub) is closed to everybody.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from flwr.common.constant import ACCESS_TOKEN_KEY, NOOP_FLWR_AID
from flwr.common.event_log_plugin import EventLogWriterPlugin
from flwr.proto.control_pb2 import StartRunRequest
from flwr.supercore.auth.typing import AccountInfo
from flwr.supercore.event_log.typing import Actor, Event, LogEntry
from flwr.superlink.auth_plugin import NoOpControlAuthnPlugin
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from flowstate_flower.errors import BadInput
from flowstate_flower.superlink.accounts import AccountBook, Role
from flowstate_flower.superlink.bodies import App, Receive, Scope, Send
from flowstate_flower.superlink.events import Kind, Tally

CONTROL, RUNTIME, HEALTH = "/v1/control/", "/v1/runtime/", "/health"
NEEDED: Mapping[str, Role] = {
    "list-runs": Role.VIEWER,
    "list-run-series": Role.VIEWER,
    "get-run-series": Role.VIEWER,
    "list-run-series-events": Role.VIEWER,
    "stream-logs": Role.VIEWER,
    "stream-run-events": Role.VIEWER,
    "list-nodes": Role.VIEWER,
    "list-federations": Role.VIEWER,
    "show-federation": Role.VIEWER,
    "start-run": Role.RUNNER,
    "stop-run": Role.RUNNER,
    "register-node": Role.ADMIN,
    "unregister-node": Role.ADMIN,
}
"""The calls that are open, with the role each needs."""


def is_open(path: str) -> bool:
    """Whether a path is served to operators and ServerApps at all."""
    return path == HEALTH or path.startswith(RUNTIME) or path.removeprefix(CONTROL) in NEEDED


class TokenAuthn(NoOpControlAuthnPlugin):
    """Flower's question who bears this token, answered from the accounts. What cannot be read knows nobody."""

    def __init__(self, book: AccountBook, tally: Tally) -> None:
        super().__init__()
        self._book, self._tally = book, tally

    def validate_tokens_in_metadata(self, metadata: Sequence[tuple[str, str | bytes]]) -> tuple[bool, AccountInfo | None]:
        """See `flwr.superlink.auth_plugin.ControlAuthnPlugin`. To Flower all operators are one account: one house."""
        token = dict(metadata).get(ACCESS_TOKEN_KEY)
        try:
            account = self._book.bearer_of(token) if isinstance(token, str) else None
        except BadInput:
            account = None
        if account is None:
            self._tally.note(Kind.CONTROL_DENIED, None, "no account has this token" if token else "no token")
            return False, None
        return True, AccountInfo(flwr_aid=NOOP_FLWR_AID, account_name=account.name)


class Roles:
    """Inside Flower's app, behind its question who: whether this operator may do this."""

    def __init__(self, app: App, book: AccountBook, tally: Tally) -> None:
        self._app, self._book, self._tally = app, book, tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["path"].startswith(CONTROL):
            objection = await run_in_threadpool(self._objection, scope)
            if objection is not None:
                self._tally.note(Kind.CONTROL_DENIED, None, objection)
                await JSONResponse({"code": 0, "detail": objection}, status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _objection(self, scope: Scope) -> str | None:
        call, state = scope["path"].removeprefix(CONTROL), scope["state"]
        who, needed = state.get("account"), NEEDED.get(call)
        account = self._book.named(who.account_name) if isinstance(who, AccountInfo) else None
        if account is None or needed is None:
            return f"{call} is not open"
        if not account.role.covers(needed):
            return f"{account.name} is {account.role}, {call} needs {needed}"
        request = state.get("protobuf_request")
        if isinstance(request, StartRunRequest) and (request.app_spec or not request.fab.content):
            return f"{account.name}: an app is sent along, never fetched"
        return None


class ControlLog(EventLogWriterPlugin):
    """Flower's log of what operators do, written into our record. Looking is not doing, and is left out."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def compose_log_before_event(
        self, request: Any, context: Any, account_info: AccountInfo | None, method_name: str
    ) -> LogEntry:
        """See `flwr.common.event_log_plugin.EventLogWriterPlugin`."""
        return _entry(request, context, account_info, method_name, "started")

    def compose_log_after_event(
        self, request: Any, context: Any, account_info: AccountInfo | None, method_name: str, response: Any
    ) -> LogEntry:
        """See `flwr.common.event_log_plugin.EventLogWriterPlugin`."""
        status = "failed" if response is None or isinstance(response, BaseException) else "completed"
        entry = _entry(request, context, account_info, method_name, status)
        entry.event.run_id = entry.event.run_id or getattr(response, "run_id", None)
        return entry

    def write_log(self, log_entry: LogEntry) -> None:
        """See `flwr.common.event_log_plugin.EventLogWriterPlugin`."""
        call = log_entry.event.action.removeprefix(CONTROL)
        if log_entry.status == "started" or NEEDED.get(call) is Role.VIEWER:
            return
        run = f" of run {log_entry.event.run_id}" if log_entry.event.run_id else ""
        self._tally.action(f"{log_entry.actor.actor_id}: {call}{run} {log_entry.status}")


def _entry(request: Any, context: Any, account: AccountInfo | None, call: str, status: str) -> LogEntry:
    """Flower's own form of an entry."""
    address = context.client.host if context.client is not None else ""
    return LogEntry(
        timestamp=f"{time.time():.3f}",
        actor=Actor(actor_id=account.account_name if account else None, description=None, ip_address=address),
        event=Event(action=call, run_id=getattr(request, "run_id", None), fab_hash=None),
        status=status,
    )
