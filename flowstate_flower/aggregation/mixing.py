"""Mixings: affine maps of the rows, put before any rule with `>>`.

A mixing is a matrix that follows from the distances between rows, so that a row rule after it costs one pass and one read as
before, and a coordinate rule sees mixed rows tile by tile, in cache. Nothing is ever mixed in memory as a whole.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from flowstate_flower.aggregation.engine import squared_distances
from flowstate_flower.aggregation.rule import Aggregate, NotFiniteRow, Rule
from flowstate_flower.aggregation.updates import Matrix, Updates
from flowstate_flower.errors import BadInput, UnknownName

Entries = Callable[[Matrix, int], Matrix]


@dataclass(frozen=True, slots=True)
class Mixing:
    """`matrix` maps squared distances (n + 1, n + 1), whose last row is the model that was sent, and f to an (m, n) matrix.

    A row of it may sum to less than 1: the rest is the model that was sent. `rows(n)` is m. `name` can be parsed back.
    """

    name: str
    matrix: Entries
    rows: Callable[[int], int]
    paper: str
    summary: str

    def __rshift__(self, rule: Rule) -> Rule:
        """The rule on mixed rows. It needs as many updates as leave it enough mixed ones."""

        def compute(updates: Updates, byzantine: int) -> Aggregate:
            distances = squared_distances(updates.with_origin())
            NotFiniteRow.check(distances)
            matrix = self.matrix(distances, byzantine)
            inner = rule.compute(updates.mixed(matrix, distances), byzantine)
            return replace(inner, weights=None if inner.weights is None else inner.weights @ matrix)

        def fewest(byzantine: int) -> int | None:
            wanted = rule.fewest(byzantine)
            if wanted is None:
                return None
            return next(n for n in range(2 * byzantine + 1, 10**9) if self.rows(n) >= wanted)

        summary = f"{self.summary} Then: {rule.summary}"
        needs = rule.needs if self.rows(100) == 100 else f"{rule.needs}, where n counts mixed rows"
        return Rule(f"{self.name} >> {rule.name}", compute, fewest, needs, f"{self.paper}; {rule.paper}", summary)


def nnm() -> Mixing:
    """Nearest-neighbour mixing: each row becomes the mean of its n - f nearest, itself among them."""

    def matrix(distances: Matrix, byzantine: int) -> Matrix:
        inner = distances[:-1, :-1]
        n = len(inner)
        nearest = np.argsort(inner, axis=1, kind="stable")[:, : n - byzantine]
        mixed = np.zeros((n, n))
        np.put_along_axis(mixed, nearest, 1 / (n - byzantine), axis=1)
        return mixed

    return Mixing(
        "nnm",
        matrix,
        lambda n: n,
        "Allouah et al. 2023, arXiv:2302.01772",
        "Each update becomes the mean of its n - f nearest.",
    )


def bucketing(size: int = 2, seed: int = 0) -> Mixing:
    """Bucketing: rows are dealt to buckets of `size` by a seeded shuffle, and each bucket becomes its mean."""
    if size < 1:
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
        f"bucketing(size={size}, seed={seed})",
        matrix,
        lambda n: -(-n // size),
        "Karimireddy et al. 2022, arXiv:2006.09365",
        f"Updates are averaged in random buckets of {size}.",
    )


def clipping(norm: float) -> Mixing:
    """Static clipping: each update is shortened to at most `norm`."""
    if not norm > 0:
        raise BadInput(f"clipping to a norm of {norm}", hint="above 0")

    def matrix(distances: Matrix, byzantine: int) -> Matrix:
        return np.diag(_shortened(distances, norm))

    name = f"clipping(norm={norm!r})"
    return Mixing(name, matrix, lambda n: n, "Sun et al. 2019, arXiv:1911.07963", f"Updates are shortened to {norm:g}.")


def arc() -> Mixing:
    """Adaptive robust clipping: the ⌊2 f/n · (n - f)⌋ longest updates are shortened to the length of the next one."""

    def matrix(distances: Matrix, byzantine: int) -> Matrix:
        norms = np.sqrt(distances[-1, :-1])
        n = len(norms)
        longest = int(2 * byzantine / n * (n - byzantine))
        return np.diag(_shortened(distances, float(np.sort(norms)[n - longest - 1])))

    return Mixing(
        "arc",
        matrix,
        lambda n: n,
        "Allouah et al. 2025, arXiv:2405.14432",
        "The longest updates are shortened to the next one.",
    )


def _shortened(distances: Matrix, bound: float) -> Matrix:
    """(n,) factors that bring each row's norm down to `bound`."""
    norms = np.sqrt(distances[-1, :-1])
    return np.minimum(1.0, np.divide(bound, norms, out=np.ones_like(norms), where=norms > 0))


MIXINGS: dict[str, Callable[..., Mixing]] = {"nnm": nnm, "bucketing": bucketing, "clipping": clipping, "arc": arc}
_CALL = re.compile(r"(?P<name>[a-z]+)(?:\((?P<arguments>[^()]*)\))?")


def mixing_named(text: str) -> Mixing:
    """The mixing that `text` writes: `nnm`, `bucketing(size=2, seed=1)`. Raises `BadInput`."""
    call = _CALL.fullmatch(text)
    if call is None or call["name"] not in MIXINGS:
        raise UnknownName("mixing", text, MIXINGS)
    try:
        pairs = [part.split("=") for part in (call["arguments"] or "").split(",") if part.strip()]
        arguments = {name.strip(): float(value) if "." in value else int(value) for name, value in pairs}
        return MIXINGS[call["name"]](**arguments)
    except (ValueError, TypeError) as error:
        raise BadInput(f"cannot read the mixing '{text}'", hint="write it as bucketing(size=2, seed=1)") from error
