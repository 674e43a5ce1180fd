"""What stands between the code that trains and the tenant's key: another user, Landlock, or both, and it is tried before it is
relied on.
"""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import flowstate_flower
from flowstate_flower.clients.home import KEY_FILE, LEDGER_FILE, REFUSALS_FILE, UPDATES_FOLDER
from flowstate_flower.deployment import landlock
from flowstate_flower.deployment.confined import Confinement
from flowstate_flower.errors import BadInput, RunImpossible

NOBODY = "nobody"
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm", "/dev/dri", "/dev/kfd")  # noqa: S108
SECRETS = (KEY_FILE, LEDGER_FILE, REFUSALS_FILE, "pki/client.key", "pki/node.key")
TRIAL_SECONDS = 120
WORK_FOLDER = "training"
"""All of the home, beside the updates, that training may write."""
TRIAL = """
import os, sys, tempfile
import flwr.clientapp
for folder in sys.argv[1].split(os.pathsep):
    tempfile.NamedTemporaryFile(dir=folder).close()
for secret in sys.argv[2].split(os.pathsep):
    try:
        open(secret, "rb").close()
    except FileNotFoundError:
        sys.exit("cannot see whether " + secret + " is there: the trial shows nothing")
    except OSError:
        continue
    sys.exit("reads " + secret)
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the tenant wants: a `user` for training (None: `nobody`, where we are root), folders that it `reads`, and whether it
    may use the `network` beyond its own SuperNode. `same_user` gives up the wall.
    """

    user: str | None = None
    reads: tuple[Path, ...] = ()
    network: bool = False
    same_user: bool = False


def wall(home: Path, port: int, wishes: Wishes) -> Confinement:
    """The strongest wall that keeps the secrets of `home` from training, and lets it train. It may connect to `port`.

    Raises `BadInput` for wishes that cannot be had, `RunImpossible` where no wall holds.
    """
    bare = Confinement(home / WORK_FOLDER)
    if wishes.same_user:
        _make_folders(home, bare)
        return bare
    problems = []
    for candidate in _candidates(home, port, wishes):
        _make_folders(home, candidate)
        if not (problem := _tried(home, candidate)):
            return candidate
        problems.append(f"{described(candidate)}: {problem}")
    said = "; ".join(problems) or "this kernel has no Landlock, and only root can use another user"
    raise RunImpossible(f"nothing keeps training from the key ({said})", hint="--same-user, if it may read the key")


def described(confinement: Confinement) -> str:
    """The wall in words."""
    user = None if confinement.user is None else f"user {pwd.getpwuid(confinement.user).pw_name}"
    kernel = None if confinement.allowed is None else f"Landlock {landlock.version()}"
    return " and ".join(part for part in (user, kernel) if part) or "no wall: training can read the key"


def _candidates(home: Path, port: int, wishes: Wishes) -> Iterator[Confinement]:
    """From the strongest on."""
    allowed = None
    if landlock.version() >= landlock.LEAST_VERSION:
        allowed = _allowed(home, port, wishes)
    alone = Confinement(home / WORK_FOLDER, allowed=allowed)
    if os.geteuid() == 0:
        user = _user(wishes.user or NOBODY)
        yield replace(alone, user=user.pw_uid, group=user.pw_gid)
    elif wishes.user is not None:
        raise BadInput("--train-as needs root", hint="without it, Landlock keeps training from the key where the kernel has it")
    if allowed is not None and wishes.user is None:
        yield alone


def _allowed(home: Path, port: int, wishes: Wishes) -> landlock.Allowed:
    package = Path(flowstate_flower.__file__).resolve().parents[1]
    python: tuple[str | Path, ...] = (
        sys.prefix,
        sys.base_prefix,
        Path(sys.executable).resolve().parents[1],
        *filter(None, sys.path[1:]),
        package,
    )
    reads = tuple(dict.fromkeys(Path(path).absolute() for path in (*SYSTEM, *python, *wishes.reads)))
    writes = (home / WORK_FOLDER, home / UPDATES_FOLDER, *map(Path, DEVICES), *Path("/dev").glob("nvidia*"))
    for path in reads:
        if home.resolve().is_relative_to(path.resolve()):
            raise BadInput(f"{home} lies in {path}, which training reads", hint="move the home, to where nothing is installed")
    return landlock.Allowed(reads, writes, None if wishes.network else (port,))


def _make_folders(home: Path, confinement: Confinement) -> None:
    """What training writes is its user's own. The home lets that user through, and no further."""
    for name in (WORK_FOLDER, UPDATES_FOLDER):
        folder = home / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            owner = home.stat().st_uid if confinement.user is None else confinement.user
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner, -1, follow_symlinks=False)
    home.chmod(0o700 if confinement.user is None else 0o711)


def _tried(home: Path, confinement: Confinement) -> str:
    """What is wrong behind this wall; empty where it holds and training can work."""
    folders = os.pathsep.join(str(home / name) for name in (WORK_FOLDER, UPDATES_FOLDER))
    secrets = os.pathsep.join(str(home / name) for name in SECRETS if (home / name).exists())
    command = confinement.command(sys.executable, "-c", TRIAL, folders, secrets)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "takes too long"
    lines = done.stderr.strip().splitlines()
    return (lines[-1] if lines else f"exit code {done.returncode}") if done.returncode else ""


def _user(name: str) -> pwd.struct_passwd:
    try:
        found = pwd.getpwnam(name)
    except KeyError as error:
        raise BadInput(f"no user '{name}' here", hint="--train-as names one that owns nothing") from error
    if found.pw_uid == 0:
        raise BadInput(f"'{name}' is root", hint="--train-as names a user that owns nothing")
    return found
