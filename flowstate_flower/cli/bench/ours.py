"""Our half of `flowstate bench deployment`: `flowstate superlink` in front of scripted tenants that sign what they send."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flowstate_flower import simulations
from flowstate_flower.cli.bench.driving import Notes, Peaks, fleet, watched
from flowstate_flower.cli.bench.fleet import Member
from flowstate_flower.cli.bench.founding import Founded
from flowstate_flower.deployment.poc import FLOWSTATE
from flowstate_flower.deployment.processes import child, flower_environment, free_ports, last_line
from flowstate_flower.deployment.reach import is_listening
from flowstate_flower.deployment.run_control import RunControl
from flowstate_flower.errors import RunImpossible
from flowstate_flower.registry import Registry, views
from flowstate_flower.strategies import RunSpec
from flowstate_flower.superlink.accounts import ACCOUNTS_FILE, AccountBook, Role
from flowstate_flower.superlink.control import Control, built_app
from flowstate_flower.superlink.document import SETTINGS_FILE
from flowstate_flower.trust.terms import LocalWork

APP = Path(simulations.__file__).resolve().parent / "apps" / "zeros"
PURPOSE, ACCOUNT = "bench", "bench"
STARTUP_SECONDS, DEADLINE_SECONDS, LOOK_SECONDS = 120.0, 600.0, 2.0
WORK = LocalWork(steps=1, batch_size=1, learning_rate=0.1)


@dataclass(frozen=True, slots=True)
class Ours:
    """`flowstate superlink`, which runs. `folder` is where fleets keep their files, `operators` where runs are started."""

    founded: Founded
    address: str
    operators: str
    token: str
    folder: Path
    peaks: Peaks

    def rounds(self, name: str, nodes: int, parameters: int, rounds: int) -> Notes:
        """One run of the first `nodes` tenants. Raises `RunImpossible` where the registry says that it failed."""
        members = self.founded.members[:nodes]
        with (
            fleet(self.folder / name, self.address, self.founded.ca, members) as notes,
            self.started(name, members, parameters, rounds),
        ):
            pass
        return notes

    @contextmanager
    def started(self, name: str, members: Sequence[Member], parameters: int, rounds: int) -> Iterator[int]:
        """A run, as Flower's number of it; at the end of the block it is waited for."""
        spec = RunSpec(
            run=name,
            purpose=PURPOSE,
            rounds=rounds,
            work=WORK,
            rule="mean",
            quorum=len(members),
            deadline_seconds=DEADLINE_SECONDS,
        )
        with (
            closing(Registry.open(self.founded.operator, to_write=True)) as registry,
            Control(self.operators, self.founded.ca, self.token) as control,
        ):
            run_id = int(RunControl(registry, control).start(spec, built_app(self._app(name, parameters))))
            yield run_id
            while not control.is_over(run_id):
                time.sleep(LOOK_SECONDS)
            view = views.run(registry, name)
        if view.status != "completed":
            raise RunImpossible(f"{name} is {view.status}: {view.note}", hint="see the SuperLink's log")

    def _app(self, name: str, parameters: int) -> Path:
        folder = self.folder / f"{name}-app"
        shutil.copytree(APP, folder)
        (folder / "zeros_app" / "size.toml").write_text(f"parameters = {parameters}\n", encoding="utf-8")
        return folder


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a SuperLink is to listen, the token of an operator's account, and what it is started with."""

    tenants: int
    operators: int
    token: str
    command: Sequence[str]
    environment: Mapping[str, str]

    def are_open(self) -> bool:
        """Whether it listens."""
        return is_listening("127.0.0.1", self.tenants) and is_listening("127.0.0.1", self.operators)


def doors(folder: Path, founded: Founded, object_bytes: int) -> Doors:
    """Free ports for a SuperLink that takes objects of so many bytes. Flower keeps its files in `folder`."""
    tenants, operators = free_ports(2)
    settings = f"[tenants]\nport = {tenants}\n\n[operators]\nport = {operators}\n\n[limits]\nobject_bytes = {object_bytes}\n"
    (founded.operator / SETTINGS_FILE).write_text(settings, encoding="utf-8")
    token = AccountBook(founded.operator / "superlink" / ACCOUNTS_FILE).add(ACCOUNT, Role.RUNNER)
    environment = {"FLOWSTATE_REGISTRY": str(founded.operator), "FLWR_SUPEREXEC_TASK_POLL_INTERVAL": "0.1"}
    command = [*FLOWSTATE, "superlink", "--registry", str(founded.operator)]
    return Doors(tenants, operators, token, command, flower_environment(folder) | environment)


@contextmanager
def our_superlink(folder: Path, founded: Founded, object_bytes: int) -> Iterator[Ours]:
    """`flowstate superlink` on loopback, which takes objects of so many bytes. Raises `RunImpossible` where it is not up."""
    folder.mkdir(mode=0o700)
    found, log = doors(folder, founded, object_bytes), folder / "superlink.log"
    with child(found.command, found.environment, log) as running:
        deadline = time.monotonic() + STARTUP_SECONDS
        while not found.are_open():
            if running.poll() is not None or time.monotonic() > deadline:
                raise RunImpossible("the SuperLink did not start", hint=last_line(log.read_text(errors="replace")))
            time.sleep(0.1)
        with watched(running.pid) as peaks:
            yield Ours(founded, f"127.0.0.1:{found.tenants}", f"127.0.0.1:{found.operators}", found.token, folder, peaks)
