"""The page on running a federation is executed: a SuperLink, three SuperNodes, TLS, invitations, signatures, privacy."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from flowstate_flower.deployment.processes import child, flower_environment, free_ports
from flowstate_flower.deployment.reach import is_listening
from flowstate_flower.registry import Registry, audit, views

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "run-a-federation.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
HOSPITALS = ("hospital-a", "hospital-b", "hospital-c")
WAIT_SECONDS = 900


def commands(ports: dict[str, int]) -> list[str]:
    """The lines of the page, with ports that are free here."""
    text = PAGE.read_text()
    for said, free in ports.items():
        text = text.replace(said, str(free))
    return [line[2:] for block in BLOCK.findall(text) for line in block.splitlines() if line.startswith("$ ")]


def in_background(line: str, folder: Path, environment: dict[str, str], stack: ExitStack) -> Path:
    log = folder / f"{re.sub(r'[^a-z]+', '-', line.split(' --', maxsplit=1)[0])}.log"
    stack.enter_context(child(["bash", "-c", f"cd {folder} && exec {line.removesuffix(' &')}"], environment, log))
    return log


def until(done: Callable[[], bool], what: str, log: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not done():
        assert time.monotonic() < deadline, f"{what}: {log.read_text()[-2000:]}"
        time.sleep(0.2)


@contextmanager
def no_process_left(folder: Path) -> Iterator[None]:
    yield
    found = [process.info for process in psutil.process_iter(["pid", "cmdline", "cwd"])]
    left = [info for info in found if str(folder) in " ".join([*(info["cmdline"] or []), info["cwd"] or ""])]
    assert not left


@pytest.mark.deployment
def test_three_organisations_run_a_federation_by_the_page(tmp_path: Path) -> None:
    ports = dict(zip(("9092", "9093", "9094"), free_ports(3), strict=True))
    environment = flower_environment(tmp_path / "flower")
    printed: dict[str, str] = {}
    with no_process_left(tmp_path), ExitStack() as stack:
        for line in commands(ports):
            if line.endswith(" &"):
                log = in_background(line, tmp_path, environment, stack)
                if "flowstate superlink" in line:
                    until(lambda: all(is_listening("127.0.0.1", port) for port in ports.values()), line, log)
                else:
                    until(lambda log=log: "training:" in log.read_text(), line, log)
                continue
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=WAIT_SECONDS,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            printed[line] = done.stdout
    registry = Registry.open(tmp_path / "operator")
    view = views.run(registry, "first")
    parts = views.participation(registry, "first")
    assert (view.status, view.rounds) == ("completed", 2)
    assert {(part.tenant, part.trained) for part in parts} == {(name, 2) for name in HOSPITALS}
    assert all(part.epsilon and 0 < part.epsilon < 8 for part in parts)
    assert audit.verify(registry, registry.operator).verified
    registry.close()
    shown = next(text for line, text in printed.items() if line.startswith("flowstate privacy show"))
    assert "ε" in shown or "epsilon" in shown
    assert not re.search(r"PRIVATE KEY", json.dumps(printed))
    for name in HOSPITALS:
        assert (tmp_path / name / "signing.key").stat().st_mode & 0o077 == 0
