"""Which engine can train a stack exactly. It is not believed but tried: on a few of the first client's rows, against the
gradient of every example.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from flowstate_flower.clients.training.forward import Forward
from flowstate_flower.clients.training.opacus import check_layers
from flowstate_flower.clients.training.sampling import Rows
from flowstate_flower.clients.training.source import Source
from flowstate_flower.clients.training.together.engines import Batches, BookKeeping, EveryGradient, StackEngine, trained_layers
from flowstate_flower.clients.training.together.layers import rule_of
from flowstate_flower.clients.training.together.stack import Stack
from flowstate_flower.clients.training.together.steps import Member
from flowstate_flower.clients.training.trial import check_alone
from flowstate_flower.errors import BadInput

TRIED_ROWS = 3
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
    job, per_item = member.job, member.sampler.per_item
    few = Source(job.examples, job.device).batch(Rows(torch.arange(TRIED_ROWS * per_item) % len(job.examples)))
    stack = Stack([(job.model, member.flat)])
    weights = torch.full((1, len(few)), 1 / per_item, device=job.device)
    rows = Batches(few.features.unsqueeze(0), few.targets.unsqueeze(0), weights, slice(1), per_item)
    try:
        check_layers(stack.structure)
        check_alone(Forward(stack.structure, job.losses), few)
        with _at_rest(stack.structure):
            every = EveryGradient(stack, job.losses)
            expected = _measured(every, stack, rows)
            shapes = _output_shapes(stack, few.features)
            if isinstance(shapes, str):
                return Choice(partial(EveryGradient, losses=job.losses), every.floats_per_item, shapes)
            closed = BookKeeping(stack, job.losses, shapes)
            exact = all(map(_close, _measured(closed, stack, rows), expected))
    except (BadInput, RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        return Choice(None, why=(str(error) or repr(error)).splitlines()[0][:200])
    if exact:
        return Choice(partial(BookKeeping, losses=job.losses, shapes=shapes), closed.floats_per_item)
    why = "closed forms do not give this model's gradients"
    return Choice(partial(EveryGradient, losses=job.losses), every.floats_per_item, why)


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
    total = torch.zeros(1, stack.matrix.shape[1], device=stack.matrix.device)
    items = torch.arange(1, 1 + TRIED_ROWS, device=total.device) / TRIED_ROWS
    squared = engine.add_clipped(rows, lambda squared: items.expand_as(squared), total)
    return squared.sqrt(), total


def _close(found: Tensor, expected: Tensor) -> bool:
    return bool((found - expected).abs().max() <= CLOSE * expected.abs().max())


@torch.no_grad()
def _output_shapes(stack: Stack, features: Tensor) -> dict[str, torch.Size] | str:
    """What each layer with trained parameters puts out for a row, or why closed forms cannot be used."""
    shapes: dict[str, torch.Size] = {}
    problems = []

    def look(name: str) -> None:
        def note(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if name in shapes:
                problems.append(f"{name or type(layer).__name__} is used twice")
            elif len(inputs) != 1 or len(inputs[0]) != len(features) or len(output) != len(features):
                problems.append(f"{name or type(layer).__name__} mixes rows")
            shapes[name] = output.shape[1:]

        handles.append(stack.structure.get_submodule(name).register_forward_hook(note))

    handles: list[torch.utils.hooks.RemovableHandle] = []
    layers = trained_layers(stack)
    for name in layers:
        layer = stack.structure.get_submodule(name)
        if rule_of(layer) is None:
            return f"{name or 'the model'} is a {type(layer).__name__}, for which there is no closed form"
        look(name)
    try:
        stack.structure(features)
    finally:
        for handle in handles:
            handle.remove()
    if unused := [name for name in layers if name not in shapes]:
        return f"{unused[0]} is not used"
    return problems[0] if problems else shapes
