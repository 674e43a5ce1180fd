"""Inside Flower's app: every request of the Fleet API is bound to the certificate's tenant and the authenticated node.

Flower checks that a key signed the time of day and that its node is the request's. It does not check that the node is the
tenant's, that a message is from that node, that it answers something the node was asked, or that a run is the node's business.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from flwr.common.constant import SUPERLINK_NODE_ID
from flwr.proto.fleet_pb2 import ActivateNodeRequest, PushMessagesRequest, RegisterNodeFleetRequest
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest, ObjectTree, PushObjectRequest, PushObjectResponse
from flwr.server.superlink.linkstate import LinkState
from flwr.server.superlink.linkstate.sql_linkstate import SqlLinkState
from flwr.supercore.constant import FLEET_HTTP_PUBLIC_KEY_HEADER
from flwr.supercore.inflatable.inflatable_object import get_object_id
from flwr.supercore.utils import int64_to_uint64
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from flowstate_flower.superlink.bodies import App, Event, Receive, Scope, Send
from flowstate_flower.superlink.edge import REFUSED, UNUSABLE
from flowstate_flower.superlink.events import Kind, Tally
from flowstate_flower.superlink.linkstate import make_node
from flowstate_flower.superlink.roll import Roll
from flowstate_flower.superlink.standing import Peer

MOST_OBJECTS, MOST_DEPTH = 4096, 16
KEY_HEADER = FLEET_HTTP_PUBLIC_KEY_HEADER.lower().encode()
NEW_NODES = (ActivateNodeRequest, RegisterNodeFleetRequest)
State = Callable[[], LinkState]


class Binding:
    """Stands between the parsing of a request and Flower's check of its signature: refuses what no signature could mend."""

    def __init__(self, app: App, state: State, roll: Roll) -> None:
        self._app, self._state, self._roll = app, state, roll

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        peer, request = _fleet_request(scope)
        if peer is not None:
            kind = await run_in_threadpool(self._objection, peer, scope, request)
            if kind is not None:
                scope["state"][REFUSED] = kind
                await JSONResponse({"detail": kind}, status_code=403)(scope, receive, send)
                return
        if not isinstance(request, PushObjectRequest):
            await self._app(scope, receive, send)
            return
        answers: list[PushObjectResponse] = []
        await self._app(scope, receive, _listened(scope, send, answers))
        if answers and not answers[0].stored and await run_in_threadpool(_is_misnamed, request):
            scope["state"][UNUSABLE] = Kind.MALFORMED

    def _objection(self, peer: Peer, scope: Scope, request: Any) -> Kind | None:
        key = presented_key(scope)
        if key is None:
            return Kind.BAD_SIGNATURE
        if self._roll.owners([key.hex()]).get(key.hex()) != peer.tenant:
            return Kind.WRONG_CERTIFICATE
        return None if isinstance(request, NEW_NODES) else self._of_node(peer, key, request)

    def _of_node(self, peer: Peer, key: bytes, request: Any) -> Kind | None:
        state = self._state()
        node_id = request.node.node_id if hasattr(request, "node") else request.node_id
        if state.get_node_id_by_public_key(key) != node_id:
            return Kind.FORGED_SENDER
        run_id = _run_of(request)
        if run_id is not None and not self._roll.members(run_id, [peer.tenant]):
            return Kind.FOREIGN_RUN
        return _of_content(state, request, node_id)


class Activation:
    """Innermost, behind Flower's check of the signature: a tenant's node comes to be when its key first signs."""

    def __init__(self, app: App, state: State, roll: Roll, tally: Tally) -> None:
        self._app, self._state, self._roll, self._tally = app, state, roll, tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        peer, request = _fleet_request(scope)
        if peer is not None and isinstance(request, ActivateNodeRequest):
            kind = await run_in_threadpool(self._objection, peer, request.public_key)
            if kind is not None:
                scope["state"][REFUSED] = kind
                await JSONResponse({"detail": kind}, status_code=403)(scope, receive, send)
                return
            self._tally.note(Kind.NODE_ACTIVATED, peer.tenant)
        await self._app(scope, receive, send)

    def _objection(self, peer: Peer, public_key: bytes) -> Kind | None:
        state = self._state()
        if state.get_node_id_by_public_key(public_key) is not None:
            return None
        most = self._roll.most_nodes(peer.tenant)
        if most is not None and sum(info.name == peer.tenant for info in state.get_node_info()) >= most:
            return Kind.TOO_MANY_NODES
        try:
            make_node(state, public_key, peer.tenant)
        except ValueError:  # it was unregistered once: Flower burns such a key, and says so itself
            return None
        return None


