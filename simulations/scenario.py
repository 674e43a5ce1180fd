"""Scenarios: a whole federation in one TOML file."""

import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flowstate_flower.aggregation import Rule, rule_named
from flowstate_flower.documents import Document, read_toml
from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.trust.terms import LocalWork, Name, PrivacyTerms

RUN_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
RoundNumber = Annotated[int, Field(ge=1)]


class Data(Document):
    """Which data, and how it is dealt to tenants: label proportions from a Dirichlet distribution. The server keeps
    `root_examples` for the rules that trust an update of its own. Images come from a folder, with test images of their own.
    """

    task: Literal["digits", "images"] = "digits"
    folder: str | None = None
    tenants: int = Field(ge=1, le=10_000)
    dirichlet_alpha: Positive
    least_examples: int = Field(default=20, ge=2)
    test_fraction: float = Field(default=0.2, gt=0, lt=1)
    root_examples: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _folder_where_it_is_read(self) -> Self:
        if (self.task == "images") != (self.folder is not None):
            raise ValueError("a folder is read by the task images, and needed by it")
        if self.task == "images" and self.test_fraction != Data.model_fields["test_fraction"].default:
            raise ValueError("the task images has test images of its own: no test_fraction")
        return self


class Round(Document):
    """How a round is closed. `optimiser` is the Flower strategy that applies the aggregate."""

    rule: str
    byzantine: int = Field(ge=0)
    quorum: int = Field(default=1, ge=1)
    deadline_seconds: Positive = 120.0
    weighting: Literal["uniform", "examples"] = "uniform"
    largest_update_norm: Positive | None = None
    cohort: int | None = Field(default=None, ge=1)
    optimiser: Literal["fedavg", "fedadam"] = "fedavg"
    server_learning_rate: Positive = 0.1


class Privacy(Document):
    """What the server asks for, and what each tenant is willing to spend. With the unit `tenant` the server adds the noise, and
    `epsilon_budget` is the federation's.
    """

    unit: Literal["example", "tenant"] = "example"
    noise_multiplier: Positive
    clip_norm: Positive
    epsilon_budget: Positive
    delta: Annotated[float, Field(gt=0, lt=1)] = 1e-5


class Training(Document):
    """Local work in a round. `device` is auto, cpu, cuda or mps; both engines give the same bits on the same device.

    With the `engine` batched, tenants of one process train in the same steps, which gives the same models up to rounding.
    """

    steps: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: Positive
    momentum: float = Field(default=0.0, ge=0, lt=1)
    worker_momentum: float = Field(default=0.0, ge=0, lt=1)
    device: str = "cpu"
    engine: Literal["auto", "batched"] = "auto"


class Withdrawal(Document):
    """A tenant that no longer agrees once `after_round` is over."""

    tenant: Name
    after_round: RoundNumber


class Attacker(Document):
    """A tenant that poisons from `from_round` on.

    sign-flip: sends -`strength` times its honest update. label-flip: trains on targets turned round (digit d becomes 9 - d).
    """

    tenant: Name
    kind: Literal["sign-flip", "label-flip"]
    from_round: RoundNumber = 1
    strength: Positive = 1.0


class Scenario(Document):
    """A federation: its data, its rounds, and who behaves how."""

    title: str
    purpose: Name
    rounds: int = Field(ge=1, le=100_000)
    data: Data
    round: Round
    training: Training
    privacy: Privacy | None = None
    not_opted_in: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    withdrawals: Annotated[tuple[Withdrawal, ...], Field(strict=False)] = ()
    attackers: Annotated[tuple[Attacker, ...], Field(strict=False)] = ()

    @property
    def tenants(self) -> tuple[str, ...]:
        """The tenants' names, in order."""
        return tuple(f"tenant-{number:02d}" for number in range(1, self.data.tenants + 1))

    @property
    def work(self) -> LocalWork:
        """Local work as the terms carry it."""
        return LocalWork(**self.training.model_dump(exclude={"device", "engine"}))

    @property
    def privacy_terms(self) -> PrivacyTerms | None:
        """Privacy as the terms carry it."""
        if self.privacy is None:
            return None
        return PrivacyTerms(**self.privacy.model_dump(include={"noise_multiplier", "clip_norm", "unit"}))

    @property
    def noise_at_server(self) -> bool:
        """Whether privacy is tenant-level."""
        return self.privacy is not None and self.privacy.unit == "tenant"

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        usable_rule(self.round.rule, self.data)
        actors = (*self.not_opted_in, *(w.tenant for w in self.withdrawals), *(a.tenant for a in self.attackers))
        for name in actors:
            if name not in self.tenants:
                raise UnknownName("tenant", name, self.tenants)
        leaving = [withdrawal.tenant for withdrawal in self.withdrawals]
        for name in leaving:
            if name in self.not_opted_in or leaving.count(name) > 1:
                raise ValueError(f"{name} cannot withdraw: it has not opted in, or it withdraws twice")
        return self


def usable_rule(name: str, data: Data) -> Rule:
    """The rule, if it can be used on this data. Raises `BadInput`."""
    rule = rule_named(name)
    if rule.rooted and data.root_examples == 0:
        raise BadInput(f"{name} needs examples of the server's own", hint="set root_examples in [data]")
    return rule


def shipped() -> dict[str, Path]:
    """The scenarios that come with the package, by name."""
    folder = Path(str(resources.files(__package__) / "scenarios"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load(name_or_path: str) -> Scenario:
    """A shipped scenario by name, or a file by path. Raises `BadInput`."""
    known = shipped()
    if name_or_path in known:
        return read_toml(Scenario, known[name_or_path])
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        scenario = read_toml(Scenario, Path(name_or_path))
        if not re.fullmatch(RUN_NAME, Path(name_or_path).stem):
            raise BadInput(f"'{Path(name_or_path).stem}' cannot name a run", hint="rename the file: letters, digits, . _ -")
        return scenario
    raise UnknownName("scenario", name_or_path, known)


def with_folder(scenario: Scenario, folder: Path | None) -> Scenario:
    """The scenario with images from another folder. Raises `BadInput` where it reads none."""
    if folder is None:
        return scenario
    if scenario.data.task != "images":
        raise BadInput(f"the task {scenario.data.task} reads no folder", hint='task = "images" in [data]')
    return scenario.model_copy(update={"data": scenario.data.model_copy(update={"folder": str(folder)})})


def with_rounds(scenario: Scenario, rounds: int | None) -> Scenario:
    """The scenario with another number of rounds. Raises `BadInput` for less than one."""
    if rounds is None:
        return scenario
    if rounds < 1:
        raise BadInput(f"{rounds} rounds", hint="at least 1")
    return scenario.model_copy(update={"rounds": rounds})
