"""A model's trainable parameters as one vector: noise, clipping and the optimiser then work on one tensor."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from flowstate_flower.errors import BadInput


class FlatParameters:
    """The trainable parameters of `model`, moved into one vector; the model's own become views of it.

    Raises `BadInput` for a model with nothing to train.
    """

    def __init__(self, model: nn.Module) -> None:
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        if not self.parameters:
            raise BadInput("the model has no trainable parameter", hint="see the task's choices.trainable")
        self.sizes = [parameter.numel() for parameter in self.parameters]
        self.vector = torch.cat([parameter.detach().reshape(-1) for parameter in self.parameters])
        for parameter, view in zip(self.parameters, self.views(self.vector), strict=True):
            parameter.data = view

    def views(self, vector: Tensor) -> list[Tensor]:
        """A (P,) vector in the shapes of the parameters, without a copy."""
        pieces = vector.split(self.sizes)  # type: ignore[no-untyped-call]
        return [piece.view(parameter.shape) for piece, parameter in zip(pieces, self.parameters, strict=True)]


@contextmanager
def trainable_only(model: nn.Module, patterns: tuple[str, ...]) -> Iterator[FlatParameters]:
    """`model` with all parameters frozen whose names match none of `patterns`, and its frozen parts in evaluation mode, in
    which they write no statistics and drop nothing. What the task itself has frozen stays so.

    Raises `BadInput` for a pattern that no parameter's name matches, and for trained parameters that are not float32.
    """
    names = [name for name, _ in model.named_parameters()]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise BadInput(f"no parameter's name matches '{pattern}'", hint="there are: " + ", ".join(names)[:200])
    before = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(parameter.requires_grad and any(fnmatchcase(name, pattern) for pattern in patterns))
    model.train()
    _evaluate_frozen(model)
    try:
        _check_float32(model)
        yield FlatParameters(model)
    finally:
        for parameter, trainable in before:
            parameter.requires_grad_(trainable)


def _check_float32(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.dtype != torch.float32:
            raise BadInput(f"parameter '{name}' is {parameter.dtype}", hint="float32, with autocast for speed")


def _evaluate_frozen(module: nn.Module) -> None:
    parameters = list(module.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        module.eval()
        return
    for child in module.children():
        _evaluate_frozen(child)
