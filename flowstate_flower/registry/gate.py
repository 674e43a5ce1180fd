"""Who may take part at this moment: asked when tenants are chosen, again when messages leave, again when replies are back.

One judgement for the three: active, agreeing to the purpose, and what is asked within what was agreed to and what is set.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import load_only
from sqlmodel import Session, col, func, select

from flowstate_flower.admission import Fault, Reason
from flowstate_flower.registry import draws
from flowstate_flower.registry.configuration import Configuration, Quotas, effective_for
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.deployment_tables import RunSpecRow
from flowstate_flower.registry.desk import desk, timestamp
from flowstate_flower.registry.quotas import Meters
from flowstate_flower.registry.tables import ConsentRow, InvitationRow, KeyRow, PrivacyEventRow, RoundRow, RunRow, TenantRow
from flowstate_flower.registry.tenants import NODE, SIGNING, Status
from flowstate_flower.trust.bounds import Ask, Bounds, tightest
from flowstate_flower.trust.keys import PublicKey

SERVER, NONE, UNBOUNDED = "server", Quotas(), Bounds()
JUDGED_BY = ("tenant", "purpose", "signed_at", "granted_at", "expires_at", "withdrawn_at", "app", *Bounds.model_fields)
"""What of a consent is read here: not its envelopes, which are the most of it."""
Settings = Mapping[str, Configuration]
UNKNOWN: Fault = (Reason.NO_CONSENT, "no such tenant")


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What is known of one tenant: its consent to the purpose, if one stands, and its settings."""

    status: str
    consent: ConsentRow | None
    configuration: Configuration

    def bounds(self) -> Bounds:
        agreed = {name: getattr(self.consent, name) for name in Bounds.model_fields} if self.consent else {}
        own, set_ = Bounds(**agreed), self.configuration.bounds
        return own if set_ == UNBOUNDED else tightest(own, set_)

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


def candidates(registry: Registry, ask: Ask, tenants: Collection[str]) -> Mapping[str, PublicKey]:
    """Those of `tenants` that may be asked, by name, with the key that signs for them. What others agreed to is not read."""
    found: dict[str, PublicKey] = {}
    with registry.reading() as session:
        for names in draws.batches(sorted(tenants), draws.AT_ONCE):
            found.update(_able(session, ask, names, effective_for(session, ask.run, names)))
    return found


def agreeing(registry: Registry, run: str, tenants: Collection[str]) -> set[str]:
    """Those of `tenants` that are active and agree to the purpose and the app of a recorded run.

    For whoever delivers messages and does not know the run's terms. How much is asked of whom is judged by `dispatch`.
    """
    with registry.reading() as session:
        row, spec = session.get(RunRow, run), session.get(RunSpecRow, run)
        if row is None:
            return set()
        app, now = spec.app if spec is not None else None, timestamp()
        able = {
            name: consent
            for name, consent in _consents(session, row.purpose, tenants).items()
            if (consent.expires_at is None or consent.expires_at > now) and (app is None or consent.app in {None, app})
        }
        return set(_active(session, able))


def active(registry: Registry, tenants: Collection[str]) -> set[str]:
    """Those of `tenants` that are active."""
    with registry.reading() as session:
        return set(_active(session, tenants))


def most_nodes(registry: Registry, tenant: str) -> int | None:
    """How many nodes a tenant may have, whatever the run; None where that is not bounded."""
    with registry.reading() as session:
        return effective_for(session, "", [tenant])[tenant].quotas.nodes


def cohort(registry: Registry, ask: Ask, count: int, rng: random.Random, model_bytes: int = 0) -> Mapping[str, PublicKey]:
    """`count` tenants that may be asked and are within their quotas, or all of these where they are fewer; nothing is charged.

    A uniform sample without replacement: every set of `count` such tenants is as likely as every other, however few they are
    among those that agreed once. They are the first that qualify in a uniformly random order of all that ever agreed to the
    purpose. So the cost grows with how many do not qualify, not with how many there are.
    """
    found: dict[str, PublicKey] = {}
    with registry.reading() as session:
        for names in draws.drawn(session, ask.purpose, rng):
            settings = effective_for(session, ask.run, names)
            able = _able(session, ask, names, settings)
            over = _over_quota(session, ask, able, settings, model_bytes, charge=False)
            found.update((name, able[name]) for name in names if name in able and name not in over)
            if len(found) >= count:
                break
    return dict(list(found.items())[:count])


def dispatch(registry: Registry, ask: Ask, tenants: Collection[str], model_bytes: int) -> Mapping[str, Fault]:
    """What stands against asking `tenants` now; the others are charged for one round. One transaction."""
    with desk(registry, actor=SERVER) as d:
        settings = effective_for(d.session, ask.run, tenants)
        judged = _judged(d.session, ask, tenants, settings)
        found = {name: judged.get(name, UNKNOWN) for name in tenants}
        faults = {name: fault for name, fault in found.items() if not isinstance(fault, Bounds)}
        return faults | _over_quota(d.session, ask, set(tenants) - faults.keys(), settings, model_bytes, charge=True)


