"""Kill -9 at random points of a deployment, over its processes: what is resumed ends as if nothing had happened."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from flowstate_flower import deployment, wiring
from flowstate_flower.cli.bench.driving import SERVER_APP
from flowstate_flower.cli.bench.fleet import Spec
from flowstate_flower.cli.bench.founding import Founded, founded
from flowstate_flower.cli.bench.measures import Measure, figure
from flowstate_flower.cli.bench.ours import PURPOSE, Doors, doors
from flowstate_flower.cli.output import stderr
from flowstate_flower.deployment.processes import Service, flower_environment
from flowstate_flower.deployment.run_control import RunControl
from flowstate_flower.errors import FlowstateError, RunImpossible
from flowstate_flower.registry import Registry, audit, rounds, views
from flowstate_flower.strategies import RunSpec
from flowstate_flower.superlink.control import Control, built_app
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

APP = Path(deployment.__file__).resolve().parent / "apps" / "digits"
TENANTS, ROUNDS, EPSILON, OBJECT_BYTES = ("north", "south", "west"), 4, 8.0, 2**20
READY_SECONDS, PATIENCE_SECONDS, LOOK_SECONDS, HEARTBEAT_SECONDS = 120.0, 600.0, 0.5, 15.0
WORK, PRIVACY = LocalWork(steps=2, batch_size=16, learning_rate=0.1), PrivacyTerms(noise_multiplier=20.0, clip_norm=1.0)
SERVER, SERVER_APPS, NODES = "SuperLink", "ServerApp", "nodes"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Processes that may be killed, and are started again where they do not run."""

    made: Founded
    doors: Doors
    folder: Path

    @property
    def server(self) -> Service:
        """The SuperLink, which starts ServerApps."""
        return Service("superlink", self.folder)

    @property
    def nodes(self) -> Service:
        """All tenants' nodes."""
        return Service("nodes", self.folder)

    def stand_up(self) -> None:
        """Start what does not run."""
        self.server.start(self.doors.command, self.doors.environment)
        self.server.wait(self.doors.are_open, READY_SECONDS)
        spec = Spec(
            address=f"127.0.0.1:{self.doors.tenants}",
            ca=self.made.ca,
            events=self.folder / "events.jsonl",
            members=self.made.members,
            poll_seconds=0.3,
            threads=len(TENANTS),
            until_killed=True,
            heartbeat_seconds=HEARTBEAT_SECONDS,
        )
        (self.folder / "fleet.json").write_text(spec.model_dump_json(), encoding="utf-8")
        command = [sys.executable, "-m", "flowstate_flower.cli.bench.fleet", str(self.folder / "fleet.json")]
        self.nodes.start(command, flower_environment(self.folder))

    def tear_down(self) -> None:
        """End all of it."""
        self.nodes.stop()
        self.server.stop()

    def kill(self, what: str) -> bool:
        """Kill -9 it. Returns whether it ran."""
        process = (self.nodes if what == NODES else self.server).process()
        if process is None:
            return False
        pids = _server_apps(process) if what == SERVER_APPS else [process.pid]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(pids)


def cutting(folder: Path, kills: int) -> Iterator[Measure]:
    """All measures: a run that nothing disturbs, and as many runs as kills, each with one."""
    made = founded(folder, TENANTS, PURPOSE, epsilon=EPSILON)
    found = Deployment(made, doors(folder, made, OBJECT_BYTES), folder)
    rng, whole = random.SystemRandom(), 0
    try:
        with closing(Registry.open(made.operator, to_write=True)) as registry:
            begun = time.monotonic()
            digest, lasts = carried(found, registry, "undisturbed", None, 0.0), time.monotonic() - begun
            if not digest:
                why = views.run(registry, "undisturbed").note
                raise RunImpossible("a run that nothing disturbs does not complete", hint=why)
            for number in range(kills):
                what, after = rng.choice((SERVER, SERVER_APPS, NODES)), rng.uniform(0, lasts)
                name = f"cut-{number:03}"
                ended = carried(found, registry, name, what, after)
                problem = "" if ended == digest else f"ended with {ended[:12] or 'no model'}, not {digest[:12]}"
                problem = problem or charged(made, name)
                whole += not problem
                stderr.print(f"kill {number + 1} of {kills}, {what} after {after:.1f} s: {problem or 'whole'}", soft_wrap=True)
            verified = audit.verify(registry.with_keys(), registry.operator).verified
    finally:
        found.tear_down()
    title = f"kill -9, {kills} times over SuperLink, ServerApp and nodes"
    yield Measure(f"{title}: same model, charged once", whole, "", f"= {kills}", whole == kills)
    yield Measure(f"{title}: the log verifies", float(verified), "", "= 1", verified)
    yield figure("a run that nothing disturbs", lasts, "s")


def carried(found: Deployment, registry: Registry, name: str, what: str | None, after: float) -> str:
    """A run to its end, with one kill `after` so many seconds. Returns the digest of its model, empty where there is none."""
    spec = RunSpec(
        run=name,
        purpose=PURPOSE,
        rounds=ROUNDS,
        work=WORK,
        privacy=PRIVACY,
        rule="mean",
        quorum=len(TENANTS),
        accept_seeded_noise=True,
    )
    found.stand_up()
    _control(found, registry, lambda control: control.start(spec, built_app(APP)))
    if what is not None:
        time.sleep(after)
        until = time.monotonic() + PATIENCE_SECONDS
        while not found.kill(what) and not _is_complete(registry, name) and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
    until = time.monotonic() + PATIENCE_SECONDS
    while not _is_complete(registry, name) and time.monotonic() < until:
        found.stand_up()
        _control(found, registry, lambda control: control.resume(name) if control.died(name) else None)
        time.sleep(LOOK_SECONDS)
    return views.run(registry, name).model_digest or ""


def _control(found: Deployment, registry: Registry, act: Callable[[RunControl], object]) -> None:
    """Ask something of the server. One that is just going or coming says no, and is asked again by whoever waits."""
    address = f"127.0.0.1:{found.doors.operators}"
    with suppress(FlowstateError), Control(address, found.made.ca, found.doors.token) as control:
        act(RunControl(registry, control))


def _is_complete(registry: Registry, name: str) -> bool:
    return views.run(registry, name).status == rounds.COMPLETED


def charged(made: Founded, name: str) -> str:
    """Which round of a run was not charged exactly once, to whom; nothing where all were."""
    for member in made.members:
        ledger = wiring.open_ledger(made.operator.parent / "tenants" / member.name)
        with closing(ledger):
            for number in range(1, ROUNDS + 1):
                found = ledger.reserved(name, number)
                if len(found) != 1 or found[0].update is None:
                    return f"{member.name} was charged {len(found)} times for round {number}"
    return ""


def _server_apps(superlink: psutil.Process) -> list[int]:
    found = []
    with suppress(psutil.Error):
        for process in superlink.children(recursive=True):
            with suppress(psutil.Error):
                if any(SERVER_APP in part for part in process.cmdline()[:3]):
                    found.append(process.pid)
    return found
