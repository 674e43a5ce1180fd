"""A Flower node without a SuperNode: it speaks the Fleet API from a script, honestly or not, for tests and benchmarks.

Each step of a node's life is a call, and each can be said on somebody else's behalf: what a server must turn away can only be
shown by somebody who tries it.
"""

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec
from flwr.app import Message, RecordDict
from flwr.app.message import remove_content_from_message
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.proto.fab_pb2 import GetFabRequest
from flwr.proto.fleet_pb2 import (
    ActivateNodeRequest,
    DeactivateNodeRequest,
    PullMessagesRequest,
    PushMessagesRequest,
    RegisterNodeFleetRequest,
)
from flwr.proto.heartbeat_pb2 import SendNodeHeartbeatRequest
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest, ObjectTree, PullObjectRequest, PushObjectRequest
from flwr.proto.node_pb2 import Node
from flwr.proto.run_pb2 import GetRunRequest
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects, get_object_tree, iterate_object_tree
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents
from flwr.supercore.interceptors.http.runtime_version import RuntimeVersionHttpInterceptor
from flwr.supercore.primitives.asymmetric import public_key_to_bytes
from flwr.supernode.fleet_http_client import FleetHttpClient
from flwr.supernode.node_auth_http_interceptor import NodeAuthHttpInterceptor

