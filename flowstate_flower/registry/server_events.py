"""What the server turned away or let somebody do, counted by class and kept: the audit of the network's side."""

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, func, select

from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.deployment_tables import ServerEventRow
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.tables import TenantRow

SERVER = "server"
MOST_DETAIL = 300
"""Characters. What a stranger sent is quoted at most this far."""


class EventKind(StrEnum):
    """What happened at the server's door. Written to the registry: add, never rename."""

    FORGED_SENDER = "forged-sender"
    WRONG_CERTIFICATE = "wrong-certificate"
    REVOKED_CERTIFICATE = "revoked-certificate"
    EXPIRED_CERTIFICATE = "expired-certificate"
    BAD_HANDSHAKE = "bad-handshake"
    BAD_SIGNATURE = "bad-signature"
    BAD_INVITATION = "bad-invitation"
    BAD_RENEWAL = "bad-renewal"
    BAD_CONSENT = "bad-consent"
    FORBIDDEN_PATH = "forbidden-path"
    CONTROL_DENIED = "control-denied"
    FOREIGN_RUN = "foreign-run"
    UNREADABLE_REVOCATIONS = "unreadable-revocations"
    UNREADABLE_REGISTRY = "unreadable-registry"
    MALFORMED = "malformed"
    OVERSIZE_BODY = "oversize-body"
    OVERSIZE_HEADERS = "oversize-headers"
    UNASKED_REPLY = "unasked-reply"
    SUSPENDED_TENANT = "suspended-tenant"
    RUN_WITHOUT_PURPOSE = "run-without-purpose"
    NO_CONSENT = "no-consent"
    OVER_QUOTA = "over-quota"
    RATE_LIMITED = "rate-limited"
    TOO_MANY_IN_FLIGHT = "too-many-in-flight"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    TOO_MANY_NODES = "too-many-nodes"
    SLOW_UPLOAD = "slow-upload"
    CONTROL_ACTION = "control-action"
    NODE_ACTIVATED = "node-activated"
    ENROLLED = "enrolled"


KNOWN = {str(kind) for kind in EventKind}


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """`count` events of one kind, of one tenant where the server knows whose they were. `detail` samples one of them."""

    kind: EventKind
    tenant: str | None = None
    count: int = 1
    detail: str = ""


def record(registry: Registry, events: Iterable[ServerEvent]) -> None:
    """All of them in one transaction, or none. A tenant that the registry does not know is named in the detail alone."""
    batch = list(events)
    if not batch:
        return
    with desk(registry, actor=SERVER) as d:
        named = {event.tenant for event in batch}
        known = set(d.session.exec(select(TenantRow.name).where(col(TenantRow.name).in_(named))))
        for event in batch:
            detail = event.detail if event.tenant in {None, *known} else f"{event.tenant}: {event.detail}"
            d.add(
                ServerEventRow(
                    id=secrets.token_hex(16),
                    at=d.now,
                    kind=EventKind(event.kind),
                    tenant=event.tenant if event.tenant in known else None,
                    count=event.count,
                    detail=detail[:MOST_DETAIL].replace("\0", "\N{REPLACEMENT CHARACTER}"),
                )
            )


def listed(registry: Registry, *, last: int | None = None) -> list[ServerEventRow]:
    """The rows in the order in which they were recorded, or the `last` of them."""
    newest = select(ServerEventRow).order_by(col(ServerEventRow.at).desc(), ServerEventRow.id).limit(last)
    with registry.reading() as session:
        return list(reversed(session.exec(newest).all()))


def counted(session: Session) -> dict[str | None, dict[str, int]]:
    """By tenant, how often what happened, as far as the session sees it. What is no kind of ours is left out."""
    found: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    total = func.sum(ServerEventRow.count)
    grouped = select(ServerEventRow.tenant, ServerEventRow.kind, total).group_by(
        col(ServerEventRow.tenant), col(ServerEventRow.kind)
    )
    for tenant, kind, count in session.exec(grouped):
        if kind in KNOWN:
            found[tenant][kind] += int(count)
    return {tenant: dict(sorted(counts.items())) for tenant, counts in found.items()}
