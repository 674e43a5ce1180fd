"""The tenant's ledger: what is spent stays spent, budgets grow by signatures alone, and a line that is gone is missed."""

import json
import multiprocessing
import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.privacy import (
    Account,
    Accountant,
    Budget,
    BudgetExhausted,
    Filter,
    GaussianRelease,
    RoundAlreadyCharged,
    epsilon_of,
    planned_order,
)
from flowstate_flower.registry import ledger_book
from flowstate_flower.registry.tenant_ledger import TenantLedger
from flowstate_flower.trust.keys import SigningKey

RELEASE, BUDGET, UNITS = GaussianRelease(1.5, 0.05, 20, 1e-20), Budget(2.0, 1e-5), 1000
ACCOUNT = Account("clinic", "a" * 64, "example", 1e-5)
OTHER = Account("clinic", "b" * 64, "example", 1e-5)
ALONE = Filter(BUDGET, planned_order(BUDGET, RELEASE)).rounds_left(Accountant(), RELEASE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


def spend(
    ledger: TenantLedger, run: str = "run", account: Account = ACCOUNT, budget: Budget = BUDGET, rounds: int = 100
) -> int:
    """Rounds of `run` from 1 on until the budget says no; how many there were."""
    ledger.open(account, budget, UNITS)
    for number in range(1, rounds + 1):
        try:
            ledger.reserve(account, run, number, RELEASE, budget)
        except BudgetExhausted:
            return number - 1
    return rounds


def name_of(ledger: TenantLedger, account: Account) -> str:
    return ledger.pseudonym(account)


def problems(path: Path, key: SigningKey | None = None) -> list[str]:
    with TenantLedger(path, key.public if key else None).reading() as session:
        return list(ledger_book.problems(session))


def edit(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement).rowcount, statement


def _race(path: Path, run: str) -> int:
    ledger, granted = TenantLedger(path), 0
    ledger.open(ACCOUNT, BUDGET, UNITS)
    for number in range(10):
        try:
            ledger.reserve(ACCOUNT, run, number, RELEASE, BUDGET)
            granted += 1
        except BudgetExhausted:
            pass
    return granted


@pytest.mark.parametrize("made", [True, False])
def test_processes_that_race_for_one_budget_get_exactly_the_sequential_number_of_rounds(path: Path, made: bool) -> None:
    assert 4 < ALONE < 40
    if made:
        TenantLedger(path).close()
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        granted = pool.starmap(_race, [(path, f"run-{i}") for i in range(4)])
    assert sum(granted) == ALONE
    assert problems(path) == []


def test_threads_that_reserve_the_same_round_get_it_once(path: Path) -> None:
    ledger = TenantLedger(path)
    ledger.open(ACCOUNT, BUDGET, UNITS)

    def reserve(_: int) -> bool:
        try:
            ledger.reserve(ACCOUNT, "run", 1, RELEASE, BUDGET)
        except RoundAlreadyCharged:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(reserve, range(16))) == 1


def _reserve_and_die(path: Path) -> None:
    ledger = TenantLedger(path)
    ledger.open(ACCOUNT, BUDGET, UNITS)
    ledger.reserve(ACCOUNT, "run", 1, RELEASE, BUDGET)
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_was_reserved_before_a_kill_is_spent(path: Path) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_reserve_and_die, args=(path,))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    ledger = TenantLedger(path)
    assert ledger.spent(ACCOUNT) == pytest.approx(epsilon_of([RELEASE], 1e-5))
    with pytest.raises(RoundAlreadyCharged):
        ledger.reserve(ACCOUNT, "run", 1, RELEASE, BUDGET)
    assert problems(path) == []


def _spend_for_ever(path: Path, run: str, ready: Event) -> None:
    ledger = TenantLedger(path)
    ready.set()
    budget = Budget(1e6, 1e-5)
    ledger.open(ACCOUNT, budget, UNITS)
    for number in range(100_000):
        ledger.reserve(ACCOUNT, run, number, GaussianRelease(1.5, 0.05, 20), budget)
        ledger.settle(ACCOUNT, run, number)


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_whole_ledger(path: Path) -> None:
    before, context = 0.0, multiprocessing.get_context("spawn")
    for attempt in range(8):
        ready = context.Event()
        child = context.Process(target=_spend_for_ever, args=(path, f"run-{attempt}", ready))
        child.start()
        assert ready.wait(60)
        child.join(attempt / 4)
        child.kill()
        child.join(60)
        assert problems(path) == []
        assert TenantLedger(path).spent(ACCOUNT) >= before
        before = TenantLedger(path).spent(ACCOUNT)
    assert before > 0


