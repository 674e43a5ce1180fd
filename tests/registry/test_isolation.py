"""One tenant's session: what belongs to others is not there, and cannot be written. No table is forgotten."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, func, select

from flowstate_flower.errors import UnknownName
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, audit, configuration, consents, views
from flowstate_flower.registry.binding import SCOPES, ForeignWrite
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.federation_ledger import RegistryLedger
from flowstate_flower.registry.ledger_tables import LEDGER, LedgerEntryRow
from flowstate_flower.registry.tables import (
    AUDITED,
    AuditEventRow,
    AuditPartyRow,
    ConsentRow,
    EvaluationRow,
    LogHeadRow,
    RunRow,
    TenantRow,
)
from flowstate_flower.registry.tenancy_tables import PlaceRow, SettingsRow, UsageRow

MINE, THEIRS = "tenant-0", "tenant-5"
BETWEEN_TWO = "between"
SHARED = ("run", "round", "evaluation", "federation_release", "run_spec", "run_attempt", "round_state")
TABLES = (*AUDITED, PlaceRow, UsageRow, AuditEventRow, AuditPartyRow)


@pytest.fixture
def registry(recorded, witness, federation, deploy) -> Registry:
    """Every table has rows of several tenants."""
    made = recorded()
    for name in (MINE, THEIRS):
        configuration.change(made, "quotas.rounds_per_day", 100, actor="operator", tenant=name)
    configuration.change(made, "quotas.nodes", 100, actor="operator")
    RegistryLedger(made, "run-1").reserve(MeanRelease(10.0, cohort=7, population=7), Budget(8.0, 1e-5))
    with desk(made, actor="operator") as d:
        d.add(EvaluationRow(run="run-1", round=1, metric=BETWEEN_TWO, value=0.5), concerns=(MINE, "tenant-3"))
    witness(made, federation.keys[THEIRS])
    deploy(made, "run-1", [MINE, THEIRS])
    with desk(made, actor="server") as d:
        for name in federation.tenants:
            d.session.add(UsageRow(tenant=name, counter="rounds", amount=1, until=2**40))
    return made


def identity(row: SQLModel) -> tuple[Any, ...]:
    return tuple(inspect(row).identity)


def owner(row: Any) -> str | None:
    return row.name if isinstance(row, TenantRow) else getattr(row, "tenant", None)


def visible(row: Any) -> bool:
    """By hand, what tenant-0 may see: its own, the runs it was in, what concerns it, and the platform's settings."""
    if isinstance(row, SettingsRow):
        return row.tenant == MINE or row.layer == "platform"
    if isinstance(row, AuditEventRow):
        return row.tenant == MINE or row.subject == f"evaluation:run-1/1/{BETWEEN_TWO}"
    return owner(row) == MINE or type(row).__tablename__ in SHARED


def test_every_table_says_whom_it_belongs_to() -> None:
    registered = {mapper.class_ for mapper in SQLModel._sa_registry.mappers}
    package = {table for table in registered if table.__module__.startswith("flowstate_flower.")}
    assert package - set(LEDGER) == set(SCOPES)


def test_a_foreign_id_is_not_found_in_any_table(registry: Registry, subtests: pytest.Subtests) -> None:
    for table in TABLES:
        with subtests.test(table.__tablename__):
            with registry.reading() as session:
                everything = list(session.exec(select(table)))
                ids = {identity(row): visible(row) for row in everything}
            assert ids, "the fixture has no such row, so this would show nothing"
            with registry.as_tenant(MINE).reading() as session:
                for key, mine in ids.items():
                    assert (session.get(table, key) is not None) is mine, key
                assert {identity(row) for row in session.exec(select(table))} == {key for key, mine in ids.items() if mine}
                assert session.exec(select(func.count()).select_from(table)).one() == sum(ids.values())
                column = table.__table__.primary_key.columns.values()[0].name
                assert len(session.exec(select(getattr(table, column))).all()) == sum(ids.values())
            assert not all(ids.values()) or table.__tablename__ in SHARED


def test_federation_rows_are_seen_by_those_who_were_asked(registry: Registry) -> None:
    """A and B share a run, B and C another: A sees nothing of the second."""
    with desk(registry, actor="operator") as d:
        run = d.session.get_one(RunRow, "run-1")
        d.add(RunRow(**{**run.model_dump(), "id": "run-2"}))
    assert [view.run for view in views.runs(registry.as_tenant(MINE))] == ["run-1"]
    with pytest.raises(UnknownName, match="unknown run 'run-2'"):
        views.run(registry.as_tenant(MINE), "run-2")
    (part,) = views.participation(registry.as_tenant(MINE), "run-1")
    assert (part.tenant, part.trained) == (MINE, 2)
    assert {view.invited for view in views.rounds(registry.as_tenant(MINE), "run-1")} == {1}


