"""The authority and the registry together: what is issued is recorded, what is revoked is recorded and then published."""

import logging
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.errors import BadInput, FlowstateError
from flowstate_flower.pki import Authority, Party, Revoked, Role, fingerprint, serial_of
from flowstate_flower.pki.authority import OwnRoot
from flowstate_flower.registry import Registry, certificates, tenants
from flowstate_flower.registry.certificates import CertificateView, Certified

PKI = "pki"
STANDING = "standing"
PUBLISH_SECONDS = 3600.0
log = logging.getLogger(__name__)
GONE = (tenants.Status.DELETING, tenants.Status.DELETED)


def pki_folder(registry: Registry) -> Path:
    """Where the authority of a registry is."""
    return registry.path.parent / PKI


def make_authority(registry: Registry, domain: str, own: OwnRoot | None = None) -> Authority:
    """A new authority beside the registry. Raises `BadInput`."""
    return Authority.create(pki_folder(registry), domain, now(), own)


def open_authority(registry: Registry) -> Authority:
    """The authority beside the registry, able to issue now. Raises `BadInput`."""
    if not pki_folder(registry).is_dir():
        raise BadInput(f"there is no {pki_folder(registry)}", hint="flowstate pki init")
    return Authority.open(pki_folder(registry), now())


def certified(leaf: x509.Certificate, party: Party) -> Certified:
    """What the registry keeps of a certificate."""
    return Certified(
        serial=serial_of(leaf),
        tenant=party.name if party.role is Role.TENANT else None,
        uri=party.uri,
        fingerprint=fingerprint(leaf),
        not_before=text_of(leaf.not_valid_before_utc),
        not_after=text_of(leaf.not_valid_after_utc),
    )


def issue(
    registry: Registry,
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    party: Party,
    *,
    lasts: timedelta,
    hosts: Sequence[str] = (),
    actor: str,
) -> x509.Certificate:
    """Issue a certificate, record it and keep it. Raises `BadInput`, also for a tenant that was deleted, and `UnknownName`."""
    if party.role is Role.TENANT and tenants.status_of(registry, party.name) in GONE:
        raise BadInput(f"{party.name} was deleted", hint="its name is not used again")
    leaf = authority.issue(public_key, party, now(), lasts=lasts, hosts=hosts)
    certificates.issued(registry, certified(leaf, party), actor=actor)
    authority.keep(leaf)
    return leaf


def revoke(registry: Registry, authority: Authority, serials: Collection[str], reason: str, *, actor: str) -> list[str]:
    """Record that certificates hold no more, and publish it. Returns those that stood until now.

    What was recorded before and could not be published is published now.
    """
    ended = certificates.revoked(registry, serials, reason, actor=actor)
    publish(registry, authority)
    return ended


def publish(registry: Registry, authority: Authority) -> None:
    """Write the list of revoked certificates anew, from the registry. Those that have ended by themselves need not be on it."""
    authority.publish(
        lambda: [Revoked(serial, datetime.fromisoformat(at)) for serial, at in certificates.on_the_list(registry)], now()
    )


@contextmanager
def kept_published(registry: Registry) -> Iterator[None]:
    """While this lasts, the list is written anew now and every hour, where the authority is. Otherwise somebody else has to."""
    over = threading.Event()

    def keep() -> None:
        while True:
            try:
                publish(registry, open_authority(registry))
            except FlowstateError as error:
                log.warning("the list of revoked certificates is not written anew: %s", error)
            if over.wait(PUBLISH_SECONDS):
                return

    keeper = threading.Thread(target=keep, name="publish", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def standing(registry: Registry, tenant: str) -> list[CertificateView]:
    """A tenant's certificates that hold."""
    return [view for view in certificates.listed(registry, tenant=tenant) if view.status == STANDING]


def text_of(moment: datetime) -> str:
    """As the registry has it: ISO 8601 in UTC, to the microsecond."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> datetime:
    """In UTC."""
    return datetime.now(UTC)
