"""The ready ClientApp of a deployment: what an app for tenants that this package did not start needs is one line,
`from flowstate_flower.clients.deployed import app`.

The task, which is what reads the data, and the signer come from the tenant's own installation: the server sends the model, the
terms, and the name of this object. `flowstate client up` sets the two variables.
"""

import importlib
import os
from functools import cache
from pathlib import Path

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from flowstate_flower.clients.app import build_client_app
from flowstate_flower.clients.home import TenantHome
from flowstate_flower.clients.signer import RemoteHome
from flowstate_flower.clients.task import TorchTask
from flowstate_flower.clients.training.fast import steady_memory
from flowstate_flower.errors import BadInput

SIGNER_VARIABLE, TASK_VARIABLE = "FLOWSTATE_SIGNER", "FLOWSTATE_TASK"
app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    """Take part in a round as the tenant whose signer is named."""
    return _ready()(message, context)


@app.query()
def roll_call(message: Message, context: Context) -> Message:
    """Say who this node acts for."""
    return _ready()(message, context)


def home_from_environment() -> TenantHome:
    """The home behind the socket that `FLOWSTATE_SIGNER` names. Raises `BadInput` or `RunImpossible`."""
    if not (path := os.environ.get(SIGNER_VARIABLE)):
        raise BadInput(f"{SIGNER_VARIABLE} names no signer", hint="flowstate client up sets it")
    return RemoteHome.open(Path(path))


def task_from_environment() -> TorchTask:
    """The task that `FLOWSTATE_TASK` names, as `module:object` of what is installed here. Raises `BadInput`."""
    return task_named(os.environ.get(TASK_VARIABLE, ""))


def task_named(name: str) -> TorchTask:
    """The task called `module:object`. Raises `BadInput`."""
    module, _, attribute = name.partition(":")
    hint = "module:object, installed where the client runs"
    if not module or not attribute:
        raise BadInput(f"'{name}' names no task", hint=hint)
    try:
        task = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadInput(f"no task '{name}': {error}", hint=hint) from error
    missing = [part for part in ("model", "data", "loss", "metrics") if not callable(getattr(task, part, None))]
    if missing:
        raise BadInput(f"'{name}' is no task: it has no {missing[0]}()", hint="docs/how-to/write-a-task.md")
    return task  # type: ignore[no-any-return]


@cache
def _ready() -> ClientApp:
    steady_memory()  # this process trains, and ends with its message
    return build_client_app(task_from_environment(), lambda _: home_from_environment())
