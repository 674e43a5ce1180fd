"""Tenants, their keys and their consents."""

from collections.abc import Iterable, Mapping

from sqlmodel import col, select

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import Desk, desk
from flowstate_flower.registry.tables import ConsentRow, KeyRow, TenantRow
from flowstate_flower.trust.keys import PublicKey

ACTIVE = "active"
SIGNING, NODE = "signing", "node"


def enrol(registry: Registry, name: str, key: PublicKey, *, actor: str, nodes: Iterable[str] = ()) -> None:
    """A new tenant with its signing key and the public keys (hexadecimal) of its Flower nodes.

    Raises `BadInput` where the name is taken.
    """
    with desk(registry, actor=actor) as d:
        if d.session.get(TenantRow, name):
            raise BadInput(f"tenant '{name}' exists already", hint="choose another name")
        d.add(TenantRow(name=name, status=ACTIVE, created_at=d.now))
        d.session.flush()
        d.add(KeyRow(tenant=name, public_key=key.text, use=SIGNING, added_at=d.now))
        for node in nodes:
            d.add(KeyRow(tenant=name, public_key=node, use=NODE, added_at=d.now))


def grant(registry: Registry, tenant: str, purpose: str) -> None:
    """The tenant agrees to `purpose`. Raises `BadInput` where it has agreed already."""
    with desk(registry, actor=tenant) as d:
        _known(d, tenant)
        if _standing(d, tenant, purpose):
            raise BadInput(f"{tenant} has agreed to '{purpose}' already", hint="nothing to do")
        d.add(ConsentRow(tenant=tenant, purpose=purpose, granted_at=d.now))


def withdraw(registry: Registry, tenant: str, purpose: str) -> None:
    """The tenant no longer agrees: it is not asked again, and a reply in flight is turned away."""
    with desk(registry, actor=tenant) as d:
        _known(d, tenant)
        consent = _standing(d, tenant, purpose)
        if consent is None:
            raise BadInput(f"{tenant} does not agree to '{purpose}'", hint="nothing to withdraw")
        consent.withdrawn_at = d.now
        d.change(consent, "withdrawn")


def consenting(registry: Registry, purpose: str) -> Mapping[str, PublicKey]:
    """Active tenants that agree to `purpose` now, by name, with the key that signs for them."""
    statement = (
        select(TenantRow.name, KeyRow.public_key)
        .join(KeyRow, col(KeyRow.tenant) == TenantRow.name)
        .join(ConsentRow, col(ConsentRow.tenant) == TenantRow.name)
        .where(TenantRow.status == ACTIVE)
        .where(KeyRow.use == SIGNING, col(KeyRow.revoked_at).is_(None))
        .where(ConsentRow.purpose == purpose, col(ConsentRow.withdrawn_at).is_(None))
        .order_by(TenantRow.name)
    )
    with registry.reading() as session:
        return {name: PublicKey(key) for name, key in session.exec(statement)}


def node_owners(registry: Registry) -> Mapping[str, str]:
    """Public keys of Flower nodes (hexadecimal) → the tenant that each acts for."""
    statement = select(KeyRow.public_key, KeyRow.tenant).where(KeyRow.use == NODE, col(KeyRow.revoked_at).is_(None))
    with registry.reading() as session:
        return dict(session.exec(statement).all())


def signing_keys(registry: Registry) -> Mapping[str, PublicKey]:
    """Every tenant's current signing key, whatever it has agreed to."""
    statement = select(KeyRow.tenant, KeyRow.public_key).where(KeyRow.use == SIGNING, col(KeyRow.revoked_at).is_(None))
    with registry.reading() as session:
        return {tenant: PublicKey(key) for tenant, key in session.exec(statement)}


def _known(d: Desk, tenant: str) -> None:
    if d.session.get(TenantRow, tenant) is None:
        raise UnknownName("tenant", tenant, d.session.exec(select(TenantRow.name)).all())


def _standing(d: Desk, tenant: str, purpose: str) -> ConsentRow | None:
    return d.session.exec(
        select(ConsentRow).where(
            ConsentRow.tenant == tenant, ConsentRow.purpose == purpose, col(ConsentRow.withdrawn_at).is_(None)
        )
    ).first()
