"""A tenant's side of a deployment: the signer, a stock SuperNode, and behind a wall what starts the code that trains.

Nothing is restarted in silence: when one of the three ends, all do, and the person hears which one and why.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from flowstate_flower import wiring
from flowstate_flower.clients.deployed import SIGNER_VARIABLE, TASK_VARIABLE, task_named
from flowstate_flower.clients.signer import RemoteHome
from flowstate_flower.deployment import walls
from flowstate_flower.deployment.confined import Confinement
from flowstate_flower.deployment.processes import QUIET, child, last_line
from flowstate_flower.deployment.renewing import kept_renewed
from flowstate_flower.deployment.signing import SOCKET
from flowstate_flower.errors import BadInput, FlowstateError, RunImpossible

LOGS, SUPERNODE_FOLDER, SECRET_FILE = "logs", "supernode", "runtime.secret"
CERTIFICATES = ("pki/ca.crt", "pki/client.pem", "pki/client.key", "pki/node.key")
READY_SECONDS, LOOK_SECONDS = 120.0, 0.3
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
"""Of the surroundings, all that training gets to see: others may hold secrets."""


NO_WISHES = walls.Wishes()
Started = AbstractContextManager[subprocess.Popen[bytes]]


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """What runs for the tenant of `home`: `task` is `module:object` of its own installation, `superlink` is HOST:PORT.

    `port` is that of the SuperNode on the loopback interface. With `believes_declared` the signer takes what mods declare.
    """

    home: Path
    superlink: str
    task: str
    port: int
    wishes: walls.Wishes = NO_WISHES
    believes_declared: bool = False


def up(plan: ClientPlan, say: Callable[[str], None]) -> None:
    """Run until SIGTERM, which ends well, or Ctrl-C. `say` is told what runs.

    Raises `BadInput` before anything is started, `RunImpossible` where something cannot run, or has ended.
    """
    _check(plan)
    wall = walls.wall(plan.home, plan.port, plan.wishes)
    stopped = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(_stopped_by_sigterm(stopped))
        _write_secret(plan.home, wall)
        running = {"signer": stack.enter_context(_signer(plan, wall))}
        _wait_for_signer(plan.home, running["signer"])
        say(f"signer: {plan.home / SOCKET}")
        running["supernode"] = stack.enter_context(_supernode(plan))
        running["training"] = stack.enter_context(_training(plan, wall))
        say(f"node: of {plan.superlink}, logs in {plan.home / LOGS}")
        say(f"training: {plan.task}, behind {walls.described(wall)}")
        stack.enter_context(kept_renewed(plan.home, say))
        _watch(plan.home, running, stopped)


def _check(plan: ClientPlan) -> None:
    wiring.open_voice(plan.home)
    task_named(plan.task)
    for name in CERTIFICATES:
        if not (plan.home / name).is_file():
            raise BadInput(f"{plan.home / name} is missing", hint="flowstate client join makes it")


def _signer(plan: ClientPlan, wall: Confinement) -> Started:
    command = [sys.executable, "-c", "from flowstate_flower.cli.main import main; main()", "client", "signer", str(plan.home)]
    command += [] if wall.user is None else ["--for", str(wall.user)]
    command += ["--apps-seen", *(["--believe-declared"] if plan.believes_declared else [])]
    return child(command, _environment(plan.home), _log(plan.home, "signer"))


def _supernode(plan: ClientPlan) -> Started:
    """It holds the node's key and the client certificate, runs as the home's owner, and starts nothing."""
    folder, pki = plan.home / SUPERNODE_FOLDER, plan.home / "pki"
    owner, root = plan.home.stat(), os.geteuid() == 0
    confinement = Confinement(folder, owner.st_uid, owner.st_gid) if root and owner.st_uid != 0 else Confinement(folder)
    command = confinement.command(
        *(sys.executable, "-m", "flowstate_flower.deployment.node", str(plan.home / SOCKET)),
        *(str(pki / "client.pem"), str(pki / "client.key")),
        *("--superlink", plan.superlink, "--root-certificates", str(pki / "ca.crt")),
        *("--auth-supernode-private-key", str(pki / "node.key"), "--isolation", "process"),
        *("--host", "127.0.0.1", "--port", str(plan.port), "--superexec-auth-secret-file", str(folder / SECRET_FILE)),
    )
    return child(command, _environment(folder), _log(plan.home, "supernode"))


def _training(plan: ClientPlan, wall: Confinement) -> Started:
    """Flower's SuperExec, which starts a process for each message, all of them behind the wall."""
    command = wall.command(
        *("flower-superexec", "--insecure", "--runtime-api-address", f"127.0.0.1:{plan.port}"),
        *("--superexec-auth-secret-file", str(wall.folder / SECRET_FILE)),
    )
    environment = {
        **_environment(wall.folder),
        SIGNER_VARIABLE: str(plan.home / SOCKET),
        TASK_VARIABLE: plan.task,
        "FLWR_SUPEREXEC_TASK_POLL_INTERVAL": "0.3",
    }
    return child(command, environment, _log(plan.home, "training"))


def _environment(folder: Path) -> dict[str, str]:
    """Little of what surrounds us, and a home and temporary files in `folder`."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    return {**kept, **QUIET, "PATH": path, "HOME": str(folder), "TMPDIR": str(folder), "FLWR_HOME": str(folder / "flwr")}


def _log(home: Path, name: str) -> Path:
    (home / LOGS).mkdir(mode=0o700, exist_ok=True)
    return home / LOGS / f"{name}.log"


def _write_secret(home: Path, wall: Confinement) -> None:
    """What SuperExec shows the SuperNode, so that no other local process takes its work: new each time, a copy for each."""
    secret, owner = secrets.token_bytes(32), home.stat().st_uid
    (home / SUPERNODE_FOLDER).mkdir(mode=0o700, exist_ok=True)
    for folder, user in ((home / SUPERNODE_FOLDER, owner), (wall.folder, owner if wall.user is None else wall.user)):
        path = folder / SECRET_FILE
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secret)
        if os.geteuid() == 0:
            os.chown(folder, user, -1)
            os.chown(path, user, -1)


def _wait_for_signer(home: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            RemoteHome.open(home / SOCKET)
            return
        except FlowstateError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise _ended(home, "signer", process) from error
        time.sleep(LOOK_SECONDS)


def _watch(home: Path, running: Mapping[str, subprocess.Popen[bytes]], stopped: threading.Event) -> None:
    while not stopped.wait(LOOK_SECONDS):
        for name, process in running.items():
            if process.poll() is not None:
                raise _ended(home, name, process)


def _ended(home: Path, name: str, process: subprocess.Popen[bytes]) -> RunImpossible:
    log = home / LOGS / f"{name}.log"
    how = "is not ready" if process.returncode is None else f"ended with exit code {process.returncode}"
    last = last_line(log.read_text(encoding="utf-8", errors="replace"))
    return RunImpossible(f"the {name} {how}", hint=f"{log} ends with: {last}")


@contextmanager
def _stopped_by_sigterm(stopped: threading.Event) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
