"""A federation in memory: tenants with real keys, real messages, a real strategy, and lies where a test wants them."""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict

from flowstate_flower.admission import Fault, Reason
from flowstate_flower.aggregation import rule_named
from flowstate_flower.privacy import Accountant
from flowstate_flower.round import ClosedRound, Closing
from flowstate_flower.simulations.in_process import FIRST_NODE, InProcessGrid
from flowstate_flower.strategies import Candidate, Node, RunTerms, TenantStrategy
from flowstate_flower.strategies.decoding import array_of
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import PrivacyClaim, RefusalStatement, Refused, UpdateStatement, sign
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms, Terms

BASE = {"weight": np.arange(12, dtype=np.float32).reshape(3, 4), "bias": np.zeros(3, np.float32), "steps": np.array(7)}
PRIVACY = PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0)


@dataclass
class Reply:
    """What a scripted tenant is about to send; a lie changes it before or after it is signed."""

    tenant: str
    key: SigningKey
    terms: Terms
    layers: dict[str, np.ndarray]
    examples: int = 100
    statement: dict[str, Any] = field(default_factory=dict)
    arrays: ArrayRecord | None = None
    metrics: dict[str, Any] | None = None
    content: Callable[[RecordDict], RecordDict] = lambda content: content

    def build(self, request: Message) -> Message:
        claim = PrivacyClaim(
            noise_multiplier=4.0,  # more than is asked, so that every ε that tests name can be
            clip_norm=1.0,
            sample_rate=1 / max(1, self.examples),
            steps=1,
            epsilon=0.5,
            delta=1e-5,
            randomness="os",
        )
        said = {
            "run": self.terms.run,
            "round": self.terms.round,
            "tenant": self.tenant,
            "base": self.terms.base,
            "nonce": self.terms.nonce,
            "update": model_digest(self.layers.items()),
            "examples": self.examples,
            "privacy": claim,
            "at": "2026-01-01T00:00:00Z",
        }
        envelope = sign(UpdateStatement(**(said | self.statement)), self.key)
        arrays = self.arrays or ArrayRecord({name: Array(np.asarray(a)) for name, a in self.layers.items()})
        metrics = MetricRecord({"num-examples": self.examples} if self.metrics is None else self.metrics)
        statement = ConfigRecord({"envelope": envelope.to_bytes()})
        content = RecordDict({"arrays": arrays, "metrics": metrics, "statement": statement})
        return Message(self.content(content), reply_to=request)

    def refuse(self, request: Message, reason: Refused) -> Message:
        statement = RefusalStatement(
            run=self.terms.run,
            round=self.terms.round,
            tenant=self.tenant,
            nonce=self.terms.nonce,
            reason=reason,
            detail="no",
            at="2026-01-01T00:00:00Z",
        )
        return Message(
            RecordDict({"statement": ConfigRecord({"envelope": sign(statement, self.key).to_bytes()})}), reply_to=request
        )


Lie = Callable[[Reply, Message], Message | None]


