"""A run that dies anywhere and is resumed ends with the model of the undisturbed run; what cannot be resumed says so."""

import errno
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord
from flwr.serverapp.strategy import FedAdagrad, FedAdam, FedAvg, FedAvgM, FedYogi
from sqlalchemy import event

from flowstate_flower import wiring
from flowstate_flower.admission import Limits
from flowstate_flower.aggregation import rule_named
from flowstate_flower.errors import BadInput, BrokenRegistry, RunImpossible
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.noise import SeededNormals
from flowstate_flower.registry import Registry, attempts, audit, consents, federation_ledger, lives, models, rounds, views
from flowstate_flower.round import Closing
from flowstate_flower.simulations.in_process import FIRST_NODE, InProcessGrid
from flowstate_flower.strategies.keeping import Carried, changed
from flowstate_flower.trust.terms import PrivacyTerms

ROUNDS = 3
BASE = {"weight": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4), "bias": np.zeros(3, np.float32)}


class Killed(BaseException):
    """What no code of ours catches."""


@pytest.fixture
def create() -> Callable[[Path], Registry]:
    """Nothing here depends on the database."""
    return Registry.create


def no_page_more(connection) -> None:
    """A disk that is full, as SQLite meets it."""
    connection.exec_driver_sql("PRAGMA max_page_count = 1")


@pytest.fixture
def conduct(tmp_path: Path, federation, run_terms, voice, create) -> Callable[..., Registry]:
    """`conduct(folder, terms, …)`: a run on a new registry or on the one that is there, from where it stands."""
    for place, tenant in enumerate(federation.tenants):
        federation.deltas[tenant] = 0.1 * (place + 1) ** 2

    def run(name: str, terms=run_terms, *, optimiser=None, killed: str = "", at: int = 0, **more) -> Registry:
        folder = tmp_path / name
        registry = Registry.open(folder, to_write=True) if folder.exists() else create(folder)
        if not views.tenants(registry):
            for tenant in federation.tenants:
                speaker = voice(tenant, federation.keys[tenant])
                wiring.admit(registry, speaker.request())
                consents.accept(registry, speaker.consent(terms.purpose))
        owners = {FIRST_NODE + i: tenant for i, tenant in enumerate(federation.tenants)}

        def die(point: str, number: int) -> None:
            if (point, number) == (killed, at):
                raise Killed
            if (point, number) == ("recorded", more.get("full_after")):
                event.listen(registry.engine, "begin", no_page_more)

        calls = iter(range(100))
        first = rounds.last_round(registry, terms.run).number if views.runs(registry) else 0

        def evaluate(_: ArrayRecord) -> dict[str, float]:
            number = first + next(calls)
            die("evaluate", number)
            return {"accuracy": number / 10}

        promise = None
        if terms.privacy is not None and terms.privacy.noise_at_server:
            promise = wiring.Promise(Budget(1000.0, 1e-5), SeededNormals(3, terms.run))
        conductor = wiring.Conductor(
            registry,
            terms,
            wiring.RegistryRoster(registry, terms, lambda _: owners),
            evaluate,
            optimiser=None if optimiser is None else optimiser(),
            rng=random.Random(5),
            on_round=lambda number: die("recorded", number),
            promise=promise,
        )
        grid = InProcessGrid(federation.answer, len(owners), workers=4)
        try:
            if views.runs(registry):
                conductor.resume(grid, more.get("num_rounds", ROUNDS))
            else:
                conductor.run(grid, ArrayRecord({n: Array(a) for n, a in BASE.items()}), more.get("num_rounds", ROUNDS))
        finally:
            grid.close()
        return registry

    return run


def result(registry: Registry) -> tuple[str, str | None, list[int], dict[int, float]]:
    """What must be the same with and without a crash."""
    view = views.runs(registry)[0]
    numbers = [closed.round for closed in views.rounds(registry, view.run)]
    return view.status, view.model_digest, numbers, views.accuracies(registry, view.run)


def with_rule(terms, rule: str, **changes):
    return replace(terms, limits=Limits(), closing=Closing(rule_named(rule), 1, 1), **changes)


STATEFUL = [
    ("median", None, {}),
    ("centred-clipping", None, {}),
    ("clipped-clustering", None, {}),
    ("median", FedAvg, {}),
    ("median", FedAdam, {}),
    ("median", FedYogi, {}),
    ("median", FedAdagrad, {}),
    ("median", lambda: FedAvgM(server_learning_rate=0.5, server_momentum=0.9), {}),
    ("median", None, {"cohort": 5}),
]


