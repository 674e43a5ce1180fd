"""A deployment to try comes up, comes up again as it was, and goes down without a trace."""

import json
from pathlib import Path

import psutil
import pytest

from flowstate_flower.cli.main import run
from flowstate_flower.deployment.poc import PURPOSE, Poc
from flowstate_flower.registry import Registry, consents, tenants


def processes_of(folder: Path) -> list[int]:
    return [p.pid for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or [])]


@pytest.mark.deployment
def test_it_comes_up_goes_on_after_a_kill_and_leaves_no_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "poc"
    try:
        assert run(["poc", "up", "--tenants", "1", str(folder)]) == 0
        before = {state.service: state.pid for state in Poc(folder).states()}
        assert set(before) == {"superlink", "hospital-a"}
        assert run(["poc", "up", "--tenants", "1", str(folder)]) == 0
        assert {state.service: state.pid for state in Poc(folder).states()} == before
        registry = Registry.open(folder / "operator")
        assert [(view.tenant, view.purpose, view.status) for view in consents.listed(registry)] == [
            ("hospital-a", PURPOSE, "standing")
        ]
        assert tenants.status_of(registry, "hospital-a") is tenants.Status.ACTIVE
        registry.close()
        assert run(["doctor", "--registry", str(folder / "operator")]) == 0
        assert run(["doctor", "--home", str(folder / "tenants" / "hospital-a")]) == 0
        psutil.Process(before["superlink"]).kill()
        capsys.readouterr()
        assert run(["poc", "status", str(folder), "--format", "json"]) == 1
        states = {state["service"]: state["pid"] for state in json.loads(capsys.readouterr().out)["services"]}
        assert states["superlink"] is None
    finally:
        assert run(["poc", "down", str(folder)]) == 0
    assert not processes_of(folder)


def test_what_was_never_brought_up_is_neither_up_nor_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("down", "status"):
        assert run(["poc", command, str(tmp_path / "nothing")]) == 2
        assert "nothing was brought up in" in capsys.readouterr().err
    assert run(["poc", "up", "--tenants", "27", str(tmp_path / "poc")]) == 2
