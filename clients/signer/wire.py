"""What is said over the signer's socket: one request and one reply to a connection, each a line of canonical JSON.

There is a message for each operation of `TenantHome` and for no other: no request leads to a consent, a withdrawal, a budget, a
request to join, or a signature over bytes of the caller's choice.
"""

import socket
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from flowstate_flower.clients.home import Charge
from flowstate_flower.clients.policy import TenantPolicy
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Account, GaussianRelease
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.statements import MOST_METRICS, MetricsClaim, PrivacyClaim, Refused
from flowstate_flower.trust.terms import Digest, Finite, Frozen, Name, Nonce, PrivacyTerms, Terms, Unit

MOST_BYTES = 65_536
"""Of one message. Updates do not travel here, only their digests."""
SECONDS = 60.0
"""How long either side waits for the other."""


class ChargeMessage(Frozen):
    """A `Charge`; whose account it is and its δ, the signer knows."""

    data_set: str = Field(max_length=64)
    unit: Unit
    units: int = Field(ge=1)
    noise_multiplier: Finite = Field(gt=0)
    sample_rate: Finite = Field(gt=0, le=1)
    steps: int = Field(ge=1)
    excess: Finite = Field(ge=0, lt=1)
    made: PrivacyTerms | None
    truncated_at: int | None = Field(ge=1)
    metrics: MetricsClaim | None = None

    @classmethod
    def of(cls, charge: Charge) -> "ChargeMessage":
        """The message for `charge`."""
        return cls(
            data_set=charge.account.data_set,
            unit=charge.account.unit,
            units=charge.units,
            noise_multiplier=charge.release.noise_multiplier,
            sample_rate=charge.release.sample_rate,
            steps=charge.release.steps,
            excess=charge.release.excess,
            made=charge.made,
            truncated_at=charge.truncated_at,
            metrics=charge.metrics,
        )

    def charge(self, tenant: str, delta: float) -> Charge:
        """The charge, to an account of `tenant` at `delta`."""
        on_metrics = self.metrics.noise_multiplier if self.metrics else None
        release = GaussianRelease(self.noise_multiplier, self.sample_rate, self.steps, self.excess, on_metrics)
        account = Account(tenant, self.data_set, self.unit, delta)
        return Charge(account, release, self.units, self.made, self.truncated_at, self.metrics)


class Hello(Frozen):
    """What does the policy say, and where are updates kept?"""

    do: Literal["hello"] = "hello"


class Reserve(Frozen):
    """See `TenantHome.reserve`."""

    do: Literal["reserve"] = "reserve"
    terms: Terms
    charge: ChargeMessage


class Abandon(Frozen):
    """See `TenantHome.abandon`."""

    do: Literal["abandon"] = "abandon"
    terms: Terms


class Settle(Frozen):
    """See `TenantHome.settle`."""

    do: Literal["settle"] = "settle"
    terms: Terms


class JudgeApp(Frozen):
    """May the app with this digest run here? Asked by the SuperNode, before it does."""

    do: Literal["judge-app"] = "judge-app"
    app: Digest


class SignUpdate(Frozen):
    """See `TenantHome.sign_update`."""

    do: Literal["sign-update"] = "sign-update"
    terms: Terms
    update: Digest
    examples: int = Field(ge=1)
    metrics: dict[Name, Finite] = Field(default_factory=dict, max_length=MOST_METRICS)


class SignRefusal(Frozen):
    """See `TenantHome.sign_refusal`."""

    do: Literal["sign-refusal"] = "sign-refusal"
    run: Name
    round: int = Field(ge=0)
    nonce: Nonce | Literal[""]
    reason: Annotated[Refused, Field(strict=False)]
    detail: str = Field(max_length=300)


class SignPresence(Frozen):
    """See `TenantHome.sign_presence`."""

    do: Literal["sign-presence"] = "sign-presence"
    node: int = Field(ge=0)
    nonce: Nonce


OfTraining = Hello | Reserve | Abandon | Settle | SignUpdate | SignRefusal | SignPresence
Request = OfTraining | JudgeApp


class Reply(Frozen):
    """What came of a request. `declined` and `failed` say why nothing did; what else is set depends on the request."""

    policy: TenantPolicy | None = None
    updates: str | None = None
    claim: PrivacyClaim | None = None
    envelope: str | None = None
    declined: Annotated[Refused | None, Field(strict=False)] = None
    detail: str = ""
    failed: str | None = None


_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])


def sent(connection: socket.socket, message: Frozen) -> None:
    """Send one line."""
    connection.sendall(canonical(message.model_dump(mode="json")) + b"\n")


def request_in(line: bytes) -> Request:
    """The request in `line`. Raises `BadInput`, which quotes nothing of it."""
    try:
        return _REQUEST.validate_json(line)
    except ValidationError as error:
        raise BadInput("not a request that a signer knows", hint="the same version on both sides") from error


def reply_in(line: bytes) -> Reply:
    """The reply in `line`. Raises `BadInput`."""
    try:
        return Reply.model_validate_json(line)
    except ValidationError as error:
        raise BadInput("not a signer's reply", hint="the same version on both sides") from error


def line_of(connection: socket.socket) -> bytes:
    """One line, without its end. Raises `BadInput` for one that is too long or has no end, `TimeoutError` for a slow one."""
    data = bytearray()
    while not data.endswith(b"\n"):
        part = connection.recv(MOST_BYTES + 1 - len(data))
        data += part
        if not part or len(data) > MOST_BYTES:
            raise BadInput("not one line", hint=f"at most {MOST_BYTES} bytes, ended by a newline")
    return bytes(data[:-1])
