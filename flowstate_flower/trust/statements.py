"""What a tenant signs: that it wants to join and be certified, what it agrees to, that it trained, refuses or is present."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    model_serializer,
    model_validator,
)

from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.dsse import Envelope, MalformedEnvelope, seal
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.terms import ClippingName, Digest, Finite, Frozen, Instant, Name, Nonce, Unit

NodeKey = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){1,512}$")]
NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""What an operator's terminal may be shown."""
MOST_METRICS = 32


class Refused(StrEnum):
    """Why a tenant does not train. Written to the ledger: add, never rename."""

    BAD_TERMS = "bad-terms"
    OTHER_TENANT = "other-tenant"
    PURPOSE = "purpose-not-allowed"
    NOT_PRIVATE = "not-private-enough"
    TOO_MUCH_WORK = "too-much-work"
    WRONG_BASE = "wrong-base"
    REPLAYED_ROUND = "replayed-round"
    BUDGET = "budget-exhausted"
    UNIT = "unit-not-allowed"
    CLIPPING = "clipping-not-allowed"
    OUTSIDE_HOURS = "outside-hours"
    TOO_MUCH_MEMORY = "too-much-memory"
    TOO_LONG = "too-long"
    FAILED = "failed"
    APP = "app-not-allowed"


class MetricsClaim(Frozen):
    """Means over all units that leave beside an update, of what was between 0 and a bound for each.

    Each sum got noise of standard deviation `noise_multiplier` · bound · √(number of metrics), so that together they are one
    Gaussian release with that multiplier, and was divided by N. `values` are the means, none while they are not known yet.
    """

    noise_multiplier: Finite = Field(gt=0)
    bounds: dict[Name, Annotated[Finite, Field(gt=0)]] = Field(min_length=1, max_length=MOST_METRICS)
    values: dict[Name, Finite] = Field(default_factory=dict, max_length=MOST_METRICS)

    @model_validator(mode="after")
    def _values_of_its_metrics(self) -> Self:
        if self.values and self.values.keys() != self.bounds.keys():
            raise ValueError("values: one for each of bounds, and no other")
        return self


