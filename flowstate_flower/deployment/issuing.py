"""What an operator asks of the authority: certificates for the SuperLink and on requests of others, new ones for old."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.deployment import certification
from flowstate_flower.errors import BadInput
from flowstate_flower.pki import Authority, Party, Role, checked_request, fingerprint
from flowstate_flower.pki.authority import ISSUER, LIST, ROOT, ROOT_KEY, domain_of
from flowstate_flower.pki.certificates import LARGEST_REQUEST
from flowstate_flower.pki.files import OWNERS_FOLDER, read_certificates, read_key, replace, write_key
from flowstate_flower.pki.revocations import read_list
from flowstate_flower.registry import Registry, certificates
from flowstate_flower.registry.certificates import CertificateView

SERVER = "superlink"
SERVER_CERTIFICATE, SERVER_KEY = "server.pem", "server.key"
LASTS = {
    Role.TENANT: timedelta(hours=168),
    Role.OPERATOR: timedelta(hours=168),
    Role.SUPERLINK: timedelta(hours=2160),
}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Order:
    """Whom a certificate is for, on whose request (None: the key is made here, for the SuperLink alone), where and how long."""

    who: str
    csr: Path | None = None
    hosts: tuple[str, ...] = ()
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate with its issuer in PEM; `where` it was put, None where it is to be handed over."""

    party: Party
    leaf: x509.Certificate
    chain: bytes
    where: Path | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An authority: its domain, the root's SHA-256, until when issuer and list hold, and what was issued."""

    domain: str
    root: str
    issuer_until: str
    list_until: str
    certificates: tuple[CertificateView, ...]


def issue(registry: Registry, order: Order, *, actor: str) -> Made:
    """A certificate as ordered. Raises `BadInput`."""
    authority = certification.open_authority(registry)
    party = Party.parse(authority.domain, order.who)
    lasts = LASTS[party.role] if order.hours is None else timedelta(hours=order.hours)
    if order.hosts and party.role is not Role.SUPERLINK:
        raise BadInput(f"nobody connects to {party.path}", hint="--host is for the SuperLink")
    hosts = (order.hosts or LOOPBACK) if party.role is Role.SUPERLINK else ()
    if order.csr is not None:
        public_key = checked_request(_request(order.csr), party)
        leaf = certification.issue(registry, authority, public_key, party, lasts=lasts, hosts=hosts, actor=actor)
        return Made(party, leaf, authority.chain(leaf), None)
    if party.role is not Role.SUPERLINK:
        raise BadInput(f"{party.path} makes its key itself, and a request", hint="--csr FILE")
    key = ec.generate_private_key(ec.SECP384R1())
    leaf = certification.issue(registry, authority, key.public_key(), party, lasts=lasts, hosts=hosts, actor=actor)
    folder = registry.path.parent / SERVER
    folder.mkdir(mode=OWNERS_FOLDER, exist_ok=True)
    write_key(folder / SERVER_KEY, key)
    replace(folder / SERVER_CERTIFICATE, authority.chain(leaf))
    return Made(party, leaf, authority.chain(leaf), folder)


def rotate(registry: Registry, order: Order, *, actor: str) -> Made:
    """A new certificate, and the end of all before it that name the same. Raises `BadInput`.

    The SuperLink's is for the hosts of the one before, unless others are named.
    """
    authority = certification.open_authority(registry)
    uri = Party.parse(authority.domain, order.who).uri
    before = [view.serial for view in certificates.listed(registry) if (view.uri, view.status) == (uri, certification.STANDING)]
    if order.who == SERVER and not order.hosts:
        order = Order(order.who, order.csr, hosts_of(registry.path.parent / SERVER / SERVER_CERTIFICATE), order.hours)
    made = issue(registry, order, actor=actor)
    certification.revoke(registry, authority, before, "replaced", actor=actor)
    return made


def rotate_issuer(registry: Registry, root_key: Path | None) -> Authority:
    """A new issuer under the same root, and a list that it signed. Raises `BadInput`."""
    folder = certification.pki_folder(registry)
    made = Authority.rotate(folder, read_key(root_key or folder / ROOT_KEY), certification.now())
    certification.publish(registry, made)
    return made


def show(registry: Registry, tenant: str | None = None, *, everything: bool = False) -> Shown:
    """The authority and its certificates: those that hold, or with `everything` all. Raises `BadInput`."""
    folder = certification.pki_folder(registry)
    (root,), (issuer,) = read_certificates(folder / ROOT), read_certificates(folder / ISSUER)
    listed = read_list(folder / LIST, root, certification.now())
    views = certificates.listed(registry, tenant=tenant)
    return Shown(
        domain=domain_of(issuer),
        root=fingerprint(root),
        issuer_until=issuer.not_valid_after_utc.isoformat(),
        list_until=listed.until.isoformat(),
        certificates=tuple(view for view in views if everything or view.status == certification.STANDING),
    )


def _request(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_REQUEST + 1)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", hint="check the path") from error


def hosts_of(path: Path) -> tuple[str, ...]:
    """Where the server of a certificate is reached: names, then addresses. Raises `BadInput`."""
    names = read_certificates(path)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses: Sequence[object] = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *map(str, addresses))
