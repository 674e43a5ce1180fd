"""Flower's simulation runtime as child processes: a SuperLink of our own on a free port, and `flwr run` of the thin app.

`flwr run` would start a SuperLink that outlives it and shares one port with everybody; this one has a home of its own and
ends with us. `flwr run --stream` exits 0 when the run failed, so its exit code is not believed: the registry is.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from flowstate_flower.errors import RunImpossible

APP = Path(__file__).resolve().parent / "apps" / "federation"
STARTUP_SECONDS, STOP_SECONDS, POLL_SECONDS = 60.0, 10.0, 0.5

QUIET = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def run_app(world: Path, nodes: int, while_waiting: Callable[[], None]) -> str:
    """Run the thin app on `nodes` simulated SuperNodes until it ends. Returns what Flower printed."""
    with tempfile.TemporaryDirectory(prefix="flowstate-flwr-") as home:
        environment = {**os.environ, **QUIET, "FLWR_HOME": home, "PATH": _path_with_flower()}
        log = Path(home) / "run.log"
        with _superlink(Path(home), environment) as address:
            (Path(home) / "config.toml").write_text(
                f'[superlink]\ndefault = "here"\n\n[superlink.here]\naddress = "{address}"\ninsecure = true\n',
                encoding="utf-8",
            )
            command = ["flwr", "run", str(APP), "here", "--stream"]
            command += ["--federation-config", f"num-supernodes={nodes} client-resources-num-cpus=1"]
            (Path(home) / "run.toml").write_text(f"world = {json.dumps(str(world))}\n", encoding="utf-8")
            command += ["--run-config", str(Path(home) / "run.toml")]
            with log.open("w") as output, _child(command, environment, output.fileno()) as child:
                while child.poll() is None:
                    while_waiting()
                    time.sleep(POLL_SECONDS)
        return log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def _superlink(home: Path, environment: dict[str, str]) -> Iterator[str]:
    """A SuperLink in simulation mode on loopback. Yields its address. Raises `RunImpossible` where it does not come up."""
    address = f"127.0.0.1:{_free_port()}"
    command = ["flower-superlink", "--insecure", "--simulation", "--isolation", "subprocess"]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--database", str(home / "state.db")]
    command += ["--disable-runtime-dependency-installation"]
    log = home / "superlink.log"
    with log.open("w") as output, _child(command, environment, output.fileno()) as child:
        deadline = time.monotonic() + STARTUP_SECONDS
        while not _is_up(address):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RunImpossible("Flower's SuperLink did not start", hint=last_line(log.read_text(errors="replace")))
            time.sleep(0.1)
        yield address


@contextmanager
def _child(command: list[str], environment: dict[str, str], output: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own; the whole group is ended on the way out."""
    child = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
    )
    try:
        yield child
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(child.pid, sign)
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/health", timeout=0.5).is_success
    except httpx.HTTPError:
        return False


def last_line(log: str) -> str:
    """The last line of a log that says something, for a hint."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else "nothing was logged"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _path_with_flower() -> str:
    """The folder of this interpreter first: Flower finds its own commands by name."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
