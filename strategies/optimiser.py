"""Any Flower strategy as the server's optimiser.

FedAvg, FedAdam and their kin expect replies of clients. Ours gets one synthetic reply a round, the robust aggregate, on a
grid that reaches nobody, so that it can neither wait for nodes nor talk to them.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Strategy
from numpy.lib import format as npy
from numpy.typing import NDArray

from flowstate_flower.aggregation.updates import BFLOAT16, Arrays, Layout
from flowstate_flower.errors import BadInput
from flowstate_flower.strategies.decoding import ARRAYS, EXAMPLES, METRICS, NUMPY_STYPE, arrays_of


class ServerOptimiser:
    """Wraps a Flower strategy. `begin` before the round, `step` with what the rule made of it.

    None takes the rule's aggregate as it is, which is what FedAvg does with a single reply.
    """

    def __init__(self, strategy: Strategy | None = None) -> None:
        self._strategy = strategy
        self._requests: list[Message] = []

    @property
    def name(self) -> str:
        """Class of the Flower strategy."""
        return "none" if self._strategy is None else type(self._strategy).__name__

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


def to_record(names: tuple[str, ...], arrays: Arrays) -> ArrayRecord:
    """A Flower record of the arrays, rows first, in this order."""
    return ArrayRecord({n: _encoded(np.asarray(a, order="C")) for n, a in zip(names, arrays, strict=True)})


def _encoded(array: NDArray[Any]) -> Array:
    """What `Array(array)` makes, with one copy of the bytes in place of three."""
    header = BytesIO()
    npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(array))
    data = b"".join([header.getvalue(), array.reshape(-1).view(np.uint8).data])
    return Array(dtype=str(array.dtype), shape=array.shape, stype=NUMPY_STYPE, data=data)


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
