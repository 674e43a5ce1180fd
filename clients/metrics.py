"""What a tenant's policy lets out of the model that it was sent: means over all its units, bounded, with noise on them.

The model is the server's, and nobody's data. What one unit adds to a sum is between 0 and that metric's bound, so one unit more
or less moves all sums together, each in units of its bound, by at most the root of their number.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from flowstate_flower.clients.home import Metrics
from flowstate_flower.clients.policy import MetricsPolicy
from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.task import Examples, TorchTask, example_losses
from flowstate_flower.errors import BadInput

LOSS, ROWS_AT_ONCE = "loss", 256
OfRows = Mapping[str, Tensor]


def noisy_means(sums: Mapping[str, float], units: int, policy: MetricsPolicy, noise: Stream) -> Metrics:
    """The sums with their noise, divided by N = `units`."""
    names = sorted(sums)
    deviation = policy.noise_multiplier * math.sqrt(len(names))
    draws = noise.normal(torch.Size([len(names)]), deviation).double().tolist()
    return {name: (sums[name] + policy.bounds[name] * draw) / units for name, draw in zip(names, draws, strict=True)}


def bounded_sums(
    task: TorchTask, model: nn.Module, examples: Examples, policy: MetricsPolicy, between: Callable[[], None]
) -> dict[str, float]:
    """Each metric summed over all units: a row, or where examples have `groups` the mean of a person's rows. `between` is
    called between batches and may raise. What is not a number counts as the bound.
    """
    device = next((tensor.device for tensor in model.state_dict().values()), examples.features.device)
    found: dict[str, list[Tensor]] = {name: [] for name in policy.bounds}
    model.eval()
    for start in range(0, len(examples), ROWS_AT_ONCE):
        between()
        rows = slice(start, start + ROWS_AT_ONCE)
        values = values_of_rows(task, model, examples.features[rows].to(device), examples.targets[rows].to(device), policy)
        for name, bound in policy.bounds.items():
            found[name].append(values[name].double().cpu().nan_to_num(nan=bound).clamp(0, bound))
    weights = _weights(examples)
    return {name: float((torch.cat(parts) * weights).sum()) for name, parts in found.items()}


@torch.no_grad()
def values_of_rows(task: TorchTask, model: nn.Module, features: Tensor, targets: Tensor, policy: MetricsPolicy) -> OfRows:
    """(B,) values of each of the policy's metrics. Raises `BadInput` for those that the task does not have."""
    outputs = model(features)
    values: dict[str, Tensor] = {LOSS: example_losses(task, outputs, targets)} if LOSS in policy.bounds else {}
    if wanted := policy.bounds.keys() - {LOSS}:
        of_rows = getattr(task, "example_metrics", None)
        own = of_rows(outputs, targets) if callable(of_rows) else {}
        values |= {name: own[name] for name in wanted if name in own}
    for name in policy.bounds:
        if name not in values or values[name].shape != outputs.shape[:1]:
            raise BadInput(f"the task has no metric '{name}' of one value per example", hint="the task's example_metrics")
    return values


def _weights(examples: Examples) -> Tensor:
    """(N,) what each row counts: with groups, all rows of a person count one together."""
    if examples.groups is None:
        return torch.ones(len(examples), dtype=torch.float64)
    _, place, counts = torch.unique(examples.groups.cpu(), return_inverse=True, return_counts=True)
    each: Tensor = counts.double().reciprocal()[place]
    return each
