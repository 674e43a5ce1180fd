"""How much a tenant is willing to spend on one data set."""

from dataclasses import dataclass
from typing import Literal

from flowstate_flower.errors import BadInput


@dataclass(frozen=True, slots=True)
class Account:
    """What one budget is for. `data_set` is a fingerprint of the data, so that copies of a data set share an account."""

    tenant: str
    data_set: str
    unit: Literal["example", "group", "tenant"]
    delta: float
    relation: Literal["add-or-remove-one"] = "add-or-remove-one"


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `epsilon` at `delta`, over all runs together."""

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        if not self.epsilon > 0:
            raise BadInput(f"a budget of ε = {self.epsilon}", hint="epsilon is above 0")
        if not 0 < self.delta < 1:
            raise BadInput(f"a budget with δ = {self.delta}", hint="a probability, smaller than 1 / examples")
