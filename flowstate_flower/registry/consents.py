"""Consents: granted and withdrawn by statements that the tenant signed, kept with the envelopes that prove it.

A tenant's statements about one purpose count in the order in which it signed them. What is not newer than everything before
is a replay.
"""

from dataclasses import dataclass
from functools import partial

from sqlmodel import col, select

from flowstate_flower.errors import BadInput
from flowstate_flower.registry import draws
from flowstate_flower.registry.clocks import not_from_the_future
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import Desk, desk, timestamp
from flowstate_flower.registry.tables import ConsentRow, KeyRow
from flowstate_flower.registry.tenants import SIGNING, Status, known
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.dsse import Envelope, MalformedEnvelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import CONSENT_TYPE, ConsentStatement, WithdrawalStatement, read


@dataclass(frozen=True, slots=True)
class ConsentView:
    """One consent: standing, expired or withdrawn. `bounds` names those that it sets."""

    tenant: str
    purpose: str
    status: str
    granted_at: str
    expires_at: str | None
    withdrawn_at: str | None
    app: str | None
    bounds: dict[str, float]


ASK_AGAIN = "ask the tenant for a new one"


def accept(registry: Registry, envelope: Envelope) -> ConsentStatement | WithdrawalStatement:
    """Record a consent or its withdrawal, as the tenant's own act. It counts from the next message on.

    Raises `BadInput` where it is not signed by the tenant's registered key, is old, expired or for somebody else;
    `UnknownName`.
    """
    try:
        if envelope.payload_type == CONSENT_TYPE:
            consent = read(ConsentStatement, envelope)
            _grant(registry, consent, envelope)
            return consent
        withdrawal = read(WithdrawalStatement, envelope)
    except MalformedEnvelope as error:
        raise BadInput(f"not a consent: {error}", hint="flowstate consent grant writes one") from error
    _withdraw(registry, withdrawal, envelope)
    return withdrawal


def listed(registry: Registry) -> list[ConsentView]:
    """Every consent, in the order in which they were recorded."""
    with registry.reading() as session:
        rows = session.exec(select(ConsentRow).order_by(ConsentRow.granted_at, ConsentRow.tenant)).all()
    now = timestamp()
    return [
        ConsentView(
            row.tenant,
            row.purpose,
            "withdrawn" if row.withdrawn_at else "standing" if (row.expires_at or "9") > now else "expired",
            row.granted_at,
            row.expires_at,
            row.withdrawn_at,
            row.app,
            {name: value for name in Bounds.model_fields if (value := getattr(row, name)) is not None},
        )
        for row in rows
    ]


def _grant(registry: Registry, statement: ConsentStatement, envelope: Envelope) -> None:
    with desk(registry, actor=statement.tenant) as d:
        _check_signer(d, statement, envelope)
        if statement.operator not in (None, registry.operator.text):
            raise BadInput("this consent is for another operator", hint="ask the tenant for one with your operator.pub")
        if statement.expires_at is not None and statement.expires_at <= d.now:
            raise BadInput(f"this consent expired at {statement.expires_at}", hint=ASK_AGAIN)
        _check_newer(d, statement)
        standing = _standing(d, statement.tenant, statement.purpose)
        if standing is not None and (standing.expires_at is None or standing.expires_at > d.now):
            raise BadInput(
                f"{statement.tenant} has agreed to '{statement.purpose}' already", hint="withdraw first, to change it"
            )
        d.add(
            ConsentRow(
                tenant=statement.tenant,
                purpose=statement.purpose,
                signed_at=statement.at,
                granted_at=d.now,
                expires_at=statement.expires_at,
                app=statement.app,
                envelope=envelope.to_bytes().decode(),
                **statement.bounds.model_dump(),
            )
        )
        d.before_commit(partial(draws.give, tenant=statement.tenant, purpose=statement.purpose))


def _withdraw(registry: Registry, statement: WithdrawalStatement, envelope: Envelope) -> None:
    """End the consent that stands; without one, end those that were signed before and never got here."""
    with desk(registry, actor=statement.tenant) as d:
        _check_signer(d, statement, envelope)
        _check_newer(d, statement)
        consent = _standing(d, statement.tenant, statement.purpose) or ConsentRow(
            tenant=statement.tenant, purpose=statement.purpose, signed_at=statement.at, granted_at=d.now, envelope=""
        )
        consent.withdrawn_at, consent.withdrawal_signed_at = d.now, statement.at
        consent.withdrawal = envelope.to_bytes().decode()
        d.change(consent, "withdrawn")


def _check_signer(d: Desk, statement: ConsentStatement | WithdrawalStatement, envelope: Envelope) -> None:
    if known(d, statement.tenant).status in (Status.DELETING, Status.DELETED):
        raise BadInput(f"{statement.tenant} was deleted", hint="its name is not used again")
    keys = select(KeyRow.public_key).where(
        KeyRow.tenant == statement.tenant, KeyRow.use == SIGNING, col(KeyRow.revoked_at).is_(None)
    )
    if not any(envelope.is_signed_by(PublicKey(key)) for key in d.session.exec(keys)):
        raise BadInput(f"not signed by the registered key of {statement.tenant}", hint="the tenant signs it in its own home")
    not_from_the_future(statement.at, timestamp())


def _check_newer(d: Desk, statement: ConsentStatement | WithdrawalStatement) -> None:
    """A statement that is not newer than the tenant's earlier ones was seen before, or was overtaken."""
    of_purpose = (ConsentRow.tenant == statement.tenant, ConsentRow.purpose == statement.purpose)
    for consent in d.session.exec(select(ConsentRow).where(*of_purpose)):
        if consent.withdrawal_signed_at is not None and statement.at <= consent.withdrawal_signed_at:
            raise BadInput(f"withdrawn at {consent.withdrawal_signed_at}, after this was signed", hint=ASK_AGAIN)
        if statement.at <= consent.signed_at:
            raise BadInput(f"a consent signed at {consent.signed_at} was accepted before", hint=ASK_AGAIN)


def _standing(d: Desk, tenant: str, purpose: str) -> ConsentRow | None:
    """The newest consent that was not withdrawn, expired or not."""
    of_purpose = (ConsentRow.tenant == tenant, ConsentRow.purpose == purpose, col(ConsentRow.withdrawn_at).is_(None))
    return d.session.exec(select(ConsentRow).where(*of_purpose).order_by(col(ConsentRow.signed_at).desc())).first()
