"""Sessions that are bound to one tenant: every select sees the tenant's rows only, every flush writes the tenant's rows only.

What is not listed here is refused, not shown: a new table has to say whom it belongs to. On PostgreSQL, row-level security
says the same once more, below this layer.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, event, or_
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlmodel import Session, SQLModel, col, select, true

from flowstate_flower.registry.deployment_tables import (
    CertificateRow,
    RoundStateRow,
    RunAttemptRow,
    RunSpecRow,
    ServerEventRow,
    TicketRow,
)
from flowstate_flower.registry.engines import become_the_federation
from flowstate_flower.registry.privacy_tables import ReleaseRow
from flowstate_flower.registry.raw_sql import raw_part
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tables import (
    AuditEventRow,
    AuditPartyRow,
    ConsentRow,
    ContributionRow,
    CosignatureRow,
    EvaluationRow,
    InvitationRow,
    KeyRow,
    LogHeadRow,
    LogNodeRow,
    PrivacyEventRow,
    RefusalRow,
    RejectionRow,
    RoundRow,
    RunRow,
    TenantRow,
)
from flowstate_flower.registry.tenancy_tables import DataKeyRow, PlaceRow, RequestRow, SettingsRow, UsageRow

BOUND_TO = "tenant"
PLATFORM = "platform"
UNGUARDED = ("bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings")
"""What SQLAlchemy does without an event that could be listened to."""

Scope = Callable[[str], ColumnElement[bool]]


class ForeignWrite(RuntimeError):
    """A bound session was about to write what is not its tenant's: a mistake in this package, never a person's."""


def _own(table: Any) -> Scope:
    return lambda tenant: table.tenant == tenant


def _where_invited(run: Any) -> Scope:
    """Federation rows about a run are shown to those who were asked in it."""
    return lambda tenant: col(run).in_(select(InvitationRow.run).where(InvitationRow.tenant == tenant))


def _concerning(tenant: str) -> ColumnElement[bool]:
    """What happened between two tenants is seen by both."""
    party = select(AuditPartyRow.position).where(AuditPartyRow.tenant == tenant)
    return or_(col(AuditEventRow.tenant) == tenant, col(AuditEventRow.position).in_(party))


SCOPES: Mapping[type[SQLModel], Scope] = {
    TenantRow: lambda tenant: col(TenantRow.name) == tenant,
    SettingsRow: lambda tenant: or_(col(SettingsRow.tenant) == tenant, col(SettingsRow.layer) == PLATFORM),
    RunRow: _where_invited(RunRow.id),
    RoundRow: _where_invited(RoundRow.run),
    EvaluationRow: _where_invited(EvaluationRow.run),
    ReleaseRow: _where_invited(ReleaseRow.run),
    RunSpecRow: _where_invited(RunSpecRow.run),
    RunAttemptRow: _where_invited(RunAttemptRow.run),
    RoundStateRow: _where_invited(RoundStateRow.run),
    AuditEventRow: _concerning,
    LogHeadRow: lambda _: true(),  # a signed head says nothing of anybody, and everybody needs it to check the log
    LogNodeRow: lambda _: true(),  # nor does the root of a tile
    **{
        table: _own(table)
        for table in (
            *(KeyRow, ConsentRow, RequestRow, DataKeyRow, PlaceRow, UsageRow, AuditPartyRow, CosignatureRow),
            *(InvitationRow, ContributionRow, RefusalRow, RejectionRow, PrivacyEventRow),
            *(TicketRow, CertificateRow, ServerEventRow),
        )
    },
}


def bind(session: Session, tenant: str) -> None:
    """From now on `session` belongs to `tenant`."""
    session.info[BOUND_TO] = tenant
    criteria = [with_loader_criteria(table, scope(tenant), include_aliases=True) for table, scope in SCOPES.items()]

    for name in UNGUARDED:
        setattr(session, name, _guarded(session, getattr(session, name)))

    @event.listens_for(session, "do_orm_execute")
    def _restrict(state: ORMExecuteState) -> None:
        if session.info[BOUND_TO] is None:
            return
        entities = {mapper.class_ for mapper in state.all_mappers}
        if not state.is_select or not state.is_orm_statement or state.is_from_statement or not entities <= SCOPES.keys():
            raise ForeignWrite("a session of one tenant reads whole tables of this package, and nothing else")
        if (raw := raw_part(state.statement, {mapper.local_table for mapper in state.all_mappers})) is not None:
            raise ForeignWrite(f"{raw} in a session of {tenant}: no criteria reach it")
        state.statement = state.statement.options(*criteria)

    @event.listens_for(session, "before_flush")
    def _refuse(_session: Any, _context: Any, _instances: Any) -> None:
        if session.info[BOUND_TO] is None:
            return
        for row in (*session.new, *session.dirty, *session.deleted):
            owner = row.owner() if isinstance(row, Row) else row.tenant if isinstance(row, UsageRow) else None
            if owner != tenant:
                raise ForeignWrite(f"{type(row).__name__} of {owner or 'the federation'} in a session of {tenant}")


def _guarded(session: Session, method: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*arguments: Any, **options: Any) -> Any:
        if session.info[BOUND_TO] is not None:
            raise ForeignWrite(f"{method.__name__} in a session of {session.info[BOUND_TO]}: no criteria reach it")
        return method(*arguments, **options)

    return guarded


def lift(session: Session) -> None:
    """The desk is about to write its own entries in the log: what the tenant did is done."""
    if BOUND_TO in session.info:
        session.info[BOUND_TO] = None
        become_the_federation(session.connection())
