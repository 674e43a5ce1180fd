"""A Grid that asks the SuperLink once for all replies that are missing, and fetches each alone.

Whoever waits for each reply by itself, so that a bad one costs only itself, would ask as many questions as there are tenants,
several times a second, and keep the server from its work. Flower's own pull asks once, but fetches all in one call that the
first bad one ends. Here the question is asked for all, and `pull_messages` fetches what is asked of it and has arrived.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from flwr.app import Message, RecordDict
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest, ObjectTree
from flwr.proto.runtime_pb2 import PullAppMessagesRequest
from flwr.serverapp import Grid
from flwr.supercore.inflatable.inflatable_object import iterate_object_tree
from flwr.supercore.inflatable.inflatable_protobuf_utils import make_pull_object_fn_protobuf
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents, pull_objects
from flwr.superlink.grid.http_grid import HttpGrid

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
PAUSE_SHARE = 1 / 16  # of the time waited so far


class ArrivalsGrid(Grid):
    """Wraps the Grid that Flower gives to a ServerApp. Safe to pull from in several threads."""

    def __init__(self, grid: HttpGrid, clock: Callable[[], float] = time.monotonic) -> None:
        self._grid, self._clock = grid, clock
        self._lock = threading.Lock()
        self._missing: set[str] = set()
        self._arrived: dict[str, ObjectTree] = {}
        self._pushed_at = self._looked_at = float("-inf")

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Passed on; the replies to these are looked for from now on."""
        ids = list(self._grid.push_messages(messages))
        with self._lock:
            self._missing.update(message_id for message_id in ids if message_id)
            self._pushed_at = self._clock()
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The replies to `message_ids` that have arrived. Raises what Flower raises for one that cannot be read."""
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
        contents = pull_objects([part.object_id for part in iterate_object_tree(tree)], pull)
        client.ConfirmMessageReceived(
            ConfirmMessageReceivedRequest(node=self._grid.node, run_id=run_id, message_object_id=tree.object_id)
        )
        message = inflate_object_from_contents(tree.object_id, contents)
        if not isinstance(message, Message):
            raise TypeError(f"a {type(message).__name__} was sent for a message")
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
        """Passed on."""
        return self._grid.get_nodes()


def asking_once(grid: Grid) -> Grid:
    """The Grid of a deployment as an `ArrivalsGrid`; any other, as a simulation's, as it is."""
    return ArrivalsGrid(grid) if isinstance(grid, HttpGrid) else grid
