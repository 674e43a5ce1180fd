"""A few rows through a model before anything is spent: does each row count alone, and does the engine get the sum right?"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.clipping import FlatClipping
from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.forward import Forward, plain_gradient, reduced
from flowstate_flower.clients.training.sampling import Indices
from flowstate_flower.clients.training.seam import Batch, Engine
from flowstate_flower.errors import BadInput

ROWS, LOOKED_AT = 3, 64
TOLERANCE = {"none": 1e-3, "bfloat16": 0.1}
"""How far, relative to its length, a sum may lie from the obvious one. A wrong layer is off by much more."""


def trial_rows(features: Tensor) -> Indices:
    """The numbers of a few rows that are finite, among the first; of the very first where there are none."""
    first = features[:LOOKED_AT]
    finite = first.reshape(len(first), -1).isfinite().all(dim=1).nonzero()[:, 0].cpu()
    few = finite if len(finite) else torch.arange(len(first))
    rows: Indices = few[torch.arange(ROWS) % len(few)].numpy()
    return rows


@contextmanager
def trial_weights(model: nn.Module) -> Iterator[None]:
    """Weights of ordinary size for the time of a trial, always the same; then the model's parameters and buffers are as before.

    Weights come from a server, which could otherwise choose them so that a trial tells something of the rows.
    """
    before = [(tensor, tensor.detach().clone()) for tensor in (*model.parameters(), *model.buffers())]
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(drawn.mul_((len(drawn) / drawn.numel()) ** 0.5) if drawn.dim() > 1 else drawn.div_(10).add_(1))
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, held in before:
                tensor.copy_(held)


def check_alone(forward: Forward, trial: Batch) -> None:
    """Raises `BadInput` for a model in which a row's output depends on other rows, or which remembers rows in its buffers."""
    others = torch.zeros(len(trial.features), dtype=torch.long, device=trial.features.device)
    before = {name: buffer.clone() for name, buffer in forward.model.named_buffers()}
    together = _of_row_0(forward, trial.features, trial.targets)
    alone = _of_row_0(forward, trial.features[others], trial.targets[others])
    for name, buffer in forward.model.named_buffers():
        if not torch.equal(buffer, before[name]):
            raise BadInput(
                f"the model cannot be trained privately: its buffer '{name}' remembers examples",
                hint="GroupNorm, or freeze it",
            )
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
    rows = [Batch(trial.features[i : i + 1], trial.targets[i : i + 1]) for i in range(len(trial))]
    norms = [_gradient(forward, flat, row).norm().item() for row in rows]  # not all gradients at once: each is a model
    longest = min(norms) / 2
    with open_engine() as engine:
        total = torch.zeros_like(flat.vector)  # not sooner: engines rehearse while they open, and need as much
        engine.add_clipped(trial, FlatClipping(longest, 1.0), total)
    if not 0 < longest < float("inf"):
        return
    for row, norm in zip(rows, norms, strict=True):
        gradient = _gradient(forward, flat, row)
        if gradient.norm().item() != norm:
            return
        total.sub_(gradient, alpha=longest / norm)
        del gradient  # before there is the next
    if not total.norm() <= TOLERANCE[forward.autocast] * longest:  # so that no number is no excuse
        worst = max(
            zip(_names(forward.model), flat.views(total), strict=True),
            key=lambda pair: pair[1].norm().nan_to_num(nan=torch.inf).item(),
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
