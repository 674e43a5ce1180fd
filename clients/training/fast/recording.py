"""One forward and one backward pass, in which each layer's part becomes shares as soon as its output's gradient is there.

Parameters stay in autograd, and autograd is asked for output gradients only, so it computes no weight's. What is left of the
parameters is the graph: it shows whether each is used once, by its own layer, and nowhere else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node, get_gradient_edge
from torch.utils.hooks import RemovableHandle

from flowstate_flower.clients.training.fast.shares import Layer, Room, Shares
from flowstate_flower.clients.training.fast.support import ELSEWHERE, RULES, Refusal

DIMENSIONS: Mapping[type[nn.Module], int] = {nn.Conv1d: 3, nn.Conv2d: 4}


@dataclass(slots=True)
class Call:
    """A layer's one forward. Its inputs are let go once they are used."""

    module: nn.Module
    inputs: Tensor | None
    version: int
    edge: GradientEdge
    first: bool  # nothing trainable before it
    hook: RemovableHandle | None = None
    arrived: bool = False


@dataclass(slots=True)
class Recording:
    """The passes of `items` items in `rows` rows. `found` is told each layer's shares, in the order of the backward pass."""

    names: Mapping[nn.Module, str]
    rows: int
    items: int
    dtype: torch.dtype
    found: Callable[[nn.Module, Shares], None]
    room: Room
    calls: dict[nn.Module, Call] = field(default_factory=dict)

    @contextmanager
    def forward(self) -> Iterator[None]:
        """Calls of the layers are recorded in here."""
        hooks = [module.register_forward_hook(self._called) for module in self.names]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def close(self) -> None:
        """Let the graph go: its hooks hold the recording, which would hold the graph for ever."""
        for call in self.calls.values():
            if call.hook is not None:
                call.hook.remove()
        self.calls.clear()

    def backward(self, losses: Tensor, weights: Tensor) -> None:
        """Output gradients of Σ weights · losses, each handed to its layer. Raises `BadInput` that names a layer, where the
        graph is not one that the closed forms are exact for.
        """
        nodes, uses = _walk(losses)
        for module, name in self.names.items():
            if any(uses.get(parameter) for parameter in module.parameters(recurse=False)):
                self._check_uses(module, name, nodes, uses)
        calls = [call for call in self.calls.values() if call.edge.node in nodes]
        edges = [call.edge for call in calls if call.first]
        torch.autograd.grad(losses, edges, grad_outputs=weights)
        if late := next((call for call in calls if not call.arrived), None):
            raise Refusal(self.names[late.module], "gets no gradient, though the loss depends on it", ELSEWHERE).error()

    def _check_uses(self, module: nn.Module, name: str, nodes: set[Node], uses: Mapping[Tensor, int]) -> None:
        call = self.calls.get(module)
        recorded = call is not None and call.edge.node in nodes
        if not recorded or any(uses.get(parameter, 0) > 1 for parameter in module.parameters(recurse=False)):
            reason = "has its parameters used outside of its forward, or its output changed in place"
            raise Refusal(name, reason, "call the layer, without inplace=True after it").error()

    def _called(self, module: nn.Module, arguments: Sequence[Tensor], output: Tensor) -> None:
        if not output.requires_grad:
            return
        name = self.names[module]
        if module in self.calls:
            raise Refusal(name, "is used twice in one forward", "a layer of its own for each use").error()
        if not arguments:
            raise Refusal(name, "is called with its input by name", "pass the input by position").error()
        inputs = arguments[0]
        ranks = DIMENSIONS.get(type(module), inputs.dim())
        if inputs.shape[:1] != (self.rows,) or output.shape[:1] != (self.rows,) or inputs.dim() != ranks:
            reason = f"sees {tuple(inputs.shape)} where a batch has {self.rows} rows"
            raise Refusal(name, reason, "keep the batch in the first dimension of every layer's input").error()
        call = Call(module, inputs, inputs._version, get_gradient_edge(output), not inputs.requires_grad)
        self.calls[module] = call
        call.hook = output.register_hook(lambda gradient: self._arrived(call, gradient))  # type: ignore[no-untyped-call]

    def _arrived(self, call: Call, gradient: Tensor) -> None:
        inputs, call.inputs, call.arrived = call.inputs, None, True
        if inputs is None:
            return
        if inputs._version != call.version:
            name = self.names[call.module]
            raise Refusal(name, "has its input changed in place", "no inplace=True after the layer").error()
        wide, node = gradient.to(self.dtype), call.edge.node
        layer = Layer(call.module, inputs.detach(), wide, self.items, self.dtype, self.room, node)
        self.found(call.module, RULES[type(call.module)](layer))


def _walk(losses: Tensor) -> tuple[set[Node], dict[Tensor, int]]:
    """All nodes that the losses depend on, and how often each leaf is used."""
    root = losses.grad_fn
    nodes: set[Node] = set()
    uses: dict[Tensor, int] = {}
    waiting = [] if root is None else [root]
    while waiting:
        node = waiting.pop()
        if node in nodes:
            continue
        nodes.add(node)
        for following, _ in node.next_functions:
            if following is None:
                continue
            leaf = getattr(following, "variable", None)
            if leaf is None:
                waiting.append(following)
            else:
                uses[leaf] = uses.get(leaf, 0) + 1
    return nodes, uses
