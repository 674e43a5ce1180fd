"""A federation in a temporary folder: real keys, a real registry, homes as tenants have them, and a history in every table."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from flwr.app import Array, ArrayRecord

from flowstate_flower import wiring
from flowstate_flower.aggregation import rule_named
from flowstate_flower.clients.home import TenantVoice
from flowstate_flower.isolation.grid import Asked, Replies, Script, ScriptedGrid
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, certificates, configuration, consents, server_events, tenants
from flowstate_flower.registry.certificates import Certified
from flowstate_flower.registry.deployment_tables import RoundStateRow, TicketRow
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.federation_ledger import RegistryLedger
from flowstate_flower.registry.rounds import OPERATOR
from flowstate_flower.registry.server_events import EventKind, ServerEvent
from flowstate_flower.registry.tables import CosignatureRow, EvaluationRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.registry.views import Participation, participation
from flowstate_flower.round import Closing
from flowstate_flower.strategies import RunTerms
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

MINE, THEIRS, THIRD, GONE = "tenant-a", "tenant-b", "tenant-c", "tenant-d"
LIVING = (MINE, THEIRS, THIRD)
NOBODY = "tenant-x"
SHARED, APART, SPARE = "shared", "apart", "spare"
"""Purposes: of everybody, of everybody but the first, and of nobody yet."""
HISTORY, HISTORY_APART = "history", "history-apart"
ROUNDS = 8
FIRST_NODE, NODE_OF_NOBODY = 1001, 9001
MODEL = {"weight": np.zeros(8, np.float32)}
Create = Callable[[Path], Registry]


@dataclass(frozen=True, slots=True)
class Scratch:
    """The federation that probes try. `told` are texts that only their tenant and the operator may read; `shredded` is what
    was stored of the deleted tenant before it was deleted.
    """

    folder: Path
    registry: Registry
    voices: Mapping[str, TenantVoice]
    told: Mapping[str, str]
    shredded: tuple[str, ...] = ()

    @property
    def mine(self) -> Registry:
        """The registry as the first tenant has it."""
        return self.registry.as_tenant(MINE)

    def run(
        self, name: str, script: Script, *, rounds: int = 1, purpose: str = SHARED, cohort: int | None = None
    ) -> ScriptedGrid:
        """Run and record some rounds of real messages, signed with real keys."""
        terms = run_terms(name, purpose, cohort)
        roster = wiring.RegistryRoster(self.registry, terms, wiring.registered_owners(self.registry))
        nodes = {FIRST_NODE + i: node_key(tenant) for i, tenant in enumerate((*LIVING, GONE))}
        keys = {tenant: voice.key for tenant, voice in self.voices.items()}
        grid = ScriptedGrid({**nodes, NODE_OF_NOBODY: node_key(NOBODY)}, keys, script)
        initial = ArrayRecord({layer: Array(values) for layer, values in MODEL.items()})
        wiring.Conductor(self.registry, terms, roster, lambda _: {"accuracy": 0.5}).run(grid, initial, rounds)
        return grid

    def parts(self, run: str) -> dict[str, Participation]:
        """Everybody's part in a run."""
        return {part.tenant: part for part in participation(self.registry, run)}

    def quota(self, key: str, value: object, tenant: str) -> None:
        """Set a quota of one tenant, None to take it away."""
        configuration.change(self.registry, f"quotas.{key}", value, actor=OPERATOR, tenant=tenant)


def run_terms(name: str, purpose: str = SHARED, cohort: int | None = None) -> RunTerms:
    """A run under the mean that any one update can close."""
    work = LocalWork(steps=1, batch_size=1, learning_rate=0.1)
    privacy = PrivacyTerms(noise_multiplier=4.0, clip_norm=1.0)
    closing = Closing(rule_named("mean"), byzantine=0, quorum=1)
    return RunTerms(name, purpose, work, privacy, closing, deadline_seconds=1.0, cohort=cohort)


def node_key(tenant: str) -> bytes:
    """The public key of a tenant's only node."""
    return tenant.encode().ljust(32, b"-")


