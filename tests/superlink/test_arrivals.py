"""The server is asked once for all replies, and a bad one is nobody else's loss."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.app.message import remove_content_from_message
from flwr.app.message.arraychunk import ArrayChunk
from flwr.common.serde import message_to_proto
from flwr.proto.message_pb2 import PullObjectResponse
from flwr.proto.node_pb2 import Node
from flwr.proto.runtime_pb2 import GetNodesResponse, PullAppMessagesResponse
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects, get_object_tree
from flwr.supercore.inflatable.inflatable_utils import ObjectPullError, ObjectUnavailableError
from flwr.superlink.grid.http_grid import HttpGrid

from flowstate_flower.errors import RunImpossible
from flowstate_flower.simulations.in_process import InProcessGrid
from flowstate_flower.strategies.guarded_grid import UNREADABLE, GuardedGrid
from flowstate_flower.strategies.spool import Spool
from flowstate_flower.superlink import arrivals, internals, laying
from flowstate_flower.superlink.arrivals import ArrivalsGrid, asking_once
from flowstate_flower.superlink.scripted import named


class Server:
    """The Runtime API, where every node has answered at once; objects that are `broken` are garbage."""

    def __init__(self) -> None:
        self.questions: list[set[str]] = []
        self.replies: dict[str, Message] = {}
        self.broken: set[str] = set()
        self.confirmed: list[str] = []
        self.objects: dict[str, bytes] = {}
        self.brought: dict[str, ArrayRecord] = {}

    def GetNodes(self, _: Any) -> GetNodesResponse:  # noqa: N802
        return GetNodesResponse(nodes=[])

    def PullMessages(self, request: Any) -> PullAppMessagesResponse:  # noqa: N802
        self.questions.append(set(request.message_ids))
        found = [self.replies.pop(asked) for asked in list(request.message_ids) if asked in self.replies]
        for reply in found:
            for name, part in get_all_nested_objects(reply).items():
                self.objects[name] = b"garbage" if reply.metadata.reply_to_message_id in self.broken else part.deflate()
        return PullAppMessagesResponse(
            messages_list=[message_to_proto(remove_content_from_message(reply)) for reply in found],
            message_object_trees=[get_object_tree(reply) for reply in found],
        )

    def PullObject(self, request: Any) -> PullObjectResponse:  # noqa: N802
        return PullObjectResponse(object_found=True, object_available=True, object_content=self.objects[request.object_id])

    def ConfirmMessageReceived(self, request: Any) -> None:  # noqa: N802
        self.confirmed.append(request.message_object_id)


class Deployed(HttpGrid):
    """Flower's Grid on `Server`, whose nodes answer what they are sent."""

    def __init__(self, server: Server) -> None:
        self.server, self._client, self._run = server, server, internals.become_server(1)
        self.node = Node(node_id=1)
        self._retry_invoker = SimpleNamespace(max_time=None)

    def push_messages(self, messages: Sequence[Message]) -> list[str]:
        ids = [internals.stamped(message) for message in messages]
        for message_id, message in zip(ids, messages, strict=True):
            content = RecordDict({"said": ConfigRecord({"to": message_id}), **self.server.brought})
            self.server.replies[message_id] = named(Message(content, reply_to=message))
        return ids


@pytest.fixture(autouse=True)
def _plain_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects as the fake server hands them out, without Flower's way of sending them."""
    monkeypatch.setattr(
        arrivals,
        "make_pull_object_fn_protobuf",
        lambda pull_object_protobuf, **_: lambda name: pull_object_protobuf(SimpleNamespace(object_id=name)).object_content,
    )


def requests(count: int) -> list[Message]:
    internals.become_server(1)
    return [Message(RecordDict(), node, "train") for node in range(2, 2 + count)]


def test_one_question_brings_all_replies() -> None:
    server = Server()
    grid = ArrivalsGrid(Deployed(server))
    ids = list(grid.push_messages(requests(20)))
    replies = [reply for message_id in ids for reply in grid.pull_messages([message_id])]
    assert [reply.content["said"]["to"] for reply in replies] == ids
    assert server.questions == [set(ids)]
    assert len(server.confirmed) == 20