@pytest.mark.parametrize(("rule", "optimiser", "changes"), STATEFUL)
def test_a_run_that_is_killed_ends_like_the_undisturbed_one(conduct, run_terms, rule, optimiser, changes) -> None:
    terms = with_rule(run_terms, rule, **changes)
    expected = result(conduct("undisturbed", terms, optimiser=optimiser))
    assert expected[0] == "completed"
    with pytest.raises(Killed):
        conduct("mortal", terms, optimiser=optimiser, killed="recorded", at=2)
    registry = conduct("mortal", terms, optimiser=optimiser)
    assert result(registry) == expected
    assert audit.verify(registry, registry.operator, audit.Against(models=True)).verified


@pytest.mark.parametrize(("point", "at"), [("evaluate", 0), ("evaluate", 1), ("recorded", ROUNDS), ("evaluate", ROUNDS)])
def test_it_does_not_matter_at_which_point_a_run_dies(conduct, run_terms, point, at) -> None:
    expected = result(conduct("undisturbed", run_terms))
    with pytest.raises(Killed):
        conduct("mortal", run_terms, killed=point, at=at)
    assert result(conduct("mortal", run_terms)) == expected


def test_a_run_killed_in_every_round_ends_like_the_undisturbed_one(conduct, run_terms) -> None:
    terms = with_rule(run_terms, "centred-clipping", cohort=5)
    expected = result(conduct("undisturbed", terms, optimiser=FedAdam))
    for number in range(1, ROUNDS + 1):
        with pytest.raises(Killed):
            conduct("mortal", terms, optimiser=FedAdam, killed="recorded", at=number)
    registry = conduct("mortal", terms, optimiser=FedAdam)
    assert result(registry) == expected
    ended = [(attempt.first_round, attempt.how) for attempt in attempts.attempts(registry, terms.run)]
    assert ended == [*((number, "died") for number in range(1, ROUNDS + 1)), (ROUNDS + 1, "completed")]


def test_the_federations_noise_is_paid_for_once_and_drawn_again_alike(conduct, run_terms, monkeypatch) -> None:
    privacy = PrivacyTerms(noise_multiplier=4.0, clip_norm=1.0, unit="tenant")
    limits, closing = Limits(accept_seeded_noise=True), Closing(rule_named("mean"), 0, 1)
    terms = replace(run_terms, privacy=privacy, limits=limits, closing=closing)
    expected = conduct("undisturbed", terms)
    record, calls = rounds.record_round, iter(range(100))

    def record_or_die(*arguments) -> None:
        if next(calls) == 2:
            raise Killed
        record(*arguments)

    monkeypatch.setattr(rounds, "record_round", record_or_die)
    with pytest.raises(Killed):
        conduct("mortal", terms)
    registry = conduct("mortal", terms)
    assert result(registry) == result(expected)
    assert federation_ledger.released(registry, terms.run) == federation_ledger.released(expected, terms.run)
    assert audit.verify(registry, registry.operator).verified