def test_settling_gives_nothing_back_and_may_be_repeated(path: Path) -> None:
    ledger = TenantLedger(path)
    spend(ledger, rounds=3)
    before = ledger.spent(ACCOUNT)
    ledger.settle(ACCOUNT, "run", 2, steps=1)
    ledger.settle(ACCOUNT, "run", 2)
    assert ledger.spent(ACCOUNT) == before
    with pytest.raises(ValueError, match="never reserved"):
        ledger.settle(ACCOUNT, "run", 4)
    assert problems(path) == []


@pytest.mark.parametrize("delta", [1e-3, 0.01])
def test_delta_must_be_below_one_over_the_number_of_units(path: Path, delta: float) -> None:
    with pytest.raises(BudgetExhausted, match="below 1 / 1000"):
        TenantLedger(path).open(Account("clinic", "a" * 64, "example", delta), Budget(2.0, delta), UNITS)


def test_what_was_never_opened_cannot_be_charged(path: Path) -> None:
    with pytest.raises(BudgetExhausted, match="no account"):
        TenantLedger(path).reserve(ACCOUNT, "run", 1, RELEASE, BUDGET)


def test_a_larger_budget_in_the_policy_alone_does_nothing(path: Path) -> None:
    ledger = TenantLedger(path)
    assert spend(ledger) == ALONE
    assert spend(ledger, "more", budget=Budget(20.0, 1e-5)) == 0


def test_a_smaller_budget_tightens_at_once_and_for_good(path: Path) -> None:
    ledger = TenantLedger(path)
    assert spend(ledger, budget=Budget(1.0, 1e-5)) < ALONE
    spent = ledger.spent(ACCOUNT)
    ledger.open(ACCOUNT, BUDGET, UNITS)
    with pytest.raises(BudgetExhausted):
        ledger.reserve(ACCOUNT, "again", 1, RELEASE, BUDGET)
    ledger.open(ACCOUNT, Budget(0.5, 1e-5), UNITS)
    assert ledger.spent(ACCOUNT) == spent
    assert problems(path) == []


def test_a_budget_grows_by_what_the_tenant_signs(path: Path, key: SigningKey) -> None:
    ledger = TenantLedger(path, key.public)
    spend(ledger)
    ledger.allow(name_of(ledger, ACCOUNT), 8.0, key)
    assert spend(TenantLedger(path, key.public), "more", budget=Budget(8.0, 1e-5)) > 5
    with pytest.raises(BadInput, match="already"):
        ledger.allow(name_of(ledger, ACCOUNT), 8.0, key)
    with pytest.raises(BadInput, match="no account"):
        ledger.allow("0" * 64, 8.0, key)
    assert problems(path, key) == []


def test_a_budget_that_another_key_signed_is_not_believed(path: Path, key: SigningKey) -> None:
    ledger = TenantLedger(path, key.public)
    spend(ledger)
    with pytest.raises(BrokenRegistry, match="another key"):
        ledger.allow(name_of(ledger, ACCOUNT), 8.0, SigningKey.generate())
    assert spend(ledger, "more", budget=Budget(8.0, 1e-5)) == 0
    ledger.allow(name_of(ledger, ACCOUNT), 8.0, key)
    for other in (SigningKey.generate().public, None):
        with pytest.raises(BrokenRegistry, match="key"):
            TenantLedger(path, other)