def standing(registry: Registry, ask: Ask, received: Mapping[str, int]) -> Mapping[str, Bounds | Fault]:
    """Now that replies are back: for each tenant the bounds that hold, or what stands against its reply.

    `received` is how many bytes each sent beyond the model, which are charged.
    """
    with registry.reading() as session:
        settings = effective_for(session, ask.run, received)
        found = _judged(session, ask, received, settings)
    charged = {t: excess for t, excess in received.items() if excess > 0 and settings[t].quotas.bytes_per_day is not None}
    if charged:
        with desk(registry, actor=SERVER) as d:
            meters = Meters(d.session, charged)
            for tenant, excess in charged.items():
                fault = meters.of(tenant, settings[tenant].quotas).receive(excess)
                if fault is not None and isinstance(found[tenant], Bounds):
                    found[tenant] = fault
    return found


def _active(session: Session, names: Collection[str]) -> Sequence[str]:
    own = (col(TenantRow.name).in_(names), TenantRow.status == Status.ACTIVE)
    return session.exec(select(TenantRow.name).where(*own)).all()


def _able(session: Session, ask: Ask, names: Collection[str], settings: Settings) -> dict[str, PublicKey]:
    """Those of `names` that may be asked, sorted, with the keys that sign for them."""
    able = [name for name, found in _judged(session, ask, names, settings).items() if isinstance(found, Bounds)]
    own = (col(KeyRow.tenant).in_(able), KeyRow.use == SIGNING, col(KeyRow.revoked_at).is_(None))
    keys = select(KeyRow.tenant, KeyRow.public_key).where(*own).order_by(KeyRow.tenant)
    return {tenant: PublicKey(key) for tenant, key in session.exec(keys)}


def _over_quota(
    session: Session, ask: Ask, names: Collection[str], settings: Settings, model_bytes: int, *, charge: bool
) -> dict[str, Fault]:
    """Who of `names` would exceed a quota with one more round. With `charge`, the others are charged for it."""
    limited = {name: quotas for name in sorted(names) if (quotas := settings[name].quotas) != NONE}
    if not limited:
        return {}
    nodes, seen, meters = _nodes(session, limited), _seen(session, ask.run, limited), Meters(session, limited)
    faults: dict[str, Fault] = {}
    for name, quotas in limited.items():
        meter = meters.of(name, quotas)
        look = meter.ask if charge else meter.objection
        fault = look(nodes=nodes.get(name, 0), model_bytes=model_bytes, new_run=name not in seen)
        if fault is not None:
            faults[name] = fault
    return faults


def _judged(session: Session, ask: Ask, names: Collection[str], settings: Settings) -> dict[str, Bounds | Fault]:
    """For each of `names` that is a tenant's: bounds or fault."""
    now, consents = timestamp(), _consents(session, ask.purpose, names)
    found = {
        name: _Judgement(status, consents.get(name), settings[name]).of(ask, now)
        for name, status in session.exec(select(TenantRow.name, TenantRow.status).where(col(TenantRow.name).in_(names)))
    }
    counted = {name: bounds for name, bounds in found.items() if isinstance(bounds, Bounds) and _needs_counting(bounds)}
    if counted:
        rounds, epsilons = _rounds(session, ask.purpose, counted, consents), _epsilons(session, counted)
        for name, bounds in counted.items():
            if problem := bounds.exhausted(rounds.get(name, 0), epsilons.get(name, 0.0)):
                found[name] = (Reason.OUTSIDE_BOUNDS, problem)
    return found


def _consents(session: Session, purpose: str, names: Collection[str]) -> dict[str, ConsentRow]:
    """By tenant the newest consent that was not withdrawn."""
    judged_by = load_only(*(getattr(ConsentRow, name) for name in JUDGED_BY), raiseload=True)
    theirs = select(ConsentRow).options(judged_by).where(col(ConsentRow.tenant).in_(names), ConsentRow.purpose == purpose)
    # what was withdrawn is left out here: asked for in SQL, it leads SQLite to the index of all consents to the purpose
    rows = session.exec(theirs.order_by(col(ConsentRow.signed_at)))
    return {row.tenant: row for row in rows if row.withdrawn_at is None}


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


def _rounds(session: Session, purpose: str, names: Collection[str], consents: Mapping[str, ConsentRow]) -> dict[str, int]:
    """In how many recorded rounds each was asked since it gave its consent."""
    since = (col(ConsentRow.tenant) == InvitationRow.tenant) & (col(ConsentRow.purpose) == RunRow.purpose)
    statement = (
        select(InvitationRow.tenant, ConsentRow.signed_at, func.count())
        .join(RunRow, col(RunRow.id) == InvitationRow.run)
        .join(RoundRow, (col(RoundRow.run) == InvitationRow.run) & (col(RoundRow.number) == InvitationRow.round))
        .join(ConsentRow, since)
        .where(col(InvitationRow.tenant).in_(names), RunRow.purpose == purpose, RoundRow.closed_at > ConsentRow.granted_at)
        .group_by(InvitationRow.tenant, ConsentRow.signed_at)
    )
    return {name: count for name, signed_at, count in session.exec(statement) if signed_at == consents[name].signed_at}


def _epsilons(session: Session, names: Collection[str]) -> dict[str, float]:
    """The largest total that each has signed for."""
    largest = select(PrivacyEventRow.tenant, func.max(PrivacyEventRow.epsilon))
    return dict(session.exec(largest.where(col(PrivacyEventRow.tenant).in_(names)).group_by(PrivacyEventRow.tenant)).all())
