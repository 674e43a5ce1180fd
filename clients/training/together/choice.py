"""Which engine can train a stack exactly. It is not believed but tried: on a few of the first client's rows and weights that no
server chose, against the gradient of every example.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.fast.engine import FastEngine
from flowstate_flower.clients.training.fast.support import refusal
from flowstate_flower.clients.training.forward import Forward, Losses
from flowstate_flower.clients.training.opacus import check_layers
from flowstate_flower.clients.training.sampling import Rows
from flowstate_flower.clients.training.seam import Batch
from flowstate_flower.clients.training.source import Source
from flowstate_flower.clients.training.together.engines import Batches, BookKeeping, EveryGradient, StackEngine
from flowstate_flower.clients.training.together.stack import Stack
from flowstate_flower.clients.training.together.steps import Member
from flowstate_flower.clients.training.trial import check_alone, trial_rows, trial_weights
from flowstate_flower.errors import BadInput

CLOSE = 1e-3
"""Float32 sums in another order differ by less, relative to the largest number; a gradient that is wrong, by more."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How to make the engine of a stack, or None for one client after the other; what an item of it takes; and why it is not a
    faster one.
    """

    make: Callable[[Stack], StackEngine] | None
    floats_per_item: int = 0
    why: str = ""


def choose(member: Member) -> Choice:
    """The fastest engine that is exact for models such as `member`'s."""
    with trial_weights(member.job.model):
        try:
            return _choose(member, Stack([(member.job.model, member.flat)]))
        except (BadInput, RuntimeError, ValueError, TypeError, NotImplementedError) as error:
            return Choice(None, why=(str(error) or repr(error)).splitlines()[0][:200])


def _choose(member: Member, stack: Stack) -> Choice:
    job, per_item = member.job, member.sampler.per_item
    few = Source(job.examples, job.device).batch(Rows(np.tile(trial_rows(job.examples.features), per_item)))
    check_layers(stack.structure)
    check_alone(Forward(stack.structure, job.losses), few)
    weights = torch.full((1, len(few)), 1 / per_item, device=job.device)
    rows = Batches(few.features.unsqueeze(0), few.targets.unsqueeze(0), weights, slice(1), per_item)
    with _at_rest(stack.structure):
        every = EveryGradient(stack, job.losses)
        otherwise = Choice(partial(EveryGradient, losses=job.losses), every.floats_per_item)
        expected = _measured(every, stack, rows)
        if why := _no_closed_form(stack, job.losses, few):
            return replace(otherwise, why=why)
        shapes = _output_shapes(stack, few.features)
        closed = BookKeeping(stack, job.losses, shapes)
        if not all(map(_close, _measured(closed, stack, rows), expected)):
            return replace(otherwise, why="closed forms do not give this model's gradients")
    return Choice(partial(BookKeeping, losses=job.losses, shapes=shapes), closed.floats_per_item)


def _no_closed_form(stack: Stack, losses: Losses, few: Batch) -> str:
    """Why the fast engine is not exact for this model, if it is not."""
    found = refusal(stack.structure) or FastEngine(stack.structure, losses).rehearse(few.features, few.targets)
    return str(found or "")


@contextmanager
def _at_rest(model: nn.Module) -> Iterator[None]:
    """Dropout would make two tries differ."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _measured(engine: StackEngine, stack: Stack, rows: Batches) -> tuple[Tensor, Tensor]:
    """Norms, and a sum in which no two items weigh the same."""
    items = rows.weights.shape[1] // rows.per_item
    factors = torch.arange(1, 1 + items, device=stack.matrix.device) / items
    total, squared = engine.clipped(rows, factors.expand_as)
    return squared.sqrt(), total


def _close(found: Tensor, expected: Tensor) -> bool:
    return bool((found - expected).abs().max() <= CLOSE * expected.abs().max())


@torch.no_grad()
def _output_shapes(stack: Stack, features: Tensor) -> dict[str, torch.Size]:
    """What each layer with trained parameters puts out for a row."""
    shapes: dict[str, torch.Size] = {}

    def noting(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def note(_: nn.Module, __: object, output: Tensor) -> None:
            shapes[name] = output.shape[1:]

        return note

    layers = {name.rpartition(".")[0] for name in stack.names}
    handles = [stack.structure.get_submodule(name).register_forward_hook(noting(name)) for name in layers]
    try:
        stack.structure(features)
    finally:
        for handle in handles:
            handle.remove()
    return shapes
