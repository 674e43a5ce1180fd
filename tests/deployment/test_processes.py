"""Processes are found again, and none is left."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from flowstate_flower.deployment import processes
from flowstate_flower.deployment.processes import Service, child, flower_environment, free_ports
from flowstate_flower.errors import RunImpossible

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
PARENT = """
import subprocess, sys, time
far = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)
print(far.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service("sleeper", tmp_path)


def ready(service: Service) -> bool:
    return service.log.exists() and bool(service.log.read_text().strip())


def runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_service_is_started_once_found_again_and_stopped(service: Service) -> None:
    try:
        service.start(SLEEP, os.environ)
        found = Service(service.name, service.folder).process()
        service.start(SLEEP, os.environ)
        assert found is not None
        assert service.process() == found
        assert {path.stat().st_mode & 0o777 for path in (service.log, service.mark)} == {0o600}
    finally:
        assert service.stop()
    assert not runs(found.pid)
    assert not service.mark.exists()
    assert not service.stop()


def test_a_service_that_was_killed_is_not_taken_for_another_process(service: Service) -> None:
    service.mark.write_text(f'{{"pid": {os.getpid()}, "born": 1.0}}')
    assert service.process() is None
    assert not service.stop()
    service.mark.write_text("not what was written")
    assert service.process() is None


def test_what_a_service_started_in_another_group_ends_with_it(service: Service) -> None:
    service.start([sys.executable, "-c", PARENT], os.environ)
    try:
        service.wait(lambda: ready(service), 60)
        far = int(service.log.read_text())
    finally:
        service.stop()
    assert not runs(far)


def test_who_does_not_come_up_is_told_with_its_last_words(service: Service) -> None:
    service.start([sys.executable, "-c", "print('no such key')"], os.environ)
    with pytest.raises(RunImpossible, match="sleeper did not start") as told:
        service.wait(lambda: False, 60)
    assert "no such key" in told.value.hint
    service.stop()


def test_who_ignores_a_polite_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 1.0)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    log = tmp_path / "log"
    with child([sys.executable, "-c", stubborn], os.environ, log) as started:
        while not log.read_text():
            time.sleep(0.01)
    assert not runs(started.pid)


def test_ports_differ_and_flower_finds_its_commands_first(tmp_path: Path) -> None:
    assert len(set(free_ports(5))) == 5
    environment = flower_environment(tmp_path)
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert environment["FLWR_HOME"] == str(tmp_path)
