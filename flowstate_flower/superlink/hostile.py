"""What a hostile tenant sends to the Fleet API, as the bytes that go over the wire: for a benchmark of what a server stands.

Nothing here is sent: whoever measures writes these bytes to a server of its own, with a certificate that this server issued.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

import httpx
from flwr.app import Message, Metadata, RecordDict
from flwr.app.message import make_message
from flwr.supercore.protobuf.client import ProtobufCall, ProtobufRequestContext
from flwr.supernode.fleet_http_client import FleetHttpClient

from flowstate_flower.superlink.scripted import ScriptedNode, named

LIFETIME_SECONDS = 600.0
NO_SESSION = "0" * 32
CONTENT_LENGTH = "content-length"


class Attack(StrEnum):
    """Kinds of hostile requests."""

    BAD_SIGNATURE = "bad-signature"
    FORGED_SENDER = "forged-sender"
    OVERSIZE_BODY = "oversize-body"
    SLOW_UPLOAD = "slow-upload"
    MALFORMED = "malformed"


class _Caught(Exception):
    """Carries a request out of Flower's client, before it is sent."""

    def __init__(self, request: httpx.Request) -> None:
        self.request = request


class _Catcher:
    def intercept(self, context: ProtobufRequestContext, call_next: ProtobufCall) -> httpx.Response:
        """See `flwr.supercore.protobuf.client.ProtobufClientInterceptor`."""
        raise _Caught(context.request)


def hostile_requests(node: ScriptedNode, run_id: int, victim: int, oversize_bytes: int) -> Mapping[Attack, bytes]:
    """One request of each kind by `node`, which is active. `victim` is another's node, `oversize_bytes` more than is let in.

    An oversize body is only announced; a slow upload is a head, whose body whoever sends it brings in drops.
    """
    node.fleet = FleetHttpClient(node.fleet._base_url, interceptors=[*node.fleet._interceptors, _Catcher()])
    forged, honest = _reply(run_id, victim), _reply(run_id, node.node_id)
    push = _caught(lambda: node.announce(honest))
    upload = _caught(lambda: node.push_object(run_id, NO_SESSION, "0" * 64, bytes(1024)))
    pull = _caught(node.asked)  # which nothing is wrong with but how it will be signed
    signature = next(name for name in pull.headers if "signature" in name.lower())
    return {
        Attack.BAD_SIGNATURE: _bytes(pull, {signature: _turned(pull.headers[signature])}),
        Attack.FORGED_SENDER: _bytes(_caught(lambda: node.announce(forged))),
        Attack.OVERSIZE_BODY: _bytes(upload, {CONTENT_LENGTH: str(oversize_bytes)}),
        Attack.SLOW_UPLOAD: _bytes(upload, {CONTENT_LENGTH: "100000"}, body=b""),
        Attack.MALFORMED: _bytes(push, body=b"\xff" * len(push.content)),
    }


def _caught(call: Callable[[], object]) -> httpx.Request:
    """The request that a call would have sent."""
    try:
        call()
    except _Caught as caught:
        return caught.request
    raise RuntimeError("Flower's client sent a request past its interceptors")


def _reply(run_id: int, sender: int) -> Message:
    """An empty reply of the node `sender` to a message that nobody sent."""
    metadata = Metadata(run_id, "", sender, 1, NO_SESSION, "", 0.0, LIFETIME_SECONDS, "train")
    return named(make_message(metadata=metadata, content=RecordDict()))


def _turned(signature: str) -> str:
    """A signature of the same length that is wrong."""
    return signature[:-8] + ("AAAAAAA=" if signature[-8:] != "AAAAAAA=" else "BBBBBBA=")


def _bytes(request: httpx.Request, headers: Mapping[str, str] | None = None, *, body: bytes | None = None) -> bytes:
    """A request as HTTP/1.1, with some headers and its body replaced."""
    said = {**request.headers, **(headers or {})}
    content = request.content if body is None else body
    if headers is None or CONTENT_LENGTH not in headers:
        said[CONTENT_LENGTH] = str(len(content))
    lines = [f"POST {request.url.raw_path.decode()} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
