"""Runs and rounds as they are recorded: one round, one transaction."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import col, select

from flowstate_flower.admission import Refusal, Rejection
from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.database import MODELS, Registry
from flowstate_flower.registry.deployment_tables import RoundStateRow, RunSpecRow
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
STARTING, RUNNING, COMPLETED, FAILED, INTERRUPTED = "starting", "running", "completed", "failed", "interrupted"
AGGREGATED, SKIPPED = "aggregated", "skipped"
KEY_ID = re.compile("[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is to be. `base_digest` is empty where the model is not known yet.

    `spec` is the text from which it can be started again, empty where it cannot; `app` is the digest of what clients run.
    """

    id: str
    purpose: str
    rule: str
    byzantine: int
    rounds: int
    base_digest: str = ""
    spec: str = ""
    app: str | None = None


def announce_run(registry: Registry, plan: RunPlan) -> None:
    """Record a run that is about to be started elsewhere. Raises `BadInput` where its name is taken."""
    with desk(registry, actor=OPERATOR) as d:
        _add_run(d, plan, STARTING)


def start_run(registry: Registry, plan: RunPlan) -> None:
    """Record that a run begins, a new one or one that was announced. Raises `BadInput` where its name is taken."""
    with desk(registry, actor=OPERATOR) as d:
        row = d.session.get(RunRow, plan.id)
        if row is None or row.status != STARTING:
            _add_run(d, plan, RUNNING)
            return
        row.status, row.base_digest, row.finished_at, row.note = RUNNING, plan.base_digest, None, ""
        d.change(row, RUNNING)


def resume_run(registry: Registry, run: str) -> None:
    """Record that a run goes on, unless it says so. Raises `UnknownName`, and `BadInput` where it is completed."""
    with desk(registry, actor=OPERATOR) as d:
        row = _run_row(d, run)
        if row.status == COMPLETED:
            raise BadInput(f"run '{run}' is completed", hint="start another run")
        if row.status in (STARTING, RUNNING):
            return
        row.status, row.finished_at, row.model_digest, row.note = RUNNING, None, None, ""
        d.change(row, "resumed")


def interrupt_run(registry: Registry, run: str, note: str) -> None:
    """Record that nobody carries a run on. One that has not begun may begin yet: it stays that, with the note. Raises
    `UnknownName`.
    """
    with desk(registry, actor=OPERATOR) as d:
        row = _run_row(d, run)
        row.status = row.status if row.status == STARTING else INTERRUPTED
        row.finished_at, row.note = d.now, note
        d.change(row, INTERRUPTED)


def _add_run(d: Desk, plan: RunPlan, status: str) -> None:
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
            status=status,
            started_at=d.now,
        )
    )
    if plan.spec:
        d.session.flush()  # it refers to the run
        d.add(RunSpecRow(run=plan.id, spec=plan.spec, app=plan.app))


def _run_row(d: Desk, run: str) -> RunRow:
    row = d.session.get(RunRow, run)
    if row is None:
        raise UnknownName("run", run, d.session.exec(select(RunRow.id)).all())
    return row


def finish_run(registry: Registry, run: str, status: str, *, model_digest: str | None, note: str = "") -> None:
    """Record how a run ended."""
    with desk(registry, actor=OPERATOR) as d:
        row = _run_row(d, run)
        row.status, row.finished_at, row.model_digest, row.note = status, d.now, model_digest, note
        d.change(row, status)


@dataclass(frozen=True, slots=True)
class LastRound:
    """Where a run stands: its last recorded round, 0 for none; the model after it; whether any round changed the model."""

    number: int
    model_digest: str
    changed: bool


def last_round(registry: Registry, run: str) -> LastRound:
    """Where `run` stands. Raises `UnknownName`."""
    with registry.reading() as session:
        row = session.get(RunRow, run)
        if row is None:
            raise UnknownName("run", run, session.exec(select(RunRow.id)).all())
        closed = session.exec(select(RoundRow).where(RoundRow.run == run).order_by(col(RoundRow.number))).all()
    if not closed:
        return LastRound(0, row.base_digest, changed=False)
    return LastRound(closed[-1].number, closed[-1].model_digest, any(row.status == AGGREGATED for row in closed))


def record_round(registry: Registry, record: ClosedRound) -> None:
    """The whole round in one transaction: it is in the registry with its signed head, or not at all.

    The files of the model and of what the next round needs beside it are complete before the rows that name them.
    """
    outcome, folder = record.outcome, registry.path.parent / MODELS
    digest = store_model(folder, record.names, record.model)
    carried = store_model(folder, tuple(record.carried), tuple(record.carried.values())) if record.carried else None
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
        if carried is not None:
            d.add(RoundStateRow(run=record.run, round=record.number, digest=carried))
        _record_answers(d, record)


def record_evaluation(registry: Registry, run: str, number: int, metrics: Iterable[tuple[str, float]]) -> None:
    """What the server measured on its own data after a round. What was recorded before a crash stays as it is."""
    with desk(registry, actor=OPERATOR) as d:
        for metric, value in metrics:
            if d.session.get(EvaluationRow, (run, number, metric)) is None:
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
    claim = statement.privacy
    said = claim.model_dump(include=set(PrivacyEventRow.model_fields))
    if claim.metrics is not None:
        said["metrics_noise_multiplier"] = claim.metrics.noise_multiplier
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
