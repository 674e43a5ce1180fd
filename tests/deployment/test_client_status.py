"""`flowstate client status` says of a home what is so."""

import json
import os
import threading
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.cli.main import run
from flowstate_flower.clients.policy import PrivacyPolicy, TenantPolicy
from flowstate_flower.clients.signer.server import bound
from flowstate_flower.privacy import Account, Budget, GaussianRelease


@pytest.fixture
def home(tmp_path: Path) -> Path:
    policy = {"tenant": "clinic", "purposes": ("research",), "privacy": PrivacyPolicy(epsilon=3.0)}
    wiring.make_home(tmp_path / "home", TenantPolicy.model_validate(policy))
    return tmp_path / "home"


def test_a_new_home_has_done_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["client", "status", str(home), "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["tenant"], said["superlink"], said["certificate_until"]) == ("clinic", None, None)
    assert (said["signer_runs"], said["accounts"], said["rounds"], said["refusals"]) == (False, [], [], 0)


def test_rounds_and_what_they_cost_are_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    account, budget = Account("clinic", "a" * 64, "example", 1e-5), Budget(3.0, 1e-5)
    ledger = wiring.open_ledger(home)
    ledger.open(account, budget, 1000)
    ledger.reserve(account, "run-1", 1, GaussianRelease(1.5, 0.05, 20), budget)
    ledger.settle(account, "run-1", 1)
    ledger.reserve(account, "run-1", 2, GaussianRelease(1.5, 0.05, 20), budget)
    (home / "refusals.jsonl").write_text("{}\n{}\n")
    assert run(["client", "status", str(home)]) == 0
    said = capsys.readouterr().out
    assert f"ε = {ledger.spent(account):.3f} of 3, open" in said
    assert said.index("run-1 round 2") < said.index("run-1 round 1")
    assert "never ended" in said
    assert "refusals" in said


def test_a_signer_that_runs_is_noticed(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.chdir(home.parent)
    listener = bound(home / "signer.sock")
    ready = threading.Event()
    serve = threading.Thread(
        target=wiring.serve_home, args=(home, listener, {os.geteuid()}), kwargs={"ready": ready.set}, daemon=True
    )
    serve.start()
    assert ready.wait(60)
    assert run(["client", "status", str(home)]) == 0
    assert "runs" in capsys.readouterr().out.split("signer")[1].splitlines()[0]


def test_what_is_no_home_is_complained_of(tmp_path: Path) -> None:
    assert run(["client", "status", str(tmp_path)]) == 2
