"""What a tenant's ledger costs, and whether processes that race for one budget get more out of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from flowstate_flower.cli.bench.measures import Measure, at_most, figure
from flowstate_flower.cli.bench.training_goals import MOST_LEDGER_MS
from flowstate_flower.cli.output import stderr
from flowstate_flower.privacy import Account, Budget, BudgetExhausted, GaussianRelease
from flowstate_flower.registry.tenant_ledger import TenantLedger

ROUNDS, PROCESSES, UNITS = 200, 4, 6000
ACCOUNT = Account("tenant", "0" * 64, "example", 1e-5)
RELEASE = GaussianRelease(noise_multiplier=2.0, sample_rate=0.04, steps=20)
RICH, POOR = Budget(1000.0, 1e-5), Budget(4.0, 1e-5)


def ledger() -> Iterator[Measure]:
    """Milliseconds of a round in the ledger, and a race for one budget."""
    stderr.print("ledger")
    with TemporaryDirectory(prefix="flowstate-bench-") as folder, closing(_opened(Path(folder) / "one.db", RICH)) as one:
        spent = [_milliseconds(one, number) for number in range(ROUNDS)]
    name = "reserve and settle a round, full sync"
    yield at_most(f"{name}, median of {ROUNDS}", median(spent), "ms", MOST_LEDGER_MS)
    yield figure(f"{name}, p95", quantiles(spent, n=20)[-1], "ms")
    with TemporaryDirectory(prefix="flowstate-bench-") as folder:
        alone, raced = Path(folder) / "alone.db", Path(folder) / "raced.db"
        _opened(alone, POOR).close()
        _opened(raced, POOR).close()
        expected = granted(alone, "alone")
        children = [_child(raced, f"child-{number}") for number in range(PROCESSES)]
        got = sum(int(child.communicate()[0]) for child in children)
    title = f"rounds that {PROCESSES} processes got out of one budget"
    yield Measure(title, float(got), "", f"= {expected}", got == expected)


def granted(path: Path, run: str) -> int:
    """How many rounds of `run` the ledger at `path` pays for."""
    with closing(TenantLedger(path)) as one:
        number = 0
        while True:
            try:
                one.reserve(ACCOUNT, run, number, RELEASE, POOR)
            except BudgetExhausted:
                return number
            one.settle(ACCOUNT, run, number)
            number += 1


def _opened(path: Path, budget: Budget) -> TenantLedger:
    made = TenantLedger(path)
    made.open(ACCOUNT, budget, UNITS, RELEASE)
    return made


def _milliseconds(one: TenantLedger, number: int) -> float:
    begun = time.perf_counter()
    one.reserve(ACCOUNT, "bench", number, RELEASE, RICH)
    one.settle(ACCOUNT, "bench", number)
    return 1000 * (time.perf_counter() - begun)


def _child(path: Path, run: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", __name__, str(path), run], stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    sys.stdout.write(str(granted(Path(sys.argv[1]), sys.argv[2])))
