"""A tenant's signer: its home, served to training processes over a socket."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from flowstate_flower.clients.folder_home import FolderHome
from flowstate_flower.clients.home import LEDGER_FILE, REFUSALS_FILE, UPDATES_FOLDER
from flowstate_flower.clients.refusals import RefusalLog
from flowstate_flower.clients.signer import Signer
from flowstate_flower.clients.updates import UpdateStore
from flowstate_flower.registry.tenant_ledger import TenantLedger
from flowstate_flower.wiring.homes import open_voice


def serve_home(
    folder: Path,
    listener: socket,
    users: Collection[int],
    *,
    believes_declared: bool = False,
    apps_seen: bool = False,
    ready: Callable[[], None],
) -> None:
    """Sign for the home in `folder`, for processes of `users`, until `listener` is closed. `ready` is called before the first.

    The policy is read for each request, so that a change counts at once. Raises `FlowstateError` where a home cannot be opened.
    """

    @contextmanager
    def opened() -> Iterator[FolderHome]:
        voice = open_voice(folder)
        ledger = TenantLedger(folder / LEDGER_FILE, voice.key.public)
        try:
            updates = UpdateStore(folder / UPDATES_FOLDER)
            yield FolderHome(voice.policy, voice.key, ledger, RefusalLog(folder / REFUSALS_FILE), updates)
        finally:
            ledger.close()

    with opened():  # a home that cannot be opened is complained of now
        pass
    ready()
    Signer(opened, frozenset(users), believes_declared, apps_seen).serve(listener)
