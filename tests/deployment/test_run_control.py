"""What is recorded of a run that Flower is asked to start, and the ServerApp that carries it on."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from flwr.app import ArrayRecord

from flowstate_flower import wiring
from flowstate_flower.cli.main import run as command
from flowstate_flower.cli.progress import Watching
from flowstate_flower.deployment.run_control import RunControl, free_name, kept_app
from flowstate_flower.deployment.server_app import Patience, carry
from flowstate_flower.errors import BadInput, BrokenRegistry, RunImpossible
from flowstate_flower.registry import Registry, attempts, audit, consents, lives, views
from flowstate_flower.simulations.in_process import FIRST_NODE, InProcessGrid
from flowstate_flower.strategies import RunSpec
from flowstate_flower.trust.terms import LocalWork

APP = b"a packed app"
HURRY = Patience(recorded_seconds=0.1, gathering_seconds=0.5)
SPEC = RunSpec(
    run="run-1",
    purpose="research",
    rounds=3,
    work=LocalWork(steps=1, batch_size=1, learning_rate=0.1),
    rule="median",
    byzantine=1,
    deadline_seconds=20.0,
)


class Flower:
    """A SuperLink's Control API that only takes notes."""

    def __init__(self) -> None:
        self.started: list[bytes] = []
        self.over: set[int] = set()
        self.refusal: RunImpossible | None = None

    def start(self, fab: bytes) -> int:
        if self.refusal is not None:
            raise self.refusal
        self.started.append(fab)
        return 70 + len(self.started)

    def stop(self, run_id: int) -> bool:
        self.over.add(run_id)
        return True

    def is_over(self, run_id: int) -> bool:
        return run_id in self.over


class Side:
    """A model of two layers, and a measurement that dies where a test wants it."""

    def __init__(self) -> None:
        self.measured = 0
        self.dies_at: int | None = None

    def first_model(self) -> dict[str, np.ndarray]:
        return {"weight": np.zeros((3, 4), "f4"), "bias": np.zeros(3, "f4")}

    def metrics(self, model: ArrayRecord) -> dict[str, float]:
        self.measured += 1
        if self.measured - 1 == self.dies_at:
            raise Killed
        return {"accuracy": float(model["bias"].numpy()[0]) / 10}


class Killed(BaseException):
    """What no code of ours catches."""


@pytest.fixture
def registry(tmp_path: Path, federation, voice) -> Iterator[Registry]:
    """The seven tenants of `federation`, each active, agreeing, and known by the key of its node."""
    with closing(Registry.create(tmp_path / "operator")) as made:
        for place, name in enumerate(federation.tenants):
            speaker = voice(name, federation.keys[name])
            key = (FIRST_NODE + place).to_bytes(32, "big").hex()
            wiring.admit(made, speaker.request(nodes=(key,)))
            consents.accept(made, speaker.consent("research"))
        yield made


@pytest.fixture
def flower() -> Flower:
    return Flower()


@pytest.fixture
def control(registry: Registry, flower: Flower) -> RunControl:
    return RunControl(registry, flower)


@pytest.fixture
def server_app(registry: Registry, federation) -> Callable[..., None]:
    """What Flower would start: the ServerApp of its run."""

    def run(flower_run: str, side: Side | None = None) -> None:
        with closing(InProcessGrid(federation.answer, len(federation.tenants), workers=4)) as grid:
            carry(registry, grid, flower_run, side or Side(), patience=HURRY)

    return run