def scratch(folder: Path, create: Create) -> Scratch:
    """Make the federation in `folder`. `create` makes its registry, on whatever engine."""
    registry = create(folder / "operator")
    told = {tenant: f"only for the operator: {secrets.token_hex(16)}" for tenant in (*LIVING, GONE)}
    voices = {tenant: _join(registry, folder / "homes" / tenant, tenant, told[tenant]) for tenant in (*LIVING, GONE)}
    made = Scratch(folder, registry, voices, told)
    made.run(HISTORY, _mixed(told), rounds=ROUNDS)
    made.run(HISTORY_APART, _mixed(told), rounds=ROUNDS, purpose=APART)
    _fill_the_rest(registry)
    shredded = _stored_of(registry, GONE)
    tenants.move(registry, GONE, tenants.Status.SUSPENDED, actor=OPERATOR)
    tenants.remove(registry, GONE, actor=OPERATOR)
    return Scratch(folder, registry, voices, told, shredded)


def _join(registry: Registry, home: Path, tenant: str, contact: str) -> TenantVoice:
    """As a tenant and an operator would, each at their side."""
    purposes = (SHARED, APART, SPARE)
    request, _ = wiring.join(home, tenant, purposes, budget=(8.0, 1e-5), nodes=[node_key(tenant).hex()], contact=contact)
    wiring.admit(registry, Envelope.parse(request.read_bytes().strip()))
    opened = wiring.open_home(home)
    voice = TenantVoice(opened.policy, opened.key)
    for purpose in (SHARED,) if tenant == MINE else (SHARED, APART):
        consents.accept(registry, voice.consent(purpose))
    configuration.change(registry, "quotas.messages", "100000/day", actor=OPERATOR, tenant=tenant)
    return voice


def _mixed(told: Mapping[str, str]) -> Script:
    """In every round one tenant refuses and the next is turned away, in turn, so that each has rows in each table."""

    def script(asked: Mapping[str, Asked]) -> Replies:
        names = sorted(asked)
        number = asked[names[0]].terms.round
        refusing, garbled = (names[(number + i) % len(names)] for i in (0, 1))
        return {
            refusing: [asked[refusing].refusal(told[refusing])],
            garbled: [asked[garbled].update(step=float("nan"))],
        }

    return script


def _fill_the_rest(registry: Registry) -> None:
    """Rows that rounds do not make."""
    configuration.change(registry, "bounds.most_steps", 10, actor=OPERATOR)
    with desk(registry, actor=OPERATOR) as d:
        for tenant in LIVING:
            key = secrets.token_hex(32)
            d.add(CosignatureRow(log_size=1, public_key=key, tenant=tenant, line="", added_at=d.now))
        d.add(EvaluationRow(run=HISTORY_APART, round=1, metric="between", value=0.5), concerns=(THEIRS, THIRD))
        d.add(EvaluationRow(run=HISTORY, round=1, metric="between", value=0.5), concerns=(MINE, THIRD))
    for run in (HISTORY, HISTORY_APART):
        RegistryLedger(registry, run).reserve(MeanRelease(10.0, cohort=2, population=3), Budget(8.0, 1e-5))
    _fill_the_deployments(registry)


def _fill_the_deployments(registry: Registry) -> None:
    """Rows that only a deployment makes."""
    for tenant in LIVING:
        serial = secrets.token_hex(20)
        told = Certified(serial, tenant, f"spiffe://example/tenant/{tenant}", "0" * 64, "2026-01-01", "2026-01-02")
        certificates.issued(registry, told, actor=OPERATOR)
    server_events.record(registry, [ServerEvent(EventKind.RATE_LIMITED, tenant) for tenant in LIVING])
    with desk(registry, actor=OPERATOR) as d:
        for run in (HISTORY, HISTORY_APART):
            d.add(RoundStateRow(run=run, round=ROUNDS, digest="0" * 64))
        for tenant in LIVING:
            ticket = {"id": secrets.token_hex(8), "tenant": tenant, "token_digest": "0" * 64}
            d.add(TicketRow(**ticket, made_at=d.now, expires_at=d.now))


def _stored_of(registry: Registry, tenant: str) -> tuple[str, ...]:
    """The wrapped data keys of a tenant, as they are stored."""
    if registry.wrapper is None:
        return ()
    with registry.reading() as session:
        return tuple(row.wrapped for row in Vault(session, registry.wrapper).living(tenant))