ASKING: dict[str, Callable[[Registry, str], object]] = {
    "settings": lambda registry, name: configuration.in_force(registry, tenant=name),
    "change": lambda r, name: configuration.change(r, "bounds.most_steps", 3, actor=MINE, tenant=name),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
def test_a_foreign_name_is_answered_like_one_that_does_not_exist(registry: Registry, ask) -> None:
    said = []
    for name in (THEIRS, "tenant-9"):
        with pytest.raises(UnknownName) as raised:
            ask(registry.as_tenant(MINE), name)
        said.append((str(raised.value).replace(name, "X"), raised.value.hint))
    assert said[0] == said[1]
    assert THEIRS not in said[0][1]


def test_a_foreign_consent_is_answered_like_one_of_nobody(registry: Registry, voice, federation) -> None:
    said = []
    for name in (THEIRS, "tenant-9"):
        with pytest.raises(UnknownName) as raised:
            consents.accept(registry.as_tenant(MINE), voice(name, federation.keys[MINE]).consent("billing"))
        said.append((str(raised.value).replace(name, "X"), raised.value.hint))
    assert said[0] == said[1]


def refuses_foreign_rows(registry: Registry, table: Any) -> None:
    """Added, changed, given away or taken over: the flush refuses, and nothing has happened."""
    with registry.reading() as session:
        rows = list(session.exec(select(table)))
    foreign = next(row for row in rows if owner(row) != MINE)
    changed = "name" if table is TenantRow else "tenant" if hasattr(foreign, "tenant") else None
    copy = table(**{**foreign.model_dump(), **({changed: THEIRS} if changed else {})})

    def add(session: Session) -> None:
        session.add(copy)

    def merge(session: Session) -> None:
        session.merge(copy)

    def give_away(session: Session) -> None:
        mine = next(iter(session.exec(select(table).where(getattr(table, changed) == MINE))), None)
        if mine is None:
            raise ForeignWrite("has none to give away")
        setattr(mine, changed, THEIRS)
        session.add(mine)

    before = views.audit_log(registry)
    for act in (add, merge, *([give_away] if changed else [])):
        with pytest.raises(ForeignWrite), desk(registry.as_tenant(MINE), actor=MINE) as d:
            act(d.session)
    assert views.audit_log(registry) == before
    assert audit.verify(registry, registry.operator).verified


def test_a_foreign_row_is_not_written_in_any_table(registry: Registry, subtests: pytest.Subtests) -> None:
    for table in TABLES:
        if table is not AuditEventRow:
            with subtests.test(table.__tablename__):
                refuses_foreign_rows(registry, table)


def test_the_log_and_raw_sql_are_out_of_reach(registry: Registry) -> None:
    for row in (LogHeadRow(size=10**6, note="", frontier=""), AuditEventRow(position=10**6, subject="", tenant=MINE)):
        with pytest.raises(ForeignWrite), desk(registry.as_tenant(MINE), actor=MINE) as d:
            d.session.add(row)
    statements = [
        text("select * from tenant"),
        select(TenantRow.__table__),
        ConsentRow.__table__.delete(),
        select(LedgerEntryRow),
    ]
    for statement in statements:
        with pytest.raises(ForeignWrite), registry.as_tenant(MINE).reading() as session:
            session.execute(statement)


def test_whatever_is_written_with_classes_is_restricted_and_goes_on(registry: Registry) -> None:
    """The walk that looks for bare tables takes none of these for one."""
    inner, other = select(ConsentRow).subquery(), aliased(ConsentRow)
    statements = [
        select(other.tenant),
        select(inner.c.tenant),
        select(aliased(ConsentRow, inner).tenant),
        select(ConsentRow.tenant).join(TenantRow, TenantRow.name == ConsentRow.tenant),
        select(ConsentRow.tenant).where(ConsentRow.tenant.in_(select(TenantRow.name))),
        select(ConsentRow.tenant).where(select(RunRow.id).exists()),
        select(ConsentRow.tenant, func.count()).group_by(ConsentRow.tenant).order_by(func.count().desc()),
    ]
    with registry.as_tenant(MINE).reading() as session:
        for statement in statements:
            assert {row[0] for row in session.execute(statement)} == {MINE}, str(statement)


def test_a_tenants_own_changes_are_written_and_logged(registry: Registry, voice, federation) -> None:
    mine = registry.as_tenant(MINE)
    consents.accept(mine, voice(MINE, federation.keys[MINE]).withdrawal("research"))
    configuration.change(mine, "bounds.most_steps", 3, actor=MINE, tenant=MINE)
    assert [entry.actor for entry in views.audit_log(registry)][-2:] == [MINE, MINE]
    assert {entry.tenant for entry in views.audit_log(mine) if not entry.subject.endswith(BETWEEN_TWO)} == {MINE}
    assert audit.verify(registry, registry.operator).verified
