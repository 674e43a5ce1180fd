"""A run from its first round to its last: a strategy on a grid, and what it leaves in a registry."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Strategy
from numpy.typing import NDArray

from flowstate_flower.aggregation.updates import Arrays
from flowstate_flower.errors import FlowstateError, RunImpossible
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.noise import CryptographicNormals, Normals
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, federation_ledger, rounds
from flowstate_flower.registry.models import write_model
from flowstate_flower.round import ClosedRound
from flowstate_flower.strategies import RunTerms, ServerNoise, TenantStrategy
from flowstate_flower.strategies.accounting import RegistryAccountant
from flowstate_flower.strategies.decoding import arrays_of
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.wiring.roster import RegistryRoster

Evaluate = Callable[[ArrayRecord], Mapping[str, float]]
MODEL_FILE = "model.npz"


@dataclass(frozen=True, slots=True)
class Promise:
    """What the operator promises every tenant under terms with the unit `tenant`: that all models of this registry together
    stay within `budget`. `normals` draws the noise.
    """

    budget: Budget
    normals: Normals = field(default_factory=CryptographicNormals)


def server_noise(registry: Registry, terms: RunTerms, promise: Promise) -> ServerNoise:
    """The server's noise for the run that `terms` describe, accounted in the registry. Raises `FlowstateError`."""
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
    ledger = federation_ledger.RegistryLedger(registry, terms.run)
    return ServerNoise(RegistryAccountant.of(ledger, promise.budget, like), promise.normals)


@dataclass(frozen=True, slots=True)
class Conductor:
    """Runs a federation on a grid and records it. `evaluate` measures a model on the operator's own data, `on_round` is
    called with the number of every round once it is recorded. `promise` is for terms with the unit `tenant`.
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

    def run(self, grid: Grid, initial: ArrayRecord, num_rounds: int) -> None:
        """All rounds. The run ends in the registry as completed, failed or interrupted, whatever happens here.

        Raises `RunImpossible` where it could not begin, or no round closed.
        """
        run = self.terms.run
        noise = None if self.promise is None else server_noise(self.registry, self.terms, self.promise)
        rounds.start_run(self.registry, self._plan(initial, num_rounds))
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
            result = strategy.start(grid, initial, num_rounds, evaluate_fn=self._evaluate)
        except KeyboardInterrupt:
            rounds.finish_run(self.registry, run, rounds.INTERRUPTED, model_digest=None, note="stopped by the operator")
            raise
        except Exception as error:
            note = str(error) if isinstance(error, FlowstateError) else type(error).__name__
            rounds.finish_run(self.registry, run, rounds.FAILED, model_digest=None, note=note)
            raise
        if not result.arrays:
            note = strategy.stopped or "no round closed"
            rounds.finish_run(self.registry, run, rounds.FAILED, model_digest=None, note=note)
            raise RunImpossible(f"{run}: {note}", hint=f"flowstate run show {run} says why, round by round")
        names, arrays = arrays_of(result.arrays)
        write_model(self.registry.path.parent / MODEL_FILE, names, arrays)
        digest = model_digest(zip(names, arrays, strict=True))
        rounds.finish_run(self.registry, run, rounds.COMPLETED, model_digest=digest, note=strategy.stopped)

    def _plan(self, initial: ArrayRecord, num_rounds: int) -> rounds.RunPlan:
        closing = self.terms.closing
        names, arrays = arrays_of(initial)
        return rounds.RunPlan(
            self.terms.run,
            self.terms.purpose,
            closing.rule.name,
            closing.byzantine,
            num_rounds,
            model_digest(zip(names, arrays, strict=True)),
        )

    def _record(self, closed: ClosedRound) -> None:
        rounds.record_round(self.registry, closed)
        self.on_round(closed.number)

    def _evaluate(self, number: int, arrays: ArrayRecord) -> MetricRecord:
        metrics = dict(self.evaluate(arrays))
        rounds.record_evaluation(self.registry, self.terms.run, number, metrics.items())
        return MetricRecord({**metrics})


def record_of(state: Mapping[str, NDArray[Any]]) -> ArrayRecord:
    """A model's named arrays as a Flower record, rows first."""
    return ArrayRecord({name: Array(np.asarray(layer, order="C")) for name, layer in state.items()})
