"""Asked again after a crash, a tenant says the same again; a reservation is charged once and released once."""

import json
import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch
from flwr.app import Message

from flowstate_flower import wiring
from flowstate_flower.clients import LocalJob, build_client_app, train
from flowstate_flower.clients.folder_home import FolderHome
from flowstate_flower.clients.mods import Declared, budget, signing, tenant_noise
from flowstate_flower.clients.momentum import MOMENTUM
from flowstate_flower.clients.policy import WEEK, HoursPolicy, PrivacyPolicy
from flowstate_flower.clients.updates import MOST_RUNS, StoredUpdate, UpdateStore
from flowstate_flower.privacy import MOST_REPEATS
from flowstate_flower.registry.tenant_ledger import TenantLedger
from flowstate_flower.trust.statements import Refused
from flowstate_flower.trust.terms import LocalWork
from tests.clients.test_mods import BASE, by, numpy_app

NEXT = "b" * 32
OTHER_BASE = {"weight": np.ones((2, 3), "f4"), "bias": np.zeros(2, "f4")}


@pytest.fixture
def clinic(site):
    """It writes a line for each time that it trains, so that another process's training is seen too."""
    made = site()

    def counted(job: LocalJob) -> None:
        with (made.folder / "trained").open("a") as file:
            file.write("once\n")
        train(job)

    made.app = build_client_app(made.task, made.home, lambda _: counted)
    return made


def trainings(clinic) -> int:
    file = clinic.folder / "trained"
    return len(file.read_text().splitlines()) if file.exists() else 0


def entries(clinic, kind: str) -> int:
    with sqlite3.connect(clinic.folder / "ledger.db") as connection:
        return connection.execute("select count(*) from ledger_entry where kind like ?", (f"{kind}%",)).fetchone()[0]


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Callable) -> Callable:
    def then_die(*args: object, **kwargs: object) -> None:
        function(*args, **kwargs)
        die()

    return then_die


def killed(ask: Callable[[], object], where: type, name: str, dying: Callable) -> None:
    """`ask` in a process of its own, in which `name` of `where` kills it."""

    def body() -> None:
        torch.set_num_threads(1)  # of the pool that tests before left, only this thread is here
        setattr(where, name, dying)
        ask()

    child = multiprocessing.get_context("fork").Process(target=body)
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL


WINDOWS = {
    "before it is reserved": (FolderHome, "reserve", die, 1),
    "after it is reserved": (FolderHome, "reserve", after(FolderHome.reserve), 1),
    "after training": (UpdateStore, "keep", die, 2),
    "after it is stored": (UpdateStore, "keep", after(UpdateStore.keep), 1),
    "after it is settled": (TenantLedger, "settle", after(TenantLedger.settle), 1),
    "after it is signed": (FolderHome, "sign_update", after(FolderHome.sign_update), 1),
}


@pytest.mark.parametrize("window", WINDOWS)
def test_killed_in_any_window_the_round_is_charged_once_and_answered(clinic, window: str) -> None:
    where, name, dying, trained = WINDOWS[window]
    killed(clinic.ask, where, name, dying)
    assert clinic.update(clinic.ask(nonce=NEXT)).nonce == NEXT
    alone = clinic.spent()
    assert trainings(clinic) == trained
    assert (entries(clinic, "reserved"), entries(clinic, "settled")) == (1, 1)
    assert clinic.refusal(clinic.ask(arrays=OTHER_BASE)).reason == Refused.REPLAYED_ROUND
    assert clinic.spent() == alone
    clinic.update(clinic.ask(round=2))
    assert clinic.spent() > alone


@pytest.mark.parametrize("window", WINDOWS)
def test_after_a_kill_another_question_gets_nothing_that_was_reserved(clinic, window: str) -> None:
    where, name, dying, _ = WINDOWS[window]
    killed(clinic.ask, where, name, dying)
    reply = clinic.ask(arrays=OTHER_BASE)
    if window == "before it is reserved":
        clinic.update(reply)
        return
    assert clinic.refusal(reply).reason == Refused.REPLAYED_ROUND
    first = clinic.update(clinic.ask(nonce=NEXT))
    assert clinic.update(clinic.ask()).update == first.update


