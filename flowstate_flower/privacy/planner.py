"""How much noise a plan needs, and what it will have cost after each round."""

from collections.abc import Iterator
from dataclasses import dataclass

from flowstate_flower.errors import BadInput
from flowstate_flower.privacy.accountant import Accountant
from flowstate_flower.privacy.budget import Budget
from flowstate_flower.privacy.events import GaussianRelease
from flowstate_flower.privacy.filter import Filter, planned_order
from flowstate_flower.privacy.sampling import truncated_poisson

LEAST_NOISE, MOST_NOISE, PRECISION = 0.1, 1e5, 1e-4


@dataclass(frozen=True, slots=True)
class Work:
    """`rounds` of `steps` each, on batches of `batch_size` out of `units`; in each round metrics with so much noise, if any."""

    rounds: int
    steps: int
    batch_size: int
    units: int
    metrics_noise_multiplier: float | None = None

    def release(self, noise_multiplier: float) -> GaussianRelease:
        """What one round releases."""
        sampling = truncated_poisson(self.units, self.batch_size)
        return GaussianRelease(noise_multiplier, sampling.rate, self.steps, sampling.excess, self.metrics_noise_multiplier)


def filter_for(budget: Budget, release: GaussianRelease, order: float | None) -> Filter:
    """The stop of an account whose order is fixed already, or will be by `release`."""
    return Filter(budget, planned_order(budget, release) if order is None else order)


def least_noise(budget: Budget, work: Work, before: Accountant, order: float | None = None) -> float:
    """The least noise multiplier with which all of `work` stays within `budget`, after what was spent `before`, to 1e-4.

    Raises `BadInput` where no noise is enough.
    """

    def suffices(noise: float) -> bool:
        release = work.release(noise)
        return filter_for(budget, release, order).rounds_left(before, release) >= work.rounds

    low, high = LEAST_NOISE, MOST_NOISE
    if not suffices(high):
        raise BadInput(f"no noise lets {work.rounds} rounds pass", hint="a larger budget, fewer rounds, or smaller batches")
    while high / low > 1 + PRECISION:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def course(before: Accountant, release: GaussianRelease, rounds: int, delta: float) -> Iterator[float]:
    """ε after each of `rounds`."""
    for _ in range(rounds):
        before = before.after(release)
        yield before.epsilon(delta)
