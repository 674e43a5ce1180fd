"""Mixings: affine maps of the rows, put before any rule with `>>`.

A mixing is a matrix that follows from the distances between rows, so that a row rule after it costs one pass and one read as
before, and a coordinate rule sees mixed rows tile by tile, in cache. Nothing is ever mixed in memory as a whole.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import overload

import numpy as np

from flowstate_flower.aggregation.one_thread import one_blas_thread
from flowstate_flower.aggregation.rule import Aggregate, Guide, Rule, called, checked_f, python_expression
from flowstate_flower.aggregation.updates import Matrix, Updates
from flowstate_flower.aggregation.weighing import distances_of, shortened
from flowstate_flower.errors import BadInput

Entries = Callable[[Matrix, int], Matrix]
MOST_UPDATES = 100_000


@dataclass(frozen=True, slots=True, repr=False)
class Mixing:
    """`matrix` maps squared distances (n + 1, n + 1), whose last row is the model that was sent, and f to an (m, n) matrix.

    A row of it may sum to less than 1: the rest is the model that was sent. `rows(n)` is m. `f` is its own, None for that of
    the round. Mixings of the same name are equal: the name can be read back.
    """

    name: str
    matrix: Entries = field(compare=False)
    rows: Callable[[int], int] = field(compare=False)
    paper: str = field(compare=False)
    summary: str = field(compare=False)
    guide: Guide = field(compare=False)
    f: int | None = None

    def __repr__(self) -> str:
        return python_expression(self.name)

    @overload
    def __rshift__(self, after: Rule) -> Rule: ...
    @overload
    def __rshift__(self, after: "Mixing | Chain") -> "Chain": ...
    def __rshift__(self, after: "Rule | Mixing | Chain") -> "Rule | Chain":
        """The rule on mixed rows, or the mixings one after the other."""
        return Chain((self,)) >> after


@dataclass(frozen=True, slots=True)
class Chain:
    """Mixings one after the other, waiting for their rule."""

    mixings: tuple[Mixing, ...]

    @overload
    def __rshift__(self, after: Rule) -> Rule: ...
    @overload
    def __rshift__(self, after: "Mixing | Chain") -> "Chain": ...
    def __rshift__(self, after: "Rule | Mixing | Chain") -> "Rule | Chain":
        """The rule on mixed rows, or a longer chain."""
        if isinstance(after, Chain):
            return Chain(self.mixings + after.mixings)
        if isinstance(after, Mixing):
            return Chain((*self.mixings, after))
        for mixing in reversed(self.mixings):
            after = _before(mixing, after)
        return after


def _before(mixing: Mixing, rule: Rule) -> Rule:
    """The rule on mixed rows. It needs as many updates as leave it enough mixed ones."""

    def compute(updates: Updates, byzantine: int) -> Aggregate:
        distances = distances_of(updates.with_origin())
        with one_blas_thread(updates.n):  # a mixing is a product of matrices, in every pass
            matrix = mixing.matrix(distances, byzantine if mixing.f is None else mixing.f)
            inner = rule.compute(updates.mixed(matrix, distances), byzantine)
        return replace(inner, weights=None if inner.weights is None else inner.weights @ matrix)

    def fewest(byzantine: int) -> int | None:
        wanted, own = rule.fewest(byzantine), byzantine if mixing.f is None else mixing.f
        if wanted is None or own < byzantine:
            return None
        return next(n for n in range(2 * own + 1, MOST_UPDATES) if mixing.rows(n) >= wanted)

    needs = rule.needs if mixing.rows(100) == 100 else f"{rule.needs}, where n counts mixed rows"
    return Rule(
        name=f"{mixing.name} >> {rule.name}",
        compute=compute,
        fewest=fewest,
        needs=needs,
        paper=f"{mixing.paper}; {rule.paper}",
        summary=f"{mixing.summary} Then: {rule.summary}",
        guide=_joined(mixing, rule),
        rooted=rule.rooted,
    )


def _joined(mixing: Mixing, rule: Rule) -> Guide | None:
    """What is said of a mixing, followed by what is said of the rule after it."""
    if rule.guide is None:
        return None
    first, then = mixing.guide, rule.guide
    return Guide(
        formula=f"{first.formula}; then {then.formula}",
        breakdown=f"{then.breakdown} Before that: {first.breakdown}",
        cost=f"{first.cost} Then: {then.cost}",
        use=f"{first.use} Then: {then.use}",
        hurts=f"{first.hurts} Then: {then.hurts}",
    )


def nnm(f: int | None = None) -> Mixing:
    """Nearest-neighbour mixing: each row becomes the mean of its n - f nearest, itself among them."""

    def matrix(distances: Matrix, byzantine: int) -> Matrix:
        inner = distances[:-1, :-1]
        n = len(inner)
        nearest = np.argsort(inner, axis=1, kind="stable")[:, : n - byzantine]
        mixed = np.zeros((n, n))
        np.put_along_axis(mixed, nearest, 1 / (n - byzantine), axis=1)
        return mixed

    return Mixing(
        name=called("nnm", f, {}),
        matrix=matrix,
        rows=lambda n: n,
        paper="Allouah et al. 2023, arXiv:2302.01772",
        summary="Each update becomes the mean of its n - f nearest.",
        guide=Guide(
            formula="yᵢ = mean of the n − f rows nearest xᵢ, itself among them",
            breakdown="mixed rows of honest tenants may contain up to f hostile ones, but only those near to them.",
            cost="one pass of distances; tiles are mixed in cache.",
            use="with data that differs between tenants: what honest tenants differ in is averaged away before the rule looks.",
            hurts="a minority's updates are mixed with their neighbours', so the minority is heard less.",
        ),
        f=None if f is None else checked_f("nnm", f),
    )


def bucketing(size: int = 2, seed: int = 0) -> Mixing:
    """Bucketing: rows are dealt to buckets of `size` by a seeded shuffle, and each bucket becomes its mean."""
    if not isinstance(size, int) or size < 1:
        raise BadInput(f"buckets of {size}", hint="at least 1")

    def matrix(distances: Matrix, byzantine: int) -> Matrix:
        n = len(distances) - 1
        order = np.random.default_rng(seed).permutation(n)
        mixed = np.zeros((-(-n // size), n))
        for bucket, start in enumerate(range(0, n, size)):
            members = order[start : start + size]
            mixed[bucket, members] = 1 / len(members)
        return mixed

    return Mixing(
        name=f"bucketing(size={size}, seed={seed})",
        matrix=matrix,
        rows=lambda n: -(-n // size),
        paper="Karimireddy et al. 2022, arXiv:2006.09365",
        summary=f"Updates are averaged in random buckets of {size}.",
        guide=Guide(
            formula="yₖ = mean of the rows in bucket k of a seeded shuffle",
            breakdown="one hostile update spoils its whole bucket: f counts hostile buckets then.",
            cost="one pass of distances; tiles are mixed in cache.",
            use="with many tenants and few hostile ones: fewer, less noisy rows.",
            hurts="nobody in particular; whose bucket is spoilt is chance. Whoever knows the seed knows the buckets.",
        ),
    )


def clipping(norm: float) -> Mixing:
    """Static clipping: each update is shortened to at most `norm`."""
    if not norm > 0:
        raise BadInput(f"clipping to a norm of {norm}", hint="above 0")

    def matrix(distances: Matrix, byzantine: int) -> Matrix:
        return np.diag(shortened(distances, norm))

    return Mixing(
        name=f"clipping(norm={norm!r})",
        matrix=matrix,
        rows=lambda n: n,
        paper="Sun et al. 2019, arXiv:1911.07963",
        summary=f"Updates are shortened to {norm:g}.",
        guide=Guide(
            formula="yᵢ = min(1, norm / ‖xᵢ‖) xᵢ",
            breakdown="it removes nobody: an attacker keeps a pull of at most the norm.",
            cost="one pass of distances; tiles are mixed in cache.",
            use="where a good bound is known, for example because clients clip to it.",
            hurts="tenants whose honest updates are longer than the norm.",
        ),
    )


def arc(f: int | None = None) -> Mixing:
    """Adaptive robust clipping: the ⌊2 f/n · (n - f)⌋ longest updates are shortened to the length of the next one."""

    def matrix(distances: Matrix, byzantine: int) -> Matrix:
        norms = np.sqrt(distances[-1, :-1])
        n = len(norms)
        longest = int(2 * byzantine / n * (n - byzantine))
        return np.diag(shortened(distances, float(np.sort(norms)[n - longest - 1])))

    return Mixing(
        name=called("arc", f, {}),
        matrix=matrix,
        rows=lambda n: n,
        paper="Allouah et al. 2025, arXiv:2405.14432",
        summary="The longest updates are shortened to the next one.",
        guide=Guide(
            formula="yᵢ = min(1, r / ‖xᵢ‖) xᵢ, where r is the (⌊2 f/n · (n − f)⌋ + 1)-th largest norm",
            breakdown="it removes nobody; it keeps the guarantee of the rule after it.",
            cost="one pass of distances; tiles are mixed in cache.",
            use="before any rule, where no good static bound is known.",
            hurts="the honest tenants with the longest updates, in every round.",
        ),
        f=None if f is None else checked_f("arc", f),
    )


MIXINGS: dict[str, Callable[..., Mixing]] = {"nnm": nnm, "bucketing": bucketing, "clipping": clipping, "arc": arc}
EXAMPLES: tuple[Mixing, ...] = (nnm(), bucketing(), clipping(1.0), arc())
