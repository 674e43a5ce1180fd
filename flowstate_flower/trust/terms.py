"""What the server asks of a tenant in one round: terms travel with the model and are read before any data is."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def _instant(text: str) -> str:
    datetime.fromisoformat(text)  # the pattern alone would let the 31st of February pass
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Instant = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"), AfterValidator(_instant)]
"""UTC to the microsecond, so that two of them compare as text."""
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Frozen(BaseModel):
    """A value that was parsed once: immutable, nothing unknown accepted, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Unit = Literal["example", "group", "tenant"]
"""What one is to add or remove between neighbouring data sets: a row, all rows of a person, all that a tenant has."""
ClippingName = Literal["flat", "per-layer", "adaptive"]
ScheduleName = Literal["constant", "linear", "cosine"]


class LocalWork(Frozen):
    """How much a tenant trains: `steps` of SGD on batches of `batch_size` examples (expected, where batches are Poisson).

    With a `worker_momentum` β it sends β times what it sent last plus 1 - β times what it trained (Karimireddy et al. 2021):
    what robust rules are proven with, because it averages each tenant's noise over rounds. `schedule` is how the learning rate
    falls over the steps of one round.
    """

    steps: int = Field(ge=1, le=1_000_000)
    batch_size: int = Field(ge=1, le=10_000_000)
    learning_rate: Finite = Field(gt=0)
    momentum: Finite = Field(default=0.0, ge=0, lt=1)
    weight_decay: Finite = Field(default=0.0, ge=0)
    schedule: ScheduleName = "constant"
    worker_momentum: Finite = Field(default=0.0, ge=0, lt=1)


class PrivacyTerms(Frozen):
    """What the server asks for: the gradient of each `unit` clipped to `clip_norm` (L2), Gaussian noise of standard deviation
    `noise_multiplier · clip_norm` on the sum.

    With the unit `tenant` the whole update is clipped, and the server that adds the noise is trusted to do so.
    """

    noise_multiplier: Finite = Field(gt=0)
    clip_norm: Finite = Field(gt=0)
    unit: Unit = "example"
    clipping: ClippingName = "flat"

    @property
    def noise_at_server(self) -> bool:
        """Whether the tenant itself adds none: it clips its update, and trusts the server."""
        return self.unit == "tenant"


class Terms(Frozen):
    """One round's request to one tenant. `nonce` is fresh for every message; `base` is the digest of the model sent."""

    protocol: Literal["flowstate/1"] = "flowstate/1"
    run: Name
    round: int = Field(ge=1)
    tenant: Name
    purpose: Name
    base: Digest
    nonce: Nonce
    work: LocalWork
    privacy: PrivacyTerms | None