def test_a_round_that_was_paid_for_with_others_is_skipped_and_not_paid_again(
    conduct, federation, run_terms, monkeypatch, voice, tmp_path
) -> None:
    privacy = PrivacyTerms(noise_multiplier=4.0, clip_norm=1.0, unit="tenant")
    limits, closing = Limits(accept_seeded_noise=True), Closing(rule_named("mean"), 0, 1)
    terms = replace(run_terms, privacy=privacy, limits=limits, closing=closing)
    with monkeypatch.context() as patch:
        patch.setattr(rounds, "record_round", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            conduct("mortal", terms)
    registry = Registry.open(tmp_path / "mortal", to_write=True)
    leaver = voice("tenant-6", federation.keys["tenant-6"])
    consents.accept(registry, leaver.withdrawal(terms.purpose))
    registry = conduct("mortal", terms)
    first, second = views.rounds(registry, terms.run)[:2]
    assert (first.status, second.status) == ("skipped", "aggregated")
    assert "paid for with 7 tenants" in first.why
    assert federation_ledger.released(registry, terms.run).releases == ROUNDS
    assert audit.verify(registry, registry.operator).verified


def test_a_full_disk_fails_the_run_with_one_sentence_and_the_rest_follows(conduct, run_terms, monkeypatch, tmp_path) -> None:
    expected = result(conduct("undisturbed", with_rule(run_terms, "centred-clipping")))

    savez, calls = models.np.savez, iter(range(100))

    def until_it_is_full(*arguments, **options) -> None:
        if next(calls) == 4:  # the first model; then two files a round
            raise OSError(errno.ENOSPC, "No space left on device")
        savez(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(models.np, "savez", until_it_is_full)
        with pytest.raises(BrokenRegistry, match=r"cannot write .*: No space left on device"):
            conduct("full", with_rule(run_terms, "centred-clipping"))
    registry = Registry.open(tmp_path / "full")
    view = views.runs(registry)[0]
    assert (view.status, view.note.endswith("No space left on device")) == ("failed", True)
    assert list((registry.path.parent / "models").glob("*.part")) == []
    assert result(conduct("full", with_rule(run_terms, "centred-clipping"))) == expected


def test_a_database_that_cannot_grow_fails_the_run_with_one_sentence_and_the_rest_follows(conduct, run_terms, tmp_path) -> None:
    expected = result(conduct("undisturbed"))
    with pytest.raises(BrokenRegistry, match="cannot be written: database or disk is full"):
        conduct("full", full_after=1)
    registry = Registry.open(tmp_path / "full")
    assert views.runs(registry)[0].status in {"failed", "running"}  # the row that would say so may not fit either
    assert not lives.is_alive(registry, run_terms.run)
    assert result(conduct("full")) == expected


def test_only_what_was_begun_is_resumed(conduct, run_terms, tmp_path) -> None:
    with pytest.raises(Killed):
        conduct("mortal", killed="recorded", at=2)
    registry = Registry.open(tmp_path / "mortal", to_write=True)
    assert views.runs(registry)[0].status == "running"
    assert lives.was_here(registry, run_terms.run)
    assert not lives.is_alive(registry, run_terms.run)
    with pytest.raises(BadInput, match="started from other terms"):
        conduct("mortal", num_rounds=ROUNDS + 1)
    with pytest.raises(BadInput, match="started from other terms"):
        conduct("mortal", with_rule(run_terms, "krum"))
    with lives.living(registry, run_terms.run):
        assert lives.is_alive(registry, run_terms.run)
        with pytest.raises(BadInput, match="carried on by another process"):
            conduct("mortal")
    with pytest.raises(RunImpossible, match="optimiser was none, this is FedAdam"):
        conduct("mortal", optimiser=FedAdam)
    conduct("mortal")
    with pytest.raises(BadInput, match="is completed"):
        conduct("mortal")


def test_a_model_that_was_changed_on_disk_is_no_place_to_go_on_from(conduct, tmp_path) -> None:
    with pytest.raises(Killed):
        conduct("mortal", killed="recorded", at=2)
    folder = tmp_path / "mortal"
    last = rounds.last_round(Registry.open(folder), "run-1").model_digest
    models.write_model(folder / "models" / f"{last}.npz", ("weight", "bias"), tuple(BASE.values()))
    with pytest.raises(BrokenRegistry, match="holds another model"):
        conduct("mortal")


class Forgetful(FedAvg):
    """Keeps what cannot be written down."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = np.random.default_rng(1)


def test_an_optimiser_that_keeps_what_cannot_be_written_refuses_to_go_on(conduct) -> None:
    with pytest.raises(Killed):
        conduct("mortal", optimiser=Forgetful, killed="recorded", at=2)
    with pytest.raises(RunImpossible, match="Forgetful keeps what cannot be written down: generator"):
        conduct("mortal", optimiser=Forgetful)


def test_what_is_carried_is_read_as_it_was_written() -> None:
    kept = {
        "moments": {"a": np.arange(3.0), "b": np.float32(2)},
        "list": [1, (2.5, None), "text"],
        "raw": b"bytes",
        "record": ArrayRecord({"w": Array(np.ones((2, 2), np.float32))}),
    }
    generator = random.Random(1)
    carried = Carried({"centre": np.ones(4)}, kept, {"class": "X"}, ("y",), generator.getstate(), {"pcg": 2**100})
    read = Carried.unpacked(carried.packed())
    assert read.optimiser["list"] == [1, (2.5, None), "text"]
    assert (read.optimiser["raw"], read.optimiser["moments"]["b"]) == (b"bytes", np.float32(2))
    assert read.optimiser["record"]["w"].numpy().tolist() == [[1, 1], [1, 1]]
    assert (read.made_by, read.lost, read.noise) == ({"class": "X"}, ("y",), {"pcg": 2**100})
    np.testing.assert_array_equal(read.memory["centre"], np.ones(4))
    assert Carried().packed() == {}
    with pytest.raises(RunImpossible, match="cannot be read"):
        Carried.unpacked({"index": np.frombuffer(b"{", np.uint8)})


def test_settings_of_an_optimiser_are_not_its_state() -> None:
    strategy = FedAdam()
    before = dict(vars(strategy))
    assert changed(strategy, before) == ({}, ())
    strategy.v_t = {"w": np.ones(2)}
    assert set(changed(strategy, before)[0]) == {"v_t"}
