"""The tenant's side of joining: keys are made here and stay here; requests go out, a certificate comes back.

The operator's servers are known by one root, whose SHA-256 the invitation names, whatever else the machine trusts.
"""

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.deployment import certification
from flowstate_flower.deployment.enrolment import CONSENT_PATH, JOIN_PATH, RENEW_PATH
from flowstate_flower.deployment.exchange import Address, Certificate, Consent, Invitation, Joining, Recorded, Renewal, parsed
from flowstate_flower.documents import Document, read_toml
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.pki import new_request, tenant_of, verify
from flowstate_flower.pki.files import OWNER_ONLY, OWNERS_FOLDER, pem, read_certificates, read_key, replace, write_key
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.statements import CertificateStatement, sign
from flowstate_flower.trust.terms import Digest

FEDERATION_FILE, PKI = "federation.toml", "pki"
ROOT, CERTIFICATE, KEY, NODE_KEY, NODE_PUBLIC = "ca.crt", "client.pem", "client.key", "node.key", "node.pub"
TIMEOUT_SECONDS, LARGEST_ANSWER = 60.0, 65_536


class Federation(Document):
    """`federation.toml`: the federation that a home belongs to, and where it is, as HOST:PORT."""

    domain: str
    superlink: Address
    enrolment: Address | None = None
    operator: Digest


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a new home's policy says: purposes, ε and δ (None: without privacy), and whom the operator may ask."""

    purposes: Sequence[str]
    budget: tuple[float, float] | None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """A certificate that is in place, and until when it holds."""

    tenant: str
    until: datetime


def prepare(home: Path, invitation: Invitation, wishes: Wishes) -> Joining:
    """Make the home where there is none, with its keys, and what is to be sent. Raises `BadInput`.

    A home that exists keeps its policy and its keys; one that has joined is refused.
    """
    from flowstate_flower import wiring
    from flowstate_flower.clients.home import POLICY_FILE, REQUEST_FILE

    root = invitation.root_certificate()
    if invitation.expires_at <= certification.text_of(certification.now()):
        raise BadInput(f"the invitation ended at {invitation.expires_at}", hint="ask the operator for a new one")
    if (home / PKI / CERTIFICATE).exists():
        raise BadInput(f"{home} has joined already", hint=f"flowstate client renew {home}")
    if not (home / POLICY_FILE).exists():
        wiring.join(home, invitation.tenant, wishes.purposes, budget=wishes.budget, contact=wishes.contact)
    voice = wiring.open_voice(home)
    if voice.policy.tenant != invitation.tenant:
        raise BadInput(
            f"{home} is of {voice.policy.tenant}, the invitation for {invitation.tenant}", hint="choose another home"
        )
    node = _make_keys(home)
    replace(home / PKI / ROOT, pem([root]))
    _write_federation(home, invitation)
    request = voice.request(nodes=(node.hex(),), contact=wishes.contact)
    replace(home / REQUEST_FILE, request.to_bytes() + b"\n")
    asked = _asked(home, invitation.ticket)
    return Joining(token=invitation.token, request=request.to_bytes().decode(), asked=asked)


def join(home: Path, invitation: Invitation, wishes: Wishes) -> Installed:
    """Join over the enrolment listener. Raises `BadInput`, `RunImpossible` where it cannot be reached."""
    if invitation.enrolment is None:
        raise BadInput("this operator lets tenants join by files", hint="--offline")
    joining = prepare(home, invitation, wishes)
    return install(home, _answer(_sent(home, invitation.enrolment, JOIN_PATH, joining)))


def renewal(home: Path) -> Renewal:
    """What a tenant sends for a new certificate on its key. Raises `BadInput`."""
    return Renewal(asked=_asked(home, None))


def renew(home: Path) -> Installed:
    """A new certificate over the enrolment listener. Raises `BadInput`, `RunImpossible` where it cannot be reached."""
    return install(home, _answer(_sent(home, _listener(home), RENEW_PATH, renewal(home))))


def hand_in(home: Path, said: Envelope) -> None:
    """Hand a consent or a withdrawal to the operator. Raises `BadInput`, `RunImpossible` where it cannot be reached."""
    consent = Consent(said=said.to_bytes().decode())
    parsed(Recorded, _sent(home, _listener(home), CONSENT_PATH, consent), "the answer")


