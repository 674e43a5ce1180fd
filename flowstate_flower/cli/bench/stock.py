"""The stock half of `flowstate bench deployment`: Flower's own SuperLink and FedAvg, with scripted nodes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from flowstate_flower import simulations
from flowstate_flower.cli.bench.driving import Notes, Peaks, fleet, watched
from flowstate_flower.cli.bench.fleet import Member
from flowstate_flower.cli.bench.founding import Founded
from flowstate_flower.deployment.processes import child, flower_environment, free_ports, last_line
from flowstate_flower.errors import RunImpossible
from flowstate_flower.superlink.control import Control, built_app

APP = Path(simulations.__file__).resolve().parent / "apps" / "fedavg"
STARTUP_SECONDS, DEADLINE_SECONDS, LOOK_SECONDS = 60.0, 600.0, 2.0


@dataclass(frozen=True, slots=True)
class Stock:
    """A stock SuperLink that runs. `folder` is where fleets keep their files."""

    address: str
    ca: Path
    folder: Path
    peaks: Peaks

    def rounds(self, name: str, nodes: int, parameters: int, rounds: int) -> Notes:
        """One run of FedAvg with scripted nodes. Raises `RunImpossible` where Flower says that it failed."""
        members = [Member(name=f"node-{number:03}") for number in range(nodes)]
        config = {"parameters": parameters, "rounds": rounds, "nodes": nodes, "deadline": DEADLINE_SECONDS}
        with fleet(self.folder / name, self.address, self.ca, members) as notes, self._control() as control:
            run_id = control.start(built_app(APP), config)
            while not (run := control.run(run_id)).is_over:
                time.sleep(LOOK_SECONDS)
        if not run.succeeded:
            raise RunImpossible(f"the stock run ended as {run.outcome}: {run.details}", hint="see the SuperLink's log")
        return notes

    def _control(self) -> Control:
        return Control(self.address, self.ca, "none")


@contextmanager
def stock_superlink(folder: Path, made: Founded) -> Iterator[Stock]:
    """Flower's SuperLink with our certificate and a database on disk, on loopback. Raises `RunImpossible`."""
    folder.mkdir(mode=0o700)
    port, log = free_ports(1)[0], folder / "superlink.log"
    certificate, key = made.operator / "superlink" / "server.pem", made.operator / "superlink" / "server.key"
    command = ["flower-superlink", "--ssl-ca-certfile", str(made.ca), "--ssl-certfile", str(certificate)]
    command += ["--ssl-keyfile", str(key), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--database", str(folder / "state.db"), "--disable-runtime-dependency-installation"]
    environment = flower_environment(folder) | {"FLWR_SUPEREXEC_TASK_POLL_INTERVAL": "0.1"}
    with child(command, environment, log) as running:
        deadline = time.monotonic() + STARTUP_SECONDS
        while not _is_up(port, made.ca):
            if running.poll() is not None or time.monotonic() > deadline:
                raise RunImpossible("Flower's SuperLink did not start", hint=last_line(log.read_text(errors="replace")))
            time.sleep(0.1)
        with watched(running.pid) as peaks:
            yield Stock(f"127.0.0.1:{port}", made.ca, folder, peaks)


def _is_up(port: int, ca: Path) -> bool:
    try:
        return httpx.get(f"https://127.0.0.1:{port}/health", timeout=0.5, verify=str(ca)).is_success
    except httpx.HTTPError:
        return False
