"""What a run carries from round to round beside the model, as named arrays: a crash then costs the round under way, no more.

That is what the rule left behind, what a Flower strategy keeps as server optimiser, and where a seeded run's randomness stands.
Flower's strategies keep theirs in plain attributes (the moments of FedAdam, the momentum of FedAvgM): what can be written as
numbers, texts and arrays is kept, and whatever else there is makes a resumption refuse itself, rather than forget.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord
from flwr.serverapp.strategy import Strategy
from numpy.typing import NDArray

from flowstate_flower.aggregation.updates import Vector
from flowstate_flower.errors import RunImpossible

State = Mapping[str, NDArray[Any]]
INDEX = "index"
PLAIN = (type(None), bool, int, float, str)


class _Unkeepable(Exception):
    """A value that is no number, text, array, or list, dictionary or record of these."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What one round hands to the next. `made_by` describes the optimiser whose `optimiser` attributes these are; `lost` names
    attributes that could not be kept. `cohorts` and `noise` are where seeded generators stand, None where they are not seeded.
    """

    memory: Mapping[str, Vector] = field(default_factory=dict)
    optimiser: Mapping[str, Any] = field(default_factory=dict)
    made_by: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    cohorts: Any = None
    noise: Any = None

    def packed(self) -> State:
        """All of it as arrays, one of which says what the others are; nothing where there is nothing to carry."""
        if not (self.memory or self.made_by or self.cohorts or self.noise):
            return {}
        arrays: list[NDArray[Any]] = []
        index = {
            "memory": _written(dict(self.memory), arrays),
            "optimiser": _written(dict(self.optimiser), arrays),
            "made_by": dict(self.made_by),
            "lost": list(self.lost),
            "cohorts": self.cohorts,
            "noise": self.noise,
        }
        text = np.frombuffer(json.dumps(index).encode(), np.uint8)
        return {INDEX: text, **{str(number): array for number, array in enumerate(arrays)}}

    @classmethod
    def unpacked(cls, state: State) -> "Carried":
        """What `packed` made. Raises `RunImpossible` for anything else."""
        if not state:
            return cls()
        try:
            index = json.loads(state[INDEX].tobytes())
            memory, optimiser = _read(index["memory"], state), _read(index["optimiser"], state)
            made_by, lost = index["made_by"], tuple(index["lost"])
            return cls(memory, optimiser, made_by, lost, index["cohorts"], index["noise"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise RunImpossible("the state of the last round cannot be read", hint="restore its file from a copy") from error


def description(strategy: Strategy | None) -> dict[str, Any]:
    """Which optimiser this is: its class, and every setting that is a number or a text."""
    if strategy is None:
        return {}
    settings = {name: value for name, value in vars(strategy).items() if isinstance(value, PLAIN)}
    return {"class": type(strategy).__name__, **settings}


def changed(strategy: Strategy, before: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The attributes that are not as they were `before` the first round, or that may have changed inside; and the names of
    those among them that cannot be written down.
    """
    found, lost = {}, []
    for name, value in vars(strategy).items():
        is_as_before = name in before and value is before[name]
        if is_as_before and (isinstance(value, PLAIN) or callable(value)):
            continue
        try:
            _written(value, [])
            found[name] = value
        except _Unkeepable:
            lost.append(name)
    return found, tuple(sorted(lost))


def generator_state(rng: random.Random) -> Any:
    """Where a seeded generator stands, as JSON; None for the operating system's randomness."""
    return None if isinstance(rng, random.SystemRandom) else rng.getstate()


def restore_generator(rng: random.Random, state: Any) -> None:
    """Put a generator where `generator_state` found it. Raises `RunImpossible` where one of the two is seeded alone."""
    if (state is None) != isinstance(rng, random.SystemRandom):
        raise RunImpossible("the run was seeded and is not any more, or the other way round", hint="resume with the same rng")
    if state is not None:
        version, words, gauss = state
        rng.setstate((version, tuple(words), gauss))


def _written(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """`value` as JSON, with its arrays put in `arrays` and named by number. Raises `_Unkeepable`."""
    if isinstance(value, PLAIN):
        return {"is": value}
    for kind, (type_, to_array, _) in NUMBERS.items():
        if isinstance(value, type_):
            arrays.append(to_array(value))
            return {kind: str(len(arrays) - 1)}
    if isinstance(value, ArrayRecord):
        return {"record": {name: _written(array.numpy(), arrays) for name, array in value.items()}}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: _written(item, arrays) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_written(item, arrays) for item in value]}
    raise _Unkeepable


def _read(written: Mapping[str, Any], state: State) -> Any:
    ((kind, said),) = written.items()
    if kind == "is":
        return said
    if kind in NUMBERS:
        return NUMBERS[kind][2](state[said])
    if kind in ("list", "tuple"):
        items = [_read(item, state) for item in said]
        return items if kind == "list" else tuple(items)
    named = {key: _read(item, state) for key, item in said.items()}
    return ArrayRecord({name: Array(array) for name, array in named.items()}) if kind == "record" else named


def _whole(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.hasobject:
        raise _Unkeepable
    return array


NUMBERS: Mapping[str, tuple[type, Callable[[Any], NDArray[Any]], Callable[[NDArray[Any]], Any]]] = {
    "bytes": (bytes, lambda value: np.frombuffer(value, np.uint8), lambda array: array.tobytes()),
    "scalar": (np.generic, np.asarray, lambda array: array[()]),
    "array": (np.ndarray, _whole, lambda array: array),
}
"""What is written as one array: its kind, to it, and back."""
