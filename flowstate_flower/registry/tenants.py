"""Tenants: who they are, under which keys they speak, and where in their life they are.

requested → approved → active ⇄ suspended → deleting → deleted. A deleted tenant is a tombstone: its name is never free again.
"""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, delete, select

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.clocks import not_from_the_future
from flowstate_flower.registry.configuration import effective
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import Desk, desk, timestamp
from flowstate_flower.registry.draws import AT_ONCE, batches
from flowstate_flower.registry.tables import KeyRow, TenantRow
from flowstate_flower.registry.tenancy_tables import RequestRow, UsageRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.trust.dsse import Envelope, MalformedEnvelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import RequestStatement, read

SIGNING, NODE = "signing", "node"


class Status(StrEnum):
    """Where a tenant is in its life. Written to the registry: add, never rename."""

    REQUESTED = "requested"
    APPROVED = "approved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETING = "deleting"
    DELETED = "deleted"


MOVES: Mapping[Status, frozenset[Status]] = {
    Status.REQUESTED: frozenset({Status.APPROVED}),
    Status.APPROVED: frozenset({Status.ACTIVE}),
    Status.ACTIVE: frozenset({Status.SUSPENDED}),
    Status.SUSPENDED: frozenset({Status.ACTIVE, Status.DELETING}),
    Status.DELETING: frozenset({Status.DELETED}),
    Status.DELETED: frozenset(),
}


def request(registry: Registry, envelope: Envelope, *, actor: str) -> str:
    """Record a signed request to join, with the tenant's keys and a data key of its own. Returns the tenant's name.

    Raises `BadInput` where the envelope is not signed by the key that it names, or the name or a key is taken.
    """
    with _operators(registry, actor) as d:
        return enter(d, envelope).name


def enter(d: Desk, envelope: Envelope) -> TenantRow:
    """`request` at a desk that is open, with whatever else belongs to it. Raises `BadInput`."""
    statement = self_signed(envelope)
    _is_free(d, statement)
    row = TenantRow(name=statement.tenant, status=Status.REQUESTED, created_at=d.now)
    d.add(row)
    d.session.flush()
    d.add(d.vault.new_data_key(statement.tenant, 1, d.now))
    d.session.flush()
    d.add(KeyRow(tenant=statement.tenant, public_key=statement.key, use=SIGNING, added_at=d.now))
    for node in statement.nodes:
        d.add(KeyRow(tenant=statement.tenant, public_key=node, use=NODE, added_at=d.now))
    d.add(RequestRow(tenant=statement.tenant, received_at=d.now, envelope=envelope.to_bytes().decode()))
    return row


def move(registry: Registry, name: str, to: Status, *, actor: str, since: Status | None = None) -> None:
    """The next step in a tenant's life. Raises `BadInput` for a step that is not drawn above, `UnknownName`.

    With `since`, only a tenant that is there now moves.

    On the way to `deleting` the tenant's data keys are destroyed; `deleted` is reached once no file holds what they were.
    """
    if to == Status.DELETED:
        registry.scrub()
    with _operators(registry, actor) as d:
        row = known(d, name)
        if since is not None and row.status not in (since, to):
            raise BadInput(f"{name} is {row.status}, not {since}", hint="flowstate tenant list")
        step(d, row, to)
        if to == Status.DELETING:
            _shred(d, name)


def remove(registry: Registry, name: str, *, actor: str) -> None:
    """Delete a suspended tenant, or go on where a deletion was interrupted. A tombstone remains.

    Raises `BadInput` while somebody still reads the database: until they stop, the tenant stays `deleting`.
    """
    with registry.reading() as session:
        row = session.get(TenantRow, name)
    if row is None or row.status != Status.DELETING:
        move(registry, name, Status.DELETING, actor=actor)
    move(registry, name, Status.DELETED, actor=actor)


@dataclass(frozen=True, slots=True)
class TenantDetail:
    """One tenant. `contact` is None where the data key was destroyed, `key` where it was revoked."""

    tenant: str
    status: str
    since: str
    key: str | None
    nodes: tuple[str, ...]
    contact: str | None


def show(registry: Registry, name: str) -> TenantDetail:
    """One tenant in full. Needs the key-encryption key. Raises `BadInput`, `UnknownName`."""
    if registry.wrapper is None:
        raise BadInput(f"{registry.name} is open for reading", hint="open it with the operator's keys")
    with registry.reading() as session:
        row = _known(session, name)
        standing = (KeyRow.tenant == name, col(KeyRow.revoked_at).is_(None))
        keys = list(session.exec(select(KeyRow).where(*standing).order_by(KeyRow.public_key)))
        request_row = session.get(RequestRow, name)
        text = Vault(session, registry.wrapper).open(request_row, "envelope") if request_row else None
        contact = None if text is None else read(RequestStatement, Envelope.parse(text.encode())).contact
        signing = next((key.public_key for key in keys if key.use == SIGNING), None)
        nodes = tuple(key.public_key for key in keys if key.use == NODE)
        return TenantDetail(name, row.status, row.created_at, signing, nodes, contact)


