"""Flower's simulation runtime as child processes: a SuperLink of our own on a free port, and `flwr run` of the thin app.

`flwr run` would start a SuperLink that outlives it and shares one port with everybody; this one has a home of its own and
ends with us. `flwr run --stream` exits 0 when the run failed, so its exit code is not believed: the registry is.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from flowstate_flower.deployment.processes import child, flower_environment, free_ports, last_line
from flowstate_flower.errors import RunImpossible

APP = Path(__file__).resolve().parent / "apps" / "federation"
STARTUP_SECONDS, POLL_SECONDS = 60.0, 0.5


def run_app(world: Path, nodes: int, while_waiting: Callable[[], None]) -> str:
    """Run the thin app on `nodes` simulated SuperNodes until it ends. Returns what Flower printed."""
    with tempfile.TemporaryDirectory(prefix="flowstate-flwr-") as home:
        environment = flower_environment(Path(home))
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
            with child(command, environment, log) as running:
                while running.poll() is None:
                    while_waiting()
                    time.sleep(POLL_SECONDS)
        return log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def _superlink(home: Path, environment: dict[str, str]) -> Iterator[str]:
    """A SuperLink in simulation mode on loopback. Yields its address. Raises `RunImpossible` where it does not come up."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    command = ["flower-superlink", "--insecure", "--simulation", "--isolation", "subprocess"]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--database", str(home / "state.db")]
    command += ["--disable-runtime-dependency-installation"]
    log = home / "superlink.log"
    with child(command, environment, log) as running:
        deadline = time.monotonic() + STARTUP_SECONDS
        while not _is_up(address):
            if running.poll() is not None or time.monotonic() > deadline:
                raise RunImpossible("Flower's SuperLink did not start", hint=last_line(log.read_text(errors="replace")))
            time.sleep(0.1)
        yield address


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/health", timeout=0.5).is_success
    except httpx.HTTPError:
        return False
