"""Contenders of private training, each in a process of its own, as whoever trains so has it: a tenant's keeps large blocks of
memory from step to step, as `flowstate_flower.clients.deployed` has it; what its torch has cached is no other's.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import torch

from flowstate_flower.cli.bench import contenders
from flowstate_flower.cli.bench.models import ALONE
from flowstate_flower.clients.training.fast import steady_memory
from flowstate_flower.errors import RunImpossible

MAKERS = {"plain": contenders.plain, "ours": contenders.ours, "opacus": contenders.opacus}
Timed = Callable[[int], float]
"""Trains so many steps more, and says what they took in seconds."""


@contextmanager
def apart(who: str, workload: str, rows: int, batch: int, threads: int, device: torch.device) -> Iterator[Timed]:
    """A contender of `MAKERS` in a process that lasts as long as the block. Raises `RunImpossible` where that ends too soon."""
    command = [sys.executable, "-m", __name__, who, workload, str(rows), str(batch), str(threads), str(device)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        ask, answers = child.stdin, child.stdout
        if ask is None or answers is None:
            raise RuntimeError("both are pipes")

        def timed(count: int) -> float:
            try:
                print(count, file=ask, flush=True)
                return float(answers.readline())
            except (BrokenPipeError, ValueError) as error:
                raise RunImpossible(f"{who} stopped training {workload}", hint="it was killed, or wrote why above") from error

        try:
            yield timed
        finally:
            child.terminate()
            with suppress(BrokenPipeError):  # where it was gone before its last order
                ask.close()


def seconds(work: Callable[[], None], device: torch.device) -> float:
    """CPU time, which other processes do not disturb; on a GPU wall time, until it is idle."""
    if device.type == "cpu":
        begun = time.process_time()
        work()
        return time.process_time() - begun
    torch.cuda.synchronize(device)
    begun = time.perf_counter()
    work()
    torch.cuda.synchronize(device)
    return time.perf_counter() - begun


def _train(who: str, name: str, rows: str, batch: str, threads: str, device: str) -> None:
    """In the child: a line in is how many steps, a line out the seconds that they took."""
    torch.set_num_threads(int(threads))
    if who == "ours":
        steady_memory()
    workload, place = next(w for w in ALONE if w.name == name), torch.device(device)
    steps = MAKERS[who](workload, workload.examples(int(rows)), int(batch), place)
    for line in sys.stdin:
        sys.stdout.write(f"{seconds(partial(steps, int(line)), place)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _train(*sys.argv[1:])
