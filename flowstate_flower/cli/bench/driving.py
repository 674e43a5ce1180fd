"""Driving a real server with a fleet: the fleet as a child, what it noted, and how much memory the server's processes took."""

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from flowstate_flower.cli.bench.fleet import Member, Spec
from flowstate_flower.deployment.processes import STOP_SECONDS, flower_environment

SERVER_APP, WATCH_SECONDS = "flwr-serverapp", 0.1
POLL_SECONDS, THREADS = 1.0, 8


@dataclass(frozen=True, slots=True)
class Notes:
    """What a fleet noted, one line for each answer or failure."""

    events: Path

    def lines(self) -> list[dict[str, Any]]:
        """All of them; a line that is being written is left out."""
        text = self.events.read_text(encoding="utf-8") if self.events.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def accepted(self) -> int:
        """How many answers the server took."""
        return sum(bool(line.get("accepted")) for line in self.lines())

    def node_of(self, tenant: str) -> int | None:
        """The node as which a tenant answered; None where it has not yet."""
        return next((int(line["node"]) for line in self.lines() if line.get("tenant") == tenant and "node" in line), None)

    def failures(self) -> list[str]:
        """What went wrong, as the nodes saw it: a poll that failed too, which is tried again."""
        return [f"{line['tenant']}: {line['failed']}" for line in self.lines() if "failed" in line]

    def begun(self, only: Sequence[str] = ()) -> list[float]:
        """When each round began, in seconds since 1970: the first that was asked in it, among `only` where it names some."""
        first: dict[int, float] = {}
        for line in self.lines():
            if "round" in line and (not only or line["tenant"] in only):
                first[line["round"]] = min(first.get(line["round"], line["asked"]), line["asked"])
        return [first[number] for number in sorted(first)]

    def round_seconds(self, only: Sequence[str] = ()) -> list[float]:
        """The times from the beginning of each round to that of the next, and of the last to its last answer."""
        begun = [*self.begun(only), max((line["sent"] for line in self.lines() if "sent" in line), default=0.0)]
        return [after - before for before, after in itertools.pairwise(begun)]


@contextmanager
def fleet(folder: Path, address: str, ca: Path, members: Sequence[Member], *, threads: int = THREADS) -> Iterator[Notes]:
    """The members as a child that serves `address` until the end of the block. `folder` is new, for its files."""
    folder.mkdir(mode=0o700)
    notes = Notes(folder / "events.jsonl")
    spec = Spec(address=address, ca=ca, events=notes.events, members=tuple(members), poll_seconds=POLL_SECONDS, threads=threads)
    (folder / "fleet.json").write_text(spec.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "flowstate_flower.cli.bench.fleet", str(folder / "fleet.json")]
    with (folder / "fleet.log").open("w") as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=flower_environment(folder))
        try:
            yield notes
        finally:
            child.communicate()
            if child.returncode:
                raise RuntimeError((folder / "fleet.log").read_text()[-2000:])


@dataclass
class Peaks:
    """The largest resident memory so far, in bytes, of a SuperLink and of the ServerApps that it started, and their work."""

    superlink: int = 0
    server_app: int = 0
    _worked: dict[int, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def worked_seconds(self) -> float:
        """Time of processors, which other work on this machine lengthens less than it does time on the clock."""
        return sum(self._worked.values())

    def look(self, pid: int) -> None:
        """Once: the kernel keeps each process's own maximum."""
        self.superlink = max(self.superlink, _high_water(pid))
        with suppress(psutil.Error):
            self._worked[pid] = _worked_seconds(pid)
            for process in psutil.Process(pid).children(recursive=True):
                with suppress(psutil.Error):
                    if any(SERVER_APP in part for part in process.cmdline()[:3]):
                        self.server_app = max(self.server_app, _high_water(process.pid))
                        self._worked[process.pid] = _worked_seconds(process.pid)

    def watch(self, pid: int) -> None:
        """Until told to end."""
        while not self._over.wait(WATCH_SECONDS):
            self.look(pid)


@contextmanager
def watched(pid: int) -> Iterator[Peaks]:
    """Peaks of the SuperLink `pid` and of its ServerApps, until the end of the block."""
    peaks = Peaks()
    thread = threading.Thread(target=peaks.watch, args=(pid,), daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        peaks._over.set()
        thread.join(STOP_SECONDS)


def _worked_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _high_water(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0
