"""Read models: what a command or a page shows. Frozen, ready for JSON, nothing of SQL in them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from flowstate_flower.errors import UnknownName
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import timestamp
from flowstate_flower.registry.tables import (
    AuditEventRow,
    AuditPartyRow,
    ConsentRow,
    ContributionRow,
    EvaluationRow,
    InvitationRow,
    PrivacyEventRow,
    RefusalRow,
    RejectionRow,
    RoundRow,
    RunRow,
    TenantRow,
)

ACCURACY = "accuracy"
NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant and what it agrees to now."""

    tenant: str
    status: str
    purposes: tuple[str, ...]
    since: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run in one line."""

    run: str
    purpose: str
    rule: str
    byzantine: int
    status: str
    rounds: int
    planned_rounds: int
    accuracy: float | None
    model_digest: str | None
    started_at: str
    finished_at: str | None
    note: str


@dataclass(frozen=True, slots=True)
class RoundView:
    """A round in one line."""

    round: int
    status: str
    why: str
    invited: int
    accepted: int
    refused: int
    rejected: int
    accuracy: float | None
    model_digest: str


@dataclass(frozen=True, slots=True)
class Participation:
    """One tenant's part in one run.

    `status` is what it agrees to now: opted-in, expired, withdrawn or not-opted-in. `trained` counts its accepted updates,
    `filtered` those of them to which the rule gave no weight. `share` is the mean over the rounds that were aggregated,
    with its 95 % interval over them. `epsilon` is at `delta`, None where it never released anything.
    """

    tenant: str
    status: str
    invited: int
    trained: int
    filtered: int
    refused: int
    rejected: int
    reasons: dict[str, int]
    epsilon: float | None
    delta: float | None
    share: float
    share_low: float
    share_high: float
    epsilon_by_round: tuple[tuple[int, float], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuditView:
    """One entry of the log."""

    position: int
    at: str
    actor: str
    tenant: str | None
    kind: str
    subject: str


def tenants(registry: Registry) -> list[TenantView]:
    """Every tenant, by name."""
    with registry.reading() as session:
        agreed = [consent for consent in session.exec(select(ConsentRow)) if _stands(consent)]
        return [
            TenantView(
                row.name,
                row.status,
                tuple(sorted(consent.purpose for consent in agreed if consent.tenant == row.name)),
                row.created_at,
            )
            for row in session.exec(select(TenantRow).order_by(TenantRow.name))
        ]


def runs(registry: Registry) -> list[RunView]:
    """Every run, the newest last."""
    with registry.reading() as session:
        return [_run_view(session, row) for row in session.exec(select(RunRow).order_by(RunRow.started_at))]


def run(registry: Registry, run_id: str) -> RunView:
    """One run. Raises `UnknownName` where there is none of that name."""
    with registry.reading() as session:
        row = session.get(RunRow, run_id)
        if row is None:
            raise UnknownName("run", run_id, session.exec(select(RunRow.id)).all())
        return _run_view(session, row)


def rounds(registry: Registry, run_id: str) -> list[RoundView]:
    """The rounds of a run, in order."""
    with registry.reading() as session:
        counts = {
            table: Counter(session.exec(select(table.round).where(table.run == run_id)))
            for table in (InvitationRow, ContributionRow, RefusalRow, RejectionRow)
        }
        accuracy = _accuracies(session, run_id)
        return [
            RoundView(
                row.number,
                row.status,
                row.why,
                counts[InvitationRow][row.number],
                counts[ContributionRow][row.number],
                counts[RefusalRow][row.number],
                counts[RejectionRow][row.number],
                accuracy.get(row.number),
                row.model_digest,
            )
            for row in session.exec(select(RoundRow).where(RoundRow.run == run_id).order_by(col(RoundRow.number)))
        ]


def accuracies(registry: Registry, run_id: str) -> dict[int, float]:
    """Accuracy on the server's own data by round; round 0 is the model before training."""
    with registry.reading() as session:
        return _accuracies(session, run_id)


