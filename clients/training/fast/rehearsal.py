"""The engine against autograd on a few rows, before anything is spent: what a model's structure does not show."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.fast.support import ELSEWHERE, CannotTrain, Refusal
from flowstate_flower.clients.training.seam import Batch, Engine

Losses = Callable[[Tensor, Tensor], Tensor]

TOLERANCE = 1e-2
"""Of an item's length: far above rounding, far below a row that depends on another."""


class Unclipped:
    """Every item as long as it is."""

    sensitivity = float("inf")

    def factors(self, squared: Tensor) -> Tensor:
        """Ones."""
        return torch.ones_like(squared)


def rehearsal(engine: Engine, model: nn.Module, losses: Losses, features: Tensor, targets: Tensor) -> Refusal | None:
    """Why the engine is not exact for this model, if it is not. One pass as in training; then, with nothing random, two items'
    norms against autograd's, and against their own beside a third.
    """
    rows = torch.arange(3, device=features.device) % len(features)
    three = Batch(features[rows], targets[rows])
    two = Batch(features[rows[:2]], targets[rows[:2]])
    total = torch.cat([torch.zeros_like(parameter).flatten() for parameter in model.parameters() if parameter.requires_grad])
    with _as_it_was(model):
        try:
            model.train()
            engine.add_clipped(three, Unclipped(), total)
            engine.add_clipped(two, Unclipped(), total)
            model.eval()
            norms = engine.add_clipped(two, Unclipped(), total).sqrt()
            beside = engine.add_clipped(three, Unclipped(), total)[:, :2].sqrt()
        except CannotTrain as error:
            return error.refusal
        del total  # is as large as the model, and so is each gradient below
        truth = _norms(model, losses, two)
    length = torch.linalg.vector_norm(truth)
    if not torch.allclose(norms, truth, rtol=0, atol=TOLERANCE * float(length)):
        return Refusal(type(model).__name__, "has gradients that differ from autograd's", ELSEWHERE)
    if not torch.allclose(norms, beside, rtol=0, atol=TOLERANCE * float(length)):
        return Refusal(
            type(model).__name__, "gives a row another gradient when others are beside it", "compute each row by itself"
        )
    return None


def saved_per_row(model: nn.Module, losses: Losses, features: Tensor, targets: Tensor) -> int:
    """How many numbers, of four bytes, a plain step keeps for its backward pass, for each row."""
    sizes: dict[int, int] = {}
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    rows = torch.arange(2, device=features.device) % len(features)
    with _as_it_was(model), torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.train()
        held = losses(model(features[rows]), targets[rows])
    del held
    return sum(sizes.values()) // (4 * len(rows))


def _norms(model: nn.Module, losses: Losses, batch: Batch) -> Tensor:
    """(L, I) by autograd, item by item."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def lengths(loss: Tensor) -> Tensor:
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
        return torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])

    with torch.enable_grad():
        return torch.stack([lengths(loss) for loss in losses(model(batch.features), batch.targets)], dim=1)


@contextmanager
def _as_it_was(model: nn.Module) -> Iterator[None]:
    """Modes and torch's random state are put back."""
    modes = [(module, module.training) for module in model.modules()]
    devices = list({p.device.index for p in model.parameters() if p.device.type == "cuda"})
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        for module, training in modes:
            module.training = training
