"""What a person types, what comes back, and with which exit code."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowstate_flower.cli.main import run
from flowstate_flower.registry import Registry, audit, views

FLOWSTATE = str(Path(sys.executable).with_name("flowstate"))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One short simulation for all that only read."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert run(["simulate", "quickstart", "--rounds", "3", "--seed", "2", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def copied(simulated: Path, tmp_path: Path) -> Path:
    for name in ("registry.db", "operator.pub"):
        (tmp_path / name).write_bytes((simulated / name).read_bytes())
    return tmp_path


def test_a_simulation_writes_everything_it_promises(simulated: Path) -> None:
    metrics = json.loads((simulated / "metrics.json").read_text())
    assert set(metrics["final_accuracy"]) == {"defended", "undefended", "unattacked"}
    assert (metrics["rounds"], metrics["seed"], metrics["engine"]) == (3, 2, "in-process")
    assert metrics["audit"]["verified"] is True
    wanted = {"tenant", "status", "invited", "trained", "refused", "rejected", "reasons", "epsilon", "delta", "share"}
    assert len(metrics["tenants"]) == 10
    assert all(wanted <= set(tenant) for tenant in metrics["tenants"])
    registry = Registry.open(simulated)
    assert audit.verify(registry, registry.operator).root == metrics["audit"]["root"]
    assert metrics["model_digest"] == views.runs(registry)[0].model_digest
    from flowstate_flower.registry.models import load_model
    from flowstate_flower.trust.canonical import model_digest

    assert model_digest(load_model(simulated / "model.npz").items()) == metrics["model_digest"]


def test_the_report_stands_alone(simulated: Path) -> None:
    html = (simulated / "report.html").read_text()
    assert html.count("<svg") == 3
    for foreign in ("src=", "@import", "<script", "url(http"):
        assert foreign not in html
    assert "tenant-10" in html
    assert "protects nobody" in html


def test_json_on_stdout_is_nothing_but_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert run(["simulate", "quickstart", "--rounds", "1", "--out", str(out), "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == json.loads((out / "metrics.json").read_text())
    assert "defended: round 1 of 1" in captured.err


READERS = [
    ["tenant", "list"],
    ["run", "list"],
    ["run", "show", "quickstart-2-defended"],
    ["audit", "log"],
    ["audit", "log", "--tenant", "tenant-09", "--last", "2"],
    ["audit", "verify"],
]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_reading_commands_speak_to_people_and_to_programs(
    simulated: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--registry", str(simulated)]) == 0
    assert capsys.readouterr().out.strip()
    assert run([*command, "--registry", str(simulated / "registry.db"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_the_registry_may_be_named_by_the_environment(
    simulated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWSTATE_REGISTRY", str(simulated))
    assert run(["run", "list"]) == 0
    assert "quickstart-2-defended" in capsys.readouterr().out


def test_the_log_of_one_tenant_is_about_that_tenant(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["audit", "log", "--tenant", "tenant-09", "--registry", str(simulated), "--format", "json"])
    entries = json.loads(capsys.readouterr().out)
    assert {entry["tenant"] for entry in entries} == {"tenant-09"}
    joined = ["tenant.added", "data_key.added", "tenant_key.added", "tenant_request.added", "tenant.approved", "tenant.active"]
    assert [e["kind"] for e in entries][:7] == [*joined, "consent.added"]
    assert "consent.withdrawn" in {entry["kind"] for entry in entries}


def test_a_changed_byte_is_named_and_the_exit_code_says_so(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(copied / "registry.db") as raw:
        raw.execute("update privacy_event set epsilon = 0.001 where tenant = 'tenant-03' and round = 2")
    assert run(["audit", "verify", "--registry", str(copied)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("NOT VERIFIED: privacy_event:quickstart-2-defended/2/tenant-03 is not as entry ")
    assert run(["audit", "verify", "--registry", str(copied), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["verified"] is False


def test_the_operators_key_is_the_one_that_the_auditor_holds(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = copied / "other.pub"
    other.write_text("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert run(["audit", "verify", "--registry", str(copied), "--operator-key", str(other)]) == 1
    assert "not signed by the operator's key" in capsys.readouterr().out
    assert run(["audit", "verify", "--registry", str(copied), "--operator-key", str(copied / "operator.pub")]) == 0


def wrong(tmp_path: Path) -> dict[str, tuple[list[str], int, str]]:
    """Command, exit code, and what the one line says."""
    scenario = tmp_path / "mine.toml"
    from flowstate_flower.simulations.scenario import shipped

    text = shipped()["quickstart"].read_text()
    scenario.write_text(text.replace("byzantine = 2", "byzantine = 4"))
    (tmp_path / "nobody.toml").write_text(
        text.replace('[[withdrawals]]\ntenant = "tenant-09"\nafter_round = 3\n', "").replace(
            '["tenant-10"]', str([f"tenant-{i:02d}" for i in range(1, 11)]).replace("'", '"')
        )
    )
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("do not delete")
    (tmp_path / "file").write_text("")
    (tmp_path / "broken.db").write_bytes(b"garbage" * 1000)
    out = ["--out", str(tmp_path / "out")]
    return {
        "a missing scenario": (["simulate", "quikstart", *out], 2, "did you mean 'quickstart'?"),
        "a missing scenario file": (["simulate", "none.toml", *out], 2, "cannot read none.toml"),
        "an unknown rule": (["simulate", "quickstart", "--rule", "crum", *out], 2, "did you mean 'krum'?"),
        "n too small for f": (["simulate", str(scenario), *out], 3, "multi-krum needs n ≥ 2f + 3: at least 11 updates"),
        "nobody opted in": (["simulate", str(tmp_path / "nobody.toml"), *out], 3, "no tenant has opted in"),
        "no rounds": (["simulate", "quickstart", "--rounds", "0", *out], 2, "0 rounds"),
        "a wrong flag": (["simulate", "quickstart", "--roundz", "3"], 2, "No such option"),
        "a wrong engine": (["simulate", "quickstart", "--engine", "warp"], 2, "'warp' is not one of"),
        "somebody's folder": (["simulate", "quickstart", "--out", str(tmp_path / "full")], 2, "is not empty"),
        "somebody's folder, overwritten": (
            ["simulate", "quickstart", "--overwrite", "--out", str(tmp_path / "full")],
            2,
            "was not made by a simulation",
        ),
        "a file for a folder": (["simulate", "quickstart", "--out", str(tmp_path / "file" / "x")], 2, "cannot write to"),
        "an unwritable folder": (["simulate", "quickstart", "--out", "/proc/flowstate"], 2, "cannot write to"),
        "no registry": (["run", "list", "--registry", str(tmp_path / "full")], 2, "no registry at"),
        "a broken registry": (["run", "list", "--registry", str(tmp_path / "broken.db")], 4, "cannot be read"),
        "an unknown command": (["simulat"], 2, "No such command"),
    }


@pytest.mark.parametrize(
    "case",
    [
        "a missing scenario",
        "a missing scenario file",
        "an unknown rule",
        "n too small for f",
        "nobody opted in",
        "no rounds",
        "a wrong flag",
        "a wrong engine",
        "somebody's folder",
        "somebody's folder, overwritten",
        "a file for a folder",
        "an unwritable folder",
        "no registry",
        "a broken registry",
        "an unknown command",
    ],
)
def test_a_persons_mistake_is_one_line_and_an_exit_code(tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, code, said = wrong(tmp_path)[case]
    assert run(command) == code
    captured = capsys.readouterr()
    assert said.replace(" ", "") in captured.err.replace("\n", "").replace("│", "").replace(" ", "")
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert (tmp_path / "full" / "thesis.tex").read_text() == "do not delete"


def test_an_unknown_run_is_answered_with_the_nearest(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "show", "quickstart-2-defnded", "--registry", str(simulated)]) == 2
    assert "did you mean 'quickstart-2-defended'?" in capsys.readouterr().err


def test_overwriting_replaces_an_earlier_simulation(simulated: Path, tmp_path: Path) -> None:
    out = str(shutil.copytree(simulated, tmp_path / "run"))
    assert run(["simulate", "quickstart", "--rounds", "1", "--out", out]) == 2
    assert run(["run", "show", "quickstart-2-defended", "--registry", out]) == 0
    assert run(["simulate", "quickstart", "--rounds", "1", "--out", out, "--overwrite"]) == 0
    assert [view.run for view in views.runs(Registry.open(Path(out)))] == ["quickstart-1-defended"]


@contextmanager
def started(out: Path) -> Iterator[subprocess.Popen[str]]:
    """A simulation in a process of its own, two rounds in. It does not outlive the block."""
    child = subprocess.Popen(
        [FLOWSTATE, "simulate", "quickstart", "--rounds", "500", "--out", str(out)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 180
        while not two_rounds_in(out):
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < deadline, "no two rounds in three minutes"
            time.sleep(0.1)
        yield child
    finally:
        child.kill()
        child.wait()


def two_rounds_in(out: Path) -> bool:
    if not (out / "registry.db").exists() or not (out / "world.json").exists():
        return False
    return len(views.rounds(Registry.open(out), "quickstart-1-defended")) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_in_one_line_and_a_registry_that_verifies(tmp_path: Path, how: signal.Signals) -> None:
    with started(tmp_path / "run") as child:
        child.send_signal(how)
        out, err = child.communicate(timeout=180)
    assert child.returncode == 130
    assert "error: stopped; what was recorded until then is in" in err.replace("\n", " ")
    assert "Traceback" not in err
    assert out == ""
    registry = Registry.open(tmp_path / "run")
    assert views.runs(registry)[0].status == "interrupted"
    assert audit.verify(registry, registry.operator).verified


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_whose_exception_was_lost_stops_the_run_at_the_next_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python drops what is raised in a finalizer."""
    from flowstate_flower.simulations import simulate as simulations

    class Lost:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def rounds(_order: object, progress: Callable[[str, int], None]) -> None:
        progress("defended", 0)
        Lost()
        progress("defended", 1)
        raise AssertionError("it went on")

    monkeypatch.setattr(simulations, "simulate", rounds)
    assert run(["simulate", "quickstart", "--out", str(tmp_path / "run")]) == 130
    assert "stopped" in capsys.readouterr().err