def _listened(scope: Scope, send: Send, answers: list[PushObjectResponse]) -> Send:
    """A `send` that keeps what Flower's handler answers, which is gone a moment later."""

    async def sent(event: Event) -> None:
        said = scope["state"].get("protobuf_response") if event["type"] == "http.response.start" else None
        if isinstance(said, PushObjectResponse):
            answers.append(said)
        await send(event)

    return sent


def _is_misnamed(request: PushObjectRequest) -> bool:
    """Whether an object is not what its name is the digest of; one that is stored already is not stored again either."""
    return get_object_id(request.object_content) != request.object_id


def presented_key(scope: Scope) -> bytes | None:
    """The public key under which a request is signed, None where there is not exactly one."""
    said = [value for name, value in scope["headers"] if name == KEY_HEADER]
    try:
        return b64decode(said[0], validate=True) if len(said) == 1 else None
    except (binascii.Error, ValueError):
        return None


def unasked(state: LinkState, request: PushMessagesRequest, node_id: int) -> Kind | None:
    """What stands against a reply: it must be one, from this node, to what this node was asked in this run."""
    if len(request.messages_list) != 1 or len(request.message_object_trees) != 1 or not fits(request.message_object_trees[0]):
        return Kind.MALFORMED
    metadata = request.messages_list[0].metadata
    if metadata.src_node_id != node_id:
        return Kind.FORGED_SENDER
    if metadata.dst_node_id != SUPERLINK_NODE_ID or not metadata.reply_to_message_id:
        return Kind.MALFORMED
    return None if _asked(state, metadata.reply_to_message_id) == node_id else Kind.UNASKED_REPLY


def fits(tree: ObjectTree) -> bool:
    """Whether what a message consists of is within bounds; read level by level, as a deep tree would end a recursion."""
    level, seen = [tree], 0
    for _ in range(MOST_DEPTH):
        seen += len(level)
        level = [child for part in level for child in part.children]
        if not level or seen > MOST_OBJECTS:
            break
    return not level and seen <= MOST_OBJECTS


def _of_content(state: LinkState, request: Any, node_id: int) -> Kind | None:
    if isinstance(request, PushMessagesRequest):
        return unasked(state, request, node_id)
    if isinstance(request, PushObjectRequest) and not request.session_id:
        return Kind.MALFORMED
    if isinstance(request, ConfirmMessageReceivedRequest):
        asked = _asked(state, request.message_object_id)
        return None if asked in {None, node_id} else Kind.FORGED_SENDER
    return None


def _asked(state: LinkState, message_id: str) -> int | None:
    """The node that a message was for, None where there is no such message any more."""
    if not isinstance(state, SqlLinkState):
        raise TypeError("the link state is not Flower's on SQL")
    found = state.get_valid_message_ins(message_id)
    return None if found is None else int64_to_uint64(found["dst_node_id"])


def _run_of(request: Any) -> int | None:
    """The run that a request is about, None where it is about none."""
    if isinstance(request, PushMessagesRequest):
        return request.messages_list[0].metadata.run_id if request.messages_list else None
    return request.run_id if hasattr(request, "run_id") else None


def _fleet_request(scope: Scope) -> tuple[Peer | None, Any]:
    """The tenant of a parsed request of the Fleet API, None for everything else."""
    state = scope.get("state", {})
    peer, request = state.get("peer"), state.get("protobuf_request")
    return (peer, request) if request is not None else (None, None)
