"""The weights of C models of one architecture: what is trained as one matrix, the rest shared where it is the same."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.flat import FlatParameters


class Stack:
    """C models as one. `matrix` (C, P) holds what is trained, a row for each; `structure` computes with weights that are not
    its own.
    """

    def __init__(self, members: Sequence[tuple[nn.Module, FlatParameters]]) -> None:
        models = [model for model, _ in members]
        self.structure = deepcopy(models[0])
        self._flats = [flat for _, flat in members]
        self.names = [name for name, p in models[0].named_parameters() if p.requires_grad]
        self.shapes = [p.shape for p in self._flats[0].parameters]
        self.matrix = torch.stack([flat.vector for flat in self._flats])
        self._fixed, self._fixed_dims = _fixed(models, set(self.names))

    def views(self, matrix: Tensor) -> list[Tensor]:
        """A (C, P) matrix in the shapes of the trained parameters, (C, …) each, without a copy."""
        pieces = matrix.split([shape.numel() for shape in self.shapes], dim=1)  # type: ignore[no-untyped-call]
        return [
            piece.unflatten(1, shape) if shape else piece.squeeze(1) for piece, shape in zip(pieces, self.shapes, strict=True)
        ]

    def weights(self, clients: slice | Tensor) -> tuple[dict[str, Tensor], dict[str, int | None]]:
        """Everything that these clients' models compute with, by name, and for each the dimension of the clients, if any."""
        named = dict(zip(self.names, self.views(self.matrix[clients]), strict=True))
        fixed = {name: t if self._fixed_dims[name] is None else t[clients] for name, t in self._fixed.items()}
        return {**named, **fixed}, {**dict.fromkeys(named, 0), **self._fixed_dims}

    def hand_back(self) -> None:
        """Write each row into its model."""
        for flat, row in zip(self._flats, self.matrix, strict=True):
            flat.vector.copy_(row)


def _fixed(models: Sequence[nn.Module], trained: set[str]) -> tuple[dict[str, Tensor], dict[str, int | None]]:
    """Frozen parameters and buffers: one copy of those that all models agree on."""
    tensors: dict[str, Tensor] = {}
    dims: dict[str, int | None] = {}
    states = [{**dict(model.named_parameters()), **dict(model.named_buffers())} for model in models]
    for name in states[0].keys() - trained:
        own = [state[name].detach() for state in states]
        shared = all(torch.equal(own[0], other) for other in own[1:])
        tensors[name], dims[name] = (own[0], None) if shared else (torch.stack(own), 0)
    return tensors, dims


def architecture(model: nn.Module) -> tuple[object, ...]:
    """What two models have in common that compute the same function of their weights: types, plain settings, shapes."""
    modules = tuple((name, type(module), module.training, _settings(module)) for name, module in model.named_modules())
    weights = tuple((name, p.shape, p.dtype, p.device, p.requires_grad) for name, p in model.named_parameters())
    buffers = tuple((name, b.shape, b.dtype, b.device) for name, b in model.named_buffers())
    return modules, weights, buffers


def _settings(module: nn.Module) -> tuple[object, ...]:
    kept = (bool, int, float, str, tuple, torch.Size, type(None))
    plain = {name: value for name, value in vars(module).items() if isinstance(value, kept) and not name.startswith("_")}
    return tuple(sorted((name, repr(value)) for name, value in plain.items()))
