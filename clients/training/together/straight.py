"""Models that are one layer after the other, run for many clients without vectorising: fewer calls, and memory in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.func import functional_call, vmap

Tensors = dict[str, Tensor]
Dims = Mapping[str, int | None]
TURN_FREELY = {
    *(nn.Conv2d, nn.Linear, nn.GroupNorm, nn.MaxPool2d, nn.AvgPool2d, nn.Flatten, nn.Identity),
    *(nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh),
}


def in_a_row(model: nn.Module, prefix: str = "") -> list[tuple[str, nn.Module]]:
    """The layers in their order, by name. A model that is no `nn.Sequential` is one layer."""
    if type(model) is not nn.Sequential:
        return [(prefix.rstrip("."), model)]
    return [
        layer for name, child in model._modules.items() if child is not None for layer in in_a_row(child, f"{prefix}{name}.")
    ]


def can_run(layers: list[tuple[str, nn.Module]]) -> bool:
    """Whether all weights are those of innermost layers."""
    return all(not list(layer.parameters()) or not list(layer.children()) for _, layer in layers)


def turns_freely(layers: list[tuple[str, nn.Module]]) -> bool:
    """Whether all layers are known to take images with channels last in memory, and to make the same of them."""
    return all(type(layer) in TURN_FREELY for _, layer in layers)


@dataclass(slots=True)
class Pass:
    """One forward pass of C clients. What entered and left a layer, (C · R, …), is kept for those that `keep` names."""

    clients: int
    weights: Tensors
    dims: Dims
    keep: set[str]
    entered: Tensors = field(default_factory=dict)
    left: Tensors = field(default_factory=dict)

    def through(self, layers: list[tuple[str, nn.Module]], rows: Tensor) -> Tensor:
        """What comes out for `rows` (C · R, …)."""
        for name, layer in layers:
            after = self._one(name, layer, rows)
            if name in self.keep:
                self.entered[name] = rows.detach()
                self.left[name] = after if after.requires_grad else after.requires_grad_()
            rows = after
        return rows

    def _one(self, name: str, layer: nn.Module, rows: Tensor) -> Tensor:
        """Without weights all rows are alike; with them each client has its own."""
        own = {short: f"{name}.{short}".lstrip(".") for short in (*layer._parameters, *layer._buffers)}
        held = {short: self.weights[full] for short, full in own.items() if full in self.weights}
        if not held:
            after: Tensor = layer(rows)
            return after
        by_client = rows.view(self.clients, -1, *rows.shape[1:])
        dims = {short: self.dims[own[short]] for short in held}
        if all(dim == 0 for dim in dims.values()) and type(layer) is nn.Linear and rows.dim() == 2:
            return _linear(by_client, held["weight"], held.get("bias")).flatten(0, 1)
        if all(dim == 0 for dim in dims.values()) and type(layer) is nn.Conv2d and not isinstance(layer.padding, str):
            return _convolution(layer, rows, held["weight"], held.get("bias"))
        run = vmap(lambda held, rows: functional_call(layer, held, (rows,)), in_dims=(dims, 0), randomness="different")
        found: Tensor = run(held, by_client)
        return found.flatten(0, 1)


def _linear(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.bmm(rows, weight.mT) if bias is None else torch.baddbmm(bias.unsqueeze(1), rows, weight.mT)


def _convolution(layer: nn.Conv2d, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """One client after the other: faster on a processor than clients as groups."""
    biases = [None] * len(weight) if bias is None else bias.unbind()
    own_rows = rows.split(len(rows) // len(weight))  # type: ignore[no-untyped-call]  # keeps the order in memory
    each = zip(own_rows, weight.unbind(), biases, strict=True)
    return torch.cat([F.conv2d(*own, layer.stride, layer.padding, layer.dilation, layer.groups) for own in each])
