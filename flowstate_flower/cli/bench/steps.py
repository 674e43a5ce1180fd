"""How long a private step takes: against plain torch, against Opacus, and of many clients at once against one by one."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch
from torch import Tensor

from flowstate_flower.cli.bench import contenders, training_goals
from flowstate_flower.cli.bench.apart import MAKERS, Timed, apart, seconds
from flowstate_flower.cli.bench.measures import Measure, at_least, at_most, figure
from flowstate_flower.cli.bench.models import ALONE, TOGETHER, Workload
from flowstate_flower.cli.output import stderr
from flowstate_flower.clients.training.clipping import FlatClipping
from flowstate_flower.clients.training.fast import FastEngine
from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.seam import Batch

ROWS, CLIENT_ROWS, OPACUS_SHARE, EXACT_ROWS = 10_000, 200, 2, 16
OPACUS_LEAST = 2


def alone(threads: int, repeats: int, device: torch.device) -> list[Measure]:
    """One figure against plain torch and one against Opacus for each model and batch."""
    measures: list[Measure] = []
    for workload in ALONE:
        for batch in training_goals.BATCHES:
            stderr.print(f"steps: {workload.name}, B = {batch}, {_threads(threads)}")
            few = max(OPACUS_LEAST, workload.steps // OPACUS_SHARE)
            with ExitStack() as children:
                steps = {who: children.enter_context(apart(who, workload.name, ROWS, batch, threads, device)) for who in MAKERS}
                took = in_turns(steps, {"plain": workload.steps, "ours": workload.steps, "opacus": few}, repeats)
            measures += _of_steps(workload, batch, threads, took, device)
    return measures


def clients(threads: int, repeats: int, device: torch.device) -> list[Measure]:
    """All clients in one step, against Opacus for one after the other."""
    torch.set_num_threads(threads)
    measures, count, batch = [], training_goals.CLIENTS, training_goals.CLIENT_BATCH
    for workload in TOGETHER:
        stderr.print(f"clients: {workload.name}, {_threads(threads)}")
        steps = {
            "together": contenders.together(workload, count, CLIENT_ROWS, batch, device),
            "opacus": contenders.one_after_the_other(workload, count, CLIENT_ROWS, batch, device),
        }
        few = max(OPACUS_LEAST, workload.steps // OPACUS_SHARE)
        timed = {who: partial(_timed, take, device) for who, take in steps.items()}
        took = in_turns(timed, {"together": workload.steps, "opacus": few}, repeats)
        name = f"{count} clients at once, {workload.name}, B = {batch}, {_threads(threads)}"
        goal = training_goals.CUDA_CLIENTS if device.type == "cuda" else training_goals.TOGETHER[workload.name]
        measures.append(at_least(f"{name}: faster than Opacus one by one", took["opacus"].over(took["together"]), "×", goal))
        measures.append(figure(f"{name}: a step of all", 1000 * median(took["together"].steps), "ms"))
        measures.append(figure(f"{name}: what a round adds to its steps", 1000 * took["together"].around, "ms"))
    return measures


def exactness() -> list[Measure]:
    """How far the clipped sum is from that of a loop over examples in float64, relative to its length."""
    return [
        at_most(
            f"{w.name}: clipped sum, from the loop over examples",
            1e6 * _error(w),
            "millionths",
            training_goals.INEXACT_MILLIONTHS,
        )
        for w in ALONE
    ]


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one step, turn by turn, and the median of what a round's training needs before and after its steps."""

    steps: Sequence[float]
    around: float

    def over(self, other: "Took") -> float:
        """How many of the other's steps one takes: the median over turns. Within a turn the machine goes at one pace, and over
        many it does not.
        """
        return median(mine / theirs for mine, theirs in zip(self.steps, other.steps, strict=True))


def in_turns(steps: Mapping[str, Timed], counts: Mapping[str, int], repeats: int) -> dict[str, Took]:
    """What each contender took, in turns. A step is what a further one adds: a run of one is taken from a run of more. The
    first turn warms up.
    """
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for turn in range(repeats + 1):
        for name, timed in steps.items():
            one, more = timed(1), timed(1 + counts[name])
            if turn:
                seen[name].append((one, more))
    return {name: _took(spent, counts[name]) for name, spent in seen.items()}


def _timed(take: contenders.Steps, device: torch.device, count: int) -> float:
    return seconds(partial(take, count), device)


def _took(spent: Sequence[tuple[float, float]], count: int) -> Took:
    steps = [(more - one) / count for one, more in spent]
    return Took(steps, max(0.0, median(one for one, _ in spent) - median(steps)))


def _of_steps(workload: Workload, batch: int, threads: int, took: Mapping[str, Took], device: torch.device) -> list[Measure]:
    name = f"{workload.name}, B = {batch}, {_threads(threads)}"
    bounds = training_goals.CUDA_PLAIN if device.type == "cuda" else training_goals.PLAIN
    ours = took["ours"]
    ratio, against = ours.over(took["plain"]), f"{name}: a private step, of plain torch"
    bound = bounds.get((workload.name, batch))
    faster, than = took["opacus"].over(ours), f"{name}: faster than Opacus"
    least = training_goals.FASTER.get(workload.name) if device.type == "cpu" else None
    return [
        figure(against, ratio, "×") if bound is None else at_most(against, ratio, "×", bound),
        figure(than, faster, "×") if least is None else at_least(than, faster, "×", least),
        figure(f"{name}: what a round adds to its private steps", 1000 * ours.around, "ms"),
    ]


def _error(workload: Workload) -> float:
    model, examples = workload.model(), workload.examples(EXACT_ROWS)
    exact = workload.model().double()
    exact.load_state_dict({name: tensor.double() for name, tensor in model.state_dict().items()})
    rows = zip(examples.features, examples.targets, strict=True)
    gradients = torch.stack([_gradient(exact, feature[None], target[None]) for feature, target in rows])
    norms = gradients.norm(dim=1)
    clip = norms.median().item()  # half of the examples are clipped
    expected = ((clip / norms).clamp(max=1) @ gradients).float()
    total = torch.zeros_like(FlatParameters(model).vector)
    FastEngine(model, contenders.losses).add_clipped(Batch(examples.features, examples.targets), FlatClipping(clip, 1.0), total)
    return float((total - expected).norm() / expected.norm())


def _gradient(model: torch.nn.Module, features: Tensor, targets: Tensor) -> Tensor:
    rows = features.double() if features.is_floating_point() else features
    loss = contenders.losses(model(rows), targets).sum()
    return torch.cat([gradient.reshape(-1) for gradient in torch.autograd.grad(loss, list(model.parameters()))])


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"
