"""Certificates that the federation's authority issued: recorded when they are made, ended when they are revoked."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import col, select

from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.deployment_tables import CertificateRow
from flowstate_flower.registry.desk import Desk, desk, timestamp


@dataclass(frozen=True, slots=True)
class Certified:
    """What a certificate says, without its key: `uri` names whom, `fingerprint` is its SHA-256, times are ISO 8601 in UTC."""

    serial: str
    tenant: str | None
    uri: str
    fingerprint: str
    not_before: str
    not_after: str


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A recorded certificate: standing, expired or revoked and why."""

    serial: str
    tenant: str | None
    uri: str
    fingerprint: str
    not_before: str
    not_after: str
    status: str
    revoked_at: str | None
    reason: str | None


def add(d: Desk, certified: Certified) -> None:
    """Record a certificate at a desk that is open, in one transaction with whatever it is issued for."""
    row = {name: getattr(certified, name) for name in Certified.__dataclass_fields__}
    d.add(CertificateRow(**row, issued_at=d.now))


def issued(registry: Registry, certified: Certified, *, actor: str) -> None:
    """Record a certificate."""
    with desk(registry, actor=actor) as d:
        add(d, certified)


def revoked(registry: Registry, serials: Collection[str], reason: str, *, actor: str) -> list[str]:
    """End those of `serials` that stand. Returns them; what was never recorded, or was revoked before, is not among them."""
    with desk(registry, actor=actor) as d:
        standing = select(CertificateRow).where(
            col(CertificateRow.serial).in_(serials), col(CertificateRow.revoked_at).is_(None)
        )
        rows = d.session.exec(standing.order_by(CertificateRow.serial)).all()
        for row in rows:
            row.revoked_at, row.reason = d.now, reason
            d.change(row, "revoked")
        return [row.serial for row in rows]


def on_the_list(registry: Registry) -> list[tuple[str, str]]:
    """Serials that were revoked, and when, of certificates that would hold otherwise. Those that ended need no list."""
    ended = select(CertificateRow.serial, CertificateRow.revoked_at).where(
        col(CertificateRow.revoked_at).is_not(None), col(CertificateRow.not_after) > timestamp()
    )
    with registry.reading() as session:
        return [(serial, str(at)) for serial, at in session.exec(ended.order_by(CertificateRow.serial))]


def listed(registry: Registry, *, tenant: str | None = None) -> list[CertificateView]:
    """Every certificate, or those of one tenant, in the order in which they were issued."""
    ordered = select(CertificateRow).order_by(col(CertificateRow.issued_at), CertificateRow.serial)
    if tenant is not None:
        ordered = ordered.where(CertificateRow.tenant == tenant)
    with registry.reading() as session:
        rows = session.exec(ordered).all()
    now = timestamp()
    return [_view(row, now) for row in rows]


def _view(row: CertificateRow, now: str) -> CertificateView:
    shown = row.model_dump(exclude={"issued_at"})
    status = "revoked" if row.revoked_at else "expired" if row.not_after <= now else "standing"
    return CertificateView(status=status, **shown)
