"""`flowstate metrics`: the same numbers on stdout and on a port that only this machine reaches."""

import json
import threading
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from flowstate_flower import wiring
from flowstate_flower.cli import metrics
from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry import Registry


@pytest.fixture
def folder(tmp_path: Path, voice) -> Path:
    registry = Registry.create(tmp_path / "operator")
    for name in ("a", "b"):
        wiring.admit(registry, voice(name).request())
    registry.close()
    return tmp_path / "operator"


def test_the_text_parses_and_a_tenants_is_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["metrics", "--registry", str(folder)]) == 0
    families = {family.name for family in text_string_to_metric_families(capsys.readouterr().out)}
    assert {"flowstate_tenants", "flowstate_invitations", "flowstate_log_entries"} <= families
    assert run(["metrics", "--registry", str(folder), "--tenant", "a", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [part["tenant"] for part in said["tenants"]] == ["a"]
    assert said["by_status"]["active"] == 1


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--tenant", "c"], "unknown tenant 'c'"),
        (["--listen", "0.0.0.0:9464"], "reachable from outside"),
        (["--listen", "192.0.2.1:9464"], "reachable from outside"),
        (["--listen", "localhost:9464"], "not an IPv4 address and a port"),
        (["--listen", "9464"], "not an IPv4 address and a port"),
        (["--listen", "127.0.0.1:99999"], "not a port"),
        (["--listen", "192.0.2.1:9464", "--listen-anywhere"], "cannot listen on"),
    ],
)
def test_a_mistake_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], flags: list[str], complaint: str) -> None:
    assert run(["metrics", "--registry", str(folder), *flags]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.out == ""
    assert "Traceback" not in said.err


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch):
    """`served(text)`: the address of a server of `text`, which is stopped in the end."""
    servers, threads = [], []
    ready = threading.Event()
    make = metrics.make_server

    def remembered(*arguments, **options):
        servers.append(make(*arguments, **options))
        ready.set()
        return servers[-1]

    monkeypatch.setattr(metrics, "make_server", remembered)

    def serve(text) -> str:
        threads.append(threading.Thread(target=metrics._serve, args=("127.0.0.1:0", False, text), daemon=True))
        threads[-1].start()
        assert ready.wait(20)
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()
    for thread in threads:
        thread.join(20)


def test_prometheus_is_served_and_a_broken_registry_is_unavailable(served) -> None:
    answers: list[bytes | Exception] = [b"first", b"flowstate_up 1\n", BrokenRegistry("gone", hint=""), b"again"]

    def text() -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    where = served(text)
    reply = httpx.get(f"{where}/metrics")
    assert (reply.status_code, reply.text) == (200, "flowstate_up 1\n")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert httpx.get(f"{where}/metrics").status_code == 503
    assert httpx.get(f"{where}/metrics").text == "again"
    assert httpx.get(f"{where}/registry.db").status_code == 404
    assert httpx.post(f"{where}/metrics").status_code == 404


def test_what_cannot_be_read_is_said_before_anything_is_served() -> None:
    def broken() -> bytes:
        raise BadInput("no")

    with pytest.raises(BadInput):
        metrics._serve("127.0.0.1:0", False, broken)
