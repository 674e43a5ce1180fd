"""Names in certificates: URIs in the shape of SPIFFE's, of which every leaf has exactly one.

`spiffe://DOMAIN/tenant/NAME`, `spiffe://DOMAIN/operator/NAME` and `spiffe://DOMAIN/superlink`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509

from flowstate_flower.errors import BadInput

DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
"""As the registry has it."""


class Role(StrEnum):
    """What somebody is to the federation."""

    TENANT = "tenant"
    OPERATOR = "operator"
    SUPERLINK = "superlink"


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a certificate names. The SuperLink of a domain has no name of its own."""

    domain: str
    role: Role
    name: str = ""

    def __post_init__(self) -> None:
        if not DOMAIN.fullmatch(self.domain):
            raise BadInput(f"'{self.domain}' is no trust domain", hint="lower-case letters, digits, dots and hyphens")
        if (self.role is Role.SUPERLINK) != (self.name == "") or (self.name and not NAME.fullmatch(self.name)):
            raise BadInput(f"'{self.path}' names nobody", hint="superlink, tenant/NAME or operator/NAME")

    @property
    def path(self) -> str:
        """`superlink`, `tenant/NAME` or `operator/NAME`."""
        return f"{self.role}/{self.name}" if self.name else str(self.role)

    @property
    def uri(self) -> str:
        """The name as it stands in a certificate."""
        return f"spiffe://{self.domain}/{self.path}"

    @classmethod
    def parse(cls, domain: str, path: str) -> "Party":
        """The party of `domain` that `path` names. Raises `BadInput`."""
        role, slash, name = path.partition("/")
        if role not in set(Role) or (slash and not name):
            raise BadInput(f"'{path}' names nobody", hint="superlink, tenant/NAME or operator/NAME")
        return cls(domain, Role(role), name)


def party_of(certificate: x509.Certificate, domain: str) -> Party | None:
    """Whom of `domain` a certificate names, None where it names nobody, somebody of another domain, or several."""
    uris = uris_of(certificate)
    before = f"spiffe://{domain}/"
    if len(uris) != 1 or not uris[0].startswith(before):
        return None
    try:
        return Party.parse(domain, uris[0].removeprefix(before))
    except BadInput:
        return None


def tenant_of(certificate: x509.Certificate, domain: str) -> str | None:
    """The tenant of `domain` that a certificate names, None where it names none."""
    party = party_of(certificate, domain)
    return party.name if party is not None and party.role is Role.TENANT else None


def uris_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    """All URIs among the alternative names."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)
