"""A simulated federation on disk: the operator's registry and every tenant's home, in one folder.

Any process that is given the folder acts in the same world, which is how both engines run the same apps.
"""

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAdam, Strategy

from flowstate_flower import wiring
from flowstate_flower.admission import Limits
from flowstate_flower.aggregation import rule_named
from flowstate_flower.clients import TenantPolicy
from flowstate_flower.clients.policy import PrivacyPolicy, RandomnessPolicy, WorkPolicy
from flowstate_flower.documents import Document
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.noise import SeededNormals
from flowstate_flower.registry import Registry, consents, tenants, views
from flowstate_flower.round import Closing
from flowstate_flower.simulations.digits import DigitsTask
from flowstate_flower.simulations.root import server_training
from flowstate_flower.simulations.scenario import Scenario
from flowstate_flower.simulations.tasks import task_of
from flowstate_flower.strategies import GuardedGrid, RunTerms
from flowstate_flower.trust.dsse import Envelope, MalformedEnvelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import PresenceStatement, read

Variant = Literal["defended", "undefended", "unattacked"]
DEFENDED: Variant = "defended"
BASELINES: tuple[Variant, ...] = ("undefended", "unattacked")
WORLD_FILE, TENANTS_FOLDER = "world.json", "tenants"
ROLL_CALL_SECONDS = 120.0


class Plan(Document):
    """What a world is made of: enough to make it again."""

    name: str
    scenario: Scenario
    seed: int
    variant: Variant

    @property
    def run(self) -> str:
        """The run's name in the registry."""
        return f"{self.name}-{self.seed}-{self.variant}"


@dataclass(frozen=True)
class World:
    """An open world. `plan.scenario` is what the variant made of the scenario."""

    folder: Path
    plan: Plan

    @classmethod
    def create(cls, folder: Path, name: str, scenario: Scenario, seed: int, variant: Variant) -> "World":
        """A new registry, operator and tenants, each with a key, a policy and an empty ledger. Raises `BadInput`."""
        plan = Plan(name=name, scenario=as_variant(scenario, variant), seed=seed, variant=variant)
        registry = Registry.create(folder)
        world = cls(folder, plan)
        for tenant in scenario.tenants:
            wiring.make_home(world.home(tenant), policy_of(tenant, scenario, seed))
            voice = wiring.open_voice(world.home(tenant))
            wiring.admit(registry, voice.request())
            if tenant not in scenario.not_opted_in:
                consents.accept(registry, voice.consent(scenario.purpose, operator=registry.operator))
        registry.close()
        (folder / WORLD_FILE).write_text(plan.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return world

    @classmethod
    def open(cls, folder: Path) -> "World":
        """The world in `folder`. Raises `BadInput` where there is none."""
        try:
            return cls(folder, Plan.model_validate_json((folder / WORLD_FILE).read_bytes()))
        except (OSError, ValueError) as error:
            raise BadInput(f"no simulated federation in {folder}", hint="flowstate simulate makes one") from error

    def home(self, tenant: str) -> Path:
        """The folder on the tenant's own disk."""
        return self.folder / TENANTS_FOLDER / tenant

    @cached_property
    def task(self) -> DigitsTask:
        """The task, with the partition that the seed draws."""
        return task_of(self.plan.scenario.data, self.plan.scenario.tenants, self.plan.seed)

    def conduct(self, grid: Grid, on_round: Callable[[int], None] = lambda _: None) -> None:
        """Run the federation on `grid`: the server's side of both engines. A run that has begun goes on."""
        scenario = self.plan.scenario
        registry = Registry.open(self.folder, to_write=True)
        try:
            owners = roll_call(grid, tenants.signing_keys(registry))
            terms = self._terms()
            conductor = wiring.Conductor(
                registry,
                terms,
                wiring.RegistryRoster(registry, terms, lambda _: owners),
                self._evaluate,
                optimiser=optimiser_of(scenario),
                root=server_training(self.task, scenario, self.plan.seed) if scenario.data.root_examples else None,
                rng=random.Random(self.plan.seed),  # noqa: S311  which tenants a simulation asks is no secret
                on_round=lambda number: self._after(registry, number, on_round),
                promise=self._promise(),
            )
            if terms.run in {view.run for view in views.runs(registry)}:
                conductor.resume(grid, scenario.rounds)
            else:
                conductor.run(grid, self._initial_model(), scenario.rounds)
        finally:
            registry.close()

    def _after(self, registry: Registry, number: int, on_round: Callable[[int], None]) -> None:
        """Between rounds, tenants do what the scenario says they do."""
        for withdrawal in self.plan.scenario.withdrawals:
            if withdrawal.after_round == number:
                voice = wiring.open_voice(self.home(withdrawal.tenant))
                consents.accept(registry, voice.withdrawal(self.plan.scenario.purpose))
        on_round(number)

    def _terms(self) -> RunTerms:
        scenario = self.plan.scenario
        rule = rule_named(scenario.round.rule)
        return RunTerms(
            run=self.plan.run,
            purpose=scenario.purpose,
            work=scenario.work,
            privacy=scenario.privacy_terms,
            closing=Closing(rule, scenario.round.byzantine, scenario.round.quorum, scenario.round.weighting),
            limits=Limits(largest_update_norm=scenario.round.largest_update_norm, accept_seeded_noise=True),
            deadline_seconds=scenario.round.deadline_seconds,
            cohort=scenario.round.cohort,
        )

    def _promise(self) -> wiring.Promise | None:
        """The operator's, under tenant-level privacy. Its noise is seeded, as that of simulated tenants is."""
        privacy = self.plan.scenario.privacy
        if privacy is None or not self.plan.scenario.noise_at_server:
            return None
        normals = SeededNormals(self.plan.seed, self.plan.run)
        return wiring.Promise(Budget(privacy.epsilon_budget, privacy.delta), normals)

    def _initial_model(self) -> ArrayRecord:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.plan.seed)
            state = self.task.model().state_dict()
        return wiring.record_of({name: tensor.numpy() for name, tensor in state.items()})

    def _evaluate(self, arrays: ArrayRecord) -> Mapping[str, float]:
        model, test = self.task.model(), self.task.test_data()
        model.load_state_dict({name: torch.from_numpy(array.numpy().copy()) for name, array in arrays.items()})
        model.eval()
        with torch.no_grad():
            return self.task.metrics(model(test.features), test.targets)


