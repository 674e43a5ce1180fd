"""From Flower's replies to the aggregated record: our strategy against Flower's own, with a model of ResNet-18's layers."""

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, cast

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid

from flowstate_flower.admission import Fault, Submission
from flowstate_flower.aggregation import Layout, Rule, Updates, rule_named
from flowstate_flower.aggregation.updates import Arrays, applied
from flowstate_flower.cli.bench import flower, goals
from flowstate_flower.cli.bench.measures import Measure, Work, at_least, figure, seconds
from flowstate_flower.cli.bench.reading import byzantine
from flowstate_flower.cli.output import stderr
from flowstate_flower.privacy import Accountant
from flowstate_flower.round import ClosedRound, Closing
from flowstate_flower.strategies import Candidate, Node, RunTerms, TenantStrategy
from flowstate_flower.strategies.decoding import ARRAYS, ENVELOPE, EXAMPLES, METRICS, STATEMENT, decode
from flowstate_flower.strategies.encoding import Rooms, to_record
from flowstate_flower.strategies.tenant_strategy import TERMS
from flowstate_flower.superlink.internals import become_server
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import UpdateStatement, sign
from flowstate_flower.trust.terms import LocalWork, Terms

UNIT = "× as fast"
WHOLE = "with signatures, digests, norms and attribution"
MOST_REPEATS = 5
WIDTH, CLASSES = 64, 1000


def through_the_strategy(dimension: int, threads: int, repeats: int) -> list[Measure]:
    """For each of Flower's strategies: ours over the same span with a goal, then all that our strategy does, without one."""
    federation = _Federation.of(min(1.0, dimension / goals.DIMENSION), goals.STRATEGY_TENANTS)
    goal_measures, others = [], []
    for name, (rule_name, goal) in goals.STRATEGY.items():
        stderr.print(f"strategy: {name}")
        rule = rule_named(rule_name)
        f = byzantine(rule_name, goals.STRATEGY_TENANTS)
        theirs = flower.aggregating(name, federation.layers, f)
        span = federation.span(rule, f, threads)
        span()
        seen: list[tuple[float, float, float]] = []
        for _ in range(min(repeats, MOST_REPEATS)):
            seen.append((seconds(theirs()), seconds(span), seconds(federation.whole(rule, f))))
        flowers, ours, whole = (statistics.median(times) for times in zip(*seen, strict=True))
        title = f"n = {goals.STRATEGY_TENANTS}: {rule_name} from replies to record"
        goal_measures.append(at_least(f"{title}, against {name}", flowers / ours, UNIT, goal))
        others.append(figure(f"{title}, {WHOLE}, against {name}", flowers / whole, UNIT))
        others += [
            figure(f"{name} of Flower", 1e3 * flowers, "ms"),
            figure(title, 1e3 * ours, "ms"),
            figure(f"{title}, {WHOLE}", 1e3 * whole, "ms"),
        ]
    return goal_measures + others