class PrivacyClaim(Frozen):
    """What one round released, and what all releases so far cost.

    `unit` is what may be added or removed. `randomness` is where noise and sampling came from; a claim with
    `seeded` randomness protects nobody and says so by that word. N, the tenant's number of examples, is public:
    `sample_rate` reveals it. Samples are Poisson, truncated at `truncated_at` units; None where they are not truncated.
    `account` is a pseudonym of the data set's account in the tenant's ledger, the same in every round. `metrics` left too, and
    are part of what `epsilon` counts; where there are none, the signed bytes are those of before there could be.
    """

    unit: Unit = "example"
    relation: Literal["add-or-remove-one"] = "add-or-remove-one"
    noise_multiplier: Finite = Field(gt=0)
    clip_norm: Finite = Field(gt=0)
    clipping: ClippingName = "flat"
    sample_rate: Finite = Field(gt=0, le=1)
    steps: int = Field(ge=1)
    truncated_at: int | None = Field(default=None, ge=1)
    account: Digest | None = None
    epsilon: Finite = Field(ge=0)
    delta: Finite = Field(gt=0, lt=1)
    randomness: Literal["os", "cryptographic", "seeded"]
    metrics: MetricsClaim | None = None

    @model_serializer(mode="wrap")
    def _without_no_metrics(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said: dict[str, Any] = whole(self)
        if self.metrics is None:
            said.pop("metrics", None)
        return said


class UpdateStatement(Frozen):
    """What a tenant says of its update: trained on `base` in this round, `update` is the digest of the arrays beside it."""

    run: Name
    round: int = Field(ge=1)
    tenant: Name
    base: Digest
    nonce: Nonce
    update: Digest
    examples: int
    privacy: PrivacyClaim | None
    at: str = Field(max_length=40)


class RefusalStatement(Frozen):
    """A tenant's no to one round. `detail` is for people."""

    run: Name
    round: int = Field(ge=0)
    tenant: Name
    nonce: str = Field(max_length=32)
    reason: Refused
    detail: str = Field(max_length=300)
    at: str = Field(max_length=40)


class PresenceStatement(Frozen):
    """A tenant's answer to a roll call: this node is mine. For engines whose nodes carry no registered key."""

    tenant: Name
    node: int = Field(ge=0)
    nonce: Nonce


class RequestStatement(Frozen):
    """An organisation asks to join, under the key that signs this. `nodes` are the public keys of its Flower nodes."""

    tenant: Name
    key: Digest
    nodes: tuple[NodeKey, ...] = Field(max_length=100)
    contact: Annotated[str, StringConstraints(max_length=300, pattern=NO_CONTROLS)]
    at: Instant


class ConsentStatement(Frozen):
    """A tenant agrees to one purpose: within `bounds`, until `expires_at`, with the code `app` and no other if it is named.

    `operator` is the public key of the federation that this is for, None for any that knows the tenant.
    """

    tenant: Name
    purpose: Name
    app: Digest | None
    bounds: Bounds
    expires_at: Instant | None
    operator: Digest | None
    at: Instant


class WithdrawalStatement(Frozen):
    """A tenant no longer agrees to one purpose."""

    tenant: Name
    purpose: Name
    at: Instant


class BudgetStatement(Frozen):
    """A tenant sets what one account of its own ledger may spend in all: for the first time, or more than before.

    `after` is the digest of the ledger's newest entry, so that it counts once, there and then.
    """

    tenant: Name
    account: Digest
    epsilon: Finite = Field(gt=0)
    after: Digest
    at: Instant


class CertificateStatement(Frozen):
    """A tenant asks for a client certificate on the key of `csr`, a certificate signing request in PEM.

    `ticket` is the invitation that it joins with, None where it has joined and renews.
    """

    tenant: Name
    csr: str = Field(max_length=4096)
    ticket: str | None = Field(default=None, max_length=32)
    at: Instant


UPDATE_TYPE = "application/vnd.flowstate.update.v1+json"
REFUSAL_TYPE = "application/vnd.flowstate.refusal.v1+json"
PRESENCE_TYPE = "application/vnd.flowstate.presence.v1+json"
REQUEST_TYPE = "application/vnd.flowstate.request.v1+json"
CONSENT_TYPE = "application/vnd.flowstate.consent.v1+json"
WITHDRAWAL_TYPE = "application/vnd.flowstate.withdrawal.v1+json"
BUDGET_TYPE = "application/vnd.flowstate.budget.v1+json"
CERTIFICATE_TYPE = "application/vnd.flowstate.certificate.v1+json"

Statement = TypeVar(
    "Statement",
    UpdateStatement,
    RefusalStatement,
    PresenceStatement,
    RequestStatement,
    ConsentStatement,
    WithdrawalStatement,
    BudgetStatement,
    CertificateStatement,
)

_TYPES: dict[type[Frozen], str] = {
    UpdateStatement: UPDATE_TYPE,
    RefusalStatement: REFUSAL_TYPE,
    PresenceStatement: PRESENCE_TYPE,
    RequestStatement: REQUEST_TYPE,
    ConsentStatement: CONSENT_TYPE,
    WithdrawalStatement: WITHDRAWAL_TYPE,
    BudgetStatement: BUDGET_TYPE,
    CertificateStatement: CERTIFICATE_TYPE,
}


def sign(statement: Frozen, key: SigningKey) -> Envelope:
    """The statement in a DSSE envelope, under the type that belongs to its class."""
    return seal(_TYPES[type(statement)], canonical(statement.model_dump(mode="json")), key)


def read(kind: type[Statement], envelope: Envelope) -> Statement:
    """The statement in `envelope`, unverified: whoever uses it checks the signature first.

    Raises `MalformedEnvelope` for another type, unknown fields, or values out of range.
    """
    if envelope.payload_type != _TYPES[kind]:
        raise MalformedEnvelope(f"a {_TYPES[kind]} is expected, not {envelope.payload_type[:80]!r}")
    try:
        return kind.model_validate_json(envelope.payload)
    except ValidationError as error:
        raise MalformedEnvelope(first_problem(error)) from error


def first_problem(error: ValidationError) -> str:
    """The first complaint of pydantic as `field: what`, without the input, which may be hostile or secret."""
    problem: dict[str, Any] = dict(error.errors(include_input=False, include_url=False)[0])
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
