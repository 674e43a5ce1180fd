"""A run from its first round to its last: a strategy on a grid, and what it leaves in a registry."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flwr.app import ArrayRecord, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Strategy
from numpy.typing import NDArray

from flowstate_flower.aggregation.updates import Arrays
from flowstate_flower.errors import BadInput, FlowstateError, RunImpossible
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.noise import CryptographicNormals, Normals
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, attempts, federation_ledger, lives, rounds
from flowstate_flower.registry.database import MODELS
from flowstate_flower.registry.models import store_model, stored_model, write_model
from flowstate_flower.round import ClosedRound
from flowstate_flower.strategies import RunSpec, RunTerms, ServerNoise, TenantStrategy
from flowstate_flower.strategies.accounting import RegistryAccountant
from flowstate_flower.strategies.decoding import arrays_of
from flowstate_flower.strategies.encoding import to_record
from flowstate_flower.strategies.keeping import State
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.wiring.roster import RegistryRoster

Evaluate = Callable[[ArrayRecord], Mapping[str, float]]
MODEL_FILE = "model.npz"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Promise:
    """What the operator promises every tenant under terms with the unit `tenant`: that all models of this registry together
    stay within `budget`. `normals` draws the noise.
    """

    budget: Budget
    normals: Normals = field(default_factory=CryptographicNormals)


def server_noise(registry: Registry, terms: RunTerms, promise: Promise, resumed: int | None = None) -> ServerNoise:
    """The server's noise for the run that `terms` describe, accounted in the registry. Raises `FlowstateError`.

    `resumed` is the round that may have been paid for before a crash.
    """
    privacy = terms.privacy
    if privacy is None or not privacy.noise_at_server:
        raise RunImpossible("a promise of the server's, and terms that ask for no noise of it", hint='set the unit "tenant"')
    like = MeanRelease(
        privacy.noise_multiplier,
        cohort=1,
        population=max(1, federation_ledger.population(registry)),
        clip_norm=privacy.clip_norm,
        randomness=promise.normals.source,
    )
    ledger = federation_ledger.RegistryLedger(registry, terms.run, resumed)
    return ServerNoise(RegistryAccountant.of(ledger, promise.budget, like), promise.normals)


@dataclass(frozen=True, slots=True)
class _Start:
    """Where an attempt begins: `after` so many recorded rounds, and what was carried on beside the model.

    `model` holds the model until it is taken: nobody else keeps it in memory. `result` is the digest of the model if no further
    round changes it, empty where none has yet.
    """

    after: int
    model: list[ArrayRecord]
    carried: State
    result: str


@dataclass(frozen=True, slots=True)
class Conductor:
    """Runs a federation on a grid and records it. `evaluate` measures a model on the operator's own data, `on_round` is
    called with the number of every round once it is recorded. `promise` is for terms with the unit `tenant`. `flower_run` is
    Flower's id of the run, empty where there is no SuperLink.
    """

    registry: Registry
    terms: RunTerms
    roster: RegistryRoster
    evaluate: Evaluate
    optimiser: Strategy | None = None
    root: Callable[[int, Arrays], Arrays] | None = None
    rng: random.Random | None = None
    on_round: Callable[[int], None] = lambda _: None
    promise: Promise | None = None
    flower_run: str = ""

    def run(self, grid: Grid, initial: ArrayRecord, num_rounds: int) -> None:
        """All rounds. The run ends in the registry as completed, failed or interrupted, whatever happens here.

        Raises `RunImpossible` where it could not begin, or no round closed.
        """
        noise = None if self.promise is None else server_noise(self.registry, self.terms, self.promise)
        with lives.living(self.registry, self.terms.run, self.flower_run):
            base = store_model(self._models, *arrays_of(initial))
            rounds.start_run(self.registry, self._plan(base, num_rounds))
            start = _Start(0, [initial], {}, "")
            del initial
            self._attempt(grid, start, num_rounds, noise)

    def resume(self, grid: Grid, num_rounds: int) -> None:
        """The rounds that are left of a run that crashed, failed or was stopped, from the model of its last recorded round.

        Raises `BadInput` for a run that is completed, carried on by another process, or was started from other terms.
        """
        run = self.terms.run
        with lives.living(self.registry, run, self.flower_run):
            if attempts.spec_of(self.registry, run).spec != self._spec(num_rounds):
                raise BadInput(f"run '{run}' was started from other terms", hint="resume it with those it was started with")
            last = rounds.last_round(self.registry, run)
            state = attempts.newest_state(self.registry, run)
            carried = stored_model(self._models, state.digest) if state is not None and state.round == last.number else {}
            model = [record_of(stored_model(self._models, last.model_digest))]
            start = _Start(last.number, model, carried, last.model_digest if last.changed else "")
            promise, resumed = self.promise, last.number + 1
            noise = None if promise is None else server_noise(self.registry, self.terms, promise, resumed)
            rounds.resume_run(self.registry, run)
            self._attempt(grid, start, num_rounds, noise)

    def _attempt(self, grid: Grid, start: _Start, num_rounds: int, noise: ServerNoise | None) -> None:
        """One life of the run, from its `start` to its end."""
        number = attempts.carry_on(self.registry, self.terms.run, self.flower_run, start.after + 1)
        strategy = TenantStrategy(
            self.terms,
            roster=self.roster,
            record=self._record,
            optimiser=self.optimiser,
            root=self.root,
            rng=self.rng,
            server_noise=noise,
        )
        try:
            strategy.resume(start.after, start.carried)
            result = strategy.start(grid, start.model.pop(), num_rounds, evaluate_fn=self._evaluate)
            if not result.arrays and start.result:
                result.arrays = record_of(stored_model(self._models, start.result))
            digest = self._published(result.arrays, strategy.stopped or "no round closed")
        except KeyboardInterrupt:
            self._over(number, rounds.INTERRUPTED, "stopped by the operator")
            raise
        except Exception as error:
            note = str(error).removeprefix(f"{self.terms.run}: ") if isinstance(error, FlowstateError) else type(error).__name__
            self._over(number, rounds.FAILED, note)
            raise
        attempts.end(self.registry, self.terms.run, number, rounds.COMPLETED)
        rounds.finish_run(self.registry, self.terms.run, rounds.COMPLETED, model_digest=digest, note=strategy.stopped)

    @property
    def _models(self) -> Path:
        return self.registry.path.parent / MODELS

    def _published(self, model: ArrayRecord, why_not: str) -> str:
        """The digest of the run's result, which is beside the registry now. Raises `RunImpossible` where there is none."""
        run = self.terms.run
        if not model:
            raise RunImpossible(f"{run}: {why_not}", hint=f"flowstate run show {run} says why, round by round")
        names, arrays = arrays_of(model)
        write_model(self.registry.path.parent / MODEL_FILE, names, arrays)
        return model_digest(zip(names, arrays, strict=True))

    def _over(self, attempt: int, status: str, note: str) -> None:
        """Record how the attempt failed, unless that is just what fails: then the run is found dead, and can be resumed."""
        run = self.terms.run
        try:
            attempts.end(self.registry, run, attempt, status)
            rounds.finish_run(self.registry, run, status, model_digest=None, note=note)
        except FlowstateError as error:
            log.error("run %s is %s, which cannot be recorded: %s", run, status, error)

    def _plan(self, base_digest: str, num_rounds: int) -> rounds.RunPlan:
        closing = self.terms.closing
        return rounds.RunPlan(
            self.terms.run,
            self.terms.purpose,
            closing.rule.name,
            closing.byzantine,
            num_rounds,
            base_digest,
            self._spec(num_rounds),
            self.terms.app,
        )

    def _spec(self, num_rounds: int) -> str:
        """What the run can be started again from."""
        budget = None if self.promise is None else (self.promise.budget.epsilon, self.promise.budget.delta)
        return RunSpec.of(self.terms, num_rounds, budget).text

    def _record(self, closed: ClosedRound) -> None:
        rounds.record_round(self.registry, closed)
        self.on_round(closed.number)

    def _evaluate(self, number: int, arrays: ArrayRecord) -> MetricRecord:
        metrics = dict(self.evaluate(arrays))
        rounds.record_evaluation(self.registry, self.terms.run, number, metrics.items())
        return MetricRecord({**metrics})


def record_of(state: Mapping[str, NDArray[Any]]) -> ArrayRecord:
    """A model's named arrays as a Flower record, rows first."""
    return to_record(tuple(state), tuple(state.values()))