def test_the_same_arrays_leave_again_whatever_the_clock(clinic) -> None:
    first = clinic.ask()
    closed = WEEK[(datetime.now(UTC) + timedelta(days=3)).weekday()]
    policy = clinic.home(None).policy.model_copy(update={"hours": HoursPolicy(days=(closed,))})
    (clinic.folder / "policy.toml").write_text(wiring.to_toml(policy))
    data = clinic.task.asked_for_data
    again = clinic.ask(nonce=NEXT)
    assert clinic.update(again).privacy == clinic.update(first).privacy
    for name, array in first.content["arrays"].items():
        assert array.data == again.content["arrays"][name].data
    assert clinic.task.asked_for_data == data
    assert trainings(clinic) == 1


def test_what_the_policy_no_longer_allows_is_not_said_again(clinic) -> None:
    clinic.ask()
    policy = clinic.home(None).policy.model_copy(update={"purposes": ("weather",)})
    (clinic.folder / "policy.toml").write_text(wiring.to_toml(policy))
    assert clinic.refusal(clinic.ask()).reason == Refused.PURPOSE


def test_a_round_that_keeps_dying_is_given_up(clinic) -> None:
    for _ in range(1 + MOST_REPEATS):
        killed(clinic.ask, UpdateStore, "keep", die)
    assert clinic.refusal(clinic.ask()).reason == Refused.REPLAYED_ROUND
    assert (trainings(clinic), entries(clinic, "repeated")) == (1 + MOST_REPEATS, MOST_REPEATS)
    assert entries(clinic, "reserved") == 1


def test_a_round_that_was_settled_and_is_no_longer_stored_is_refused(clinic) -> None:
    clinic.ask()
    for file in (clinic.folder / "updates").glob("*.update"):
        file.unlink()
    assert clinic.refusal(clinic.ask()).reason == Refused.REPLAYED_ROUND
    assert trainings(clinic) == 1


@pytest.mark.parametrize("settled", [True, False])
def test_a_stored_update_that_was_changed_is_signed_only_where_nothing_left_before(clinic, settled: bool) -> None:
    if settled:
        clinic.ask()
    else:
        killed(clinic.ask, UpdateStore, "keep", after(UpdateStore.keep))
    (file,) = (clinic.folder / "updates").glob("*.update")
    data = bytearray(file.read_bytes())
    data[-2] ^= 1
    file.write_bytes(data)
    reply = clinic.ask()
    if settled:
        assert clinic.refusal(reply).reason == Refused.REPLAYED_ROUND
    else:
        first = clinic.update(reply)  # still the first and only release: the tenant's own disk is its own
        assert clinic.update(clinic.ask()).update == first.update


