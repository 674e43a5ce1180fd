"""`python -m flowstate_flower.deployment.confined SPEC COMMAND...`: become another user, be confined, and then the command.

SPEC is JSON. The process ends with whoever started it, and has no way back to what it was.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from flowstate_flower.deployment import landlock
from flowstate_flower.errors import FlowstateError

DIES_WITH_PARENT, DUMPABLE, DROP_CAPABILITY = 1, 4, 24
MOST_CAPABILITIES = 64


@dataclass(frozen=True, slots=True)
class Confinement:
    """As whom a command runs (numbers of a user and a group, None for whoever starts it), where, and what it may reach.

    `allowed` is None where the kernel does not confine.
    """

    folder: Path
    user: int | None = None
    group: int | None = None
    allowed: landlock.Allowed | None = None

    def command(self, *command: str) -> list[str]:
        """`command`, confined."""
        return [sys.executable, "-m", __name__, json.dumps(asdict(self), default=str), *command]

    @classmethod
    def parse(cls, text: str) -> "Confinement":
        """What `command` wrote."""
        said = json.loads(text)
        inner = said["allowed"]
        allowed = inner and landlock.Allowed(
            tuple(map(Path, inner["reads"])),
            tuple(map(Path, inner["writes"])),
            None if inner["ports"] is None else tuple(inner["ports"]),
        )
        return cls(Path(said["folder"]), said["user"], said["group"], allowed)


def begin(confinement: Confinement) -> None:
    """Make this process what `confinement` says. Raises `OSError` or `RunImpossible`; then nothing may be started."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if confinement.user is not None and confinement.group is not None:
        os.setgroups([])
        os.setresgid(confinement.group, confinement.group, confinement.group)
        os.setresuid(confinement.user, confinement.user, confinement.user)
    elif os.geteuid() == 0:
        _give_up_capabilities()
    os.chdir(confinement.folder)
    die_with_parent()
    if confinement.allowed is not None:
        landlock.restrict(confinement.allowed)


def _give_up_capabilities() -> None:
    """Root that is not to load modules, trace, or read what is not its own, once it has become the command."""
    libc = ctypes.CDLL(None)
    for number in range(MOST_CAPABILITIES):
        libc.prctl(DROP_CAPABILITY, number, 0, 0, 0)  # fails for those that this kernel does not know


def die_with_parent() -> None:
    """Let this process be ended when the one that started it is. A change of user forgets it."""
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGTERM, 0, 0, 0)


def hide_memory() -> None:
    """No process of the same user may look into this one or stop it to look, and it leaves no core behind."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(DUMPABLE, 0, 0, 0, 0)


def main() -> None:
    """Confine this process and become the command."""
    try:
        begin(Confinement.parse(sys.argv[1]))
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  no shell is wanted
    except (OSError, FlowstateError) as error:
        sys.exit(f"cannot confine {sys.argv[2]}: {error}")


if __name__ == "__main__":
    main()
