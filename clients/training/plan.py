"""What one round's training is: refused where it makes no sense, never clamped."""

import math
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

from flowstate_flower.errors import BadInput
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms, ScheduleName

EngineName = Literal["auto", "opacus", "fast"]
Autocast = Literal["none", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Choices:
    """What terms do not say. A task may carry one as `choices`; none of it changes what is released or what it costs.

    `trainable` are shell-style patterns of parameters' names; all others are frozen. `most_rows` is how many rows go through
    the model at once: a larger batch is worked off in pieces, and gets its noise once. Of one person at most `rows_per_group`
    rows enter a step.
    """

    engine: EngineName = "auto"
    trainable: tuple[str, ...] = ("*",)
    most_rows: int | None = None
    autocast: Autocast = "none"
    rows_per_group: int = 8

    def __post_init__(self) -> None:
        _one_of("engine", self.engine, get_args(EngineName))
        _one_of("autocast", self.autocast, get_args(Autocast))
        _need(len(self.trainable) > 0, "trainable names no parameter", 'patterns such as "head.*"')
        _need(self.most_rows is None or self.most_rows >= 1, f"most_rows is {self.most_rows}", "at least 1, or None for all")
        _need(self.rows_per_group >= 1, f"rows_per_group is {self.rows_per_group}", "at least 1")


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """`steps` of SGD on samples of `batch_size` units in expectation. Without `privacy`, ε is infinite, and said to be."""

    steps: int
    batch_size: int
    learning_rate: float
    privacy: PrivacyTerms | None
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: ScheduleName = "constant"
    choices: Choices = field(default_factory=Choices)

    def __post_init__(self) -> None:
        _need(self.steps >= 1, f"{self.steps} steps", "at least 1")
        _need(self.batch_size >= 1, f"a batch of {self.batch_size}", "at least 1")
        _need(0 < self.learning_rate < math.inf, f"a learning rate of {self.learning_rate}", "above 0")
        _need(0 <= self.momentum < 1, f"a momentum of {self.momentum}", "from 0, below 1")
        _need(0 <= self.weight_decay < math.inf, f"a weight decay of {self.weight_decay}", "from 0")
        _one_of("schedule", self.schedule, get_args(ScheduleName))
        unit = self.privacy.unit if self.privacy else "example"
        _need(unit != "tenant", "the unit is the tenant", "clip the whole update instead; local training is then plain")

    @classmethod
    def of(cls, work: LocalWork, privacy: PrivacyTerms | None, choices: Choices | None = None) -> "TrainingPlan":
        """What the terms ask for. With the unit `tenant` local training is plain: the whole update is clipped, elsewhere."""
        asked = {name.name for name in fields(cls)} & set(LocalWork.model_fields)
        local = None if privacy is not None and privacy.unit == "tenant" else privacy
        return cls(privacy=local, choices=choices or Choices(), **{name: getattr(work, name) for name in asked})

    @property
    def by_group(self) -> bool:
        """Whether a person is the unit, rather than a row."""
        return self.privacy is not None and self.privacy.unit == "group"

    def rate_factor(self, step: int) -> float:
        """What the learning rate is multiplied with at `step`, counted from 0."""
        done = step / self.steps
        if self.schedule == "linear":
            return 1 - done
        return (1 + math.cos(math.pi * done)) / 2 if self.schedule == "cosine" else 1.0


def _need(holds: bool, problem: str, hint: str) -> None:
    if not holds:
        raise BadInput(problem, hint=hint)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    _need(value in allowed, f"{name} is '{value}'", "one of " + ", ".join(allowed))