@pytest.mark.slow
def test_a_killed_run_leaves_whole_rounds_and_a_registry_that_verifies(tmp_path: Path) -> None:
    with started(tmp_path / "run") as child:
        child.kill()
        child.communicate(timeout=30)
    registry = Registry.open(tmp_path / "run")
    assert audit.verify(registry, registry.operator).verified
    closed = views.rounds(registry, "quickstart-1-defended")
    assert [view.round for view in closed] == list(range(1, len(closed) + 1))
    assert all(view.accepted == view.invited >= 8 for view in closed)


def test_listings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenarios", "--format", "json"]) == 0
    assert {"quickstart", "tight-budget", "fedadam"} <= {s["name"] for s in json.loads(capsys.readouterr().out)}
    assert run(["rules", "--format", "json"]) == 0
    assert "multi-krum" in {rule["rule"] for rule in json.loads(capsys.readouterr().out)}
    assert run(["scenarios", "--show", "quickstart"]) == 0
    from flowstate_flower.simulations.scenario import shipped

    assert capsys.readouterr().out == shipped()["quickstart"].read_text()
    assert run(["scenarios", "--show", "none"]) == 2
    assert run(["--version"]) == 0


def commands() -> list[list[str]]:
    import typer.main

    from flowstate_flower.cli.main import application

    found: list[list[str]] = []

    def walk(command, path: list[str]) -> None:
        for name, child in getattr(command, "commands", {}).items():
            walk(child, [*path, name])
        if path and not getattr(command, "commands", None):
            found.append(path)

    walk(typer.main.get_command(application()), [])
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    assert f"Example: flowstate {' '.join(command)}" in " ".join(capsys.readouterr().out.replace("│", "").split())


