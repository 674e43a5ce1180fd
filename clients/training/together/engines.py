"""How the clipped gradients of C clients come about at once: by book-keeping where a closed form is exact, otherwise by the
gradient of every example of every client.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from flowstate_flower.clients.training.together.layers import Share, rule_of
from flowstate_flower.clients.training.together.stack import Stack

Tensors = dict[str, Tensor]
CONVOLUTIONS = nn.Conv1d | nn.Conv2d | nn.Conv3d
Losses = Callable[[Tensor, Tensor], Tensor]
Factors = Callable[[Tensor], Tensor]
"""(L, C, I) factors of at most 1 for the (L, C, I) squared norms of L parameters' gradients of C clients' I items."""


@dataclass(frozen=True, slots=True)
class Batches:
    """A batch for each of C clients, padded to R rows by rows that weigh nothing; `per_item` consecutive rows make one item.
    `clients` are their places in the stack.
    """

    features: Tensor  # (C, R, …)
    targets: Tensor  # (C, R, …)
    weights: Tensor  # (C, R)
    clients: slice | Tensor
    per_item: int = 1

    def only(self, client: int, items: Tensor) -> "Batches":
        """Some items of the `client`-th one, by a mask (I,)."""
        rows = items.repeat_interleave(self.per_item)
        parts = (tensor[client, rows].unsqueeze(0) for tensor in (self.features, self.targets, self.weights))
        place = self.clients[client] if isinstance(self.clients, Tensor) else torch.tensor(client, device=rows.device)
        return Batches(*parts, place.unsqueeze(0), self.per_item)


class StackEngine(Protocol):
    """Clipped gradients of the models in a stack."""

    name: str
    floats_per_item: int
    """How many numbers one item of one client takes, more or less."""

    def add_clipped(self, batches: Batches, factors: Factors, total: Tensor) -> Tensor:
        """Add the sums of clients' clipped gradients to `total` (C, P). Returns the (L, C, I) squared norms before clipping."""


class BookKeeping:
    """One backward pass to the outputs of layers; norms and clipped sums follow layer by layer. Parameters stay outside of
    autograd, so their ordinary gradients are never computed.
    """

    name = "book-keeping"

    def __init__(self, stack: Stack, losses: Losses, shapes: Mapping[str, torch.Size]) -> None:
        """`shapes`, without rows, of what each layer with trained parameters puts out."""
        self._stack, self._losses, self._shapes = stack, losses, shapes
        self._layers = {name: stack.structure.get_submodule(name) for name in shapes}
        self._owned = trained_layers(stack)
        formed = sum(
            p.numel() for layer in self._layers.values() if isinstance(layer, CONVOLUTIONS) for p in layer.parameters()
        )
        self.floats_per_item = formed + 4 * sum(shape.numel() for shape in shapes.values())

    def add_clipped(self, batches: Batches, factors: Factors, total: Tensor) -> Tensor:
        """See `StackEngine`."""
        inputs, gradients = self._passes(batches)
        with torch.no_grad():
            shares = self._shares(inputs, gradients, batches.per_item)
            squared = torch.stack([share.squared for share in shares])
            for share, factor, part in zip(shares, factors(squared), self._stack.views(total), strict=True):
                share.add(factor, part)
        return squared

    def _passes(self, batches: Batches) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """What enters each layer, and the gradient of what leaves it. Adding a nudge of zero to an output gives its gradient
        a place.
        """
        clients, rows = batches.weights.shape
        weights, dims = self._stack.weights(batches.clients)
        zero = batches.weights.new_zeros((), requires_grad=True)
        nudges = {name: zero.expand(clients, rows, *shape) for name, shape in self._shapes.items()}
        entered: dict[str, Tensor] = {}

        def run(weights: Tensors, nudges: Tensors, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensors]:
            entered.clear()
            with self._nudged(nudges, entered):
                losses = self._losses(functional_call(self._stack.structure, weights, (features,)), targets)
            return losses, dict(entered)

        together = vmap(run, in_dims=(dims, 0, 0, 0), randomness="different")
        losses, inputs = together(weights, nudges, batches.features, batches.targets)
        found = torch.autograd.grad((losses * batches.weights).sum(), list(nudges.values()))
        return inputs, dict(zip(nudges, found, strict=True))

    @contextmanager
    def _nudged(self, nudges: Tensors, entered: Tensors) -> Iterator[None]:
        def hook(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
            def keep(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
                entered[name] = inputs[0]
                return output + nudges[name]

            return keep

        handles = [layer.register_forward_hook(hook(name)) for name, layer in self._layers.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _shares(self, inputs: Tensors, gradients: Tensors, per_item: int) -> list[Share]:
        """For each trained parameter, in the model's order."""
        found: dict[str, Share] = {}
        for name, layer in self._layers.items():
            shares = rule_of(layer)(layer, inputs[name].detach(), gradients[name], per_item)  # type: ignore[misc]
            found |= {full: shares[own] for own, full in self._owned[name].items()}
        return [found[name] for name in self._stack.names]


class EveryGradient:
    """The gradient of every example of every client, by vectorised differentiation: exact for whatever it can take, such as
    layers used twice and shared weights, at C · R · P numbers of memory.
    """

    name = "every gradient"

    def __init__(self, stack: Stack, losses: Losses) -> None:
        self._stack, self._losses = stack, losses
        self.floats_per_item = 3 * stack.matrix.shape[1]

    def add_clipped(self, batches: Batches, factors: Factors, total: Tensor) -> Tensor:
        """See `StackEngine`."""
        weights, dims = self._stack.weights(batches.clients)
        trained = {name: weights.pop(name) for name in self._stack.names}
        of_items = vmap(grad(self._loss), in_dims=(None, None, 0, 0, 0), randomness="different")
        fixed_dims = {name: dims[name] for name in weights}
        of_clients = vmap(of_items, in_dims=(0, fixed_dims, 0, 0, 0), randomness="different")
        rows = (batches.features, batches.targets, batches.weights)
        found = of_clients(trained, weights, *(tensor.unflatten(1, (-1, batches.per_item)) for tensor in rows))
        gradients = [found[name].flatten(2) for name in self._stack.names]  # (C, I, n)
        squared = torch.stack([gradient.square().sum(2) for gradient in gradients])
        for gradient, factor, part in zip(gradients, factors(squared), self._stack.views(total), strict=True):
            part += torch.bmm(factor.unsqueeze(1), gradient).view(part.shape)
        return squared

    def _loss(self, trained: Tensors, fixed: Tensors, features: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        outputs = functional_call(self._stack.structure, {**trained, **fixed}, (features,))
        return (self._losses(outputs, targets) * weights).sum()


def trained_layers(stack: Stack) -> dict[str, dict[str, str]]:
    """Modules with trained parameters of their own: by the module's name, the parameters' names in it and in the model."""
    layers: dict[str, dict[str, str]] = {}
    for name in stack.names:
        module, _, own = name.rpartition(".")
        layers.setdefault(module, {})[own] = name
    return layers