@dataclass
class Federation:
    """`tenants[i]` answers at node FIRST_NODE + i; `lies` maps a tenant to what it does instead of being honest."""

    tenants: tuple[str, ...]
    keys: Mapping[str, SigningKey]
    lies: dict[str, Lie] = field(default_factory=dict)
    agreed: set[str] = field(default_factory=set)
    closed: list[ClosedRound] = field(default_factory=list)
    messages: list[tuple[str, Message]] = field(default_factory=list)
    deltas: dict[str, float] = field(default_factory=dict)
    barred: dict[str, Fault] = field(default_factory=dict)
    received: list[dict[str, int]] = field(default_factory=list)
    spent: dict[str, dict[str, Accountant]] = field(default_factory=dict)

    def candidates(self, nodes: Sequence[Node]) -> list[Candidate]:
        owners = {FIRST_NODE + i: name for i, name in enumerate(self.tenants)}
        return [
            Candidate(owners[n.node_id], n.node_id, self.keys[owners[n.node_id]].public)
            for n in nodes
            if owners[n.node_id] in self.agreed
        ]

    def dispatch(self, tenants: Collection[str], model_bytes: int) -> dict[str, Fault]:
        return {name: self.barred[name] for name in tenants if name in self.barred}

    def standing(self, received: Mapping[str, int]) -> dict[str, Bounds | Fault]:
        self.received.append(dict(received))
        withdrawn = (Reason.NO_CONSENT, "no consent stands")
        return {name: Bounds() if name in self.agreed else withdrawn for name in received}

    def claimed(self, tenants: Collection[str]) -> dict[str, dict[str, Accountant]]:
        return {name: self.spent[name] for name in tenants if name in self.spent}

    def answer(self, request: Message, context: Context) -> Message:
        tenant = self.tenants[int(context.node_config["partition-id"])]
        self.messages.append((tenant, request))
        terms = Terms.model_validate_json(request.content["terms"]["terms"])
        sent = {name: array_of(array) for name, array in request.content["arrays"].items()}
        delta = self.deltas.get(tenant, 1.0)
        layers = {n: a if a.dtype.kind == "i" else a + np.asarray(delta, a.dtype) for n, a in sent.items()}
        reply = Reply(tenant, self.keys[tenant], terms, layers)
        lied = self.lies[tenant](reply, request) if tenant in self.lies else None
        return reply.build(request) if lied is None else lied

    def strategy(self, terms: RunTerms, **options: Any) -> TenantStrategy:
        return TenantStrategy(terms, roster=self, record=self.closed.append, **options)

    def run(self, terms: RunTerms, rounds: int = 1, base: Mapping[str, np.ndarray] = BASE, **options: Any) -> Any:
        grid = InProcessGrid(self.answer, len(self.tenants), workers=4)
        try:
            arrays = ArrayRecord({name: Array(np.asarray(a)) for name, a in base.items()})
            return self.strategy(terms, **options).start(grid, arrays, rounds)
        finally:
            grid.close()

    def reasons(self) -> dict[str | None, str]:
        """Rejections of the last round by tenant. Their details are in the log, which pytest shows where a test fails."""
        rejections = self.closed[-1].outcome.admitted.rejections
        logging.getLogger(__name__).warning("rejections: %s", rejections)
        return {r.tenant: str(r.reason) for r in rejections}


@pytest.fixture
def federation() -> Federation:
    """Seven tenants that have all agreed."""
    names = tuple(f"tenant-{i}" for i in range(7))
    return Federation(names, {name: SigningKey.generate() for name in names}, agreed=set(names))


@pytest.fixture
def run_terms() -> RunTerms:
    """A run under the median, two hostile tenants tolerated."""
    return RunTerms(
        run="run-1",
        purpose="research",
        work=LocalWork(steps=1, batch_size=1, learning_rate=0.1),
        privacy=PRIVACY,
        closing=Closing(rule_named("median"), byzantine=2, quorum=1),
        deadline_seconds=20.0,
    )


@pytest.fixture
def closing_with() -> Callable[..., Callable[[RunTerms], RunTerms]]:
    """`closing_with(rule=…)(terms)`: the same run under another closing."""

    def change(**changes: Any) -> Callable[[RunTerms], RunTerms]:
        return lambda terms: replace(terms, closing=replace(terms.closing, **changes))

    return change


@pytest.fixture(autouse=True)
def _quiet_flower() -> None:
    logging.getLogger("flwr").setLevel(logging.ERROR)


@pytest.fixture
def envelope_payload() -> Callable[[str], dict[str, Any]]:
    """The JSON inside a stored envelope."""
    from flowstate_flower.trust.dsse import Envelope

    return lambda text: json.loads(Envelope.parse(text.encode()).payload)


@pytest.fixture
def voice() -> Callable[..., Any]:
    """`voice(name, key, *purposes)`: a tenant that signs what it says to an operator."""
    from flowstate_flower.clients import TenantPolicy
    from flowstate_flower.clients.home import TenantVoice

    def make(name: str, key: SigningKey | None = None, *purposes: str) -> TenantVoice:
        allowed = purposes or ("research", "billing")
        policy = TenantPolicy(tenant=name, purposes=allowed, allow_without_privacy=True)
        return TenantVoice(policy, key or SigningKey.generate())

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: at the end two processes share what is short."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
