"""A Grid that asks the SuperLink once for all replies that are missing, and fetches each alone.

Whoever waits for each reply by itself, so that a bad one costs only itself, would ask as many questions as there are tenants,
several times a second, and keep the server from its work. Flower's own pull asks once, but fetches all in one call that the
first bad one ends. Here the question is asked for all, and `pull_messages` fetches what is asked of it and has arrived.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from flwr.app import Message, RecordDict
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest, ObjectTree
from flwr.proto.runtime_pb2 import PullAppMessagesRequest
from flwr.serverapp import Grid
from flwr.supercore.inflatable.inflatable_object import iterate_object_tree
from flwr.supercore.inflatable.inflatable_protobuf_utils import make_pull_object_fn_protobuf
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents, pull_objects
from flwr.superlink.grid.http_grid import HttpGrid

from flowstate_flower.errors import RunImpossible
from flowstate_flower.superlink.laying import PutAside, laid_message

PATIENCE_SECONDS = 15.0
LARGE_BYTES, MOST_TIMES = 1 << 24, 2
"""Replies to a model of so many bytes are put aside, and may have so many times as many."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
PAUSE_SHARE = 1 / 16  # of the time waited so far


class ArrivalsGrid(Grid):
    """Wraps the Grid that Flower gives to a ServerApp. Safe to pull from in several threads.

    With `put_aside`, the arrays of replies to a large model are given to it as they arrive, and hold what it made of them.
    """

    def __init__(
        self, grid: HttpGrid, clock: Callable[[], float] = time.monotonic, *, put_aside: PutAside | None = None
    ) -> None:
        self._grid, self._put_aside, self._clock = grid, put_aside, clock
        self._lock = threading.Lock()
        self._missing: set[str] = set()
        self._arrived: dict[str, ObjectTree] = {}
        self._pushed_at = self._looked_at = float("-inf")
        self._sent_bytes = 0

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Passed on; the replies to these are looked for from now on."""
        requests = list(messages)
        self._sent_bytes = max((_array_bytes(request) for request in requests), default=0)
        ids = list(self._grid.push_messages(requests))
        with self._lock:
            self._missing.update(message_id for message_id in ids if message_id)
            self._pushed_at = self._clock()
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The replies to `message_ids` that have arrived. Raises what Flower raises for one that cannot be read, and
        `RunImpossible` where the SuperLink is gone.
        """
        with _superlink_answers():
            found = ((message_id, self._take(message_id)) for message_id in message_ids)
            return [self._fetched(tree) for _, tree in found if tree is not None]

    def _take(self, message_id: str) -> ObjectTree | None:
        with self._lock:
            if message_id not in self._arrived:
                self._missing.add(message_id)
                self._look()
            return self._arrived.pop(message_id, None)

    def _look(self) -> None:
        """Ask for all that is missing, unless that was done a moment ago."""
        now = self._clock()
        pause = min(max(FIRST_PAUSE_SECONDS, PAUSE_SHARE * (now - self._pushed_at)), LONGEST_PAUSE_SECONDS)
        if now - self._looked_at < pause:
            return
        response = self._grid._runtime_client.PullMessages(PullAppMessagesRequest(message_ids=self._missing))
        for message, tree in zip(response.messages_list, response.message_object_trees, strict=True):
            self._arrived[message.metadata.reply_to_message_id] = tree
        self._missing -= self._arrived.keys()
        self._looked_at = self._clock()

    def _fetched(self, tree: ObjectTree) -> Message:
        client, run_id = self._grid._runtime_client, self._grid.run.run_id
        pull = make_pull_object_fn_protobuf(pull_object_protobuf=client.PullObject, node=self._grid.node, run_id=run_id)
        if self._put_aside is not None and self._sent_bytes >= LARGE_BYTES:
            message = laid_message(tree, pull, self._put_aside, MOST_TIMES * self._sent_bytes)
        else:
            message = _inflated(tree, pull)
        client.ConfirmMessageReceived(
            ConfirmMessageReceivedRequest(node=self._grid.node, run_id=run_id, message_object_id=tree.object_id)
        )
        message.metadata.__dict__["_message_id"] = tree.object_id
        return message

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """Flower's own way, without what this Grid is for."""
        return self._grid.send_and_receive(messages, timeout=timeout)

    def set_run(self, run: Any) -> None:
        """Passed on."""
        self._grid.set_run(run)

    @property
    def run(self) -> Any:
        """Passed on."""
        return self._grid.run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """Passed on."""
        return self._grid.create_message(content, message_type, dst_node_id, group_id, ttl)

    def get_node_ids(self) -> Iterable[int]:
        """Passed on."""
        return self._grid.get_node_ids()

    def get_nodes(self) -> Iterable[Any]:
        """Passed on. Raises `RunImpossible` where the SuperLink is gone."""
        with _superlink_answers():
            return list(self._grid.get_nodes())


def asking_once(grid: Grid, put_aside: PutAside | None = None) -> Grid:
    """The Grid of a deployment as an `ArrivalsGrid`; any other, as a simulation's, as it is.

    Flower would try to reach a SuperLink that is gone for ever; here the run ends after a while, and is resumed.
    """
    if isinstance(grid, HttpGrid):
        grid._retry_invoker.max_time = PATIENCE_SECONDS
    return ArrivalsGrid(grid, put_aside=put_aside) if isinstance(grid, HttpGrid) else grid


@contextmanager
def _superlink_answers() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise RunImpossible("the SuperLink does not answer", hint="flowstate run resume, once it does") from error


def _inflated(tree: ObjectTree, pull: Callable[[str], bytes]) -> Message:
    contents = pull_objects([part.object_id for part in iterate_object_tree(tree)], pull)
    message = inflate_object_from_contents(tree.object_id, contents)
    if not isinstance(message, Message):
        raise TypeError(f"a {type(message).__name__} was sent for a message")
    return message


def _array_bytes(message: Message) -> int:
    records = message.content.array_records.values() if message.has_content() else ()
    return sum(len(array.data) for record in records for array in record.values())
