"""The last update of each run, on the tenant's own disk before it is sent: asked again, the tenant says the same again.

A file is one line of canonical JSON, then the arrays' bytes. Nobody has to trust it: the tenant's ledger knows the digest of
what may leave, and the tenant signs nothing else.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  gives numpy the name bfloat16
import numpy as np
from numpy.typing import NDArray

from flowstate_flower.clients.durable import replace_file
from flowstate_flower.errors import BadInput
from flowstate_flower.trust.canonical import canonical

Layers = Mapping[str, NDArray[Any]]
MOST_RUNS = 4
"""Of how many runs the last update is kept, so that a server that invents runs does not fill the disk."""
LOCKS = 16
FORMAT = "flowstate/stored-update/v1"


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """What left, or was about to, in answer to the terms whose digest is `asked`. The next round goes on from `momentum`."""

    run: str
    round: int
    asked: str
    examples: int
    layers: Layers
    momentum: Layers | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpdateStore:
    """Stored updates in `folder`, which is made where it is missing."""

    folder: Path

    @contextmanager
    def alone(self, run: str) -> Iterator[None]:
        """Keep other threads and processes of this tenant out of `run`, as long as they ask too. Raises `BadInput`."""
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self.folder / f"{int(_name(run), 16) % LOCKS}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BadInput(f"cannot use {self.folder}: {error.strerror}", hint="check the folder") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def keep(self, update: StoredUpdate) -> None:
        """On the disk before this returns, instead of what was kept of this run. Raises `BadInput`."""
        groups = {"layers": update.layers, "momentum": update.momentum or {}}
        arrays = {kind: {name: np.asarray(a, order="C") for name, a in layers.items()} for kind, layers in groups.items()}
        head = {
            "format": FORMAT,
            "run": update.run,
            "round": update.round,
            "asked": update.asked,
            "examples": update.examples,
            "metrics": dict(update.metrics),
            "has_momentum": update.momentum is not None,
            **{kind: [[name, _kind(a), list(a.shape)] for name, a in group.items()] for kind, group in arrays.items()},
        }
        body = [a.reshape(-1).view(np.uint8).data for group in arrays.values() for a in group.values()]
        try:
            replace_file(self.folder / f"{_name(update.run)}.update", [canonical(head) + b"\n", *body])
            self._forget()
        except OSError as error:
            raise BadInput(f"cannot keep an update in {self.folder}: {error.strerror}", hint="check the disk") from error

    def last(self, run: str) -> StoredUpdate | None:
        """What was kept of `run`; None where there is nothing, or nothing that can be read."""
        try:
            data = (self.folder / f"{_name(run)}.update").read_bytes()
            line, _, body = data.partition(b"\n")
            head = json.loads(line)
            if (head["format"], head["run"]) != (FORMAT, run):
                return None
            layers, rest = _taken(head["layers"], memoryview(body))
            momentum, rest = _taken(head["momentum"], rest)
            kept = momentum if head["has_momentum"] else None
            metrics = head.get("metrics", {})  # files of before there were any have none
            stored = StoredUpdate(run, head["round"], head["asked"], head["examples"], layers, kept, metrics)
            return stored if not rest else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _forget(self) -> None:
        """Remove all but the newest `MOST_RUNS`."""
        kept = sorted(self.folder.glob("*.update"), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-MOST_RUNS]:
            path.unlink(missing_ok=True)


def _name(run: str) -> str:
    return hashlib.sha256(run.encode()).hexdigest()[:32]


def _kind(array: NDArray[Any]) -> str:
    return array.dtype.name if array.dtype.kind == "V" else array.dtype.str


def _taken(heads: list[tuple[str, str, list[int]]], data: memoryview) -> tuple[dict[str, NDArray[Any]], memoryview]:
    """The arrays that `heads` describe at the beginning of `data`, and what follows them. Raises `ValueError`."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, kind, shape in heads:
        dtype, count = np.dtype(kind), int(np.prod(shape, dtype=np.int64))
        if dtype.hasobject:
            raise ValueError("not numbers")
        arrays[name] = np.frombuffer(data, dtype, count).reshape(shape) if count else np.empty(shape, dtype)
        data = data[count * dtype.itemsize :]
    return arrays, data
