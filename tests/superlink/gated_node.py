"""A SuperNode without a network, whose messages go through the gate."""

import hashlib
from dataclasses import dataclass, replace

from flwr.app import ConfigRecord, Message, RecordDict
from flwr.app.message import remove_content_from_message
from flwr.supercore.fab import Fab
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects, get_object_tree, iterate_object_tree
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents
from flwr.supercore.object_store.in_memory_object_store import InMemoryObjectStore
from flwr.supercore.run import Run, RunNotRunningException
from flwr.supernode import start_client_internal
from flwr.supernode.nodestate.in_memory_nodestate import InMemoryNodeState

from flowstate_flower.superlink import app_gate, internals
from flowstate_flower.superlink.app_gate import AppGate
from flowstate_flower.superlink.control import built_app
from tests.superlink.conftest import APP

NODE = 77
LISTED = built_app(APP)
OTHER = LISTED + b" "  # the same code to Flower, other bytes
LISTED_DIGEST, OTHER_DIGEST = (hashlib.sha256(app).hexdigest() for app in (LISTED, OTHER))


@dataclass
class Node:
    """Flower's own SuperNode behind the gate, but for the network. The SuperLink says that its run's app is `named`, and sends
    `app`.
    """

    gate: AppGate
    app: bytes = LISTED
    named: str = LISTED_DIGEST
    ended: bool = False
    fetched: int = 0

    def __post_init__(self) -> None:
        internals.become_server(1)
        self.objects: dict[str, bytes] = {}
        self.store = InMemoryObjectStore()
        self.state = InMemoryNodeState(self.store)
        self.state.set_node_id(NODE)

    def take(self, terms: bytes) -> int | None:
        """Take a message with these terms. Returns its run if it was taken, or refused."""
        message = Message(RecordDict({"terms": ConfigRecord({"terms": terms})}), NODE, "train")
        internals.stamped(message)
        self.objects |= {name: part.deflate() for name, part in get_all_nested_objects(message).items()}
        tree = get_object_tree(message)
        bare = remove_content_from_message(message)
        bare.metadata.__dict__["_message_id"] = tree.object_id
        received = iter([(bare, tree)])
        return app_gate.judged(
            self.gate,
            start_client_internal._pull_and_store_message,
            state=self.state,
            object_store=self.store,
            node_config={},
            receive=lambda: next(received, None),
            get_run=self.get_run,
            get_fab=self.get_fab,
            pull_object=lambda _run, name: self.objects[name],
            confirm_message_received=lambda _run, _name: None,
            trusted_entities=None,
        )

    def has(self, app: str) -> bool:
        """Whether the app with this digest can be started."""
        return self.state.get_fab(app) is not None

    def get_run(self, run_id: int) -> Run:
        if self.ended:
            raise RunNotRunningException
        return replace(Run.create_empty(run_id), fab_id="a/b", fab_version="1", fab_hash=self.named)

    def get_fab(self, _digest: str, _run: int) -> Fab:
        self.fetched += 1
        return Fab("", self.app, {})

    def tasks(self) -> int:
        """How many messages wait for an app to be started."""
        return len(self.state.get_tasks())

    def replies(self) -> list[RecordDict]:
        """What waits to be sent to the SuperLink."""
        names = [reply.metadata.message_id for reply in self.state.get_messages_legacy(is_reply=True)]
        return [self._inflated(name).content for name in names]

    def _inflated(self, name: str) -> Message:
        parts = {
            part.object_id: self.store.get(part.object_id) for part in iterate_object_tree(self.store.get_object_tree(name))
        }
        return inflate_object_from_contents(name, parts)
