"""The process that holds a tenant's key. It loads nothing that trains."""

import os
from pathlib import Path

from flowstate_flower import wiring
from flowstate_flower.clients.signer import server
from flowstate_flower.deployment.confined import die_with_parent, hide_memory

SOCKET = "signer.sock"


def sign(home: Path, user: int | None, *, believes_declared: bool, apps_seen: bool) -> None:
    """Be the signer of `home`, for processes of `user` and of our own, until this process is ended.

    Started as root it becomes the owner of the home. Raises `BadInput` where it cannot listen or the home cannot be opened.
    """
    listener = server.bound(home / SOCKET, user)
    owner = home.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
        os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
    os.umask(0o077)
    die_with_parent()
    hide_memory()
    users = {os.geteuid()} if user is None else {os.geteuid(), user}
    wiring.serve_home(home, listener, users, believes_declared=believes_declared, apps_seen=apps_seen, ready=lambda: None)
