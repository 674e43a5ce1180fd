"""Joining with a ticket, a new certificate for a tenant that has joined, and what it agrees to, each on its own signature.

A certificate is recorded in the transaction that grants it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from flowstate_flower.errors import BadInput
from flowstate_flower.registry import certificates, consents, tickets
from flowstate_flower.registry.certificates import Certified
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.deployment_tables import CertificateRow
from flowstate_flower.registry.desk import Desk, desk
from flowstate_flower.registry.tables import KeyRow, TenantRow
from flowstate_flower.registry.tenants import SIGNING, Status, enter, self_signed, step
from flowstate_flower.trust.dsse import Envelope, MalformedEnvelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import CONSENT_TYPE, CertificateStatement, ConsentStatement, WithdrawalStatement, read

FRESH = timedelta(minutes=10)
"""How old a request may be, and how far the tenant's clock from ours."""
MOST_STANDING = 20
NOBODY = PublicKey("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")
"""A key that signed nothing, for names that nobody has: they take as long as others."""

Certify = Callable[[CertificateStatement], Certified]
"""Issue what a statement asks for. Raises `BadInput` for a request that is not answered."""


class NotLetIn(Exception):
    """Somebody who may not have what it asks for. The text is for the operator's log: whoever asks is told nothing."""


def join(
    registry: Registry, token: str, request: Envelope, asked: Envelope, certify: Certify, *, fresh: timedelta = FRESH
) -> str:
    """Use a ticket: the tenant is recorded, approved, active and certified, or nothing has happened. Returns its name.

    `request` is its request to join, `asked` its request for a certificate, both signed by the key that it brings. Raises
    `NotLetIn`, and once the ticket was good `BadInput` where the request cannot be answered.
    """
    try:
        joining, statement = self_signed(request), read(CertificateStatement, asked)
    except (BadInput, MalformedEnvelope) as error:
        raise NotLetIn(f"not a signed request: {error}") from error
    if not asked.is_signed_by(PublicKey(joining.key)) or statement.tenant != joining.tenant or not statement.ticket:
        raise NotLetIn("the requests to join and for a certificate are not of one tenant")
    with desk(registry, actor=joining.tenant) as d:
        _is_fresh(d, statement, fresh)
        try:
            name = tickets.redeem(d, statement.ticket, token)
        except tickets.NotGood as error:
            raise NotLetIn("no such invitation is open, or its secret is another") from error
        if name != joining.tenant:
            raise NotLetIn(f"an invitation for {name}, used by {joining.tenant}")
        row = enter(d, request)
        for status in (Status.APPROVED, Status.ACTIVE):
            step(d, row, status)
        certificates.add(d, certify(statement))
    return name


def renew(registry: Registry, asked: Envelope, certify: Certify, *, fresh: timedelta = FRESH) -> str:
    """Another certificate for an active tenant, on the word of its signing key. Returns its name. Raises `NotLetIn`.

    A tenant whose newest certificate was revoked has to come back by the operator's hand. Raises `BadInput` where the request
    cannot be answered.
    """
    try:
        statement = read(CertificateStatement, asked)
    except MalformedEnvelope as error:
        raise NotLetIn(f"not a signed request: {error}") from error
    with desk(registry, actor=statement.tenant) as d:
        signed = any(asked.is_signed_by(key) for key in _signing_keys(d.session, statement.tenant))
        tenant = d.session.get(TenantRow, statement.tenant)
        if not signed or tenant is None or statement.ticket is not None:
            raise NotLetIn("not signed by a key of the tenant that it names")
        if tenant.status != Status.ACTIVE:
            raise NotLetIn(f"{tenant.name} is {tenant.status}")
        _is_fresh(d, statement, fresh)
        _may_have_another(d, tenant.name)
        certificates.add(d, certify(statement))
    return statement.tenant


def agree(registry: Registry, said: Envelope) -> ConsentStatement | WithdrawalStatement:
    """Record a consent or a withdrawal that a tenant hands in by itself.

    Raises `NotLetIn` unless a key of the tenant signed it, `BadInput` where one did, and it does not count.
    """
    try:
        granted = said.payload_type == CONSENT_TYPE
        tenant = read(ConsentStatement, said).tenant if granted else read(WithdrawalStatement, said).tenant
    except MalformedEnvelope as error:
        raise NotLetIn(f"not a consent: {error}") from error
    with registry.reading() as session:
        if not any(said.is_signed_by(key) for key in _signing_keys(session, tenant)):
            raise NotLetIn("not signed by a key of the tenant that it names")
    return consents.accept(registry, said)


def _signing_keys(session: Session, tenant: str) -> list[PublicKey]:
    own = (KeyRow.tenant == tenant, KeyRow.use == SIGNING, col(KeyRow.revoked_at).is_(None))
    return [PublicKey(key) for key in session.exec(select(KeyRow.public_key).where(*own))] or [NOBODY]


def _is_fresh(d: Desk, statement: CertificateStatement, fresh: timedelta) -> None:
    """What was signed long ago may have been found on a disk."""
    apart = datetime.fromisoformat(d.now) - datetime.fromisoformat(statement.at)
    if abs(apart) > fresh:
        raise NotLetIn(f"signed at {statement.at}: the tenant's clock is wrong, or this is old")


def _may_have_another(d: Desk, tenant: str) -> None:
    newest = select(CertificateRow).where(CertificateRow.tenant == tenant).order_by(col(CertificateRow.issued_at).desc())
    rows = d.session.exec(newest.limit(MOST_STANDING)).all()
    if not rows or rows[0].revoked_at is not None:
        raise NotLetIn(f"the newest certificate of {tenant} was revoked, or there is none")
    if len(rows) == MOST_STANDING and all(row.revoked_at is None and row.not_after > d.now for row in rows):
        raise NotLetIn(f"{tenant} has {MOST_STANDING} certificates that hold")
