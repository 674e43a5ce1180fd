"""A model's trainable parameters as one vector: noise, clipping and the optimiser then work on one tensor."""

import torch
from torch import Tensor, nn


class FlatParameters:
    """The trainable parameters of `model`, moved into one vector; the model's own become views of it."""

    def __init__(self, model: nn.Module) -> None:
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.sizes = [parameter.numel() for parameter in self.parameters]
        self.vector = torch.cat([parameter.detach().reshape(-1) for parameter in self.parameters])
        for parameter, view in zip(self.parameters, self.views(self.vector), strict=True):
            parameter.data = view

    def views(self, vector: Tensor) -> list[Tensor]:
        """A (P,) vector in the shapes of the parameters, without a copy."""
        pieces = vector.split(self.sizes)  # type: ignore[no-untyped-call]
        return [piece.view(parameter.shape) for piece, parameter in zip(pieces, self.parameters, strict=True)]
