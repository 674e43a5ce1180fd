"""The memory that training takes above model and data, each in a process of its own."""

import json
import subprocess
import sys

import torch

from flowstate_flower.cli.bench import training_goals
from flowstate_flower.cli.bench.apart import MAKERS
from flowstate_flower.cli.bench.children import STATUS, rise
from flowstate_flower.cli.bench.measures import Measure, absent, at_most, figure
from flowstate_flower.cli.bench.models import ALONE
from flowstate_flower.cli.output import stderr
from flowstate_flower.clients.training.fast import steady_memory

ROWS, WARM_UP, STEPS = 2048, 2, 4


def memory() -> list[Measure]:
    """Ours against plain torch's, and what each is, for every model."""
    if not STATUS.exists():
        return [absent("peak memory", "needs /proc", f"≤ {training_goals.MEMORY:g}")]
    measures: list[Measure] = []
    for number, workload in enumerate(ALONE):
        stderr.print(f"memory: {workload.name}")
        plain, ours = _megabytes(number, "plain"), _megabytes(number, "ours")
        name = f"{workload.name}, B = {training_goals.MEMORY_BATCH}: peak memory"
        measures += [
            at_most(f"{name}, of plain torch's", ours / plain, "×", training_goals.MEMORY),
            figure(f"{name} of plain torch", plain, "MB"),
        ]
    return measures


def _megabytes(number: int, contender: str) -> float:
    command = [sys.executable, "-m", __name__, str(number), contender]
    return float(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))


def peak(number: int, contender: str) -> float:
    """In the child: megabytes above what was there after a step on two rows, by which all code is loaded."""
    torch.set_num_threads(1)
    if contender == "ours":
        steady_memory()  # as in a tenant's process
    workload, cpu = ALONE[number], torch.device("cpu")
    make = MAKERS[contender]
    examples = workload.examples(ROWS)
    make(workload, workload.examples(WARM_UP), WARM_UP, cpu)(1)
    steps = make(workload, examples, training_goals.MEMORY_BATCH, cpu)
    return rise(lambda: steps(STEPS))


if __name__ == "__main__":
    json.dump(peak(int(sys.argv[1]), sys.argv[2]), sys.stdout)
