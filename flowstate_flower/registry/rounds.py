"""Runs and rounds as they are recorded: one round, one transaction."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import col, select

from flowstate_flower.admission import Refusal, Rejection
from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.database import MODELS, Registry
from flowstate_flower.registry.desk import Desk, desk
from flowstate_flower.registry.models import store_model
from flowstate_flower.registry.tables import (
    ContributionRow,
    EvaluationRow,
    InvitationRow,
    KeyRow,
    PrivacyEventRow,
    RefusalRow,
    RejectionRow,
    RoundRow,
    RunRow,
    TenantRow,
)
from flowstate_flower.round import ClosedRound, Contribution
from flowstate_flower.trust.keys import PublicKey

OPERATOR = "operator"
RUNNING, COMPLETED, FAILED, INTERRUPTED = "running", "completed", "failed", "interrupted"
AGGREGATED, SKIPPED = "aggregated", "skipped"
KEY_ID = re.compile("[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is to be."""

    id: str
    purpose: str
    rule: str
    byzantine: int
    rounds: int
    base_digest: str


def start_run(registry: Registry, plan: RunPlan) -> None:
    """Record that a run begins. Raises `BadInput` where its name is taken."""
    with desk(registry, actor=OPERATOR) as d:
        if d.session.get(RunRow, plan.id):
            raise BadInput(f"run '{plan.id}' exists already", hint="a run's name is used once")
        d.add(
            RunRow(
                id=plan.id,
                purpose=plan.purpose,
                rule=plan.rule,
                byzantine=plan.byzantine,
                planned_rounds=plan.rounds,
                base_digest=plan.base_digest,
                status=RUNNING,
                started_at=d.now,
            )
        )


def finish_run(registry: Registry, run: str, status: str, *, model_digest: str | None, note: str = "") -> None:
    """Record how a run ended."""
    with desk(registry, actor=OPERATOR) as d:
        row = d.session.get(RunRow, run)
        if row is None:
            raise UnknownName("run", run, [])
        row.status, row.finished_at, row.model_digest, row.note = status, d.now, model_digest, note
        d.change(row, status)


def record_round(registry: Registry, record: ClosedRound) -> None:
    """The whole round in one transaction: it is in the registry with its signed head, or not at all.

    The model's file is complete before the row that names it.
    """
    outcome = record.outcome
    digest = store_model(registry.path.parent / MODELS, record.names, record.model)
    with desk(registry, actor=OPERATOR) as d:
        d.add(
            RoundRow(
                run=record.run,
                number=record.number,
                status=SKIPPED if outcome.update is None else AGGREGATED,
                why=outcome.skipped,
                base_digest=record.base_digest,
                model_digest=digest,
                closed_at=d.now,
            )
        )
        for invitation in record.invitations:
            d.add(InvitationRow(run=record.run, round=record.number, tenant=invitation.tenant, node=str(invitation.node)))
        _record_answers(d, record)


def record_evaluation(registry: Registry, run: str, number: int, metrics: Iterable[tuple[str, float]]) -> None:
    """What the server measured on its own data after a round."""
    with desk(registry, actor=OPERATOR) as d:
        for metric, value in metrics:
            d.add(EvaluationRow(run=run, round=number, metric=metric, value=value))


def _record_answers(d: Desk, record: ClosedRound) -> None:
    for contribution in record.outcome.contributions:
        d.add(_contribution(record, contribution))
        if (event := _privacy_event(record, contribution)) is not None:
            d.add(event)
    for refusal in record.outcome.admitted.refusals:
        d.add(_refusal(record, refusal))
    for position, rejection in enumerate(record.outcome.admitted.rejections):
        d.add(_rejection(record, position, rejection), concerns=_others(d, rejection))


def _others(d: Desk, rejection: Rejection) -> frozenset[str]:
    """Enrolled tenants beside the one that was asked: named or used by the reply, or whose key signed it for another."""
    named = frozenset(d.session.exec(select(TenantRow.name).where(col(TenantRow.name).in_(rejection.concerns))))
    envelope = rejection.envelope
    if envelope is None or not KEY_ID.fullmatch(envelope.keyid):
        return named
    first, beyond = envelope.keyid, envelope.keyid + "g"  # the hint is the beginning of the key, which is hexadecimal
    hinted = select(KeyRow.tenant, KeyRow.public_key).where(KeyRow.public_key >= first, KeyRow.public_key < beyond)
    return named | {name for name, key in d.session.exec(hinted) if envelope.is_signed_by(PublicKey(key))}


def _contribution(record: ClosedRound, contribution: Contribution) -> ContributionRow:
    statement, share = contribution.submission.statement, contribution.share
    return ContributionRow(
        run=record.run,
        round=record.number,
        tenant=statement.tenant,
        update_digest=statement.update,
        examples=statement.examples,
        weight=contribution.weight,
        share=share.value,
        share_low=share.low,
        share_high=share.high,
        envelope=contribution.submission.envelope.to_bytes().decode(),
    )


def _privacy_event(record: ClosedRound, contribution: Contribution) -> PrivacyEventRow | None:
    statement = contribution.submission.statement
    if statement.privacy is None:
        return None
    said = statement.privacy.model_dump(include=set(PrivacyEventRow.model_fields))
    return PrivacyEventRow(run=record.run, round=record.number, tenant=statement.tenant, **said)


def _refusal(record: ClosedRound, refusal: Refusal) -> RefusalRow:
    return RefusalRow(
        run=record.run,
        round=record.number,
        tenant=refusal.statement.tenant,
        reason=refusal.statement.reason,
        detail=refusal.statement.detail,
        envelope=refusal.envelope.to_bytes().decode(),
    )


def _rejection(record: ClosedRound, position: int, rejection: Rejection) -> RejectionRow:
    return RejectionRow(
        run=record.run,
        round=record.number,
        position=position,
        node=str(rejection.node),
        tenant=rejection.tenant,
        reason=rejection.reason,
        detail=rejection.detail[:300].replace("\0", "\N{REPLACEMENT CHARACTER}"),  # which PostgreSQL does not store
    )
