"""What a round of somebody else's app releases, as the tenant declares it, and how mods tell one another of it."""

from contextvars import ContextVar
from dataclasses import dataclass

from flwr.app import ConfigRecord, Message

from flowstate_flower.clients.spending import WHOLE_TENANT
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import GaussianRelease
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.statements import PrivacyClaim
from flowstate_flower.trust.terms import ClippingName, PrivacyTerms, Unit

NOISED, CLAIM = "flowstate.noised", "flowstate.claim"
SIGNED_OUTSIDE: ContextVar[bool] = ContextVar("signed_outside", default=False)
"""Whether `signing` waits outside, which settles what `budget` reserved once it has kept the update. No message can say so."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Noise of standard deviation `noise_multiplier · clip_norm` on what `clip_norm` bounds, `steps` times a round.

    By default it is the whole update, once: the unit is the tenant, and `tenant_noise` makes it. With another unit the app
    makes it itself, and is believed: then `data_set` is the fingerprint of its data, and `units` is how many there are of what
    is protected.
    """

    noise_multiplier: float
    clip_norm: float
    unit: Unit = "tenant"
    clipping: ClippingName = "flat"
    sample_rate: float = 1.0
    steps: int = 1
    excess: float = 0.0
    data_set: str = WHOLE_TENANT
    units: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.clip_norm < float("inf"):
            raise BadInput(f"clip_norm is {self.clip_norm}", hint="above 0")
        if self.unit == "tenant" and (self.sample_rate, self.steps, self.units) != (1.0, 1, 1):
            raise BadInput("the whole update is released once a round", hint="leave sample_rate, steps and units alone")
        if self.unit != "tenant" and self.data_set == WHOLE_TENANT:
            raise BadInput("no data set is named", hint="data_set=fingerprint(examples), units=len(examples)")
        _ = self.release

    @property
    def release(self) -> GaussianRelease:
        """As accountants see it."""
        return GaussianRelease(self.noise_multiplier, self.sample_rate, self.steps, self.excess)

    @property
    def terms(self) -> PrivacyTerms:
        """As policies see it."""
        return PrivacyTerms(
            noise_multiplier=self.noise_multiplier, clip_norm=self.clip_norm, unit=self.unit, clipping=self.clipping
        )


def mark_noised(reply: Message, made: Declared) -> None:
    """Say inside the reply which noise is on it."""
    reply.content[NOISED] = ConfigRecord({"noise_multiplier": made.noise_multiplier, "clip_norm": made.clip_norm})


def check_noised(reply: Message, declared: Declared) -> None:
    """Raise `BadInput` unless the reply bears the noise that was declared and paid for."""
    said = reply.content.pop(NOISED, None)
    expected = {"noise_multiplier": declared.noise_multiplier, "clip_norm": declared.clip_norm}
    if not isinstance(said, ConfigRecord) or dict(said) != expected:
        raise BadInput("budget paid for noise that nobody added", hint="tenant_noise with the same value, after budget")


def put_claim(reply: Message, claim: PrivacyClaim) -> None:
    """Leave the claim to whoever signs the reply."""
    reply.content[CLAIM] = ConfigRecord({"claim": canonical(claim.model_dump(mode="json"))})


def taken_claim(reply: Message) -> PrivacyClaim | None:
    """What `budget` claims of the reply, None where it did not run."""
    record = reply.content.pop(CLAIM, None)
    data = record.get("claim") if isinstance(record, ConfigRecord) else None
    return PrivacyClaim.model_validate_json(data) if isinstance(data, bytes) else None
