"""The only place that builds objects: it knows every room below, and is all that commands and simulations need."""

import json
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Strategy
from numpy.typing import NDArray

from flowstate_flower.admission import Fault
from flowstate_flower.aggregation.updates import Arrays
from flowstate_flower.clients.home import (
    KEY_FILE,
    LEDGER_FILE,
    POLICY_FILE,
    REFUSALS_FILE,
    REQUEST_FILE,
    TenantHome,
    TenantVoice,
)
from flowstate_flower.clients.policy import TenantPolicy
from flowstate_flower.clients.refusals import RefusalLog
from flowstate_flower.documents import parsed, read_toml
from flowstate_flower.errors import BadInput, FlowstateError, RunImpossible
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.noise import CryptographicNormals, Normals
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, federation_ledger, gate, rounds, tenants
from flowstate_flower.registry.models import write_model
from flowstate_flower.registry.tenant_ledger import TenantLedger
from flowstate_flower.round import ClosedRound
from flowstate_flower.strategies import Candidate, Node, RunTerms, ServerNoise, TenantStrategy
from flowstate_flower.strategies.accounting import RegistryAccountant
from flowstate_flower.strategies.decoding import arrays_of
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import PublicKey, SigningKey

Owners = Callable[[Sequence[Node]], Mapping[int, str]]
Evaluate = Callable[[ArrayRecord], Mapping[str, float]]
MODEL_FILE = "model.npz"


def open_home(folder: Path) -> TenantHome:
    """The home of a tenant: `policy.toml`, `signing.key`, `ledger.db` and `refusals.jsonl` in one folder."""
    voice = open_voice(folder)
    ledger = TenantLedger(folder / LEDGER_FILE, voice.key.public)
    return TenantHome(voice.policy, voice.key, ledger, RefusalLog(folder / REFUSALS_FILE))


def open_voice(folder: Path) -> TenantVoice:
    """The tenant of a home as it speaks for itself; the ledger stays closed."""
    return TenantVoice(read_toml(TenantPolicy, folder / POLICY_FILE), SigningKey.read(folder / KEY_FILE))


def make_home(folder: Path, policy: TenantPolicy) -> PublicKey:
    """A new home with a new signing key. Returns the public half, which is all that ever leaves the folder.

    Raises `BadInput` where the folder exists or cannot be made.
    """
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise BadInput(f"cannot make the home {folder}: {error.strerror}", hint="choose another folder") from error
    key = SigningKey.generate()
    key.write(folder / KEY_FILE)
    (folder / POLICY_FILE).write_text(to_toml(policy), encoding="utf-8")
    return key.public


def join(
    folder: Path,
    name: str,
    purposes: Sequence[str],
    *,
    budget: tuple[float, float] | None,
    nodes: Sequence[str] = (),
    contact: str = "",
) -> tuple[Path, PublicKey]:
    """A new home, and in it a signed request to join: the file to send, and the key to tell by another way.

    `budget` is ε and δ, None to train without privacy. Raises `BadInput` before anything is made.
    """
    privacy = None if budget is None else {"epsilon": budget[0], "delta": budget[1]}
    said = {"tenant": name, "purposes": tuple(purposes), "privacy": privacy, "allow_without_privacy": budget is None}
    policy = parsed(TenantPolicy, said, "the policy")
    TenantVoice(policy, SigningKey.generate()).request(nodes=tuple(nodes), contact=contact)  # can it be said at all?
    key = make_home(folder, policy)
    request = open_voice(folder).request(nodes=tuple(nodes), contact=contact)
    (folder / REQUEST_FILE).write_bytes(request.to_bytes() + b"\n")
    return folder / REQUEST_FILE, key


def admit(registry: Registry, request: Envelope) -> str:
    """The operator's whole yes: a request recorded, approved and active. Returns the tenant's name. Raises `BadInput`.

    For who made the tenant's home itself, as simulations do; a person checks the request's key before approving.
    """
    name = tenants.request(registry, request, actor=rounds.OPERATOR)
    tenants.move(registry, name, tenants.Status.APPROVED, actor=rounds.OPERATOR)
    tenants.move(registry, name, tenants.Status.ACTIVE, actor=rounds.OPERATOR)
    return name


def to_toml(policy: TenantPolicy) -> str:
    """The policy as TOML: flat tables of numbers, texts and lists of texts, for which JSON's literals are TOML's."""
    body = policy.model_dump(mode="json", exclude_none=True)
    tables = {name: value for name, value in body.items() if isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in body.items() if name not in tables]
    for table, values in tables.items():
        lines += ["", f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class RegistryRoster:
    """`strategies.Roster` on a registry, for the run that `terms` describe. `owners` says which tenant a node acts for."""

    registry: Registry
    terms: RunTerms
    owners: Owners

    def candidates(self, nodes: Sequence[Node]) -> Sequence[Candidate]:
        """See `strategies.Roster`."""
        owners = self.owners(nodes)
        agreed = gate.candidates(self.registry, self.terms.ask, set(owners.values()))
        return [
            Candidate(owners[node.node_id], node.node_id, agreed[owners[node.node_id]])
            for node in nodes
            if owners.get(node.node_id) in agreed
        ]

    def dispatch(self, tenants: Collection[str], model_bytes: int) -> Mapping[str, Fault]:
        """See `strategies.Roster`."""
        return gate.dispatch(self.registry, self.terms.ask, tenants, model_bytes)

    def standing(self, received: Mapping[str, int]) -> Mapping[str, Bounds | Fault]:
        """See `strategies.Roster`."""
        return gate.standing(self.registry, self.terms.ask, received)


def registered_owners(registry: Registry) -> Owners:
    """Owners by the public key with which a node registered: the way of a deployment."""

    def owners(nodes: Sequence[Node]) -> Mapping[int, str]:
        by_key = tenants.node_owners(registry, {node.public_key.hex() for node in nodes})
        return {node.node_id: by_key[node.public_key.hex()] for node in nodes if node.public_key.hex() in by_key}

    return owners


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
