"""Runs on the real SuperLink, by the commands that an operator types: whatever is killed, the resumed run ends alike."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowstate_flower.cli.bench.driving import fleet
from flowstate_flower.cli.bench.founding import founded
from flowstate_flower.deployment.processes import child, end, flower_environment, free_ports
from flowstate_flower.registry import Registry, audit, lives, views

TENANTS, ROUNDS, PATIENCE_SECONDS = tuple(f"tenant-{number}" for number in range(4)), 3, 240.0

SERVER_APP = """
import numpy as np

from flowstate_flower.deployment.server_app import server_app_of


class Side:
    def first_model(self):
        return {"weight": np.arange(12, dtype="f4").reshape(3, 4), "bias": np.zeros(3, "f4")}

    def metrics(self, model):
        return {"accuracy": float(model["bias"].numpy()[0])}


app = server_app_of(Side)
"""

PROJECT = """
[project]
name = "small"
version = "1.0.0"
license = "Apache-2.0"
dependencies = []

[tool.flwr.app]
publisher = "tests"

[tool.flwr.app.components]
serverapp = "small.server_app:app"
clientapp = "small.client_app:app"
"""


@dataclass
class Deployment:
    """An operator's folder with its SuperLink, and what the operator types."""

    folder: Path
    operator: Path
    environment: dict[str, str]
    stack: ExitStack
    server: subprocess.Popen[bytes] | None = None

    def type(self, *words: str) -> tuple[int, str]:
        """Run one command; its exit code and all that it printed."""
        command = [str(Path(sys.executable).parent / "flowstate"), *words]
        done = subprocess.run(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout.decode()

    def start_superlink(self) -> None:
        command = [str(Path(sys.executable).parent / "flowstate"), "superlink"]
        self.server = self.stack.enter_context(child(command, self.environment, self.folder / "superlink.log"))

    def kill_superlink(self) -> None:
        """As the power cut does it: it and all that it started, at once."""
        assert self.server is not None
        os.kill(self.server.pid, signal.SIGKILL)
        end(self.server.pid)
        self.server.wait()

    def server_app_of(self, run: str) -> int:
        """The process that holds the life of a run."""
        lock = str(self.operator / "lives" / f"{run}.lock")
        for process in Path("/proc").iterdir():
            if process.name.isdecimal() and any(_target(fd) == lock for fd in _fds(process)):
                return int(process.name)
        raise LookupError(run)

    def until(self, run: str, holds: Callable[[Registry], bool]) -> None:
        registry, deadline = Registry.open(self.operator), time.monotonic() + PATIENCE_SECONDS
        while not holds(registry):
            assert time.monotonic() < deadline, (run, views.run(registry, run), self.log)
            time.sleep(0.05)
        registry.close()

    @property
    def log(self) -> str:
        return (self.folder / "superlink.log").read_text(errors="replace")[-3000:]

    def view(self, run: str) -> views.RunView:
        registry = Registry.open(self.operator)
        try:
            return views.run(registry, run)
        finally:
            registry.close()


def _fds(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:
        return []


def _target(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except OSError:
        return ""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    made = founded(folder, TENANTS, "research")
    tenants, operators = free_ports(2)
    (made.operator / "superlink.toml").write_text(f"[tenants]\nport = {tenants}\n\n[operators]\nport = {operators}\n")
    (folder / "small" / "small").mkdir(parents=True)
    (folder / "small" / "pyproject.toml").write_text(PROJECT)
    (folder / "small" / "small" / "__init__.py").touch()
    (folder / "small" / "small" / "server_app.py").write_text(SERVER_APP)
    (folder / "small" / "small" / "client_app.py").write_text("from flwr.clientapp import ClientApp\n\napp = ClientApp()\n")
    environment = flower_environment(folder) | {"FLOWSTATE_REGISTRY": str(made.operator)}
    with ExitStack() as stack:
        there = Deployment(folder, made.operator, environment, stack)
        assert there.type("superlink", "account", "add", "alice", "--role", "runner")[0] == 0
        there.start_superlink()
        _wait_for_port(tenants, there)
        stack.enter_context(fleet(folder / "fleet", f"127.0.0.1:{tenants}", made.ca, made.members))
        yield there


def _wait_for_port(port: int, there: Deployment) -> None:
    import socket

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, there.log
        time.sleep(0.1)


def start(deployment: Deployment, name: str, *more: str) -> tuple[int, str]:
    said = ["--purpose", "research", "--rounds", str(ROUNDS), "--rule", "median", "--quorum", "4", "--name", name]
    return deployment.type("run", "start", str(deployment.folder / "small"), *said, *more)


@pytest.mark.deployment
def test_a_run_is_started_watched_and_completed_and_the_exit_code_is_true(deployment: Deployment) -> None:
    code, said = start(deployment, "undisturbed")
    assert code == 0, (said, deployment.log)
    assert f"round {ROUNDS} of {ROUNDS}: 4 invited, 4 accepted, 0 refused, 0 rejected; accuracy" in said
    assert deployment.view("undisturbed").status == "completed"
    code, said = start(deployment, "impossible", "--byzantine", "3")
    assert (code, "median needs n ≥ 2f + 1" in said) == (3, True), said


@pytest.mark.deployment
def test_killed_server_app_killed_superlink_and_a_stop_end_with_the_model_of_the_undisturbed_run(
    deployment: Deployment,
) -> None:
    assert start(deployment, "mortal", "--detach")[0] == 0
    deployment.until("mortal", lambda registry: views.run(registry, "mortal").rounds >= 1)
    os.kill(deployment.server_app_of("mortal"), signal.SIGKILL)
    code, said = deployment.type("run", "watch", "mortal")
    assert (code, "mortal died after round" in said) == (3, True), said

    assert deployment.type("run", "resume", "mortal", "--detach")[0] == 0
    deployment.until("mortal", lambda registry: lives.is_alive(registry, "mortal"))
    deployment.kill_superlink()
    deployment.until("mortal", lambda registry: not lives.is_alive(registry, "mortal"))
    deployment.start_superlink()

    deployment.until("mortal", lambda _: deployment.type("run", "resume", "mortal", "--detach")[0] == 0)
    assert deployment.type("run", "stop", "mortal")[0] == 0
    assert deployment.view("mortal").status == "interrupted"
    code, said = deployment.type("run", "resume", "mortal")
    assert code == 0, (said, deployment.log)
    undisturbed, mortal = deployment.view("undisturbed"), deployment.view("mortal")
    assert (mortal.model_digest, mortal.rounds) == (undisturbed.model_digest, ROUNDS)
    shown = json.loads(deployment.type("run", "show", "mortal", "--format", "json")[1])
    assert [attempt["how"] for attempt in shown["attempts"]] == ["died", "died", "stopped", "completed"]
    registry = Registry.open(deployment.operator)
    assert audit.verify(registry, registry.operator, audit.Against(models=True)).verified
    registry.close()
