"""What the tenant allows, in a TOML file that the tenant owns. It is read before the data is, and no server can change it."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from flowstate_flower.documents import Document
from flowstate_flower.privacy import Budget
from flowstate_flower.trust.statements import MOST_METRICS, MetricsClaim, Refused
from flowstate_flower.trust.terms import ClippingName, Digest, LocalWork, Name, PrivacyTerms, Terms, Unit

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Source = Literal["os", "cryptographic", "seeded"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


def _listed(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("name at least one")
    return names


def _named(digests: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if digests is None else _listed(digests)


class PrivacyPolicy(Document):
    """What must hold of every round, and how much may be spent in all.

    There is one `unit`: each has an account of its own, and the two would not add up. With `tenant`, the server is trusted to
    add the noise.
    """

    epsilon: Positive
    delta: Annotated[float, Field(gt=0, lt=1)] = 1e-5
    least_noise_multiplier: Positive = 0.5
    largest_clip_norm: Positive = 10.0
    unit: Unit = "example"
    clippings: Annotated[tuple[ClippingName, ...], Field(strict=False), AfterValidator(_listed)] = (
        "flat",
        "per-layer",
        "adaptive",
    )

    @property
    def budget(self) -> Budget:
        """The tenant's budget over all runs."""
        return Budget(self.epsilon, self.delta)


class MetricsPolicy(Document):
    """Which means over the tenant's units leave with each private round, and with how much noise: see `MetricsClaim`.

    What is measured of one unit counts as at most its bound. `loss` is the task's, others are the task's `example_metrics`.
    """

    noise_multiplier: Positive
    bounds: Annotated[dict[Name, Positive], Field(min_length=1, max_length=MOST_METRICS)]

    @property
    def claim(self) -> MetricsClaim:
        """What will be claimed, but for the values."""
        return MetricsClaim(noise_multiplier=self.noise_multiplier, bounds=self.bounds)


class WorkPolicy(Document):
    """How much of the tenant's machine one round may take. What is absent is not bounded."""

    most_steps: int = Field(default=10_000, ge=1)
    largest_batch: int = Field(default=100_000, ge=1)
    most_seconds: Positive = 3600.0
    most_memory_mb: int | None = Field(default=None, ge=1)
    device: str = "auto"
    threads: int | None = Field(default=None, ge=1)


class HoursPolicy(Document):
    """When a round may begin: from `opens` to `closes` of each of `days`. What closes before it opens does so a day later."""

    zone: str = "UTC"
    days: Annotated[tuple[Day, ...], Field(strict=False), AfterValidator(_listed)] = WEEK
    opens: TimeOfDay = "00:00"
    closes: TimeOfDay = "24:00"

    @model_validator(mode="after")
    def _names_a_span(self) -> Self:
        if self.opens in {self.closes, "24:00"}:
            raise ValueError("opens: a time of day before or after closes")
        _zone(self.zone)
        return self

    def include(self, now: datetime) -> bool:
        """Whether a round may begin at `now`."""
        local = now.astimezone(_zone(self.zone))
        today, time = WEEK[local.weekday()], f"{local:%H:%M}"
        if self.opens < self.closes:
            return today in self.days and self.opens <= time < self.closes
        yesterday = WEEK[(local - timedelta(days=1)).weekday()]
        return (today in self.days and time >= self.opens) or (yesterday in self.days and time < self.closes)


class RandomnessPolicy(Document):
    """Where noise comes from. `seeded` is for simulations: it protects nobody, and every statement then says so."""

    source: Source = "cryptographic"
    seed: int = 0