def participation(registry: Registry, run_id: str) -> list[Participation]:
    """Every tenant's part in a run, by name."""
    purpose = run(registry, run_id).purpose
    with registry.reading() as session:
        aggregated = session.exec(select(RoundRow.number).where(RoundRow.run == run_id, RoundRow.status == "aggregated")).all()
        names = session.exec(select(TenantRow.name).order_by(TenantRow.name)).all()
        return [_participation(session, run_id, purpose, name, frozenset(aggregated)) for name in names]


def audit_log(registry: Registry, *, tenant: str | None = None, last: int | None = None) -> list[AuditView]:
    """The entries of the log in order, those that concern one tenant or the newest `last` where asked.

    What happened between two tenants concerns both.
    """
    statement = select(AuditEventRow).order_by(col(AuditEventRow.position).desc())
    if last is not None:
        statement = statement.limit(last)
    with registry.reading() as session:
        if tenant is not None:
            about = col(AuditEventRow.tenant) == tenant
            party = select(AuditPartyRow.position).where(AuditPartyRow.tenant == tenant)
            statement = statement.where(or_(about, col(AuditEventRow.position).in_(party)))
        newest_first = session.exec(statement).all()
    return [AuditView(e.position, e.at, e.actor, e.tenant, e.kind, e.subject) for e in reversed(newest_first)]


def _run_view(session: Session, row: RunRow) -> RunView:
    closed = session.exec(select(RoundRow.number).where(RoundRow.run == row.id)).all()
    accuracy = _accuracies(session, row.id)
    return RunView(
        row.id,
        row.purpose,
        row.rule,
        row.byzantine,
        row.status,
        len(closed),
        row.planned_rounds,
        accuracy[max(accuracy)] if accuracy else None,
        row.model_digest,
        row.started_at,
        row.finished_at,
        row.note,
    )


def _accuracies(session: Session, run_id: str) -> dict[int, float]:
    statement = (
        select(EvaluationRow.round, EvaluationRow.value)
        .where(EvaluationRow.run == run_id, EvaluationRow.metric == ACCURACY)
        .order_by(col(EvaluationRow.round))
    )
    return dict(session.exec(statement).all())


def _participation(session: Session, run_id: str, purpose: str, name: str, aggregated: frozenset[int]) -> Participation:
    def of(table: Any) -> list[Any]:
        statement = select(table).where(table.run == run_id, table.tenant == name).order_by(table.round)
        return list(session.exec(statement))

    contributions, refusals, rejections = of(ContributionRow), of(RefusalRow), of(RejectionRow)
    releases = of(PrivacyEventRow)
    shares = {row.round: row.share for row in contributions}
    share, margin = _interval([shares.get(number, 0.0) for number in sorted(aggregated)])
    return Participation(
        tenant=name,
        status=_consent_status(session, name, purpose),
        invited=len(of(InvitationRow)),
        trained=len(contributions),
        filtered=sum(row.weight == 0 for row in contributions),
        refused=len(refusals),
        rejected=len(rejections),
        reasons=dict(sorted(Counter(row.reason for row in (*refusals, *rejections)).items())),
        epsilon=releases[-1].epsilon if releases else None,
        delta=releases[-1].delta if releases else None,
        share=share,
        share_low=max(0.0, share - margin),
        share_high=min(1.0, share + margin),
        epsilon_by_round=tuple((row.round, row.epsilon) for row in releases),
    )


def _interval(values: list[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 0.0
    margin = NORMAL_95 * stdev(values) / sqrt(len(values)) if len(values) > 1 else 1.0
    return fmean(values), margin


def _consent_status(session: Session, name: str, purpose: str) -> str:
    consents: Iterable[ConsentRow] = session.exec(
        select(ConsentRow).where(ConsentRow.tenant == name, ConsentRow.purpose == purpose)
    ).all()
    if any(_stands(consent) for consent in consents):
        return "opted-in"
    if any(consent.withdrawn_at is None for consent in consents):
        return "expired"
    return "withdrawn" if consents else "not-opted-in"


def _stands(consent: ConsentRow) -> bool:
    return consent.withdrawn_at is None and (consent.expires_at is None or consent.expires_at > timestamp())
