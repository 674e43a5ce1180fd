"""What a run is started from, and started again, as one JSON text: the terms of every round, and how many rounds."""

from typing import Annotated

from pydantic import Field, ValidationError

from flowstate_flower.admission import Limits
from flowstate_flower.aggregation import rule_named
from flowstate_flower.documents import Document, parsed
from flowstate_flower.errors import BrokenRegistry
from flowstate_flower.round import Closing, Weighting
from flowstate_flower.strategies.run_terms import RunTerms
from flowstate_flower.trust.terms import Digest, Finite, LocalWork, Name, PrivacyTerms


class RunSpec(Document):
    """A `RunTerms` as people and files say it. `rounds` is how many there are in all.

    `budget` is the ε and δ that all models of the registry together stay within, where the server adds the noise.
    """

    run: Name
    purpose: Name
    rounds: int = Field(ge=1)
    work: LocalWork
    privacy: PrivacyTerms | None = None
    rule: str = "multi-krum"
    byzantine: int = Field(default=0, ge=0)
    quorum: int = Field(default=1, ge=1)
    weighting: Weighting = "uniform"
    most_examples: int = Field(default=1_000_000, ge=1)
    largest_update_norm: Finite | None = Field(default=None, gt=0)
    accept_seeded_noise: bool = False
    deadline_seconds: Finite = Field(default=600.0, gt=0)
    cohort: int | None = Field(default=None, ge=1)
    app: Digest | None = None
    budget: Annotated[tuple[Finite, Finite], Field(strict=False)] | None = None

    @classmethod
    def of(cls, terms: RunTerms, rounds: int, budget: tuple[float, float] | None = None) -> "RunSpec":
        """What `terms` say. Raises `BadInput` for what no file could."""
        closing, limits = terms.closing, terms.limits
        said = {
            "run": terms.run,
            "purpose": terms.purpose,
            "rounds": rounds,
            "work": terms.work,
            "privacy": terms.privacy,
            "rule": closing.rule.name,
            "byzantine": closing.byzantine,
            "quorum": closing.quorum,
            "weighting": closing.weighting,
            "most_examples": limits.most_examples,
            "largest_update_norm": limits.largest_update_norm,
            "accept_seeded_noise": limits.accept_seeded_noise,
            "deadline_seconds": terms.deadline_seconds,
            "cohort": terms.cohort,
            "app": terms.app,
            "budget": budget,
        }
        return parsed(cls, said, f"the run {terms.run}")

    @classmethod
    def parse(cls, text: str) -> "RunSpec":
        """What `text` wrote. Raises `BrokenRegistry`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise BrokenRegistry("a run's recorded terms cannot be read", hint="use the version that wrote them") from error

    @property
    def text(self) -> str:
        """The JSON: equal for equal terms."""
        return self.model_dump_json()

    @property
    def terms(self) -> RunTerms:
        """The terms of the run's rounds. Raises `UnknownName` for a rule that there is not."""
        return RunTerms(
            run=self.run,
            purpose=self.purpose,
            work=self.work,
            privacy=self.privacy,
            closing=Closing(rule_named(self.rule), self.byzantine, self.quorum, self.weighting),
            limits=Limits(self.most_examples, self.largest_update_norm, self.accept_seeded_noise),
            deadline_seconds=self.deadline_seconds,
            cohort=self.cohort,
            app=self.app,
        )