def test_a_run_is_recorded_before_flower_begins_it_and_its_server_app_finds_it(control, registry, server_app, capsys) -> None:
    assert control.start(SPEC, APP) == "71"
    assert views.run(registry, "run-1").status == "starting"
    assert attempts.run_behind(registry, "71") == "run-1"
    server_app("71")
    view = views.run(registry, "run-1")
    assert (view.status, view.rounds, view.accuracy) == ("completed", 3, pytest.approx(0.3))
    assert kept_app(registry, attempts.spec_of(registry, "run-1").app or "") == APP
    assert [attempt.how for attempt in attempts.attempts(registry, "run-1")] == ["completed"]
    assert not control.died("run-1") or view.status == "completed"
    Watching(registry, "run-1").until_over(lambda: False, 0.01)
    said = capsys.readouterr().out.splitlines()
    assert (
        said[0].startswith("round 1 of 3: 7 invited, 7 accepted, 0 refused, 0 rejected; accuracy 10.0%; ε up to")
        or "ε" in said[0]
    )
    assert len(said) == 4
    assert audit.verify(registry, registry.operator).verified


def test_a_server_app_that_dies_is_told_and_its_run_resumed_with_the_same_app(control, registry, flower, server_app) -> None:
    control.start(SPEC, APP)
    side = Side()
    side.dies_at = 2
    with pytest.raises(Killed):
        server_app("71", side)
    assert control.died("run-1")  # whatever Flower still believes
    with pytest.raises(RunImpossible, match="run-1 died after round 2"):
        Watching(registry, "run-1").until_over(lambda: control.died("run-1"), 0.01)
    assert control.resume("run-1") == "72"
    assert flower.started == [APP, APP]
    server_app("72")
    assert views.run(registry, "run-1").status == "completed"
    assert [(a.first_round, a.how) for a in attempts.attempts(registry, "run-1")] == [(1, "died"), (3, "completed")]
    with pytest.raises(BadInput, match="is completed"):
        control.resume("run-1")


def test_a_run_that_is_stopped_before_it_began_begins_when_it_is_resumed(control, registry, server_app) -> None:
    control.start(SPEC, APP)
    control.stop("run-1")
    assert control.resume("run-1") == "72"
    server_app("72")
    assert views.run(registry, "run-1").status == "completed"
    with pytest.raises(BadInput, match="run 'run-1' is completed"):
        control.stop("run-1")


def test_a_run_that_lives_is_neither_resumed_nor_dead(control, registry) -> None:
    control.start(SPEC, APP)
    assert not control.died("run-1")  # it is about to begin, for all that Flower says
    with lives.living(registry, "run-1", "71"):
        assert not control.died("run-1")
        with pytest.raises(BadInput, match="carried on by another process"):
            control.resume("run-1")


def test_what_flower_does_not_start_can_be_started_again(control, registry, flower, server_app) -> None:
    flower.refusal = RunImpossible("no room")
    with pytest.raises(RunImpossible, match="no room"):
        control.start(SPEC, APP)
    assert views.run(registry, "run-1").note == "Flower did not start it: no room"
    flower.refusal = None
    server_app(control.resume("run-1"))
    assert views.run(registry, "run-1").status == "completed"


def test_a_run_that_flower_gives_up_before_it_began_is_dead(control, flower) -> None:
    control.start(SPEC, APP)
    flower.over.add(71)
    assert control.died("run-1")


def test_an_app_that_was_changed_on_disk_is_not_run(control, registry) -> None:
    control.start(SPEC, APP)
    control.stop("run-1")
    digest = attempts.spec_of(registry, "run-1").app
    (registry.path.parent / "apps" / f"{digest}.fab").write_bytes(b"another")
    with pytest.raises(BrokenRegistry, match="is another app"):
        control.resume("run-1")


def test_a_run_of_flowers_that_nobody_recorded_does_nothing(server_app) -> None:
    with pytest.raises(RunImpossible, match="carries no run"):
        server_app("99")


def test_names_are_counted_up(control, registry) -> None:
    assert free_name(registry, "app") == "app-1"
    control.start(SPEC.model_copy(update={"run": "app-1"}), APP)
    assert free_name(registry, "app") == "app-2"


def test_without_a_token_the_command_says_whose_is_wanted(registry, capsys) -> None:
    folder = str(registry.path.parent)
    assert command(["run", "stop", "run-1", "--registry", folder]) == 2
    assert "0 tokens in" in capsys.readouterr().err
