"""Scripted nodes in a process of their own: many tenants that answer a real server, and note when they were asked.

`python -m flowstate_flower.cli.bench.fleet SPEC` serves until its standard input ends, so no fleet outlives whoever drives it,
unless the spec says otherwise.
A few threads visit all nodes in turns, as in a real federation each node looks for work every so many seconds.
"""

import heapq
import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import httpx
import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from numpy.typing import NDArray

from flowstate_flower.documents import Document
from flowstate_flower.strategies.decoding import ARRAYS, ENVELOPE, EXAMPLES, METRICS, STATEMENT
from flowstate_flower.strategies.tenant_strategy import TERMS
from flowstate_flower.superlink import internals
from flowstate_flower.superlink.scripted import ScriptedNode, node_tls
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.npy import array_in
from flowstate_flower.trust.statements import UpdateStatement, sign
from flowstate_flower.trust.terms import Terms

CONFIG, SERVER_ROUND = "config", "server-round"
ACTIVATION_SECONDS, ACTIVATION_PAUSE_SECONDS = 120.0, 1.0


class Member(Document):
    """One scripted tenant: files with its keys. Without `signing_key` it is a node of a stock server: it registers itself.

    With `home` nothing is scripted: the ready ClientApp answers for that home, with its policy, its ledger and the digits.
    """

    name: str
    node_key: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    signing_key: Path | None = None
    home: Path | None = None


class Spec(Document):
    """A fleet: where it connects, who is in it, and the file with a line of JSON for every answer or failure."""

    address: str
    ca: Path
    events: Path
    members: tuple[Member, ...]
    poll_seconds: float
    threads: int
    until_killed: bool = False
    heartbeat_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Seat:
    """A member that is connected. `shift` is what it adds to every parameter, so that each tenant's update differs."""

    name: str
    node: ScriptedNode
    key: SigningKey | None
    shift: float
    app: ClientApp | None = None


class Fleet:
    """All members, visited when they are due."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._seats = [_seat(spec, member, number) for number, member in enumerate(spec.members)]
        now, gap = time.monotonic(), spec.poll_seconds / max(1, len(self._seats))
        self._due = [(now + number * gap, number) for number in range(len(self._seats))]
        self._lock, self._over = threading.Lock(), threading.Event()
        self._beats = [now] * len(self._seats)
        self._events = spec.events.open("a", buffering=1, encoding="utf-8")

    def serve(self, until: Callable[[], object]) -> None:
        """Answer whatever is asked until `until` returns."""
        threads = [threading.Thread(target=self._visits, daemon=True) for _ in range(self._spec.threads)]
        for thread in threads:
            thread.start()
        until()
        self._over.set()
        for thread in threads:
            thread.join()
        for seat in self._seats:  # or the next run would wait for nodes that are gone
            with suppress(httpx.HTTPError):
                seat.node.deactivate()

    def _visits(self) -> None:
        while not self._over.is_set():
            with self._lock:
                due, number = heapq.heappop(self._due) if self._due else (time.monotonic() + self._spec.poll_seconds, None)
            self._over.wait(max(0.0, due - time.monotonic()))
            if number is None or self._over.is_set():
                continue
            self._visit(self._seats[number], number)
            with self._lock:
                heapq.heappush(self._due, (time.monotonic() + self._spec.poll_seconds, number))

    def _visit(self, seat: Seat, number: int) -> None:
        try:
            if time.monotonic() - self._beats[number] > self._spec.heartbeat_seconds / 3:
                seat.node.heartbeat(self._spec.heartbeat_seconds)
                self._beats[number] = time.monotonic()
            asked = time.time()
            message = seat.node.pull()
            if message is not None:
                of_round, content = answered(message, seat.key, seat.shift) if seat.app is None else _trained(message, seat)
                sent = seat.node.push(Message(content, reply_to=message))
                self._note(
                    tenant=seat.name,
                    node=seat.node.node_id,
                    round=of_round,
                    asked=asked,
                    sent=time.time(),
                    accepted=sent.accepted,
                )
        except Exception as error:  # a server that is away or refuses is what is measured
            self._note(tenant=seat.name, failed=f"{type(error).__name__}: {error}", at=time.time())

    def _note(self, **event: object) -> None:
        self._events.write(json.dumps(event) + "\n")


def answered(message: Message, key: SigningKey | None, shift: float) -> tuple[int, RecordDict]:
    """The round of a message, and the reply's content: with a statement where the message has terms and the tenant a key."""
    layers = {name: array_in(array.data) for name, array in cast(ArrayRecord, message.content[ARRAYS]).items()}
    update = {name: layer + layer.dtype.type(shift) for name, layer in layers.items()}
    content = RecordDict({METRICS: MetricRecord({EXAMPLES: 1})})
    content[ARRAYS] = ArrayRecord({name: Array(layer) for name, layer in update.items()})
    if TERMS not in message.content or key is None:
        return int(cast(int, cast(ConfigRecord, message.content[CONFIG])[SERVER_ROUND])), content
    terms = Terms.model_validate_json(cast(bytes, cast(ConfigRecord, message.content[TERMS])[TERMS]))
    content[STATEMENT] = ConfigRecord({ENVELOPE: sign(_statement(terms, update), key).to_bytes()})
    return terms.round, content


def _trained(message: Message, seat: Seat) -> tuple[int, RecordDict]:
    """The round of a message, and what the seat's own app says to it."""
    if seat.app is None:
        raise TypeError(f"{seat.name} has no app")
    context = internals.client_context(message.metadata.run_id, seat.node.node_id, {}, {})
    terms = Terms.model_validate_json(cast(bytes, cast(ConfigRecord, message.content[TERMS])[TERMS]))
    return terms.round, seat.app(message, context).content


def _app_of(home: Path) -> ClientApp:
    from flowstate_flower import wiring
    from flowstate_flower.clients import build_client_app
    from flowstate_flower.deployment.digits import task

    opened = wiring.open_home(home)
    return build_client_app(task, lambda _: opened)


def _statement(terms: Terms, update: dict[str, NDArray[np.float32]]) -> UpdateStatement:
    return UpdateStatement(
        run=terms.run,
        round=terms.round,
        tenant=terms.tenant,
        base=terms.base,
        nonce=terms.nonce,
        update=model_digest(update.items()),
        examples=1,
        privacy=None,
        at=datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
    )


def _seat(spec: Spec, member: Member, number: int) -> Seat:
    key = ec.generate_private_key(ec.SECP384R1()) if member.node_key is None else read_node_key(member.node_key)
    node = ScriptedNode(spec.address, key, node_tls(spec.ca, member.certificate, member.certificate_key))
    if member.signing_key is None:
        node.register()
    _activate(node, spec.heartbeat_seconds)
    signer = None if member.signing_key is None else SigningKey.read(member.signing_key)
    app = None if member.home is None else _app_of(member.home)
    return Seat(member.name, node, signer, 1e-3 * (number + 1), app)


def _activate(node: ScriptedNode, heartbeat_seconds: float) -> None:
    """Come online: at once, or once Flower believes that an earlier life of this node is over."""
    until = time.monotonic() + ACTIVATION_SECONDS
    while True:
        try:
            node.activate(heartbeat_seconds)
            return
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
        time.sleep(ACTIVATION_PAUSE_SECONDS)


def read_node_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The EC key of a node, of which Flower knows the tenant."""
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} holds no EC key")
    return key


if __name__ == "__main__":
    said = Spec.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Fleet(said).serve(threading.Event().wait if said.until_killed else sys.stdin.read)