def test_the_server_is_not_asked_again_at_once() -> None:
    server, now = Server(), [0.0]
    grid = ArrivalsGrid(Deployed(server), lambda: now[0])
    ids = list(grid.push_messages(requests(2)))
    server.replies.clear()
    for _ in range(5):
        assert list(grid.pull_messages(ids)) == []
    assert len(server.questions) == 1
    now[0] = 100.0
    assert list(grid.pull_messages(ids)) == []
    now[0] += arrivals.LONGEST_PAUSE_SECONDS
    assert list(grid.pull_messages(ids)) == []
    assert len(server.questions) == 3


def test_under_the_guarded_grid_a_bad_reply_costs_only_itself() -> None:
    server = Server()
    deployed = Deployed(server)
    sent = requests(3)
    grid = ArrivalsGrid(deployed)
    pushed = deployed.push_messages

    def push(messages: Sequence[Message]) -> list[str]:
        ids = pushed(messages)
        server.broken.add(ids[1])
        return ids

    deployed.push_messages = push  # type: ignore[method-assign]
    answers = GuardedGrid(grid).send_and_receive(sent, timeout=30)
    assert [answer.has_error() for answer in answers] == [False, True, False]
    assert answers[1].error.code == UNREADABLE


def large(count: int, record: ArrayRecord) -> list[Message]:
    internals.become_server(1)
    return [Message(RecordDict({"arrays": record}), node, "train") for node in range(2, 2 + count)]


def test_replies_to_a_large_model_are_put_aside_as_they_arrive_and_read_the_same(tmp_path) -> None:
    rng = np.random.default_rng(1)
    layers = {"a": rng.normal(size=3_000_000).astype("f4"), "zeros": np.zeros(2_000_000, "f4"), "b": np.array(7)}
    record = ArrayRecord({name: Array(layer) for name, layer in layers.items()})
    server = Server()
    server.brought = {"arrays": record}
    grid = ArrivalsGrid(Deployed(server), put_aside=Spool(tmp_path).put)
    for reply in grid.pull_messages(list(grid.push_messages(large(2, record)))):
        found = reply.content["arrays"]
        assert {type(array.data) for array in found.values()} == {memoryview}
        assert list(found) == list(record)
        assert all(bytes(found[name].data) == record[name].data for name in layers)
        assert reply.content["said"]["to"]
    assert list(tmp_path.iterdir()) == []
    assert len(server.confirmed) == 2


def test_a_reply_that_is_larger_than_any_model_is_not_kept(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(arrivals, "LARGE_BYTES", 1000)
    server = Server()
    server.brought = {"arrays": ArrayRecord({"w": Array(np.zeros(1000, "f4"))})}
    sent = large(1, ArrayRecord({"w": Array(np.zeros(250, "f4"))}))
    answers = GuardedGrid(ArrivalsGrid(Deployed(server), put_aside=Spool(tmp_path).put)).send_and_receive(sent, timeout=30)
    assert answers[0].error.code == UNREADABLE
    assert "more than" in answers[0].error.reason


def test_whoever_waits_for_pieces_that_do_not_come_keeps_nobody_from_fetching_theirs() -> None:
    content, comes = ArrayChunk(b"abc").deflate(), threading.Event()

    def pull(name: str) -> bytes:
        if name == "late" and not comes.is_set():
            raise ObjectUnavailableError(name)
        return content

    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(lambda: list(laying._piece("late", pull))) for _ in range(5)]
        try:
            assert pool.submit(lambda: list(laying._piece("there", pull))).result(timeout=20) == [b"abc"]
            assert not any(piece.done() for piece in waiting)
        finally:
            comes.set()
        assert [piece.result() for piece in waiting] == [[b"abc"]] * 5


def test_a_piece_that_never_comes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laying, "PATIENCE_SECONDS", 0.1)

    def pull(name: str) -> bytes:
        raise ObjectUnavailableError(name)

    with pytest.raises(ObjectPullError, match="never came"):
        list(laying._piece("never", pull))


def test_a_server_that_is_gone_is_no_tenants_fault(monkeypatch) -> None:
    def gone(_: Any) -> None:
        raise httpx.ConnectError("refused")

    server = Server()
    monkeypatch.setattr(server, "PullMessages", gone)
    with pytest.raises(RunImpossible, match="the SuperLink does not answer"):
        GuardedGrid(ArrivalsGrid(Deployed(server))).send_and_receive(requests(2), timeout=30)


def test_a_grid_of_a_simulation_stays_as_it_is() -> None:
    grid = InProcessGrid(lambda message, context: message, 1, workers=1)
    assert asking_once(grid) is grid
    grid.close()
