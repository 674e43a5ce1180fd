"""`flowstate privacy`: what a tenant reads of its budgets, plans, and signs."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.cli.main import run
from flowstate_flower.cli.privacy.show import bar
from flowstate_flower.privacy import Account, Budget, BudgetExhausted, GaussianRelease, epsilon_of, pld

ACCOUNT, RELEASE = Account("clinic", "a" * 64, "example", 1e-5), GaussianRelease(1.0, 0.05, 10, 1e-20)
OTHER = Account("clinic", "b" * 64, "example", 1e-5)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a clinic that has spent three rounds, of which one did not end."""
    folder = tmp_path / "home"
    wiring.join(folder, "clinic", ["research"], budget=(8.0, 1e-5))
    ledger = wiring.open_ledger(folder)
    ledger.open(ACCOUNT, Budget(8.0, 1e-5), 1000)
    for number in (1, 2, 3):
        ledger.reserve(ACCOUNT, "run-1", number, RELEASE, Budget(8.0, 1e-5))
        if number != 2:
            ledger.settle(ACCOUNT, "run-1", number)
    ledger.close()
    return folder


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs `flowstate privacy …`; the exit code and all that was printed."""

    def command(*arguments: object) -> tuple[int, str]:
        code = run(["privacy", *map(str, arguments)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command


def test_what_was_spent_is_shown_with_what_is_left(home: Path, say) -> None:
    code, said = say("show", home)
    assert code == 0
    assert f"ε = {epsilon_of([RELEASE] * 3, 1e-5):.3g} of 8" in said
    assert f"One more round like the last: ε = {epsilon_of([RELEASE] * 4, 1e-5):.3g}" in said
    assert "1 rounds were reserved and did not end" in said
    shown = json.loads(say("show", home, "--format", "json")[1])
    (view,) = shown["accounts"]
    assert [charge["settled_at"] is None for charge in view["charges"]] == [False, True, False]
    assert view["spent"] == pytest.approx(epsilon_of([RELEASE] * 3, 1e-5))


def test_rounds_left_are_as_many_as_there_are(home: Path, say) -> None:
    (view,) = json.loads(say("show", home, "--format", "json")[1])["accounts"]
    ledger, budget = wiring.open_ledger(home), Budget(8.0, 1e-5)
    assert view["rounds_left"] > 0
    for number in range(view["rounds_left"]):
        ledger.reserve(ACCOUNT, "run-2", number, RELEASE, budget)
    with pytest.raises(BudgetExhausted):
        ledger.reserve(ACCOUNT, "run-3", 1, RELEASE, budget)


def test_a_ledger_without_one_of_its_lines_is_broken(home: Path, say) -> None:
    with sqlite3.connect(home / "ledger.db") as connection:
        connection.execute("update ledger_entry set body = replace(body, '10', '1') where kind = 'reserved' and round = 2")
    code, said = say("show", home)
    assert code == 4
    assert "is broken: entry" in said


def test_a_budget_is_raised_and_the_policy_still_tightens(home: Path, say) -> None:
    code, said = say("raise", home, "--epsilon", 20)
    assert code == 0
    assert "may spend ε = 20" in said
    assert "policy.toml says 8" in said
    assert '"budget": 20.0' in say("show", home, "--format", "json")[1]
    assert say("raise", home, "--epsilon", 10)[0] == 2
    assert say("raise", home, "--epsilon", -1)[0] == 2


def test_a_larger_policy_is_said_to_change_nothing(home: Path, say) -> None:
    policy = home / "policy.toml"
    policy.write_text(policy.read_text().replace("8.0", "80.0"))
    assert "which changes nothing" in say("show", home)[1]


def test_other_data_wait_for_the_tenants_signature(home: Path, say) -> None:
    assert say("open", home, "--epsilon", 4)[0] == 2
    ledger = wiring.open_ledger(home)
    ledger.open(OTHER, Budget(8.0, 1e-5), 500)
    with pytest.raises(BudgetExhausted):
        ledger.reserve(OTHER, "run-1", 1, RELEASE, Budget(8.0, 1e-5))
    assert "waiting" in say("show", home)[1]
    assert say("open", home, "--epsilon", 4)[0] == 0
    assert wiring.open_ledger(home).reserve(OTHER, "run-1", 1, RELEASE, Budget(8.0, 1e-5)) > 0
    assert say("raise", home, "--epsilon", 20)[0] == 2  # which of the two?
    assert say("raise", home, "--epsilon", 20, "--account", wiring.open_ledger(home).pseudonym(OTHER)[:8])[0] == 0


PLAN = ["plan", "--rounds", "20", "--epochs", "1", "--examples", "6000", "--batch", "256"]


def test_a_plan_uses_its_budget_up_and_does_not_pass_it(say) -> None:
    code, said = say(*PLAN, "--epsilon", 8, "--format", "json")
    plan = json.loads(said)
    assert code == 0
    assert plan["steps"] == 23
    assert plan["rounds_possible"] >= 20
    assert len(plan["by_round"]) == 20
    assert 7.9 < plan["by_round"][-1] <= 8
    assert plan["by_round"] == sorted(plan["by_round"])


def test_a_plan_with_given_noise_says_how_far_it_goes(say) -> None:
    plan = json.loads(say(*PLAN, "--epsilon", 4, "--noise", 1.0, "--format", "json")[1])
    assert plan["rounds_possible"] == len(plan["by_round"]) < 20


def test_a_plan_begins_with_what_a_home_has_spent(home: Path, say) -> None:
    fresh = json.loads(say(*PLAN, "--epsilon", 8, "--format", "json")[1])
    spent = json.loads(say(*PLAN, "--home", home, "--format", "json")[1])
    assert spent["spent_before"] == pytest.approx(epsilon_of([RELEASE] * 3, 1e-5))
    assert spent["noise_multiplier"] > fresh["noise_multiplier"]
    assert spent["by_round"][-1] <= 8


def test_a_plan_is_drawn(tmp_path: Path, say) -> None:
    assert say(*PLAN, "--epsilon", 8, "--plot", tmp_path / "plan.png")[0] == 0
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")
    assert say(*PLAN, "--epsilon", 8, "--plot", tmp_path / "nowhere" / "plan.png")[0] == 2


def test_what_is_not_installed_is_said(say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pld, "is_installed", lambda: False)
    assert "flowstate-flower[pld]" in say(*PLAN, "--epsilon", 8)[1]


IMPOSSIBLE = {
    "no budget": PLAN,
    "no work": ["plan", "--rounds", "2", "--examples", "100", "--batch", "10", "--epsilon", "1"],
    "a tiny budget": [*PLAN, "--epsilon", "1e-9"],
    "a large delta": [*PLAN, "--epsilon", "8", "--delta", "0.01"],
    "no noise": [*PLAN, "--epsilon", "8", "--noise", "0"],
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_cannot_be_planned_is_one_clear_line(say, what: str) -> None:
    code, said = say(*IMPOSSIBLE[what])
    assert code == 2
    assert re.match(r"(error: .+\nhint: .+\n)", said)


@pytest.mark.parametrize(("part", "filled"), [(0.0, 0), (0.5, 5), (1.0, 10), (7.0, 10), (-1.0, 0)])
def test_the_bar_is_as_long_as_what_was_spent(part: float, filled: int) -> None:
    assert len(bar(part, 10)) == 10
    assert bar(part, 10).count("█") == filled
