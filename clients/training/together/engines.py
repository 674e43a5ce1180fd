"""How the clipped gradients of C clients come about at once: by book-keeping where a closed form is exact, otherwise by the
gradient of every example of every client.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from flowstate_flower.clients.training.fast.shares import Layer, Room, Share, rounding
from flowstate_flower.clients.training.fast.support import RULES
from flowstate_flower.clients.training.forward import Losses
from flowstate_flower.clients.training.images import channels_last
from flowstate_flower.clients.training.together.layers import weighted_sums
from flowstate_flower.clients.training.together.stack import Stack
from flowstate_flower.clients.training.together.straight import Pass, Tensors, can_run, in_a_row, turns_freely

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
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
        features, targets, weights = (t[client, rows].unsqueeze(0) for t in (self.features, self.targets, self.weights))
        place = self.clients[client] if isinstance(self.clients, Tensor) else torch.tensor(client, device=rows.device)
        return Batches(features, targets, weights, place.unsqueeze(0), self.per_item)


class StackEngine(Protocol):
    """Clipped gradients of the models in a stack."""

    name: str
    floats_per_item: int
    """How many numbers one item of one client takes, more or less."""

    def clipped(self, batches: Batches, factors: Factors) -> tuple[Tensor, Tensor]:
        """The (C, P) sums of the clients' clipped gradients, and the (L, C, I) squared norms before clipping."""


class BookKeeping:
    """One backward pass to the outputs of layers; norms and clipped sums follow layer by layer, by the closed forms of the fast
    engine. Parameters stay outside of autograd, so their ordinary gradients are never computed.
    """

    name = "book-keeping"

    def __init__(self, stack: Stack, losses: Losses, shapes: Mapping[str, torch.Size]) -> None:
        """`shapes`, without rows, of what each layer with trained parameters puts out."""
        self._stack, self._losses, self._shapes = stack, losses, shapes
        self._layers = {name: stack.structure.get_submodule(name) for name in shapes}
        layers = in_a_row(stack.structure)
        self._in_a_row = layers if can_run(layers) else []
        self._turns = any(isinstance(layer, nn.Conv2d) for _, layer in layers) and turns_freely(layers)
        formed = sum(p.numel() for layer in self._layers.values() if type(layer) in CONVOLUTIONS for p in layer.parameters())
        self.floats_per_item = formed + 4 * sum(shape.numel() for shape in shapes.values())

    def clipped(self, batches: Batches, factors: Factors) -> tuple[Tensor, Tensor]:
        """See `StackEngine`."""
        inputs, gradients = self._passes(batches)
        clients, rows = batches.weights.shape
        with torch.no_grad():
            shares = self._shares(inputs, gradients, clients * rows // batches.per_item)
            squared = torch.stack([share.squared() for share in shares]).view(len(shares), clients, -1)
            chosen = factors(squared * (1 + rounding(squared)))
            each = zip(shares, chosen, self._stack.shapes, strict=True)
            return torch.cat([weighted_sums(*one) for one in each], dim=1), squared

    def _passes(self, batches: Batches) -> tuple[Tensors, Tensors]:
        """(C · R, …) what enters each layer, and the gradient of what leaves it."""
        entered, left, outputs = self._straight(batches) if self._in_a_row else self._vectorised(batches)
        losses = self._losses(outputs, batches.targets.flatten(0, 1))
        found = torch.autograd.grad(losses, list(left.values()), batches.weights.flatten())
        return entered, dict(zip(left, found, strict=True))

    def _straight(self, batches: Batches) -> tuple[Tensors, Tensors, Tensor]:
        weights, dims = self._stack.weights(batches.clients)
        run = Pass(len(batches.weights), weights, dims, set(self._layers))
        rows = batches.features.flatten(0, 1)
        outputs = run.through(self._in_a_row, channels_last(rows) if self._turns and rows.dim() == 4 else rows)
        return run.entered, run.left, outputs

    def _vectorised(self, batches: Batches) -> tuple[Tensors, Tensors, Tensor]:
        """Adding a nudge of zero to an output gives its gradient a place."""
        clients, rows = batches.weights.shape
        weights, dims = self._stack.weights(batches.clients)
        zero = batches.weights.new_zeros((), requires_grad=True)
        nudges = {name: zero.expand(clients, rows, *shape) for name, shape in self._shapes.items()}
        entered: Tensors = {}

        def run(weights: Tensors, nudges: Tensors, features: Tensor) -> tuple[Tensor, Tensors]:
            entered.clear()
            with self._nudged(nudges, entered):
                outputs = functional_call(self._stack.structure, weights, (features,))
            return outputs, dict(entered)

        outputs, inputs = vmap(run, in_dims=(dims, 0, 0), randomness="different")(weights, nudges, batches.features)
        return {name: rows.detach().flatten(0, 1) for name, rows in inputs.items()}, nudges, outputs.flatten(0, 1)

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

    def _shares(self, inputs: Tensors, gradients: Tensors, items: int) -> list[Share]:
        """For each trained parameter, in the model's order."""
        found: dict[str, Share] = {}
        room = Room(sys.maxsize)  # how many items there are at a time has been bounded by what they take
        for name, module in self._layers.items():
            left = gradients[name].reshape(len(inputs[name]), *self._shapes[name])
            shares = RULES[type(module)](Layer(module, inputs[name], left, items, left.dtype, room))
            found |= {f"{name}.{own}".lstrip("."): share for own, share in shares.items()}
        return [found[name] for name in self._stack.names]


class EveryGradient:
    """The gradient of every example of every client, by vectorised differentiation: exact for whatever it can take, such as
    layers used twice and shared weights, at C · R · P numbers of memory.
    """

    name = "every gradient"

    def __init__(self, stack: Stack, losses: Losses) -> None:
        self._stack, self._losses = stack, losses
        self.floats_per_item = 3 * stack.matrix.shape[1]

    def clipped(self, batches: Batches, factors: Factors) -> tuple[Tensor, Tensor]:
        """See `StackEngine`."""
        weights, dims = self._stack.weights(batches.clients)
        trained = {name: weights.pop(name) for name in self._stack.names}
        of_items = vmap(grad(self._loss), in_dims=(None, None, 0, 0, 0), randomness="different")
        fixed_dims = {name: dims[name] for name in weights}
        of_clients = vmap(of_items, in_dims=(0, fixed_dims, 0, 0, 0), randomness="different")
        rows = (batches.features, batches.targets, batches.weights)
        items = (t.view(len(t), -1, batches.per_item, *t.shape[2:]) for t in rows)
        found = of_clients(trained, weights, *items)
        gradients = [found[name].flatten(2) for name in self._stack.names]  # (C, I, n)
        squared = torch.stack([gradient.square().sum(2) for gradient in gradients])
        factor = zip(factors(squared), gradients, strict=True)
        sums = [torch.bmm(own.unsqueeze(1), gradient).squeeze(1) for own, gradient in factor]
        return torch.cat(sums, dim=1), squared

    def _loss(self, trained: Tensors, fixed: Tensors, features: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        outputs = functional_call(self._stack.structure, {**trained, **fixed}, (features,))
        return (self._losses(outputs, targets) * weights).sum()