class TenantPolicy(Document):
    """A tenant's whole policy. Training without differential privacy has to be allowed in so many words.

    `apps` are SHA-256 digests of Flower apps, None for any app.
    """

    tenant: Name
    purposes: Annotated[tuple[Name, ...], Field(strict=False)]
    apps: Annotated[tuple[Digest, ...] | None, Field(strict=False), AfterValidator(_named)] = None
    allow_without_privacy: bool = False
    privacy: PrivacyPolicy | None = None
    metrics: MetricsPolicy | None = None
    work: WorkPolicy = WorkPolicy()
    hours: HoursPolicy | None = None
    randomness: RandomnessPolicy = RandomnessPolicy()

    @model_validator(mode="after")
    def _says_something_about_privacy(self) -> Self:
        if (self.privacy is None) != self.allow_without_privacy:  # with both, the budget would not cover what was released
            raise ValueError("set either a [privacy] budget or allow_without_privacy = true")
        if self.metrics is not None and (self.privacy is None or self.privacy.unit == "tenant"):
            raise ValueError("[metrics] are paid for by a [privacy] budget, of examples or groups")
        return self

    def with_app_seen(self) -> "TenantPolicy":
        """The rest of it, for those who know that what runs is one of `apps`."""
        return self.model_copy(update={"apps": None})


class Declined(Exception):
    """The tenant says no: a signed refusal, never an error. Its text goes to the server, so it tells nothing of the data."""

    def __init__(self, reason: Refused, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def check(policy: TenantPolicy, terms: Terms, now: datetime) -> None:
    """Raise `Declined` unless the policy allows at `now` what `terms` asks. Looks at nothing but the three."""
    check_request(policy, terms, now)
    check_privacy(policy.privacy, terms.privacy)


def check_request(policy: TenantPolicy, terms: Terms, now: datetime) -> None:
    """Raise `Declined` unless the policy allows at `now` what `terms` asks, privacy left aside.

    Code cannot tell which app it is, so a policy that lists apps forbids everything here: see `TenantPolicy.with_app_seen`.
    """
    if policy.apps is not None:
        raise Declined(Refused.APP, "nobody here has seen which app asks")
    if terms.tenant != policy.tenant:
        raise Declined(Refused.OTHER_TENANT, f"the terms are for {terms.tenant}")
    if terms.purpose not in policy.purposes:
        raise Declined(Refused.PURPOSE, f"'{terms.purpose}' is not among the purposes agreed to")
    if policy.hours is not None and not policy.hours.include(now):
        raise Declined(Refused.OUTSIDE_HOURS, "no round may begin at this hour")
    _check_work(policy.work, terms.work)


def check_app(policy: TenantPolicy, app: str) -> None:
    """Raise `Declined` unless the policy allows the app with this digest."""
    if policy.apps is not None and app not in policy.apps:
        raise Declined(Refused.APP, f"the app {app} is not among those agreed to")


def _check_work(policy: WorkPolicy, work: LocalWork) -> None:
    if work.steps > policy.most_steps:
        raise Declined(Refused.TOO_MUCH_WORK, f"{work.steps} steps, at most {policy.most_steps}")
    if work.batch_size > policy.largest_batch:
        raise Declined(Refused.TOO_MUCH_WORK, f"batches of {work.batch_size}, at most {policy.largest_batch}")


def check_privacy(policy: PrivacyPolicy | None, asked: PrivacyTerms | None) -> None:
    """Raise `Declined` unless `policy` allows what is asked of privacy, or made for it."""
    if asked is None:
        if policy is not None:
            raise Declined(Refused.NOT_PRIVATE, "training without differential privacy is not allowed")
        return
    if policy is None:
        if asked.unit == "tenant":  # the noise is the server's affair: to this tenant it is a round without privacy
            return
        raise Declined(Refused.BUDGET, "the tenant has set no privacy budget")
    if asked.unit != policy.unit:
        raise Declined(Refused.UNIT, f"the unit is '{asked.unit}', '{policy.unit}' was agreed to")
    if asked.clipping not in policy.clippings:
        raise Declined(Refused.CLIPPING, f"'{asked.clipping}' clipping is not among those agreed to")
    if asked.noise_multiplier < policy.least_noise_multiplier:
        raise Declined(Refused.NOT_PRIVATE, f"a noise multiplier of {asked.noise_multiplier} is too small")
    if asked.clip_norm > policy.largest_clip_norm:
        raise Declined(Refused.NOT_PRIVATE, f"a clipping norm of {asked.clip_norm} is too large")


def _zone(name: str) -> tzinfo:
    """The zone called `name`; UTC needs no database of zones. Raises `ValueError` for one that nobody knows here."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"no zone '{name}' here, such as Europe/Zurich") from error
