"""Other people's aggregation rules, where they are installed: `make peers` installs those that can live beside ours.

Peers get what suits them best, for nothing: rows that were already stacked into one array or tensor, as byzfl, krum and the
functions of Flower's strategies want them, lists of rows as qora wants them, messages that were already built. Where a peer
takes arrays and tensors, both are tried. Iterative rules run with the peer's own few steps, ours until they converge.
"""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any
from unittest.mock import MagicMock

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.cli.bench.measures import Work

HALF = 0.5  # so that rounding down n times a share of f/n gives f


@dataclass(frozen=True, slots=True)
class Case:
    """What a peer aggregates: n rows, of which it shall withstand `byzantine`."""

    rows: NDArray[np.float32]  # (n, d)
    byzantine: int

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)


Prepare = Callable[[], Work]
"""Called before every timing, outside of it: what it returns is timed."""

Offer = Callable[[Case], Prepare]


@dataclass(frozen=True, slots=True)
class Peer:
    """A package, and by the names of our rules what it has of them."""

    name: str
    version: str
    offers: Mapping[str, Offer]


@dataclass(frozen=True, slots=True)
class Absent:
    """A package that cannot be imported here."""

    name: str
    why: str


def found() -> tuple[list[Peer], list[Absent]]:
    """The peers that are here, and those that are not."""
    peers: list[Peer] = []
    missing: list[Absent] = []
    for package, name, make in PACKAGES:
        try:
            peers += [Peer(name + form, version(package), offers) for form, offers in make().items()]
        except (ImportError, PackageNotFoundError) as error:
            missing.append(Absent(name, f"{error}".splitlines()[0]))
    return peers, missing


def _byzfl() -> dict[str, dict[str, Offer]]:
    with _without_torchvision():
        rules: Any = importlib.import_module("byzfl.aggregators.aggregators")
        before: Any = importlib.import_module("byzfl.aggregators.preaggregators")
    makes: dict[str, Callable[[int], Callable[[Any], object]]] = {
        "mean": lambda f: rules.Average(),
        "median": lambda f: rules.Median(),
        "trimmed-mean": rules.TrMean,
        "meamed": rules.Meamed,
        "krum": rules.Krum,
        "multi-krum": rules.MultiKrum,
        "geometric-median": lambda f: rules.GeometricMedian(),
        "centred-clipping": lambda f: rules.CenteredClipping(),
        "mda": rules.MDA,
        "smea": rules.SMEA,
        "caf": rules.CAF,
        "nnm >> trimmed-mean": lambda f: _chained(before.NNM(f), rules.TrMean(f)),
        "nnm >> krum": lambda f: _chained(before.NNM(f), rules.Krum(f)),
        "nnm >> median": lambda f: _chained(before.NNM(f), rules.Median()),
    }

    def on(form: Callable[[Case], Any]) -> dict[str, Offer]:
        def offer(make: Callable[[int], Callable[[Any], object]]) -> Offer:
            def prepared(case: Case) -> Prepare:
                rows = form(case)

                def prepare() -> Work:
                    rule = make(case.byzantine)  # anew: some keep what they computed last
                    return lambda: rule(rows)

                return prepare

            return prepared

        return {name: offer(make) for name, make in makes.items()}

    return {" on tensors": on(_tensor), " on arrays": on(lambda case: case.rows)}


def _krum() -> dict[str, dict[str, Offer]]:
    def rule(module: str, name: str, *takes: str) -> Offer:
        kind: Any = getattr(importlib.import_module(f"krum.primitives.aggregators.{module}"), name)

        def prepared(case: Case) -> Prepare:
            rows = _tensor(case)
            options = {key: {"n": case.n, "f": case.byzantine}[key] for key in takes}
            return lambda: lambda: kind.aggregate(rows, **options)

        return prepared

    return {
        "": {
            "mean": rule("average", "Average"),
            "median": rule("median", "Median"),
            "trimmed-mean": rule("trimmed_mean", "TrimmedMean", "f"),
            "krum": rule("krum", "Krum", "n", "f"),
            "multi-krum": rule("multikrum", "MultiKrum", "n", "f"),
            "geometric-median": rule("geometric_median", "GeometricMedian", "n", "f"),
            "medoid": rule("medoid", "Medoid", "n", "f"),
            "bulyan": rule("bulyan", "Bulyan", "n", "f"),
        }
    }


def _qora() -> dict[str, dict[str, Offer]]:
    aggregator: Any = importlib.import_module("qora").ByzantineAggregator

    def method(pattern: str) -> Offer:
        def prepared(case: Case) -> Prepare:
            n, f = case.n, case.byzantine
            rule = aggregator(pattern.format(f=f, m=max(1, n - 2 * f - 2)), min(0.49, (f + HALF) / n))
            rows = [row[None] for row in case.rows]
            return lambda: lambda: rule.aggregate(rows)

        return prepared

    return {
        "": {
            "mean": method("fedavg"),
            "median": method("median"),
            "trimmed-mean": method("trimmed_mean"),
            "krum": method("krum:{f}"),
            "multi-krum": method("multi_krum:{f}:{m}"),  # it takes no more than n - 2f - 2
        }
    }


def _flower() -> dict[str, dict[str, Offer]]:
    from flowstate_flower.cli.bench import flower

    return {
        "": {
            "mean": flower.through("FedAvg"),
            "median": lambda case: lambda: lambda: np.median(case.rows, axis=0),
            "trimmed-mean": flower.trimmed_mean,
            "krum": flower.through("Krum"),
            "multi-krum": flower.through("MultiKrum"),
            "bulyan": flower.through("Bulyan"),
        }
    }


PACKAGES: tuple[tuple[str, str, Callable[[], dict[str, dict[str, Offer]]]], ...] = (
    ("byzfl", "byzfl", _byzfl),
    ("krum", "krum", _krum),
    ("qora-fl", "qora", _qora),
    ("flwr", "flwr", _flower),
)


def _tensor(case: Case) -> Any:
    import torch

    return torch.from_numpy(case.rows)


def _chained(first: Callable[[Any], Any], then: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda rows: then(first(rows))


@contextmanager
def _without_torchvision() -> Iterator[None]:
    """Byzfl imports torchvision, for its training loops alone: a stand-in does where it is not installed."""
    if find_spec("torchvision") is not None:
        yield
        return
    names = ("torchvision", "torchvision.models", "torchvision.transforms", "torchvision.datasets")
    sys.modules.update({name: MagicMock() for name in names})
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