def resnet18(width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of ResNet-18's 102 floating arrays, batch-norm statistics among them; its width is 64."""
    yield from _convolution("conv1", "bn1", width, 3, 7)
    before = width
    for stage in range(1, 5):
        wide = width * 2 ** (stage - 1)
        for block in range(2):
            place = f"layer{stage}.{block}"
            yield from _convolution(f"{place}.conv1", f"{place}.bn1", wide, before, 3)
            yield from _convolution(f"{place}.conv2", f"{place}.bn2", wide, wide, 3)
            if wide != before:
                yield from _convolution(f"{place}.downsample.0", f"{place}.downsample.1", wide, before, 1)
            before = wide
    yield "fc.weight", (CLASSES * width // WIDTH, before)
    yield "fc.bias", (CLASSES * width // WIDTH,)


def _convolution(name: str, norm: str, out: int, into: int, kernel: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (out, into, kernel, kernel)
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{norm}.{part}", (out,)


@dataclass(frozen=True)
class _Federation:
    """Tenants with keys, the model that was sent, and what each trained."""

    keys: Mapping[int, SigningKey]
    base: Mapping[str, np.ndarray[Any, Any]]
    layers: Sequence[Mapping[str, Array]]
    digests: Sequence[str]

    @classmethod
    def of(cls, share: float, n: int) -> "_Federation":
        """N tenants; the width of the model is such that it has about `share` of ResNet-18's parameters."""
        become_server(flower.RUN_ID)
        rng = np.random.default_rng(0)
        shapes = dict(resnet18(max(1, round(WIDTH * sqrt(share)))))
        base = {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
        trained = [
            {name: array + 0.01 * rng.standard_normal(array.shape, dtype=np.float32) for name, array in base.items()}
            for _ in range(n)
        ]
        digests = [model_digest(model.items()) for model in trained]
        keys = {node: SigningKey.generate() for node in range(1, n + 1)}
        return cls(keys, base, [flower.records(model) for model in trained], digests)

    def span(self, rule: Rule, byzantine: int, threads: int) -> Work:
        """What Flower's strategies do: decode, aggregate, encode."""
        layout, base = self._model()
        _, messages = self._asked(rule, byzantine)

        def work() -> ArrayRecord:
            decoded = [decode(message, layout, {}) for message in messages]
            rows = tuple(reply.arrays for reply in decoded if isinstance(reply, Submission))
            shares = np.full(len(self.keys), 1 / len(self.keys))
            aggregate = rule(Updates(layout, base, rows, shares, threads), byzantine=byzantine)
            rooms = Rooms()
            return rooms.record(layout.names, applied(layout, base, aggregate.update, rooms.room, threads))

        return work

    def whole(self, rule: Rule, byzantine: int) -> Work:
        """All that our strategy does with the replies of one round, recording aside but for the digest of the result."""
        strategy, messages = self._asked(rule, byzantine)
        return lambda: strategy.aggregate_train(1, messages)

    def _model(self) -> tuple[Layout, Arrays]:
        base = tuple(self.base.values())
        return Layout.of(tuple(self.base), base), base

    def _asked(self, rule: Rule, byzantine: int) -> tuple[TenantStrategy, list[Message]]:
        """A strategy in the middle of its first round, and the signed replies to what it asked."""
        work = LocalWork(steps=1, batch_size=1, learning_rate=0.1)
        terms = RunTerms("bench", "research", work, None, Closing(rule, byzantine, 1))
        strategy = TenantStrategy(terms, roster=_Everybody(self.keys), record=_digest)
        requests = list(strategy.configure_train(1, to_record(*_columns(self.base)), ConfigRecord(), cast(Grid, _Nodes())))
        return strategy, [self._reply(request) for request in requests]

    def _reply(self, request: Message) -> Message:
        node = request.metadata.dst_node_id
        asked = Terms.model_validate_json(cast(bytes, cast(ConfigRecord, request.content[TERMS])[TERMS]))
        statement = UpdateStatement(
            run=asked.run,
            round=asked.round,
            tenant=asked.tenant,
            base=asked.base,
            nonce=asked.nonce,
            update=self.digests[node - 1],
            examples=1,
            privacy=None,
            at="2026-01-01T00:00:00Z",
        )
        envelope = sign(statement, self.keys[node]).to_bytes()
        arrays, metrics = ArrayRecord(dict(self.layers[node - 1])), MetricRecord({EXAMPLES: 1})
        content = RecordDict({ARRAYS: arrays, METRICS: metrics, STATEMENT: ConfigRecord({ENVELOPE: envelope})})
        return Message(content, reply_to=request)


@dataclass(frozen=True)
class _Everybody:
    """All tenants agree; tenant i is at node i."""

    keys: Mapping[int, SigningKey]

    def candidates(self, nodes: Sequence[Node]) -> list[Candidate]:
        return [Candidate(f"tenant-{node:02}", node, key.public) for node, key in self.keys.items()]

    def dispatch(self, tenants: Collection[str], model_bytes: int) -> Mapping[str, Fault]:
        return {}

    def standing(self, received: Mapping[str, int]) -> Mapping[str, Bounds | Fault]:
        return dict.fromkeys(received, Bounds())

    def claimed(self, tenants: Collection[str]) -> Mapping[str, Mapping[str, Accountant]]:
        return {}


class _Nodes:
    """As much of a grid as a strategy needs to ask a roster that knows its nodes."""

    def get_nodes(self) -> list[Node]:
        return []


def _columns(base: Mapping[str, np.ndarray[Any, Any]]) -> tuple[tuple[str, ...], Arrays]:
    return tuple(base), tuple(base.values())


def _digest(closed: ClosedRound) -> None:
    if closed.outcome.update is None:
        raise RuntimeError(f"the round did not happen: {closed.outcome.admitted.rejections or closed.outcome.skipped}")
    model_digest(zip(closed.names, closed.model, strict=True))
