"""What an operator and a tenant hand each other so that the tenant joins: the same by files as over the enrolment listener.

An invitation is made by the operator and is a secret until it is used. What the tenant sends holds no key; what it gets back
holds no secret.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from cryptography import x509
from pydantic import Field, StringConstraints, ValidationError

from flowstate_flower.errors import BadInput
from flowstate_flower.pki import fingerprint
from flowstate_flower.pki.files import OWNER_ONLY, replace
from flowstate_flower.trust.dsse import MAX_ENVELOPE_BYTES, Envelope
from flowstate_flower.trust.statements import first_problem
from flowstate_flower.trust.terms import Digest, Frozen, Instant, Name

LARGEST_BODY = 2 * MAX_ENVELOPE_BYTES + 4096
Address = Annotated[str, StringConstraints(max_length=270, pattern=r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$")]
Pem = Annotated[str, StringConstraints(max_length=16_384)]
Sealed = Annotated[str, StringConstraints(max_length=MAX_ENVELOPE_BYTES)]


class Invitation(Frozen):
    """Leave to join as `tenant`, once, until `expires_at`, for whoever has the `token`.

    `fingerprint` is the SHA-256 of the federation's `root`, by which the tenant knows the operator's servers. `enrolment` is
    where it joins, None where that is done by files.
    """

    kind: Literal["flowstate-invitation-1"] = "flowstate-invitation-1"
    domain: str = Field(max_length=253)
    tenant: Name
    ticket: str = Field(max_length=32)
    token: str = Field(min_length=43, max_length=86)
    root: Pem
    fingerprint: Digest
    operator: Digest
    superlink: Address
    enrolment: Address | None
    expires_at: Instant

    def root_certificate(self) -> x509.Certificate:
        """The root, which is the one that the fingerprint is of. Raises `BadInput`."""
        try:
            root = x509.load_pem_x509_certificate(self.root.encode())
        except ValueError as error:
            raise BadInput("the invitation holds no root certificate", hint="ask the operator for a new one") from error
        if fingerprint(root) != self.fingerprint:
            raise BadInput("the root in the invitation is not the one that it names", hint="ask the operator for a new one")
        return root


class Joining(Frozen):
    """A tenant joins: the secret of its invitation, and two envelopes that it signed."""

    kind: Literal["flowstate-joining-1"] = "flowstate-joining-1"
    token: str = Field(max_length=86)
    request: Sealed
    asked: Sealed


class Renewal(Frozen):
    """A tenant that has joined asks for a new certificate, in an envelope that it signed."""

    kind: Literal["flowstate-renewal-1"] = "flowstate-renewal-1"
    asked: Sealed


class Consent(Frozen):
    """A tenant hands in a consent or a withdrawal, in an envelope that it signed."""

    kind: Literal["flowstate-consent-1"] = "flowstate-consent-1"
    said: Sealed


class Recorded(Frozen):
    """The answer to that: it is recorded."""

    kind: Literal["flowstate-recorded-1"] = "flowstate-recorded-1"
    purpose: Name


class Certificate(Frozen):
    """The answer to whoever joins or renews: the certificate and its issuer."""

    kind: Literal["flowstate-certificate-1"] = "flowstate-certificate-1"
    chain: Pem


Handed = TypeVar("Handed", Invitation, Joining, Renewal, Consent, Recorded, Certificate)


def parsed(kind: type[Handed], data: bytes, what: str) -> Handed:
    """What was handed over. Raises `BadInput`, without a word of what is in it."""
    if len(data) > LARGEST_BODY:
        raise BadInput(f"{what} has {len(data)} bytes, at most {LARGEST_BODY} are read", hint="is it the right file?")
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise BadInput(f"{what}: {first_problem(error)}", hint="is it the right file, and whole?") from error


def read_file(path: Path) -> bytes:
    """A file that somebody handed over, as far as it may be one. Raises `BadInput`."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BODY + 1)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", hint="check the path") from error


def write_file(path: Path, handed: Invitation | Joining | Renewal | Certificate) -> None:
    """Put it into a file for its owner alone. Raises `BadInput`."""
    replace(path, handed.model_dump_json(indent=2).encode() + b"\n", OWNER_ONLY)


def envelope(text: str) -> Envelope:
    """An envelope inside. Raises `MalformedEnvelope`."""
    return Envelope.parse(text.encode())