def test_requests_at_once_are_trained_once_and_get_one_update(clinic) -> None:
    gate, replies = threading.Barrier(3), []

    def ask(number: int) -> None:
        gate.wait()
        replies.append(clinic.ask(nonce=f"{number:032x}"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({clinic.update(reply).update for reply in replies}) == 1
    assert trainings(clinic) == 1


def test_without_the_lock_one_of_two_trainings_leaves(clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ignores the lock trains twice, and the ledger still lets out one update."""
    gate = threading.Barrier(2)

    def both(job: LocalJob) -> None:
        gate.wait(60)
        train(job)

    (clinic.folder / "updates").mkdir()
    monkeypatch.setattr(UpdateStore, "alone", lambda *_: nullcontext())
    clinic.app = build_client_app(clinic.task, clinic.home, lambda _: both)
    replies: list[Message] = []
    threads = [threading.Thread(target=lambda: replies.append(clinic.ask())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = [clinic.update(reply).update for reply in replies if "arrays" in reply.content]
    assert len(set(answered)) == 1
    assert (entries(clinic, "reserved"), entries(clinic, "settled")) == (1, 1)


@pytest.fixture
def momentous(site):
    return site(), LocalWork(steps=5, batch_size=10, learning_rate=0.5, worker_momentum=0.9).model_dump()


def test_momentum_goes_on_from_what_was_said_not_from_what_flower_remembers(momentous) -> None:
    """Flower hands over a context that is empty in every call here, as after a restart of a SuperNode."""
    clinic, work = momentous
    states = []
    original = build_client_app(clinic.task, clinic.home)

    def app(message, context):
        reply = original(message, context)
        states.append(context.state.get(MOMENTUM))
        return reply

    clinic.app = app
    first = clinic.ask(work=work)
    clinic.ask(work=work, nonce=NEXT)
    assert states[0]["weight"].numpy().tolist() == states[1]["weight"].numpy().tolist()
    clinic.app = build_client_app(clinic.task, clinic.home, lambda _: lambda job: None)
    second = clinic.ask(work=work, round=2)
    for name, array in first.content["arrays"].items():
        np.testing.assert_allclose(second.content["arrays"][name].numpy(), 0.9 * array.numpy(), rtol=1e-6)


def test_a_round_without_privacy_is_said_again_too(site) -> None:
    clinic = site(privacy=None, allow_without_privacy=True)
    first = clinic.update(clinic.ask(privacy=None))
    assert clinic.update(clinic.ask(privacy=None, nonce=NEXT)).update == first.update


MADE = Declared(noise_multiplier=20.0, clip_norm=0.5)


@pytest.fixture
def foreign(site):
    """Somebody else's app under our mods."""
    clinic = site(privacy=PrivacyPolicy(epsilon=3.0, unit="tenant"))
    clinic.app = numpy_app(by(1.0), signing(clinic.home), budget(clinic.home, MADE), tenant_noise(clinic.home, MADE))
    return clinic


@pytest.mark.parametrize("window", WINDOWS)
def test_mods_answer_again_after_a_kill_in_any_window(foreign, window: str) -> None:
    where, name, dying, _ = WINDOWS[window]
    killed(lambda: foreign.ask(arrays=BASE, privacy=None), where, name, dying)
    first = foreign.update(foreign.ask(arrays=BASE, privacy=None, nonce=NEXT))
    assert foreign.update(foreign.ask(arrays=BASE, privacy=None)).update == first.update
    assert (entries(foreign, "reserved"), entries(foreign, "settled")) == (1, 1)


def test_a_budget_without_a_signature_is_not_begun_again(foreign) -> None:
    foreign.app = numpy_app(by(1.0), budget(foreign.home, MADE), tenant_noise(foreign.home, MADE))
    assert "arrays" in foreign.ask(arrays=BASE, privacy=None).content
    assert foreign.refusal(foreign.ask(arrays=BASE, privacy=None)).reason == Refused.REPLAYED_ROUND


def kept(run: str, value: float = 1.0) -> StoredUpdate:
    layers = {
        "a": np.full((2, 3), value, "f4"),
        "b": np.array(3),
        "none": np.empty((0, 4), "f8"),
        "half": np.full(3, value, ml_dtypes.bfloat16),
    }
    return StoredUpdate(run, 1, "a" * 64, 40, layers, {"a": np.ones((2, 3))})


def test_a_stored_update_is_read_as_it_was_kept_and_only_its_owner_can(tmp_path: Path) -> None:
    store = UpdateStore(tmp_path / "updates")
    with store.alone("run"):
        store.keep(kept("run"))
    last = store.last("run")
    for name, layer in kept("run").layers.items():
        assert (last.layers[name].dtype, last.layers[name].shape) == (layer.dtype, layer.shape)
        np.testing.assert_array_equal(last.layers[name], layer)
    assert (last.asked, last.examples, list(last.momentum)) == ("a" * 64, 40, ["a"])
    assert store.last("another") is None
    for file in [store.folder, *store.folder.iterdir()]:
        assert file.stat().st_mode & 0o077 == 0


def test_a_server_that_invents_runs_does_not_fill_the_disk(tmp_path: Path) -> None:
    store = UpdateStore(tmp_path / "updates")
    for number in range(30):
        with store.alone(f"run-{number}"):
            store.keep(kept(f"run-{number}"))
    assert len(list(store.folder.glob("*.update"))) == MOST_RUNS
    assert len(list(store.folder.iterdir())) <= MOST_RUNS + 16
    assert store.last("run-29") is not None


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\n\n", b"null\n", json.dumps({"format": "x"}).encode()])
def test_a_file_that_is_no_stored_update_counts_as_none(tmp_path: Path, data: bytes) -> None:
    store = UpdateStore(tmp_path / "updates")
    with store.alone("run"):
        store.keep(kept("run"))
    (file,) = store.folder.glob("*.update")
    file.write_bytes(data)
    assert store.last("run") is None