HEARTBEAT_SECONDS, POLL_SECONDS, OBJECT_SECONDS = 600.0, 0.1, 30.0


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a reply: the session it was announced in, the objects asked for, and which of them were stored."""

    session_id: str
    wanted: Sequence[str]
    stored: Sequence[bool]

    @property
    def accepted(self) -> bool:
        """The server took the reply and every object of it."""
        return bool(self.session_id) and bool(self.wanted) and all(self.stored)


class ScriptedNode:
    """A node with the EC `key`, on the Fleet API at `address` (host:port), as the TLS client that `tls` makes of it.

    Every call raises `httpx.HTTPStatusError` where the server refuses and `httpx.TransportError` where it hangs up.
    """

    def __init__(self, address: str, key: ec.EllipticCurvePrivateKey, tls: ssl.SSLContext) -> None:
        self.public_key = public_key_to_bytes(key.public_key())
        self.node_id = 0
        signer = NodeAuthHttpInterceptor(key, key.public_key())
        version = RuntimeVersionHttpInterceptor(component_name="SuperNode")
        self.fleet = FleetHttpClient(f"https://{address}", interceptors=[version, signer], verify=tls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def me(self) -> Node:
        """The node as it names itself in requests; a liar sets `node_id` to another's."""
        return Node(node_id=self.node_id)

    def close(self) -> None:
        """Hang up. The node stays active."""
        self.fleet.close()

    def register(self) -> None:
        """Register itself: for a stock SuperLink without node authentication; ours refuses it."""
        self.fleet.RegisterNode(RegisterNodeFleetRequest(public_key=self.public_key))

    def activate(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> int:
        """Come online. Returns the node's id."""
        request = ActivateNodeRequest(public_key=self.public_key, heartbeat_interval=heartbeat_seconds)
        self.node_id = int(self.fleet.ActivateNode(request).node_id)
        return self.node_id

    def deactivate(self) -> None:
        """Go offline."""
        self.fleet.DeactivateNode(DeactivateNodeRequest(node_id=self.node_id))

    def heartbeat(self, seconds: float = HEARTBEAT_SECONDS) -> bool:
        """Stay online for `seconds` more."""
        request = SendNodeHeartbeatRequest(node=self.me, heartbeat_interval=seconds)
        return bool(self.fleet.SendNodeHeartbeat(request).success)

    def asked(self) -> tuple[Message, ObjectTree] | None:
        """The next message for this node, without its content, and what that consists of."""
        response = self.fleet.PullMessages(PullMessagesRequest(node=self.me))
        if not response.messages_list:
            return None
        return message_from_proto(response.messages_list[0]), response.message_object_trees[0]

    def pull(self) -> Message | None:
        """The next message for this node with its content, confirmed; None where there is none."""
        found = self.asked()
        if found is None:
            return None
        message, tree = found
        run_id = message.metadata.run_id
        contents = {part.object_id: self.pull_object(run_id, part.object_id) for part in iterate_object_tree(tree)}
        self.confirm(run_id, tree.object_id)
        whole = inflate_object_from_contents(tree.object_id, contents)
        if not isinstance(whole, Message):
            raise TypeError(f"a {type(whole).__name__} was sent for a message")
        whole.metadata.__dict__["_message_id"] = message.metadata.message_id
        return whole

    def wait(self, seconds: float, poll_seconds: float = POLL_SECONDS) -> Message:
        """The next message, asked for until it comes. Raises `TimeoutError` after `seconds`."""
        deadline = time.monotonic() + seconds
        while (message := self.pull()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"node {self.node_id} was sent nothing within {seconds} seconds")
            time.sleep(poll_seconds)
        return message

    def pull_object(self, run_id: int, object_id: str) -> bytes:
        """One object, waited for until it is there. Raises `LookupError` where the server has no such object."""
        deadline = time.monotonic() + OBJECT_SECONDS
        while time.monotonic() < deadline:
            response = self.fleet.PullObject(PullObjectRequest(node=self.me, run_id=run_id, object_id=object_id))
            if not response.object_found:
                break
            if response.object_available:
                return bytes(response.object_content)
            time.sleep(POLL_SECONDS)
        raise LookupError(object_id)

    def confirm(self, run_id: int, object_id: str) -> None:
        """Say that a message has been received: the server forgets its objects."""
        request = ConfirmMessageReceivedRequest(node=self.me, run_id=run_id, message_object_id=object_id)
        self.fleet.ConfirmMessageReceived(request)

    def push(self, message: Message) -> Sent:
        """Send a reply and all of its objects; it is given its id."""
        wanted, session_id = self.announce(named(message))
        parts = get_all_nested_objects(message)
        run_id = message.metadata.run_id
        stored = [self.push_object(run_id, session_id, part, parts[part].deflate()) for part in wanted]
        return Sent(session_id, wanted, stored)

    def announce(self, message: Message, tree: ObjectTree | None = None) -> tuple[Sequence[str], str]:
        """Announce a reply. Returns the ids of the objects that the server asks for, and the session to send them in."""
        request = PushMessagesRequest(
            node=self.me,
            messages_list=[message_to_proto(remove_content_from_message(message))],
            message_object_trees=[get_object_tree(message) if tree is None else tree],
            clientapp_runtime_list=[0.1],
        )
        response = self.fleet.PushMessages(request)
        return list(response.objects_to_push), response.session_id

    def push_object(self, run_id: int, session_id: str, object_id: str, content: bytes) -> bool:
        """Send one object. Returns whether it was stored."""
        request = PushObjectRequest(
            node=self.me, run_id=run_id, session_id=session_id, object_id=object_id, object_content=content
        )
        return bool(self.fleet.PushObject(request).stored)

    def run_of(self, run_id: int) -> str:
        """What a SuperNode asks of a run before it works for it: the hash of its app."""
        return str(self.fleet.GetRun(GetRunRequest(node=self.me, run_id=run_id)).run.fab_hash)

    def app_of(self, run_id: int, fab_hash: str) -> bytes:
        """The app of a run, as a FAB."""
        request = GetFabRequest(node=self.me, hash_str=fab_hash, run_id=run_id)
        return bytes(self.fleet.GetFab(request).fab.content)

    def serve(self, answer: Callable[[Message], RecordDict], is_over: Callable[[], bool], poll_seconds: float) -> int:
        """Answer every message until `is_over`. Returns how many were answered."""
        answered = 0
        while not is_over():
            message = self.pull()
            if message is None:
                time.sleep(poll_seconds)
                continue
            self.push(Message(answer(message), reply_to=message))
            answered += 1
        return answered


def named(message: Message) -> Message:
    """The message with the id that Flower gives it: that of its content."""
    message.metadata.__dict__["_message_id"] = message.object_id
    return message


def node_tls(ca: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """A TLS client that trusts the root in `ca`, and presents a certificate where it has one."""
    context = ssl.create_default_context(cafile=str(ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
