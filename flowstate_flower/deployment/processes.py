"""Child processes, each in a group of its own: those that end with us, and services that go on and are found again by a file.

Flower finds its commands by name and starts some of them in further groups, so whoever is ended takes all descendants along.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from flowstate_flower.errors import RunImpossible

STOP_SECONDS, POLL_SECONDS, SAME_PROCESS_SECONDS = 10.0, 0.1, 0.05
OWNER_ONLY = 0o600

QUIET = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def flower_environment(flower_home: Path) -> dict[str, str]:
    """What surrounds us, and in it Flower that finds its commands, keeps its files in `flower_home` and calls nobody."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, **QUIET, "FLWR_HOME": str(flower_home), "PATH": path}


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback interface on which nobody listens now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def last_line(log: str) -> str:
    """The last line of a log that says something, for a hint."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else "nothing was logged"


@contextmanager
def child(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose output goes to `log`. It and all that it started are ended on the way out."""
    started = _started(command, environment, log)
    try:
        yield started
    finally:
        end(started.pid)
        started.wait(STOP_SECONDS)


@dataclass(frozen=True, slots=True)
class Service:
    """A process that goes on after the command that started it. `folder` holds its log and a file that says which it is, both
    for their owner alone.
    """

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What it prints, of all its lives."""
        return self.folder / f"{self.name}.log"

    @property
    def mark(self) -> Path:
        """Its number and when it began: a number alone may belong to another process by now."""
        return self.folder / f"{self.name}.pid"

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it, unless it runs."""
        if self.process() is not None:
            return
        started = psutil.Process(_started(command, environment, self.log).pid)
        fresh = self.mark.with_suffix(".new")
        fresh.touch(OWNER_ONLY)
        fresh.write_text(json.dumps({"pid": started.pid, "born": started.create_time()}), encoding="utf-8")
        fresh.replace(self.mark)

    def process(self) -> psutil.Process | None:
        """The process, if it runs."""
        if (said := self._said()) is None:
            return None
        try:
            found = psutil.Process(said[0])
            same = abs(found.create_time() - said[1]) < SAME_PROCESS_SECONDS
            return found if same and _runs(found) else None
        except psutil.Error:
            return None

    def _said(self) -> tuple[int, float] | None:
        """Number and birth of the process that was started last, whether it runs or not."""
        try:
            said = json.loads(self.mark.read_text(encoding="utf-8"))
            return int(said["pid"]), float(said["born"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Until it is ready. Raises `RunImpossible` with the end of its log where it ends before, or takes longer."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process() is None:
                raise RunImpossible(f"{self.name} did not start", hint=f"{self.log} ends with: {self.last_words()}")
            if time.monotonic() > deadline:
                raise RunImpossible(f"{self.name} is not ready after {seconds:g} s", hint=f"read {self.log}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> bool:
        """End it and all that it started. Returns whether it ran."""
        found = self.process()
        if found is not None:
            end(found.pid)
        elif (said := self._said()) is not None and not _is_alive(said[0]):  # else the number is somebody else's by now
            end(said[0])
        self.mark.unlink(missing_ok=True)
        return found is not None

    def last_words(self) -> str:
        """The end of its log."""
        return last_line(self.log.read_text(encoding="utf-8", errors="replace")) if self.log.exists() else "nothing was logged"


def end(pid: int) -> None:
    """End a process, all that it started, and what is left of its group: politely, then not."""
    family = list({*_family(pid), *_group(pid), *_wards(pid)})
    for begin in (psutil.Process.terminate, psutil.Process.kill):
        for member in family:
            with suppress(psutil.NoSuchProcess):
                begin(member)
        _, family = psutil.wait_procs(family, timeout=STOP_SECONDS)
        family = [member for member in family if _runs(member)]


def _started(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    log.touch(OWNER_ONLY)
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _group(number: int) -> list[psutil.Process]:
    """Those in a process group that still run."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == number and _runs(process):
                found.append(process)
    return found


def _wards(number: int) -> list[psutil.Process]:
    """Flower's launcher of apps, which is in a session of its own and ends with the process of this number; later, if at all,
    where that was killed and nobody asked how it ended.
    """
    return [
        family
        for process in psutil.process_iter(["cmdline"])
        if f" --parent-pid {number} " in " ".join(process.info["cmdline"] or ())
        for family in _family(process.pid)
    ]


def _is_alive(number: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return _runs(psutil.Process(number))
    return False


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