def install(home: Path, answer: Certificate) -> Installed:
    """Put a certificate in place, where it is of this federation, for this tenant and this key. Raises `BadInput`."""
    from flowstate_flower import wiring

    federation, tenant = read_federation(home), wiring.open_voice(home).policy.tenant
    (root,) = read_certificates(home / PKI / ROOT)
    try:
        chain = x509.load_pem_x509_certificates(answer.chain.encode())
    except ValueError as error:
        raise BadInput("the answer holds no certificate", hint="ask the operator") from error
    verify(chain, root, certification.now())
    if tenant_of(chain[0], federation.domain) != tenant:
        raise BadInput(f"the certificate is not for {tenant}", hint="ask the operator")
    if chain[0].public_key() != read_key(home / PKI / KEY).public_key():
        raise BadInput(f"the certificate is not for {home / PKI / KEY}", hint=f"flowstate client renew {home}")
    replace(home / PKI / CERTIFICATE, pem(chain))
    return Installed(tenant, chain[0].not_valid_after_utc)


def read_federation(home: Path) -> Federation:
    """The federation that a home belongs to. Raises `BadInput`."""
    if not (home / FEDERATION_FILE).exists():
        raise BadInput(f"{home} belongs to no federation", hint="flowstate client join")
    return read_toml(Federation, home / FEDERATION_FILE)


def _listener(home: Path) -> str:
    enrolment = read_federation(home).enrolment
    if enrolment is None:
        raise BadInput("this operator has no enrolment listener", hint="by files: renew --offline, or send what was signed")
    return enrolment


def _answer(said: bytes) -> Certificate:
    return parsed(Certificate, said, "the answer")


def _asked(home: Path, ticket: str | None) -> str:
    from flowstate_flower import wiring

    voice, key = wiring.open_voice(home), read_key(home / PKI / KEY)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadInput(f"{home / PKI / KEY} is a key of another kind", hint="EC P-256 or P-384")
    csr = new_request(key, voice.policy.tenant).decode()
    at = certification.text_of(certification.now())
    return sign(CertificateStatement(tenant=voice.policy.tenant, csr=csr, ticket=ticket, at=at), voice.key).to_bytes().decode()


def _make_keys(home: Path) -> bytes:
    """The client's key and the node's, where there are none. Returns the node's public key as Flower has it."""
    folder = home / PKI
    folder.mkdir(mode=OWNERS_FOLDER, exist_ok=True)
    if not (folder / KEY).exists():
        write_key(folder / KEY, ec.generate_private_key(ec.SECP384R1()))
    if not (folder / NODE_KEY).exists():  # in OpenSSH's form, which Flower reads
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        replace(folder / NODE_KEY, ec.generate_private_key(ec.SECP384R1()).private_bytes(*form), OWNER_ONLY)
    key = serialization.load_ssh_private_key((folder / NODE_KEY).read_bytes(), None)
    public = key.public_key()
    ssh = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    replace(folder / NODE_PUBLIC, ssh + b"\n")
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _write_federation(home: Path, invitation: Invitation) -> None:
    said = {name: getattr(invitation, name) for name in Federation.model_fields}
    lines = [f"{name} = {json.dumps(value)}" for name, value in said.items() if value is not None]
    replace(home / FEDERATION_FILE, "\n".join(lines).encode() + b"\n")


def _sent(home: Path, address: str, path: str, body: Joining | Renewal | Consent) -> bytes:
    """The answer of the enrolment listener, whose certificate leads to the home's root and to no other."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_verify_locations(home / PKI / ROOT)
    try:
        with (
            httpx.Client(verify=tls, timeout=TIMEOUT_SECONDS, trust_env=False) as client,
            client.stream("POST", f"https://{address}{path}", content=body.model_dump_json().encode()) as response,
        ):
            status, said = response.status_code, _limited(response)
    except httpx.TransportError as error:
        is_foreign = "CERTIFICATE_VERIFY_FAILED" in str(error)
        hint = "that is not the operator: do not go on, and tell it" if is_foreign else "is it up, and the address right?"
        raise RunImpossible(f"cannot reach {address}: {error}", hint=hint) from error
    if status == 200:
        return said
    raise BadInput(f"{address} says no: {_detail(said)}", hint=_WHAT_NOW.get(status, "ask the operator, whose log says why"))


_WHAT_NOW = {
    403: "the operator's log says why. A join that was broken off after it was let in goes on with: flowstate client renew",
    429: "wait a minute",
    503: "wait a minute",
}


def _limited(response: httpx.Response) -> bytes:
    said = b""
    for part in response.iter_bytes():
        said += part
        if len(said) > LARGEST_ANSWER:
            raise RunImpossible("the answer is larger than any certificate", hint="is the address right?")
    return said


def _detail(said: bytes) -> str:
    try:
        return str(json.loads(said)["detail"])[:200]
    except (ValueError, TypeError, KeyError):
        return "nothing that could be read"
