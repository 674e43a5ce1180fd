"""The ready ServerApp of a deployment: it finds its run in the operator's registry, and carries it on from where it stands."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from flwr.app import ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import Strategy
from numpy.typing import NDArray

from flowstate_flower import wiring
from flowstate_flower.deployment.memory import give_memory_back
from flowstate_flower.errors import RunImpossible
from flowstate_flower.privacy import Budget
from flowstate_flower.registry import Registry, attempts, gate, rounds, views
from flowstate_flower.settings import Settings
from flowstate_flower.strategies import RunSpec, Spool
from flowstate_flower.superlink.arrivals import asking_once

if TYPE_CHECKING:
    from flowstate_flower.clients import Examples, TorchTask

RECORDED_SECONDS, GATHERING_SECONDS, POLL_SECONDS = 60.0, 30.0, 0.2
OptimiserOf = Callable[[], Strategy]


class OperatorSide(Protocol):
    """What the operator brings to a run: the first model, and a way to measure one on data of its own."""

    def first_model(self) -> Mapping[str, NDArray[Any]]:
        """Named arrays. Asked once, when the run begins."""

    def metrics(self, model: ArrayRecord) -> Mapping[str, float]:
        """What is known of a model; nothing where the operator has no data."""


def build_server_app(
    task: "TorchTask",
    *,
    evaluation: "Callable[[], Examples] | None" = None,
    seed: int | None = None,
    optimiser: OptimiserOf | None = None,
) -> ServerApp:
    """A ServerApp for the model of `task`. `evaluation` gives the operator's own examples, to measure every model on; `seed`
    draws the first model's weights; `optimiser` makes the Flower strategy that applies what the rule decided.
    """
    from flowstate_flower.deployment.torch_side import TorchSide

    return server_app_of(lambda: TorchSide(task, evaluation, seed), optimiser)


def server_app_of(side: Callable[[], OperatorSide], optimiser: OptimiserOf | None = None) -> ServerApp:
    """A ServerApp for whatever model `side` brings; without torch, where that needs none."""
    app = ServerApp()

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        give_memory_back()
        with closing(Registry.open(Settings().registry, to_write=True)) as registry:
            spool = Spool(registry.path.parent)
            carry(registry, asking_once(grid, spool.put), str(context.run_id), side(), optimiser)

    return app


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for the operator's command to record the run, and for tenants' nodes to come online."""

    recorded_seconds: float = RECORDED_SECONDS
    gathering_seconds: float = GATHERING_SECONDS


def carry(
    registry: Registry,
    grid: Grid,
    flower_run: str,
    side: OperatorSide,
    optimiser: OptimiserOf | None = None,
    patience: Patience = Patience(),
) -> None:
    """Begin the run that is recorded for `flower_run`, or go on with it. Raises `RunImpossible` where there is none."""
    run = _recorded(registry, flower_run, patience.recorded_seconds)
    spec = RunSpec.parse(attempts.spec_of(registry, run).spec)
    terms = spec.terms
    roster = wiring.RegistryRoster(registry, terms, wiring.registered_owners(registry))
    conductor = wiring.Conductor(
        registry,
        terms,
        roster,
        side.metrics,
        optimiser=None if optimiser is None else optimiser(),
        promise=None if spec.budget is None else wiring.Promise(Budget(*spec.budget)),
        flower_run=flower_run,
    )
    _gather(registry, roster, grid, patience.gathering_seconds)
    if views.run(registry, run).status == rounds.STARTING:
        conductor.run(grid, wiring.record_of(side.first_model()), spec.rounds)
    else:
        conductor.resume(grid, spec.rounds)


def _gather(registry: Registry, roster: wiring.RegistryRoster, grid: Grid, seconds: float) -> None:
    """Wait until everybody who agreed is online, or for so long; not at all where they are too few even so."""
    everybody = {view.tenant for view in views.tenants(registry)}
    agreed = len(gate.candidates(registry, roster.terms.ask, everybody))
    until = time.monotonic() + seconds
    while roster.terms.fewest <= agreed and len(roster.candidates(list(grid.get_nodes()))) < agreed:
        if time.monotonic() > until:
            return
        time.sleep(POLL_SECONDS)


def _recorded(registry: Registry, flower_run: str, seconds: float) -> str:
    """The run that this run of Flower carries: its row is written once Flower has told its number."""
    until = time.monotonic() + seconds
    while (run := attempts.run_behind(registry, flower_run)) is None:
        if time.monotonic() > until:
            raise RunImpossible("this run of Flower carries no run of the registry", hint="start it with flowstate run start")
        time.sleep(POLL_SECONDS)
    return run