def node_owners(registry: Registry, keys: Collection[str]) -> Mapping[str, str]:
    """Of `keys`, public keys of Flower nodes in hexadecimal, those that are registered → the tenant that each acts for."""
    owners, standing = select(KeyRow.public_key, KeyRow.tenant), (KeyRow.use == NODE, col(KeyRow.revoked_at).is_(None))
    found: dict[str, str] = {}
    with registry.reading() as session:
        for some in batches(keys, AT_ONCE):
            found.update(session.exec(owners.where(*standing, col(KeyRow.public_key).in_(some))).all())
    return found


def signing_keys(registry: Registry) -> Mapping[str, PublicKey]:
    """Every tenant's current signing key, whatever it has agreed to."""
    statement = select(KeyRow.tenant, KeyRow.public_key).where(KeyRow.use == SIGNING, col(KeyRow.revoked_at).is_(None))
    with registry.reading() as session:
        return {tenant: PublicKey(key) for tenant, key in session.exec(statement)}


def status_of(registry: Registry, name: str) -> Status:
    """Where a tenant is in its life. Raises `UnknownName`."""
    with registry.reading() as session:
        return Status(_known(session, name).status)


def known(d: Desk, name: str) -> TenantRow:
    """The tenant's row. One that belongs to somebody else is as unknown as one that never was."""
    return _known(d.session, name)


def _known(session: Session, name: str) -> TenantRow:
    row = session.get(TenantRow, name)
    if row is None:
        raise UnknownName("tenant", name, session.exec(select(TenantRow.name)).all())
    return row


def self_signed(envelope: Envelope) -> RequestStatement:
    """What a request to join says, signed by the key that it names. Raises `BadInput`."""
    try:
        statement = read(RequestStatement, envelope)
    except MalformedEnvelope as error:
        raise BadInput(f"not a request to join: {error}", hint="flowstate tenant init writes one") from error
    if not envelope.is_signed_by(PublicKey(statement.key)):
        raise BadInput(f"the request of {statement.tenant} is not signed by the key that it names", hint="ask for a new one")
    not_from_the_future(statement.at, timestamp())
    return statement


def _is_free(d: Desk, statement: RequestStatement) -> None:
    if d.session.get(TenantRow, statement.tenant):
        raise BadInput(f"tenant '{statement.tenant}' exists already", hint="choose another name")
    keys = (statement.key, *statement.nodes)
    if len(set(keys)) != len(keys):
        raise BadInput(f"the request of {statement.tenant} names a key twice", hint="each key once")
    if d.session.exec(select(KeyRow.public_key).where(col(KeyRow.public_key).in_(keys))).first():
        raise BadInput(f"a key of {statement.tenant} is registered already", hint="every tenant makes keys of its own")
    most = effective(d.session, None, None).quotas.nodes
    if most is not None and len(statement.nodes) > most:
        raise BadInput(f"{statement.tenant} names {len(statement.nodes)} nodes, at most {most}", hint="quotas.nodes")


def step(d: Desk, row: TenantRow, to: Status) -> None:
    """`move` at a desk that is open. Raises `BadInput`."""
    now = Status(row.status)
    if now == to:
        raise BadInput(f"{row.name} is {to} already", hint="nothing to do")
    if to not in MOVES[now]:
        after = ", ".join(sorted(MOVES[now])) or "nothing"
        raise BadInput(f"{row.name} is {now} and cannot become {to}", hint=f"after {now} comes: {after}")
    row.status = to
    d.change(row, to)


def _shred(d: Desk, name: str) -> None:
    """Destroy the tenant's data keys and end its other keys: what was encrypted is lost, the evidence stays."""
    for data_key in d.vault.living(name):
        data_key.wrapped, data_key.destroyed_at = "", d.now
        d.change(data_key, "destroyed")
    for key in d.session.exec(select(KeyRow).where(KeyRow.tenant == name, col(KeyRow.revoked_at).is_(None))):
        key.revoked_at = d.now
        d.change(key, "revoked")
    d.session.exec(delete(UsageRow).where(col(UsageRow.tenant) == name))


def _operators(registry: Registry, actor: str) -> AbstractContextManager[Desk]:
    if registry.tenant is not None:
        raise BadInput("a tenant's life is the operator's to direct", hint="ask the operator")
    return desk(registry, actor=actor)