def test_bench_prints_each_goal_and_fails_where_one_is_missed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowstate_flower.cli.bench import goals
    from flowstate_flower.simulations import scenario as scenarios

    short = scenarios.with_rounds(scenarios.load("quickstart"), 2)
    monkeypatch.setattr(scenarios, "load", lambda _: short)
    assert run(["bench", "quickstart", "--seeds", "1", "--format", "json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert all(set(result) == {"name", "value", "unit", "goal", "met"} for result in results)
    monkeypatch.setattr(goals, "MOST_SECONDS", 0.0)
    assert run(["bench", "quickstart", "--seeds", "1", "--check"]) == 1
    assert "MISSED" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("script") is None, reason="needs util-linux to open a terminal")
def test_a_narrow_terminal_loses_columns_but_no_name(simulated: Path) -> None:
    """Eighty columns, as terminals open: whole names and numbers, fewer columns."""
    command = f"stty cols 80; {FLOWSTATE} run show quickstart-2-defended --registry {simulated}"
    done = subprocess.run(["script", "-qec", command, "/dev/null"], text=True, capture_output=True, check=True)
    assert "tenant-10" in done.stdout
    assert "rejected" in done.stdout
    assert "consent now" not in done.stdout
    assert max(len(line.rstrip()) for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", done.stdout).splitlines()) <= 80


def test_a_rule_that_the_scenario_cannot_use_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "quickstart", "--rule", "fltrust", "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "needs examples of the server's own" in said
    assert "set root_examples in [data]" in said
    assert "Traceback" not in said
