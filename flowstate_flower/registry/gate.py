"""Who may take part at this moment: asked when tenants are chosen, again when messages leave, again when replies are back.

One judgement for the three: active, agreeing to the purpose, and what is asked within what was agreed to and what is set.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from flowstate_flower.admission import Fault, Reason
from flowstate_flower.registry.configuration import Configuration, Quotas, effective_for
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import desk, timestamp
from flowstate_flower.registry.quotas import Meters
from flowstate_flower.registry.tables import ConsentRow, InvitationRow, KeyRow, PrivacyEventRow, RoundRow, RunRow, TenantRow
from flowstate_flower.registry.tenants import NODE, SIGNING, Status
from flowstate_flower.trust.bounds import Ask, Bounds, tightest
from flowstate_flower.trust.keys import PublicKey

SERVER, NONE = "server", Quotas()
UNKNOWN: Fault = (Reason.NO_CONSENT, "no such tenant")


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
        judged = _judged(d.session, ask, tenants)
        found = {name: judged.get(name, UNKNOWN) for name in tenants}
        faults = {name: fault for name, fault in found.items() if not isinstance(fault, Bounds)}
        settings = effective_for(d.session, ask.run, tenants)
        limited = {name: quotas for name in sorted(set(tenants) - faults.keys()) if (quotas := settings[name].quotas) != NONE}
        if not limited:
            return faults
        nodes, seen, meters = _nodes(d.session, limited), _seen(d.session, ask.run, limited), Meters(d.session, limited)
        for name, quotas in limited.items():
            meter = meters.of(name, quotas)
            fault = meter.ask(nodes=nodes.get(name, 0), model_bytes=model_bytes, new_run=name not in seen)
            if fault is not None:
                faults[name] = fault
    return faults


def standing(registry: Registry, ask: Ask, received: Mapping[str, int]) -> Mapping[str, Bounds | Fault]:
    """Now that replies are back: for each tenant the bounds that hold, or what stands against its reply.

    `received` is how many bytes each sent beyond the model, which are charged.
    """
    with registry.reading() as session:
        found = _judged(session, ask, received)
        settings = effective_for(session, ask.run, received)
    charged = {t: excess for t, excess in received.items() if excess > 0 and settings[t].quotas.bytes_per_day is not None}
    if charged:
        with desk(registry, actor=SERVER) as d:
            meters = Meters(d.session, charged)
            for tenant, excess in charged.items():
                fault = meters.of(tenant, settings[tenant].quotas).receive(excess)
                if fault is not None and isinstance(found[tenant], Bounds):
                    found[tenant] = fault
    return found


def _judged(session: Session, ask: Ask, names: Collection[str] | None) -> dict[str, Bounds | Fault]:
    """For each of `names`, or for every tenant that might: bounds or fault."""
    now, settings = timestamp(), effective_for(session, ask.run, names)
    consents = _consents(session, ask.purpose, names)
    wanted = TenantRow.status == Status.ACTIVE if names is None else col(TenantRow.name).in_(names)
    found = {
        name: _Judgement(status, consents.get(name), settings[name]).of(ask, now)
        for name, status in session.exec(select(TenantRow.name, TenantRow.status).where(wanted))
        if names is not None or name in consents
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
    if names is not None:
        standing_ = standing_.where(col(ConsentRow.tenant).in_(names))
    return {row.tenant: row for row in session.exec(standing_.order_by(col(ConsentRow.signed_at)))}


def _nodes(session: Session, names: Collection[str]) -> dict[str, int]:
    """How many nodes each has registered."""
    own = (col(KeyRow.tenant).in_(names), KeyRow.use == NODE, col(KeyRow.revoked_at).is_(None))
    return dict(session.exec(select(KeyRow.tenant, func.count()).where(*own).group_by(KeyRow.tenant)).all())


def _seen(session: Session, run: str, names: Collection[str]) -> set[str]:
    """Who was asked in this run before."""
    asked = select(InvitationRow.tenant).where(InvitationRow.run == run, col(InvitationRow.tenant).in_(names))
    return set(session.exec(asked.distinct()))


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
