"""Invitations to join, as the operator keeps them: a name, the digest of a secret, and whether it was used.

A ticket is the operator's approval in advance. It is good once: what it lets somebody do happens in the transaction that
marks it as used, or not at all.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sqlmodel import col, select

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.deployment_tables import TicketRow
from flowstate_flower.registry.desk import Desk, desk, timestamp
from flowstate_flower.registry.tables import TenantRow

TOKEN_DOMAIN = b"flowstate/ticket/v1\n"


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket: open, used, expired or withdrawn."""

    id: str
    tenant: str
    status: str
    made_at: str
    expires_at: str


class NotGood(Exception):
    """A ticket that lets nobody in: unknown, with another secret, used, expired or withdrawn. It does not say which."""


def make(registry: Registry, tenant: str, token: str, *, expires_at: str, actor: str) -> str:
    """Record a ticket for `token` and return its id. An open one for the same name is withdrawn.

    Raises `BadInput` where the name is taken or `expires_at` (ISO 8601 in UTC) has passed.
    """
    with desk(registry, actor=actor) as d:
        if d.session.get(TenantRow, tenant):
            raise BadInput(f"tenant '{tenant}' exists already", hint="flowstate tenant list")
        if expires_at <= d.now:
            raise BadInput(f"the invitation would have expired at {expires_at}", hint="let it be valid for longer")
        for row in d.session.exec(select(TicketRow).where(TicketRow.tenant == tenant)):
            if _status(row, d.now) == "open":
                row.withdrawn_at = d.now
                d.change(row, "withdrawn")
        made = secrets.token_hex(8)
        d.add(TicketRow(id=made, tenant=tenant, token_digest=token_digest(token), made_at=d.now, expires_at=expires_at))
        return made


def redeem(d: Desk, ticket: str, token: str) -> str:
    """Use a ticket at a desk that is open, and return the name that it is for. Raises `NotGood`.

    The desk holds the lock of whoever writes: of two at once, one finds the ticket used.
    """
    row = d.session.get(TicketRow, ticket)
    same = hmac.compare_digest(row.token_digest if row else token_digest(""), token_digest(token))
    if row is None or not same or _status(row, d.now) != "open":
        raise NotGood
    row.used_at = d.now
    d.change(row, "used")
    return row.tenant


def withdraw(registry: Registry, ticket: str, *, actor: str) -> None:
    """Let an open ticket be good no more. Raises `BadInput` for one that is not open, `UnknownName`."""
    with desk(registry, actor=actor) as d:
        row = d.session.get(TicketRow, ticket)
        if row is None:
            raise UnknownName("invitation", ticket, d.session.exec(select(TicketRow.id)).all())
        if (status := _status(row, d.now)) != "open":
            raise BadInput(f"invitation {ticket} is {status} already", hint="nothing to do")
        row.withdrawn_at = d.now
        d.change(row, "withdrawn")


def listed(registry: Registry) -> list[TicketView]:
    """Every ticket, in the order in which they were made."""
    with registry.reading() as session:
        rows = session.exec(select(TicketRow).order_by(col(TicketRow.made_at), TicketRow.id)).all()
    now = timestamp()
    return [TicketView(row.id, row.tenant, _status(row, now), row.made_at, row.expires_at) for row in rows]


def token_digest(token: str) -> str:
    """What is kept of a secret: SHA-256, which 256 random bits need no salt for."""
    return hashlib.sha256(TOKEN_DOMAIN + token.encode()).hexdigest()


def _status(row: TicketRow, now: str) -> str:
    if row.used_at:
        return "used"
    if row.withdrawn_at:
        return "withdrawn"
    return "expired" if row.expires_at <= now else "open"
