"""A few rows through a model before anything is spent: does each row count alone, and does the engine get the sum right?"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.clipping import FlatClipping
from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.forward import Forward, plain_gradient, reduced
from flowstate_flower.clients.training.seam import Batch, Engine
from flowstate_flower.errors import BadInput

ROWS = 3
TOLERANCE = {"none": 1e-3, "bfloat16": 0.1}
"""How far, relative to its length, a sum may lie from the obvious one. A wrong layer is off by much more."""


def check_alone(forward: Forward, trial: Batch) -> None:
    """Raises `BadInput` for a model in which a row's output depends on other rows, or which remembers rows in its buffers."""
    model = forward.model
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    others = torch.zeros(len(trial.features), dtype=torch.long, device=trial.features.device)
    try:
        together = _of_row_0(forward, trial.features, trial.targets)
        alone = _of_row_0(forward, trial.features[others], trial.targets[others])
        for name, buffer in model.named_buffers():
            if not torch.equal(buffer, kept[name]):
                raise BadInput(
                    f"the model cannot be trained privately: its buffer '{name}' remembers examples",
                    hint="GroupNorm, or freeze it",
                )
    finally:
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(kept[name])
    for (name, first), (_, second) in zip(together, alone, strict=True):
        if not torch.allclose(first, second, rtol=1e-3, atol=1e-5, equal_nan=True):
            raise BadInput(
                f"the model cannot be trained privately: what {name} makes of a row depends on other rows",
                hint="GroupNorm or LayerNorm in place of layers that mix examples",
            )


def check_sum(
    open_engine: Callable[[], AbstractContextManager[Engine]], forward: Forward, flat: FlatParameters, trial: Batch
) -> None:
    """Raises `BadInput` where the engine's clipped sum over `trial` is not the obvious one: a backward pass for each row.

    A model that draws at random, as with dropout, has no one sum; there the engine has to raise by itself.
    """
    items = [Batch(trial.features[i : i + 1], trial.targets[i : i + 1]) for i in range(len(trial))]
    gradients = [_gradient(forward, flat, item) for item in items]
    longest = min(gradient.norm().item() for gradient in gradients) / 2
    clipping = FlatClipping(longest, 1.0)
    total = torch.zeros_like(flat.vector)
    with open_engine() as engine:
        engine.add_clipped(trial, clipping, total)
    comparable = torch.equal(_gradient(forward, flat, items[0]), gradients[0]) and 0 < longest < float("inf")
    if not comparable:
        return
    expected = sum(gradient * (longest / gradient.norm()) for gradient in gradients)
    if (total - expected).norm() > TOLERANCE[forward.autocast] * longest:
        worst = max(
            zip(_names(forward.model), flat.views(total - expected), strict=True), key=lambda pair: pair[1].norm().item()
        )
        raise BadInput(
            f"the model cannot be trained privately by {engine.name}: wrong gradients of single rows at '{worst[0]}'",
            hint="another engine, or a layer that sees the rows of the batch as its first dimension",
        )


def _gradient(forward: Forward, flat: FlatParameters, batch: Batch) -> Tensor:
    gradient = torch.zeros_like(flat.vector)
    plain_gradient(forward, flat.parameters, batch, gradient)
    return gradient


def _names(model: nn.Module) -> list[str]:
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def _of_row_0(forward: Forward, features: Tensor, targets: Tensor) -> list[tuple[str, Tensor]]:
    """What each innermost layer, the model and the loss make of the first row. Draws are the same in every call."""
    seen: list[tuple[str, Tensor]] = []

    def note(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(module: nn.Module, _: object, output: object) -> None:
            if isinstance(output, Tensor) and output.dim() > 0 and len(output) == len(features):
                seen.append((f"layer '{name}' ({type(module).__name__})", output[0].detach().float()))

        return hook

    layers = [(name, module) for name, module in forward.model.named_modules() if not list(module.children())]
    handles = [module.register_forward_hook(note(name)) for name, module in layers]
    devices = [features.device] if features.device.type == "cuda" else []
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            torch.manual_seed(0)
            outputs = forward.model(features)
            losses = forward.losses(outputs, targets)
    finally:
        for handle in handles:
            handle.remove()
    if losses.shape != features.shape[:1]:
        raise reduced(losses, len(features))
    return [*seen, ("the model", outputs[0].float()), ("the loss", losses[0])]
