"""The benchmark of a deployment, its parts alone: what a fleet answers and notes, and what a flood sends and counts."""

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict

from flowstate_flower.cli.bench import fleet
from flowstate_flower.cli.bench.driving import Notes
from flowstate_flower.cli.bench.fleet import Fleet, Member, Spec, answered
from flowstate_flower.cli.bench.flood import Flood, FloodSpec
from flowstate_flower.superlink import internals
from flowstate_flower.superlink.hostile import Attack, hostile_requests
from flowstate_flower.superlink.scripted import ScriptedNode, Sent
from flowstate_flower.trust.canonical import canonical, model_digest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import UpdateStatement, read
from flowstate_flower.trust.terms import LocalWork, Terms

LAYERS = {"w": np.zeros(3, np.float32)}


def request(**content: Any) -> Message:
    internals.become_server(1)
    arrays = ArrayRecord({name: Array(layer) for name, layer in LAYERS.items()})
    message = Message(RecordDict({"arrays": arrays, **content}), 7, "train")
    internals.stamped(message)
    return message


def test_a_scripted_tenant_signs_what_it_sends_and_a_stock_node_does_not() -> None:
    key, work = SigningKey.generate(), LocalWork(steps=1, batch_size=1, learning_rate=0.1)
    base = model_digest(LAYERS.items())
    terms = Terms(run="r", round=3, tenant="t", purpose="p", base=base, nonce="0" * 32, work=work, privacy=None)
    number, content = answered(request(terms=ConfigRecord({"terms": canonical(terms.model_dump())})), key, 0.5)
    statement = Envelope.parse(content["statement"]["envelope"])
    assert (number, statement.is_signed_by(key.public)) == (3, True)
    assert read(UpdateStatement, statement).update == model_digest([("w", np.full(3, 0.5, np.float32))])
    number, content = answered(request(config=ConfigRecord({"server-round": 2})), None, 0.5)
    assert (number, sorted(content)) == (2, ["arrays", "metrics"])


class FakeNode:
    """A node whose server asks one thing, and is away when it is asked again."""

    asked: ClassVar[int] = 0
    node_id = 4

    def __init__(self, *_: object) -> None: ...

    def register(self) -> None: ...

    def activate(self, heartbeat_seconds: float) -> None: ...

    def deactivate(self) -> None: ...

    def pull(self) -> Message:
        FakeNode.asked += 1
        if FakeNode.asked > 2:
            raise ConnectionRefusedError("away")
        return request(config=ConfigRecord({"server-round": FakeNode.asked}))

    def push(self, message: Message) -> Sent:
        return Sent("session", ["object"], [True])


def test_a_fleet_notes_answers_and_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "ScriptedNode", FakeNode)
    monkeypatch.setattr(fleet, "node_tls", lambda *_: None)
    spec = Spec(
        address="a:1", ca=tmp_path, events=tmp_path / "events", members=(Member(name="n"),), poll_seconds=0.01, threads=1
    )
    notes = Notes(spec.events)
    assert Spec.model_validate_json(spec.model_dump_json()) == spec

    def until() -> None:
        while len(notes.lines()) < 3:
            pass

    Fleet(spec).serve(until)
    lines = notes.lines()
    assert [line.get("round") for line in lines[:3]] == [1, 2, None]
    assert notes.failures()[0] == "n: ConnectionRefusedError: away"
    assert notes.round_seconds()[0] == pytest.approx(lines[1]["asked"] - lines[0]["asked"])
    assert notes.accepted() == 2
    assert (notes.node_of("n"), notes.node_of("nobody")) == (4, None)


def test_a_flood_is_counted_by_kind_and_by_what_the_server_said(tmp_path: Path) -> None:
    node = ScriptedNode("127.0.0.1:1", ec.generate_private_key(ec.SECP384R1()), ssl.create_default_context())
    node.node_id = 5
    requests = hostile_requests(node, run_id=1, victim=7, oversize_bytes=10**9)
    assert set(requests) == set(Attack)
    assert b"content-length: 1000000000\r\n" in requests[Attack.OVERSIZE_BODY]

    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Refuses what is announced as large or comes slowly, and takes the rest."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
                if length < 10_000:
                    await reader.readexactly(length)
                    writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
                else:
                    writer.write(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def flooded() -> dict[str, dict[str, int]]:
        server = await asyncio.start_server(serves, "127.0.0.1", 0)
        async with server:
            spec = FloodSpec(
                address=f"127.0.0.1:{server.sockets[0].getsockname()[1]}",
                ca=tmp_path,
                member=Member(name="m"),
                node_id=5,
                run_id=1,
                oversize_bytes=10**9,
                per_second=200,
                seconds=0.5,
            )
            return await Flood(spec, requests, None).run()

    counts = asyncio.run(flooded())
    assert set(counts) == set(Attack)
    assert all(found["due"] >= 10 for found in counts.values())
    assert counts["forged-sender"]["403"] > 0
    assert counts["oversize-body"]["413"] > 0
    assert counts["slow-upload"]["413"] > 0
    json.dumps(counts)
