"""What a rule is: a pure function with a name, a paper and a precondition that is refused, never clamped."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from flowstate_flower.aggregation.updates import Matrix, Updates, Vector
from flowstate_flower.errors import BadInput, RunImpossible, UnknownName

Number = int | float
WARMING_COLUMNS = 64


class PreconditionFailed(RunImpossible):
    """A rule was asked for a protection that it cannot give with this many updates."""


class NotFiniteRow(RunImpossible):
    """A row with a NaN or an infinity reached a rule. Admission turns such updates away, so this is a fault of ours."""

    @classmethod
    def check(cls, distances: Matrix) -> None:
        """Raise where a distance is no number: the row to blame is the one that is far from everybody."""
        finite = np.isfinite(distances)
        if not finite.all():
            row = int(np.argmin(finite.sum(axis=1)))
            raise cls(f"row {row} of {len(distances)} is not finite", hint="admit updates before they are aggregated")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What a rule decided.

    `weights` is the (n,) share of each row in `update`, or None where the rule mixes coordinates rather than rows. They sum to
    1, or to less where the rule shortens updates: the rest stays at the model that was sent, or is the server's own update.
    `memory` is what the rule wants to be given in the next round as `Updates.memory`; most rules want nothing.
    """

    update: Vector  # (d,)
    weights: Vector | None  # (n,)
    memory: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guide:
    """What a person wants to know before choosing a rule or a mixing; the reference page is made of these."""

    formula: str
    breakdown: str
    cost: str
    use: str
    hurts: str


Compute = Callable[..., Aggregate]  # updates, byzantine, and parameters by keyword


@dataclass(frozen=True, slots=True, repr=False)
class Rule:
    """An aggregation rule. `fewest(f)` is the smallest n with which it withstands f Byzantine rows, None if it never can.

    Rules of the same name are equal: the name says everything, f and parameters too, and `rule_named` reads it back. A `rooted`
    rule needs an update of the server's own, as `Updates.root`.
    """

    name: str
    compute: Compute = field(compare=False)
    fewest: Callable[[int], int | None] = field(compare=False)
    needs: str = field(compare=False)
    paper: str = field(compare=False)
    summary: str = field(compare=False)
    guide: Guide | None = field(default=None, compare=False)
    rooted: bool = field(default=False, compare=False)

    def __repr__(self) -> str:
        return python_expression(self.name)

    def given(self, *, f: int | None = None, **parameters: Number) -> "Rule":
        """The rule with an f of its own, whatever the round tolerates, and other parameters than the usual ones.

        Raises `BadInput` for a parameter that it does not have. A round that tolerates more than f is refused.
        """
        if f is None and not parameters:
            return self
        if not self.name.replace("-", "").isidentifier():
            raise BadInput(
                f"{self.name} has its f and parameters", hint="give them to the rule alone, then put mixings before it"
            )
        known = [p.name for p in inspect.signature(self.compute).parameters.values() if p.kind is p.KEYWORD_ONLY]
        for name in parameters:
            if name not in known:
                raise UnknownName(f"parameter of {self.name}", name, ["f", *known])
        compute = partial(self.compute, **parameters) if parameters else self.compute
        name = called(self.name, f, parameters)
        if f is None:
            return replace(self, name=name, compute=compute)
        own = checked_f(self.name, f)
        fewest = self.fewest
        return replace(
            self,
            name=name,
            compute=lambda updates, _: compute(updates, own),
            fewest=lambda byzantine: fewest(own) if byzantine <= own else None,
        )

    def refusal(self, n: int, byzantine: int) -> str | None:
        """Why the rule cannot work with `n` updates of which `byzantine` are hostile, or None where it can."""
        if byzantine < 0:
            return f"byzantine is a number of tenants, not {byzantine}"
        fewest = self.fewest(byzantine)
        if fewest is None:
            fewer = "no hostile tenant" if self.fewest(1) is None else "fewer hostile tenants"
            return f"{self.name} withstands {fewer}, {byzantine} asked for"
        if n < fewest:
            whose = "" if "f=" in self.name else f" for f = {byzantine}"
            return f"{self.name} needs {self.needs}: at least {fewest} updates{whose}, there are {n}"
        return None

    def warm(self, n: int, byzantine: int, dtype: np.dtype[np.generic]) -> None:
        """Compile what n updates of `dtype` need, on a few columns of nothing, so that no round waits for it."""
        if self.refusal(n, byzantine) is None:
            nothing = np.zeros((n, WARMING_COLUMNS), dtype)
            self(Updates.from_matrix(nothing, root=nothing[0]), byzantine=byzantine)

    def __call__(self, updates: Updates, *, byzantine: int = 0) -> Aggregate:
        """Aggregate, tolerating `byzantine` hostile rows. Raises `PreconditionFailed` where n and f do not allow it."""
        if problem := self.refusal(updates.n, byzantine):
            raise PreconditionFailed(problem, hint="invite more tenants, tolerate fewer, or choose another rule")
        if self.rooted and updates.root is None:
            raise PreconditionFailed(f"{self.name} needs an update of the server's own", hint="give the strategy a `root`")
        return self.compute(updates, byzantine)


def called(name: str, f: int | None, parameters: Mapping[str, Number]) -> str:
    """`name(f=…, parameter=…)`: what `rule_named` and `mixing_named` read."""
    given = ({} if f is None else {"f": f}) | dict(parameters)
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})" if given else name


def checked_f(name: str, f: Number) -> int:
    """`f`, where it can be a number of hostile tenants. Raises `BadInput`."""
    if not isinstance(f, int) or f < 0:
        raise BadInput(f"{name} with f = {f!r}", hint="f is how many hostile tenants are tolerated: 0, 1, 2, …")
    return f


def python_expression(name: str) -> str:
    """The name as Python writes it with the functions of `aggregation.rules`: `nnm() >> trimmed_mean(f=3)`."""
    calls = []
    for part in name.split(" >> "):
        head, bracket, rest = part.partition("(")
        calls.append(head.replace("-", "_") + (bracket + rest if bracket else "()"))
    return " >> ".join(calls)
