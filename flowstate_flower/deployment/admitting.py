"""The operator's side of joining: an invitation, and the answer to whoever uses it or renews."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509

from flowstate_flower.deployment import certification
from flowstate_flower.deployment.exchange import Certificate, Consent, Invitation, Joining, Recorded, Renewal, envelope
from flowstate_flower.deployment.issuing import LASTS, SERVER, SERVER_CERTIFICATE, hosts_of
from flowstate_flower.errors import BadInput
from flowstate_flower.pki import Authority, Party, Role, checked_request
from flowstate_flower.pki.files import pem
from flowstate_flower.registry import Registry, enrolment, tickets
from flowstate_flower.registry.certificates import Certified
from flowstate_flower.superlink.document import read_document
from flowstate_flower.trust.dsse import MalformedEnvelope
from flowstate_flower.trust.statements import CertificateStatement

TOKEN_BYTES = 32
ENROLMENT_PORT = 9094


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where tenants find the operator, each as HOST:PORT. Without `enrolment` they join by files."""

    superlink: str
    enrolment: str | None


def whereabouts(registry: Registry, superlink: str | None, enrolment: str | None) -> Whereabouts:
    """As said, and otherwise as the server's certificate and `superlink.toml` say. Raises `BadInput`."""
    folder = registry.path.parent
    if superlink is None or enrolment is None:
        host = hosts_of(folder / SERVER / SERVER_CERTIFICATE)[0]
        document = read_document(folder)
        at = f"[{host}]" if ":" in host else host
        superlink = superlink or f"{at}:{document.tenants.port}"
        enrolment = enrolment or f"{at}:{document.enrolment.port if document.enrolment else ENROLMENT_PORT}"
    return Whereabouts(superlink, enrolment)


def invite(registry: Registry, tenant: str, where: Whereabouts, lasts: timedelta, *, actor: str) -> Invitation:
    """Let somebody join as `tenant`, once. One that was open for the name is withdrawn. Raises `BadInput`.

    The secret is in what is returned, and nowhere else.
    """
    authority = certification.open_authority(registry)
    Party(authority.domain, Role.TENANT, tenant)
    expires_at = certification.text_of(certification.now() + lasts)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    ticket = tickets.make(registry, tenant, token, expires_at=expires_at, actor=actor)
    return Invitation(
        domain=authority.domain,
        tenant=tenant,
        ticket=ticket,
        token=token,
        root=pem([authority.root]).decode(),
        fingerprint=authority.fingerprint,
        operator=registry.operator.text,
        superlink=where.superlink,
        enrolment=where.enrolment,
        expires_at=expires_at,
    )


def admit(
    registry: Registry, authority: Authority, joining: Joining, *, fresh: timedelta = enrolment.FRESH
) -> tuple[str, Certificate]:
    """Let a tenant in whose invitation is good. Raises `NotLetIn`, and `BadInput` where it asks for what it cannot have."""
    press = _Press(authority)
    try:
        request, asked = envelope(joining.request), envelope(joining.asked)
    except MalformedEnvelope as error:
        raise enrolment.NotLetIn(f"not a signed request: {error}") from error
    name = enrolment.join(registry, joining.token, request, asked, press, fresh=fresh)
    return name, press.handed()


def renew(
    registry: Registry, authority: Authority, renewal: Renewal, *, fresh: timedelta = enrolment.FRESH
) -> tuple[str, Certificate]:
    """A new certificate for a tenant. Raises `NotLetIn`, and `BadInput` where it asks for what it cannot have."""
    press = _Press(authority)
    try:
        asked = envelope(renewal.asked)
    except MalformedEnvelope as error:
        raise enrolment.NotLetIn(f"not a signed request: {error}") from error
    name = enrolment.renew(registry, asked, press, fresh=fresh)
    return name, press.handed()


def agree(registry: Registry, consent: Consent) -> tuple[str, Recorded]:
    """Record what a tenant agrees to, or no longer. Raises `NotLetIn`, and `BadInput` where it does not count."""
    try:
        statement = enrolment.agree(registry, envelope(consent.said))
    except MalformedEnvelope as error:
        raise enrolment.NotLetIn(f"not a signed consent: {error}") from error
    return statement.tenant, Recorded(purpose=statement.purpose)


class _Press:
    """Issues inside the transaction that records it, and hands over once that is done."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._leaf: x509.Certificate | None = None

    def __call__(self, statement: CertificateStatement) -> Certified:
        party = Party(self._authority.domain, Role.TENANT, statement.tenant)
        public_key = checked_request(statement.csr.encode(), party)
        self._leaf = self._authority.issue(public_key, party, certification.now(), lasts=LASTS[Role.TENANT])
        return certification.certified(self._leaf, party)

    def handed(self) -> Certificate:
        """What goes back to the tenant."""
        if self._leaf is None:
            raise BadInput("nothing was issued", hint="this is a mistake of ours")
        self._authority.keep(self._leaf)
        return Certificate(chain=self._authority.chain(self._leaf).decode())
