"""Flower's Grid with tenants behind it that a probe scripts: each reply is made in sight of all requests of its round."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid

from flowstate_flower.strategies.decoding import ARRAYS, ENVELOPE, EXAMPLES, METRICS, STATEMENT
from flowstate_flower.strategies.tenant_strategy import TERMS
from flowstate_flower.superlink import internals
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import PrivacyClaim, RefusalStatement, Refused, UpdateStatement, sign
from flowstate_flower.trust.terms import Terms

RUN_ID, CLAIMED_EXAMPLES, CLAIMED_EPSILON, DELTA = 1, 100, 0.5, 1e-5
SIGNED_AT = "2026-01-01T00:00:00.000000Z"


@dataclass(frozen=True, slots=True)
class Asked:
    """One tenant's request in a round, and what it may say to it: the truth, unless a probe wants something else."""

    tenant: str
    key: SigningKey
    terms: Terms
    request: Message

    def update(
        self, *, name: str | None = None, key: SigningKey | None = None, nonce: str | None = None, step: float = 1.0
    ) -> Message:
        """An accepted update; or one in another's `name`, under another's `key`, with another's `nonce`."""
        layers = {n: array.numpy() + np.float32(step) for n, array in self.request.content.array_records[ARRAYS].items()}
        statement = UpdateStatement(
            run=self.terms.run,
            round=self.terms.round,
            tenant=name or self.tenant,
            base=self.terms.base,
            nonce=nonce or self.terms.nonce,
            update=model_digest(layers.items()),
            examples=CLAIMED_EXAMPLES,
            privacy=self._claim(),
            at=SIGNED_AT,
        )
        content = RecordDict()
        content[ARRAYS] = ArrayRecord({n: Array(layer) for n, layer in layers.items()})
        content[METRICS] = MetricRecord({EXAMPLES: CLAIMED_EXAMPLES})
        content[STATEMENT] = ConfigRecord({ENVELOPE: sign(statement, key or self.key).to_bytes()})
        return Message(content, reply_to=self.request)

    def refusal(self, detail: str) -> Message:
        """A signed no."""
        statement = RefusalStatement(
            run=self.terms.run,
            round=self.terms.round,
            tenant=self.tenant,
            nonce=self.terms.nonce,
            reason=Refused.BUDGET,
            detail=detail,
            at=SIGNED_AT,
        )
        envelope = ConfigRecord({ENVELOPE: sign(statement, self.key).to_bytes()})
        return Message(RecordDict({STATEMENT: envelope}), reply_to=self.request)

    def relayed(self, reply: Message) -> Message:
        """What somebody else said, word for word, from this tenant's node."""
        return Message(reply.content, reply_to=self.request)

    def _claim(self) -> PrivacyClaim | None:
        asked = self.terms.privacy
        if asked is None:
            return None
        return PrivacyClaim(
            noise_multiplier=asked.noise_multiplier,
            clip_norm=asked.clip_norm,
            sample_rate=self.terms.work.batch_size / CLAIMED_EXAMPLES,
            steps=self.terms.work.steps,
            epsilon=CLAIMED_EPSILON,
            delta=DELTA,
            randomness="os",
        )


Replies = Mapping[str, Sequence[Message]]
Script = Callable[[Mapping[str, Asked]], Replies]
"""What tenants send instead of the truth; whoever is not in it is honest."""


class ScriptedGrid(Grid):
    """`nodes` maps Flower's number of a node to its public key; `keys` are those that tenants sign with."""

    def __init__(self, nodes: Mapping[int, bytes], keys: Mapping[str, SigningKey], script: Script) -> None:
        self._nodes, self._keys, self._script = nodes, keys, script
        self._run = internals.become_server(RUN_ID)
        self._replies: dict[str, Sequence[Message]] = {}
        self.asked: list[int] = []

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Everybody answers at once."""
        requests = {internals.stamped(message): message for message in messages}
        asked = {message_id: self._asked(request) for message_id, request in requests.items()}
        said = self._script({each.tenant: each for each in asked.values()})
        self._replies = {i: said[each.tenant] if each.tenant in said else [each.update()] for i, each in asked.items()}
        self.asked += [request.metadata.dst_node_id for request in requests.values()]
        return list(requests)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """What was said to these, once."""
        return [reply for i in message_ids for reply in self._replies.pop(i, ())]

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """All replies at once."""
        return self.pull_messages(self.push_messages(messages))

    def get_node_ids(self) -> Iterable[int]:
        """Every node."""
        return list(self._nodes)

    def get_nodes(self) -> Iterable[Any]:
        """Every node with the key that it registered with."""
        return [internals.node_info(node, key) for node, key in self._nodes.items()]

    def set_run(self, run: Any) -> None:
        """Replace the run's description."""
        self._run = run

    @property
    def run(self) -> Any:
        """The run's description."""
        return self._run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """A message of this run."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def _asked(self, request: Message) -> Asked:
        terms = Terms.model_validate_json(cast(bytes, request.content.config_records[TERMS][TERMS]))
        return Asked(terms.tenant, self._keys[terms.tenant], terms, request)
