"""What the tenant allows, in a TOML file that the tenant owns. It is read before the data is, and no server can change it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from flowstate_flower.clients.randomness import Source
from flowstate_flower.documents import Document
from flowstate_flower.privacy import Budget
from flowstate_flower.trust.statements import Refused
from flowstate_flower.trust.terms import Name, Terms

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class PrivacyPolicy(Document):
    """What must hold of every round, and how much may be spent in all."""

    epsilon: Positive
    delta: Annotated[float, Field(gt=0, lt=1)] = 1e-5
    least_noise_multiplier: Positive = 0.5
    largest_clip_norm: Positive = 10.0

    @property
    def budget(self) -> Budget:
        """The tenant's budget over all runs."""
        return Budget(self.epsilon, self.delta)


class WorkPolicy(Document):
    """How much of the tenant's machine one round may take."""

    most_steps: int = Field(default=10_000, ge=1)
    device: str = "auto"
    threads: int | None = Field(default=None, ge=1)


class RandomnessPolicy(Document):
    """Where noise comes from. `seeded` is for simulations: it protects nobody, and every statement then says so."""

    source: Source = "cryptographic"
    seed: int = 0


class TenantPolicy(Document):
    """A tenant's whole policy. Training without differential privacy has to be allowed in so many words."""

    tenant: Name
    purposes: Annotated[tuple[Name, ...], Field(strict=False)]
    allow_without_privacy: bool = False
    privacy: PrivacyPolicy | None = None
    work: WorkPolicy = WorkPolicy()
    randomness: RandomnessPolicy = RandomnessPolicy()

    @model_validator(mode="after")
    def _says_something_about_privacy(self) -> Self:
        if (self.privacy is None) != self.allow_without_privacy:  # with both, the budget would not cover what was released
            raise ValueError("set either a [privacy] budget or allow_without_privacy = true")
        return self


class Declined(Exception):
    """The tenant says no. Becomes a signed refusal, never an error."""

    def __init__(self, reason: Refused, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def check(policy: TenantPolicy, terms: Terms) -> None:
    """Raise `Declined` unless the policy allows what `terms` asks. Looks at nothing but the two."""
    if terms.tenant != policy.tenant:
        raise Declined(Refused.OTHER_TENANT, f"the terms are for {terms.tenant}")
    if terms.purpose not in policy.purposes:
        raise Declined(Refused.PURPOSE, f"'{terms.purpose}' is not among the purposes agreed to")
    if terms.work.steps > policy.work.most_steps:
        raise Declined(Refused.TOO_MUCH_WORK, f"{terms.work.steps} steps, at most {policy.work.most_steps}")
    if terms.privacy is None:
        if policy.privacy is not None:
            raise Declined(Refused.NOT_PRIVATE, "training without differential privacy is not allowed")
        return
    if policy.privacy is None:
        raise Declined(Refused.BUDGET, "the tenant has set no privacy budget")
    if terms.privacy.noise_multiplier < policy.privacy.least_noise_multiplier:
        raise Declined(Refused.NOT_PRIVATE, f"a noise multiplier of {terms.privacy.noise_multiplier} is too small")
    if terms.privacy.clip_norm > policy.privacy.largest_clip_norm:
        raise Declined(Refused.NOT_PRIVATE, f"a clipping norm of {terms.privacy.clip_norm} is too large")
