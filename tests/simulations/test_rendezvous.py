"""Tenants of one process that train together: nobody waits for ever, and the round is the one that it would have been."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from flowstate_flower.clients import LocalJob
from flowstate_flower.clients.training.together import Joint, SomeStopped
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import audit, views
from flowstate_flower.registry.database import MODELS
from flowstate_flower.registry.models import load_model
from flowstate_flower.simulations import client, engines, rendezvous
from flowstate_flower.simulations.rendezvous import Rendezvous


class Notes:
    """Takes the place of training; what it is given are names."""

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self.companies: list[list[str]] = []
        self.stop = stop

    def __call__(self, jobs: Sequence[Any]) -> Sequence[Joint]:
        self.companies.append(sorted(jobs))
        if errors := {place: RuntimeError(job) for place, job in enumerate(jobs) if job in self.stop}:
            raise SomeStopped(errors)
        return ()


def hold(meeting: Rendezvous, behaviours: dict[str, Any]) -> dict[str, object]:
    """Each name in a thread of its own does what its behaviour says. What came of each, or the error."""
    meeting.expect(behaviours)

    def one(name: str) -> object:
        try:
            with meeting.under_way(name):
                return behaviours[name](name)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(behaviours)) as pool:
        return dict(zip(behaviours, pool.map(one, behaviours), strict=True))


def test_all_who_train_are_trained_in_one_company_whatever_the_others_do() -> None:
    notes = Notes()
    meeting = Rendezvous(patience_seconds=60, train_all=notes)

    def crash(_: str) -> None:
        time.sleep(0.05)
        raise ValueError("crash")

    ways = {"a": meeting.train, "b": meeting.train, "c": lambda _: "declined", "d": crash, "e": meeting.train}
    results = hold(meeting, ways)
    assert notes.companies == [["a", "b", "e"]]
    assert isinstance(results["d"], ValueError)
    hold(meeting, ways)  # the next round
    assert notes.companies == [["a", "b", "e"]] * 2


def test_a_client_that_is_stuck_holds_the_others_up_only_so_long_and_only_once() -> None:
    notes = Notes()
    meeting = Rendezvous(patience_seconds=0.2, train_all=notes)
    free = threading.Event()

    def stuck(name: str) -> None:
        free.wait(20)
        meeting.train(name)  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(hold, meeting, {"a": meeting.train, "slow": stuck, "b": meeting.train})
        while not notes.companies:
            time.sleep(0.01)
        patient = Rendezvous(patience_seconds=60, train_all=notes)
        hold(patient, {"c": patient.train})
        hold(meeting, {"d": meeting.train, "e": meeting.train})  # nobody waits for `slow` again
        free.set()
        done.result(20)
    assert notes.companies == [["a", "b"], ["c"], ["d", "e"], ["slow"]]


def test_what_training_raises_for_one_is_raised_in_its_thread_alone() -> None:
    meeting = Rendezvous(patience_seconds=60, train_all=Notes(stop=["b"]))
    results = hold(meeting, dict.fromkeys("abc", meeting.train))
    assert results["a"] is results["c"] is None
    assert isinstance(results["b"], RuntimeError)


def test_an_error_of_the_whole_company_is_everybodys() -> None:
    def fails(_: Sequence[LocalJob]) -> Sequence[Joint]:
        raise MemoryError("too many")

    meeting = Rendezvous(patience_seconds=60, train_all=fails)
    assert all(isinstance(error, MemoryError) for error in hold(meeting, dict.fromkeys("abc", meeting.train)).values())


def batched(scenario: Any) -> Any:
    return scenario.model_copy(update={"training": scenario.training.model_copy(update={"engine": "batched"})})


def model_of(registry: Any) -> list[Any]:
    digest = views.runs(registry)[0].model_digest
    return list(load_model(registry.path.parent / MODELS / f"{digest}.npz").values())


def parts_of(registry: Any, run: str) -> list[tuple[Any, ...]]:
    parts = views.participation(registry, run)
    return [(p.tenant, p.status, p.invited, p.trained, p.refused, p.filtered, p.epsilon, p.reasons) for p in parts]


def test_a_batched_run_is_the_same_run_up_to_rounding(play: Any, quickstart: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same consents, refusals, attackers and ε, and models that differ by rounding."""
    companies = []

    def train_all(jobs: Sequence[LocalJob]) -> Sequence[Joint]:
        joints = rendezvous.train_together(jobs)
        companies.extend((len(joint.tenants), joint.engine) for joint in joints)
        return joints

    monkeypatch.setattr(engines, "Rendezvous", lambda: Rendezvous(train_all=train_all))
    apart, together = play(quickstart, seed=3), play(batched(quickstart), seed=3)
    run = "play-3-defended"
    assert parts_of(together, run) == parts_of(apart, run)
    for one, other in zip(model_of(together), model_of(apart), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert audit.verify(together, together.operator).verified
    # nine tenants agree; one of them attacks from round 2, another from round 3; one leaves after round 3
    assert companies[0] == (9, "book-keeping")
    assert len(companies) == 4
    assert all(engine == "book-keeping" for _, engine in companies)


def test_the_ledger_is_charged_and_runs_out_as_it_would_have(play: Any) -> None:
    from flowstate_flower.simulations.scenario import load

    apart, together = play(load("tight-budget")), play(batched(load("tight-budget")))
    run = "play-1-defended"
    assert parts_of(together, run) == parts_of(apart, run)
    assert [view.refused for view in views.rounds(together, run)] == [view.refused for view in views.rounds(apart, run)]


def test_flowers_own_runtime_refuses_to_train_tenants_together(play: Any, quickstart: Any) -> None:
    with pytest.raises(BadInput, match="in one process"):
        play(batched(quickstart), engine="flower")
    assert client.app is not None
