"""What an in-process engine needs of Flower's internals. They move between versions, so the version is checked first."""

from importlib.metadata import version
from typing import Any
from uuid import uuid4

from flwr.app import Context, Error, Message, RecordDict
from flwr.common.constant import SUPERLINK_NODE_ID
from flwr.proto.node_pb2 import NodeInfo
from flwr.supercore import sql_mixin
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from flowstate_flower.errors import BadInput
from flowstate_flower.settings import Settings

TESTED = ("1.41", "1.42")


def check_flower_version(*, allow_untested: bool = False) -> None:
    """Raise `BadInput` for a Flower whose internals nobody has tried here, unless the person said to try."""
    installed = version("flwr")
    if installed.startswith(tuple(f"{tested}." for tested in TESTED)) or allow_untested or Settings().allow_untested_flower:
        return
    raise BadInput(
        f"flwr {installed} is installed, tested with {', '.join(TESTED)}",
        hint="pip install 'flwr>=1.41,<1.43', or set FLOWSTATE_ALLOW_UNTESTED_FLOWER=1 to try it at your own risk",
    )


def become_server(run_id: int) -> Run:
    """Take the identity of a server process, without which no `Message` can be made. Returns the run it acts for."""
    check_flower_version()
    TaskIdentity.task_id, TaskIdentity.run_id, TaskIdentity.node_id = 1, run_id, SUPERLINK_NODE_ID
    return Run.create_empty(run_id=run_id)


def node_info(node_id: int, public_key: bytes) -> Any:
    """A node as the SuperLink would list it."""
    return NodeInfo(node_id=node_id, status="online", public_key=public_key)


def client_context(run_id: int, node_id: int, node_config: dict[str, Any], run_config: dict[str, Any]) -> Context:
    """A node's context, which lives as long as its run."""
    return Context(run_id=run_id, node_id=node_id, node_config=node_config, state=RecordDict(), run_config=run_config)


def stamped(message: Message) -> str:
    """Give the message an id, as the SuperLink does on arrival, and return it."""
    message_id = str(uuid4())
    message.metadata.__dict__["_message_id"] = message_id
    return message_id


def crash_report(request: Message, error: Exception) -> Message:
    """The reply that Flower makes when a ClientApp raises."""
    return Message(Error(code=2, reason=f"{type(error)}:<'{error}'>"), reply_to=request)


def wait_for_writers(seconds: int) -> None:
    """Have databases that Flower opens in this process from now on wait so long for other writers, in place of five seconds."""
    module: Any = sql_mixin
    kept = (pragma for pragma in module.SQLITE_PRAGMAS if pragma[0] != "busy_timeout")
    module.SQLITE_PRAGMAS = (*kept, ("busy_timeout", f"{1000 * seconds}"))
