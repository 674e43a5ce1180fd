"""Who may take part at this moment: asked when tenants are chosen, again when messages leave, again when replies are back.

One judgement for the three: active, agreeing to the purpose, and what is asked within what was agreed to and what is set.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from flowstate_flower.admission import Fault, Reason
from flowstate_flower.registry.configuration import Configuration, effective_for_all
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import desk, timestamp
from flowstate_flower.registry.quotas import Meter
from flowstate_flower.registry.tables import ConsentRow, InvitationRow, KeyRow, PrivacyEventRow, RoundRow, RunRow, TenantRow
from flowstate_flower.registry.tenants import NODE, SIGNING, Status
from flowstate_flower.trust.bounds import Ask, Bounds, tightest
from flowstate_flower.trust.keys import PublicKey

SERVER = "server"


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What is known of one tenant: its consent to the purpose, if one stands, and its settings."""

    status: str
    consent: ConsentRow | None
    configuration: Configuration

    def bounds(self) -> Bounds:
        agreed = {name: getattr(self.consent, name) for name in Bounds.model_fields} if self.consent else {}
        return tightest(Bounds(**agreed), self.configuration.bounds)

    def of(self, ask: Ask, now: str) -> Bounds | Fault:
        """The bounds within which the tenant takes part, or why it does not."""
        consent = self.consent
        if self.status != Status.ACTIVE:
            return Reason.SUSPENDED, f"the tenant is {self.status}"
        if consent is None:
            return Reason.NO_CONSENT, f"no consent to '{ask.purpose}' stands"
        if consent.expires_at is not None and consent.expires_at <= now:
            return Reason.NO_CONSENT, f"the consent expired at {consent.expires_at}"
        if consent.app not in (None, ask.app):
            return Reason.OUTSIDE_BOUNDS, "the consent is for another app"
        bounds = self.bounds()
        problem = bounds.objection(ask.work, ask.privacy)
        return (Reason.OUTSIDE_BOUNDS, problem) if problem else bounds


def candidates(registry: Registry, ask: Ask) -> Mapping[str, PublicKey]:
    """Tenants that may be asked, by name, with the key that signs for them."""
    with registry.reading() as session:
        able = {name for name, found in _judged(session, ask, None).items() if isinstance(found, Bounds)}
        keys = select(KeyRow.tenant, KeyRow.public_key).where(KeyRow.use == SIGNING, col(KeyRow.revoked_at).is_(None))
        return {tenant: PublicKey(key) for tenant, key in session.exec(keys.order_by(KeyRow.tenant)) if tenant in able}


def dispatch(registry: Registry, ask: Ask, tenants: Collection[str], model_bytes: int) -> Mapping[str, Fault]:
    """What stands against asking `tenants` now; the others are charged for one round. One transaction."""
    with desk(registry, actor=SERVER) as d:
        faults = {name: found for name, found in _judged(d.session, ask, tenants).items() if not isinstance(found, Bounds)}
        settings = effective_for_all(d.session, ask.run)
        for tenant in sorted(set(tenants) - faults.keys()):
            quotas = settings[tenant].quotas
            if quotas == type(quotas)():
                continue
            nodes = select(func.count()).where(KeyRow.tenant == tenant, KeyRow.use == NODE, col(KeyRow.revoked_at).is_(None))
            asked = select(InvitationRow.round).where(InvitationRow.tenant == tenant, InvitationRow.run == ask.run).limit(1)
            fault = Meter(d.session, tenant, quotas).ask(
                nodes=d.session.exec(nodes).one(),
                model_bytes=model_bytes,
                new_run=d.session.exec(asked).first() is None,
            )
            if fault is not None:
                faults[tenant] = fault
    return faults


def standing(registry: Registry, ask: Ask, received: Mapping[str, int]) -> Mapping[str, Bounds | Fault]:
    """Now that replies are back: for each tenant the bounds that hold, or what stands against its reply.

    `received` is how many bytes each sent beyond the model, which are charged.
    """
    with registry.reading() as session:
        found = _judged(session, ask, received)
        settings = effective_for_all(session, ask.run)
    charged = {t: excess for t, excess in received.items() if excess > 0 and settings[t].quotas.bytes_per_day is not None}
    if charged:
        with desk(registry, actor=SERVER) as d:
            for tenant, excess in charged.items():
                fault = Meter(d.session, tenant, settings[tenant].quotas).receive(excess)
                if fault is not None and isinstance(found[tenant], Bounds):
                    found[tenant] = fault
    return found


def _judged(session: Session, ask: Ask, names: Collection[str] | None) -> dict[str, Bounds | Fault]:
    """For each of `names`, or for every tenant that might: bounds or fault."""
    now, settings = timestamp(), effective_for_all(session, ask.run)
    consents = _consents(session, ask.purpose, names)
    statuses = select(TenantRow.name, TenantRow.status)
    if names is None:
        statuses = statuses.where(TenantRow.status == Status.ACTIVE)
    found = {
        name: _Judgement(status, consents.get(name), settings[name]).of(ask, now)
        for name, status in session.exec(statuses)
        if (name in consents if names is None else name in names)
    }
    counted = {name: bounds for name, bounds in found.items() if isinstance(bounds, Bounds) and _needs_counting(bounds)}
    for name, bounds in counted.items():
        problem = bounds.exhausted(_rounds(session, name, consents[name]), _epsilon(session, name))
        if problem:
            found[name] = (Reason.OUTSIDE_BOUNDS, problem)
    return found


def _consents(session: Session, purpose: str, names: Collection[str] | None) -> dict[str, ConsentRow]:
    """By tenant the newest consent that was not withdrawn."""
    standing_ = select(ConsentRow).where(ConsentRow.purpose == purpose, col(ConsentRow.withdrawn_at).is_(None))
    oldest_first = session.exec(standing_.order_by(col(ConsentRow.signed_at)))
    return {row.tenant: row for row in oldest_first if names is None or row.tenant in names}


def _needs_counting(bounds: Bounds) -> bool:
    return bounds.most_rounds is not None or bounds.largest_epsilon is not None


def _rounds(session: Session, tenant: str, consent: ConsentRow) -> int:
    """In how many recorded rounds the tenant was asked since it gave this consent."""
    statement = (
        select(func.count())
        .select_from(InvitationRow)
        .join(RoundRow, (col(RoundRow.run) == InvitationRow.run) & (col(RoundRow.number) == InvitationRow.round))
        .join(RunRow, col(RunRow.id) == InvitationRow.run)
        .where(InvitationRow.tenant == tenant, RunRow.purpose == consent.purpose, RoundRow.closed_at > consent.granted_at)
    )
    return session.exec(statement).one()


def _epsilon(session: Session, tenant: str) -> float:
    """The largest total that the tenant has signed for."""
    return session.exec(select(func.max(PrivacyEventRow.epsilon)).where(PrivacyEventRow.tenant == tenant)).one() or 0.0
