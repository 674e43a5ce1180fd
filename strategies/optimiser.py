"""Any Flower strategy as the server's optimiser.

FedAvg, FedAdam and their kin expect replies of clients. Ours gets one synthetic reply a round, the robust aggregate, on a
grid that reaches nobody, so that it can neither wait for nodes nor talk to them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Strategy

from flowstate_flower.aggregation.updates import BFLOAT16, Arrays, Layout
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.strategies.decoding import ARRAYS, EXAMPLES, METRICS, arrays_of
from flowstate_flower.strategies.encoding import to_record
from flowstate_flower.strategies.keeping import Carried, changed, description


class ServerOptimiser:
    """Wraps a Flower strategy. `begin` before the round, `step` with what the rule made of it.

    None takes the rule's aggregate as it is, which is what FedAvg does with a single reply.
    """

    def __init__(self, strategy: Strategy | None = None) -> None:
        self._strategy = strategy
        self._made_by = description(strategy)
        self._before: Mapping[str, Any] = {} if strategy is None else dict(vars(strategy))
        self._requests: list[Message] = []

    @property
    def name(self) -> str:
        """Class of the Flower strategy."""
        return "none" if self._strategy is None else type(self._strategy).__name__

    def carried(self) -> Carried:
        """What the strategy keeps from round to round."""
        if self._strategy is None:
            return Carried()
        attributes, lost = changed(self._strategy, self._before)
        return Carried(optimiser=attributes, made_by=self._made_by, lost=lost)

    def restore(self, carried: Carried) -> None:
        """Give the strategy back what it kept. Raises `RunImpossible` where that is another's, or was not all of it."""
        if carried.made_by != self._made_by:
            there = carried.made_by.get("class", "none")
            raise RunImpossible(f"the run's optimiser was {there}, this is {self.name}", hint="the same one, with its settings")
        if carried.lost:
            what = ", ".join(carried.lost)
            raise RunImpossible(
                f"{self.name} keeps what cannot be written down: {what}", hint="start another run from its model"
            )
        for name, value in carried.optimiser.items():
            setattr(self._strategy, name, value)

    def begin(self, server_round: int, arrays: ArrayRecord, config: ConfigRecord) -> None:
        """Show the strategy the model and a copy of the config, as Flower would before a round."""
        if self._strategy is None:
            return
        nodes = max(1, *(int(getattr(self._strategy, k, 0)) for k in ("min_available_nodes", "min_train_nodes")))
        grid = _NobodyGrid(nodes)
        shown = _readable(*arrays_of(arrays))
        self._requests = list(self._strategy.configure_train(server_round, shown, ConfigRecord(dict(config)), grid))

    def step(self, server_round: int, layout: Layout, base: Arrays, target: Arrays) -> Arrays:
        """The next model, where the rule's aggregate is `target`. Layers keep their dtype; those that are not floating are
        the base's. Raises `BadInput` where the strategy makes something else of them.
        """
        if self._strategy is None:
            return target
        if not self._requests:
            raise BadInput(f"{self.name} asked no node", hint="set its fraction_train above 0")
        metrics = MetricRecord({EXAMPLES: 1})
        content = RecordDict({ARRAYS: _readable(layout.names, target), METRICS: metrics})
        reply = Message(content, reply_to=self._requests[0])
        stepped, _ = self._strategy.aggregate_train(server_round, [reply])
        if stepped is None or set(stepped.keys()) != set(layout.names):
            raise BadInput(f"{self.name} returned other layers than it got", hint="choose another optimiser")
        arrays = []
        for layer, before in zip(layout.layers, base, strict=True):
            after = stepped[layer.name].numpy()
            if after.shape != layer.shape or not np.isfinite(after).all():
                raise BadInput(f"{self.name} broke layer {layer.name}", hint="lower its learning rate")
            arrays.append(after.astype(layer.dtype, copy=False) if layer.is_floating else before)
        return tuple(arrays)


def _readable(names: tuple[str, ...], arrays: Arrays) -> ArrayRecord:
    """A record that Flower's strategies can compute with: they know no bfloat16."""
    return to_record(names, tuple(a.astype(np.float32) if a.dtype == BFLOAT16 else a for a in arrays))


class _NobodyGrid(Grid):
    """As many nodes as a strategy wants to see, none of which exists."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes

    def get_node_ids(self) -> Iterable[int]:
        return range(2, 2 + self._nodes)

    def set_run(self, run: Any) -> None:
        raise NotImplementedError

    @property
    def run(self) -> Any:
        raise NotImplementedError

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        raise NotImplementedError

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        raise NotImplementedError

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        raise NotImplementedError
