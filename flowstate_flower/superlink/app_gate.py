"""Before a SuperNode takes a message from the SuperLink: is it for an app that may run here?

Flower fetches an app once for each run and keeps it in memory, under the SHA-256 of its bytes. So what is judged by its digest
is what will run.
"""

import hashlib
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from flwr.app import Message
from flwr.proto.message_pb2 import ObjectTree
from flwr.supercore.fab import Fab
from flwr.supercore.inflatable.inflatable_utils import pull_and_inflate_object_from_tree
from flwr.supercore.object_store import ObjectStore
from flwr.supercore.run import Run, RunNotRunningException
from flwr.supernode.nodestate import NodeState
from flwr.supernode.start_client_internal import _insert_message

log = logging.getLogger(__name__)
Received = tuple[Message, ObjectTree]


class AppGate(Protocol):
    """Which apps may run here."""

    def lets_in(self, app: str) -> bool:
        """Whether the app with this digest may run. Asked for each message, so that a no counts from the next one on."""

    def refusal(self, message: Message, app: str) -> Message:
        """The reply to a message for an app that may not."""


def judged(
    gate: AppGate,
    pull: Callable[..., int | None],
    *,
    state: NodeState,
    object_store: ObjectStore,
    receive: Callable[[], Received | None],
    get_run: Callable[[int], Run],
    get_fab: Callable[[str, int], Fab],
    **others: Any,
) -> int | None:
    """Flower's `pull`, which takes one message and returns its run, None for none; but what `gate` does not let in is refused.

    A message that cannot be judged is not taken. `pull` works with what was judged: nothing is asked for twice.
    """
    try:
        if (received := receive()) is None:
            return None
        run_id = received[0].metadata.run_id
        known = state.get_run(run_id)
        run = known or get_run(run_id)
        if not gate.lets_in(run.fab_hash):
            whole = _whole(received, others["pull_object"], others["confirm_message_received"])
            _insert_message(gate.refusal(whole, run.fab_hash), state, object_store)
            return run_id
        fab = None if known else _named(get_fab(run.fab_hash, run_id), run.fab_hash)
    except RunNotRunningException:
        return None
    except Exception:  # what a server sends does not end a node
        log.exception("a message was not taken")
        return None
    return pull(
        state=state,
        object_store=object_store,
        receive=lambda: received,
        get_run=lambda _: run,
        get_fab=lambda *_: fab,
        **others,
    )


def _whole(received: Received, pull_object: Callable[[int, str], bytes], confirm: Callable[[int, str], None]) -> Message:
    """The message with its content."""
    message, tree = received
    run_id = message.metadata.run_id
    whole = pull_and_inflate_object_from_tree(tree, partial(pull_object, run_id), partial(confirm, run_id), return_type=Message)
    whole.metadata.__dict__["_message_id"] = tree.object_id
    return whole


def _named(fab: Fab, app: str) -> Fab:
    """`fab`, whose digest is `app`. Raises `ValueError` for another."""
    if hashlib.sha256(fab.content).hexdigest() != app:
        raise ValueError("the SuperLink sent another app than its run names")
    return fab
