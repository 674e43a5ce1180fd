"""Flower's own strategies, fed with replies as Flower feeds them."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flwr.serverapp.strategy as strategies
import numpy as np
from flwr.app import Array, ArrayRecord, Message, MessageType, MetricRecord, RecordDict

from flowstate_flower.cli.bench.measures import Work
from flowstate_flower.cli.bench.peers import HALF, Case, Prepare
from flowstate_flower.strategies.decoding import ARRAYS, EXAMPLES, METRICS
from flowstate_flower.superlink.internals import become_server

RUN_ID = 1
Layers = Mapping[str, Array]


def strategy(name: str, n: int, byzantine: int) -> Any:
    """A strategy of Flower's that withstands `byzantine` of `n` clients, in its own terms."""
    options: dict[str, dict[str, float]] = {
        "FedTrimmedAvg": {"beta": min(0.49, (byzantine + HALF) / n)},
        "Krum": {"num_malicious_nodes": byzantine},
        "MultiKrum": {"num_malicious_nodes": byzantine, "num_nodes_to_select": n - byzantine},
        "Bulyan": {"num_malicious_nodes": byzantine},
    }
    return getattr(strategies, name)(**options.get(name, {}))


def aggregating(name: str, replies: Sequence[Layers], byzantine: int) -> Prepare:
    """From ready messages to the aggregated record. The strategies empty the messages, so each timing gets new ones."""
    logging.getLogger("flwr").setLevel(logging.ERROR)
    become_server(RUN_ID)

    def prepare() -> Work:
        messages = [_message(node, layers) for node, layers in enumerate(replies, start=1)]
        made = strategy(name, len(replies), byzantine)
        return lambda: made.aggregate_train(1, messages)

    return prepare


def through(name: str) -> Callable[[Case], Prepare]:
    """The strategy, on messages with one array each."""
    return lambda case: aggregating(name, [{"w": Array(row)} for row in case.rows], case.byzantine)


def trimmed_mean(case: Case) -> Prepare:
    """What FedTrimmedAvg does with a stack of rows."""
    from flwr.serverapp.strategy.fedtrimmedavg import trim_mean

    return lambda: lambda: trim_mean(case.rows, min(0.49, (case.byzantine + HALF) / case.n))


def _message(node: int, layers: Layers) -> Message:
    content = RecordDict({ARRAYS: ArrayRecord(dict(layers)), METRICS: MetricRecord({EXAMPLES: 1})})
    return Message(content, node, MessageType.TRAIN)


def records(arrays: Mapping[str, np.ndarray[Any, Any]]) -> Layers:
    """Arrays as they lie in a reply."""
    return {name: Array(np.ascontiguousarray(array)) for name, array in arrays.items()}
