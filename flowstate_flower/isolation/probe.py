"""What a probe is."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from flowstate_flower.isolation.scratch import Scratch


class Area(StrEnum):
    """Where tenants could meet."""

    DATABASE = "database"
    IDS = "ids"
    FILES = "files and crypto"
    IDENTITY = "identity"
    NEIGHBOURS = "noisy neighbour"


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt. `leaks` yields in words what got through, and yields nothing where all is well."""

    area: Area
    weight: int
    critical: bool
    leaks: Callable[[Scratch], Iterator[str]]

    @property
    def name(self) -> str:
        """The function's, with hyphens."""
        return self.leaks.__name__.replace("_", "-")

    @property
    def promise(self) -> str:
        """The sentence that holds where the probe passes."""
        return (inspect.getdoc(self.leaks) or "").split("\n", 1)[0]
