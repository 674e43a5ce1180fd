"""What a rule is: a pure function with a name, a paper and a precondition that is refused, never clamped."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flowstate_flower.aggregation.updates import Matrix, Updates, Vector
from flowstate_flower.errors import RunImpossible


class PreconditionFailed(RunImpossible):
    """A rule was asked for a protection that it cannot give with this many updates."""


class NotFiniteRow(RunImpossible):
    """A row with a NaN or an infinity reached a rule. Admission turns such updates away, so this is a fault of ours."""

    @classmethod
    def check(cls, distances: Matrix) -> None:
        """Raise where a distance is no number: the row to blame is the one that is far from everybody."""
        strange = (~np.isfinite(distances)).sum(axis=1)
        if strange.any():
            row = int(np.argmax(strange))
            raise cls(f"row {row} of {len(distances)} is not finite", hint="admit updates before they are aggregated")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What a rule decided.

    `weights` is the (n,) share of each row in `update`, or None where the rule mixes coordinates rather than rows. They sum to
    1, or to less where the rule shortens updates: the rest stays at the model that was sent.
    """

    update: Vector  # (d,)
    weights: Vector | None  # (n,)


@dataclass(frozen=True, slots=True)
class Rule:
    """An aggregation rule. `fewest(f)` is the smallest n with which it withstands f Byzantine rows, None if it never can."""

    name: str
    compute: Callable[[Updates, int], Aggregate]
    fewest: Callable[[int], int | None]
    needs: str
    paper: str
    summary: str

    def refusal(self, n: int, byzantine: int) -> str | None:
        """Why the rule cannot work with `n` updates of which `byzantine` are hostile, or None where it can."""
        if byzantine < 0:
            return f"byzantine is a number of tenants, not {byzantine}"
        fewest = self.fewest(byzantine)
        if fewest is None:
            return f"{self.name} withstands no hostile tenant, {byzantine} asked for"
        if n < fewest:
            return f"{self.name} needs {self.needs}: at least {fewest} updates for f = {byzantine}, there are {n}"
        return None

    def __call__(self, updates: Updates, *, byzantine: int) -> Aggregate:
        """Aggregate. Raises `PreconditionFailed` where n and f do not allow it."""
        if problem := self.refusal(updates.n, byzantine):
            raise PreconditionFailed(problem, hint="invite more tenants, tolerate fewer, or choose another rule")
        return self.compute(updates, byzantine)
