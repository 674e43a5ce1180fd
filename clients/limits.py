"""How long a round may take and how much memory: estimated before anything is spent, looked at between steps."""

import resource
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from flowstate_flower.clients.policy import Declined, WorkPolicy
from flowstate_flower.clients.task import Examples
from flowstate_flower.trust.statements import Refused

MEGABYTE = 1_000_000
COPIES_OF_THE_MODEL = 6
"""The weights, the sum of gradients, the noise, the momentum, the arrays of the reply and their encoding."""
PASSES = 2
"""What the layers put out, and its gradients."""


class Watch:
    """One round's limits. `between_steps` raises `Declined` once the round has passed one of them."""

    def __init__(self, work: WorkPolicy, device: torch.device, clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self._device, self._clock = work, device, clock
        self._began, self._peak = clock(), peak_bytes(device)

    def between_steps(self) -> None:
        """Whether the round may go on. What the peak of the process's memory rose by counts, whoever needed it."""
        seconds, megabytes = self._work.most_seconds, self._work.most_memory_mb
        if seconds is not None and self._clock() - self._began > seconds:
            raise Declined(Refused.TOO_LONG, f"the round took longer than {seconds:g} s")
        if megabytes is not None and peak_bytes(self._device) - self._peak > megabytes * MEGABYTE:
            raise Declined(Refused.TOO_MUCH_MEMORY, f"the round took more than {megabytes} MB")


def peak_bytes(device: torch.device) -> int:
    """The most memory that this process ever had, or, on CUDA, that torch ever had on `device`."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    unit: int = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def check_memory(work: WorkPolicy, model: nn.Module, examples: Examples, rows: int, *, private: bool) -> None:
    """Raise `Declined` where a step on `rows` rows would pass `most_memory_mb`, by the estimate."""
    if work.most_memory_mb is None:
        return
    if estimated_bytes(model, examples, rows, private=private) > work.most_memory_mb * MEGABYTE:
        raise Declined(Refused.TOO_MUCH_MEMORY, f"the round would take more than {work.most_memory_mb} MB")


def estimated_bytes(model: nn.Module, examples: Examples, rows: int, *, private: bool) -> int:
    """What a round adds to the memory: the model's copies, and for each row of a batch its data, what the layers put out, and,
    where training is private, a gradient of its own, as the engine that needs most memory keeps it.
    """
    state = sum(tensor.nbytes for tensor in model.state_dict().values())
    gradient = sum(parameter.nbytes for parameter in model.parameters() if parameter.requires_grad)
    data = examples.features[:1].nbytes + examples.targets[:1].nbytes
    row = data + PASSES * _put_out(model, examples.features[:1]) + (gradient if private else 0)
    return int(COPIES_OF_THE_MODEL * state + rows * row)


def _put_out(model: nn.Module, row: Tensor) -> int:
    """Bytes that the layers put out for one row."""
    sizes: list[int] = []

    def note(_module: nn.Module, _inputs: object, output: object) -> None:
        parts = output if isinstance(output, tuple | list) else (output,)
        sizes.append(sum(part.nbytes for part in parts if isinstance(part, Tensor)))

    handles = [module.register_forward_hook(note) for module in model.modules() if not list(module.children())]
    try:
        model.eval()
        with torch.no_grad():
            model(row)
    finally:
        for handle in handles:
            handle.remove()
    return sum(sizes)