def test_other_data_get_no_budget_of_their_own_unless_the_tenant_signs(path: Path, key: SigningKey) -> None:
    ledger = TenantLedger(path, key.public)
    ledger.open(OTHER, BUDGET, UNITS)  # known, but nothing is charged
    assert spend(ledger) == ALONE
    with pytest.raises(BudgetExhausted, match="has to be opened"):
        ledger.reserve(OTHER, "run", 1, RELEASE, BUDGET)
    by_group = Account("clinic", "a" * 64, "group", 1e-5)
    ledger.open(by_group, BUDGET, UNITS)
    with pytest.raises(BudgetExhausted, match="has to be opened"):  # a server that names another unit gets no second budget
        ledger.reserve(by_group, "run", 1, RELEASE, BUDGET)
    ledger.allow(name_of(ledger, OTHER), 2.0, key)
    assert spend(ledger, "more", OTHER) == ALONE
    assert problems(path, key) == []


Tampering = dict[str, str]
BY_HAND: Tampering = {
    "an entry": "delete from ledger_entry where position = 3",
    "the last entry": "delete from ledger_entry where position = (select max(position) from ledger_entry)",
    "a budget": "update ledger_account set epsilon = 100",
    "a signature": "update ledger_account set signed = 1",
    "the head": "delete from ledger_head",
}


@pytest.mark.parametrize("what", BY_HAND)
def test_a_ledger_that_was_edited_is_not_opened(path: Path, what: str) -> None:
    ledger = TenantLedger(path)
    spend(ledger)
    ledger.close()
    edit(path, BY_HAND[what])
    with pytest.raises(BrokenRegistry) as raised:
        TenantLedger(path)
    assert raised.value.exit_code == 4


CLOSER = {
    "a release": "update ledger_entry set body = replace(body, '\"steps\":20', '\"steps\":2') where kind = 'reserved'",
    "a total": "update ledger_account set excess = 0",
    "an order": "update ledger_account set filter_order = 64",
}


@pytest.mark.parametrize("what", CLOSER)
def test_what_was_edited_is_found_when_all_is_checked(path: Path, what: str) -> None:
    ledger = TenantLedger(path)
    spend(ledger)
    ledger.close()
    edit(path, CLOSER[what])
    assert problems(path)


def test_a_signed_budget_counts_only_in_its_place(path: Path, key: SigningKey) -> None:
    """A raise that was tightened afterwards is not entered again by whoever kept it."""
    ledger = TenantLedger(path, key.public)
    spend(ledger, rounds=1)
    ledger.allow(name_of(ledger, ACCOUNT), 8.0, key)
    ledger.open(ACCOUNT, BUDGET, UNITS)
    with ledger._writing() as session:
        kept = session.connection().exec_driver_sql("select body from ledger_entry where kind = 'signed'").scalar()
        ledger_book.enter(session, ledger_book.SIGNED, name_of(ledger, ACCOUNT), json.loads(kept))
        session.connection().exec_driver_sql("update ledger_account set epsilon = 8.0")
    with pytest.raises(BrokenRegistry, match="out of its place"):
        TenantLedger(path, key.public)


def test_a_pseudonym_is_the_same_every_time_and_another_in_another_ledger(path: Path, tmp_path: Path) -> None:
    ledger, other = TenantLedger(path), TenantLedger(tmp_path / "other.db")
    first = ledger.pseudonym(ACCOUNT)
    assert len(first) == 64
    assert TenantLedger(path).pseudonym(ACCOUNT) == first
    assert len({first, ledger.pseudonym(OTHER), other.pseudonym(ACCOUNT)}) == 3


def test_a_ledger_of_before_accounts_is_one_clear_line(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table ledger (run text, round int)")
    with pytest.raises(BrokenRegistry, match="version 1") as raised:
        TenantLedger(path)
    assert "spent" in raised.value.hint


def test_only_the_tenant_can_read_its_ledger(path: Path) -> None:
    spend(TenantLedger(path), rounds=1)
    assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot open the privacy ledger"):
        TenantLedger(tmp_path / "nowhere" / "ledger.db")


def test_threads_that_make_the_same_ledger_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """Nothing in SQLite waits for somebody else who is just switching to the write-ahead log."""
    for number in range(10):
        gate = threading.Barrier(4)

        def made(path: Path = tmp_path / f"{number}.db", gate: threading.Barrier = gate) -> TenantLedger:
            gate.wait()
            return TenantLedger(path)

        with ThreadPoolExecutor(4) as pool:
            ledgers = [future.result() for future in [pool.submit(made) for _ in range(4)]]
        for ledger in ledgers:
            ledger.close()