def as_variant(scenario: Scenario, variant: Variant) -> Scenario:
    """The scenario itself; the same under plain FedAvg; or the same with nobody poisoning."""
    if variant == "undefended":
        plain = {"rule": "mean", "byzantine": 0, "weighting": "examples", "quorum": 1, "largest_update_norm": None}
        if scenario.noise_at_server:
            plain["weighting"] = "uniform"
        return scenario.model_copy(update={"round": scenario.round.model_copy(update=plain)})
    if variant == "unattacked":
        return scenario.model_copy(update={"attackers": ()})
    return scenario


def policy_of(tenant: str, scenario: Scenario, seed: int) -> TenantPolicy:
    """What a simulated tenant allows. Its noise is seeded, so that a run can be repeated, and so protects nobody."""
    purposes = () if tenant in scenario.not_opted_in else (scenario.purpose,)
    asked, budget = scenario.privacy, None
    if asked is not None:
        budget = PrivacyPolicy(epsilon=asked.epsilon_budget, delta=asked.delta, unit=asked.unit)
    return TenantPolicy(
        tenant=tenant,
        purposes=purposes,
        allow_without_privacy=budget is None,
        privacy=budget,
        work=WorkPolicy(device=scenario.training.device, threads=1),
        randomness=RandomnessPolicy(source="seeded", seed=seed),
    )


def optimiser_of(scenario: Scenario) -> Strategy | None:
    """The Flower strategy that applies each round's aggregate."""
    if scenario.round.optimiser == "fedadam":
        return FedAdam(eta=scenario.round.server_learning_rate, beta_1=0.9, beta_2=0.99)
    return None  # FedAvg: the rule's aggregate as it is


def roll_call(grid: Grid, keys: Mapping[str, PublicKey]) -> dict[int, str]:
    """Which tenant each node acts for, by a signed answer to a fresh challenge.

    Simulated nodes carry random keys, so the server has to ask. Nothing of a run is in the question.
    """
    nonces = {node.node_id: secrets.token_hex(16) for node in grid.get_nodes()}
    questions = [
        Message(RecordDict({"challenge": ConfigRecord({"nonce": nonce})}), node, MessageType.QUERY)
        for node, nonce in nonces.items()
    ]
    replies = GuardedGrid(grid).send_and_receive(questions, timeout=ROLL_CALL_SECONDS)
    if replies and all(reply.has_error() for reply in replies):
        raise RunImpossible("no node answered the roll call", hint=f"the first said: {replies[0].error.reason}")
    owners = {reply.metadata.src_node_id: _present(reply, nonces, keys) for reply in replies}
    return {node: tenant for node, tenant in owners.items() if tenant is not None}


def _present(reply: Message, nonces: Mapping[int, str], keys: Mapping[str, PublicKey]) -> str | None:
    """The tenant that signed the reply, if it answers the question that this node was asked."""
    record = None if reply.has_error() else reply.content.get("statement")
    try:
        envelope = Envelope.parse(bytes(record["envelope"]) if isinstance(record, ConfigRecord) else b"")  # type: ignore[arg-type]
        presence = read(PresenceStatement, envelope)
    except (MalformedEnvelope, KeyError, TypeError):
        return None
    node = reply.metadata.src_node_id
    key = keys.get(presence.tenant)
    answers = presence.node == node and presence.nonce == nonces.get(node)
    return presence.tenant if key and answers and envelope.is_signed_by(key) else None
