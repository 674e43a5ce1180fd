"""A Grid that runs ClientApps in this process: Flower's own apps and strategies, without its servers.

Each message runs in a worker thread. Messages are copied between the two sides, so neither can reach into the other; array
bytes are immutable and shared.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from copy import deepcopy
from typing import Any

from flwr.app import Context, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid

from flowstate_flower.simulations.rendezvous import Rendezvous
from flowstate_flower.superlink import internals

RUN_ID = 1
FIRST_NODE = 1001
Answer = Callable[[Message, Context], Message]


class InProcessGrid(Grid):
    """`nodes` simulated SuperNodes, numbered from 1001, all running `app`. Close it to stop the workers.

    Clients that meet at a `rendezvous` need a worker each.
    """

    def __init__(
        self,
        app: ClientApp | Answer,
        nodes: int,
        *,
        run_config: Mapping[str, Any] | None = None,
        workers: int = 2,
        rendezvous: Rendezvous | None = None,
    ) -> None:
        self._app, self._rendezvous = app, rendezvous
        self._run = internals.become_server(RUN_ID)
        self._contexts = {
            FIRST_NODE + index: internals.client_context(
                RUN_ID,
                FIRST_NODE + index,
                {"partition-id": index, "num-partitions": nodes},
                dict(run_config or {}),
            )
            for index in range(nodes)
        }
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="node")
        self._pending: dict[str, Future[Message]] = {}

    def close(self) -> None:
        """Forget what has not begun, and let what runs come to its end unheard."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Hand each message to a worker and return their ids."""
        stamped = [(internals.stamped(message), message) for message in messages]
        ids = [name for name, _ in stamped]
        if self._rendezvous is not None:
            self._rendezvous.expect(ids)
        for name, message in stamped:
            self._pending[name] = self._pool.submit(self._execute, name, message)
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The replies that are there; never waits."""
        done = [i for i in message_ids if i in self._pending and self._pending[i].done()]
        return [self._pending.pop(i).result() for i in done]

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """All replies, in the order of `messages`. Raises `TimeoutError` after `timeout` seconds for one of them."""
        return [self._pending.pop(i).result(timeout) for i in self.push_messages(messages)]

    def get_node_ids(self) -> Iterable[int]:
        """Every node."""
        return list(self._contexts)

    def get_nodes(self) -> Iterable[Any]:
        """Every node, with a public key that belongs to nobody, as in Flower's simulation."""
        return [internals.node_info(node, node.to_bytes(32, "big")) for node in self._contexts]

    def set_run(self, run: Any) -> None:
        """Replace the run's description."""
        self._run = run

    @property
    def run(self) -> Any:
        """The run's description."""
        return self._run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """A message of this run."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def _execute(self, name: str, message: Message) -> Message:
        """Run the app on a copy of the message; a crash becomes the error reply that Flower would make."""
        request = deepcopy(message)
        with self._rendezvous.under_way(name) if self._rendezvous is not None else nullcontext():
            try:
                reply = self._app(request, self._contexts[message.metadata.dst_node_id])
            except Exception as error:
                reply = internals.crash_report(request, error)
        internals.stamped(reply)
        return deepcopy(reply)
