"""Probes of the database: one tenant's session, and everything that somebody might write in it.

The engine's own connection is not tried: on SQLite, whoever has that has the file.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sqlalchemy import delete, inspect, literal_column, text, update
from sqlmodel import Session, SQLModel, func, select

from flowstate_flower.isolation.scratch import HISTORY, HISTORY_APART, LIVING, MINE, SHARED, THEIRS, Scratch, run_terms
from flowstate_flower.registry import gate
from flowstate_flower.registry.binding import PLATFORM, ForeignWrite
from flowstate_flower.registry.deployment_tables import RoundStateRow, RunAttemptRow, RunSpecRow
from flowstate_flower.registry.privacy_tables import ReleaseRow
from flowstate_flower.registry.tables import (
    AUDITED,
    LOG,
    AuditEventRow,
    AuditPartyRow,
    ConsentRow,
    EvaluationRow,
    LogHeadRow,
    LogNodeRow,
    RoundRow,
    RunRow,
    TenantRow,
)
from flowstate_flower.registry.tenancy_tables import PlaceRow, SettingsRow, UsageRow

TABLES: tuple[type[SQLModel], ...] = (*AUDITED, UsageRow, PlaceRow, *LOG)
PUBLIC = (LogHeadRow, LogNodeRow)
OF_RUNS = (RoundRow, EvaluationRow, ReleaseRow, RunSpecRow, RunAttemptRow, RoundStateRow)
PRIVATE = tuple(table for table in TABLES if table not in PUBLIC)


def foreign_rows_are_not_read(scratch: Scratch) -> Iterator[str]:
    """A tenant's session finds no row of another, in any table: not by its key, not in a list, not in a count."""
    with scratch.registry.reading() as session:
        concerned = {row.position for row in session.exec(select(AuditPartyRow)) if row.tenant == MINE}
        everything = {
            table: {_key(row): _is_foreign(row, concerned) for row in session.exec(select(table))} for table in PRIVATE
        }
    with scratch.mine.reading() as session:
        for table, rows in everything.items():
            own = len(rows) - sum(rows.values())
            if not own or own == len(rows):
                yield f"{table.__tablename__} has no rows of several tenants: nothing was tried"
            found = [key for key, foreign in rows.items() if foreign and session.get(table, key) is not None]
            if found:
                yield f"{table.__tablename__}: {len(found)} foreign rows by key"
            if (listed := len(session.exec(select(table)).all())) != own:
                yield f"{table.__tablename__}: {listed} rows in a list, {own} are its own"
            if (counted := session.exec(select(func.count()).select_from(table)).one()) != own:
                yield f"{table.__tablename__}: {counted} rows in a count, {own} are its own"


RAW_READS: dict[str, Callable[[Session], Any]] = {
    "a text": lambda s: s.execute(text("select tenant from consent")).all(),
    "a table": lambda s: s.execute(select(_table(ConsentRow))).all(),
    "a text beside the criteria": lambda s: s.execute(select(ConsentRow.tenant).where(text("1 = 1 or 1 = 1"))).all(),
    "a text as a column": lambda s: s.execute(select(TenantRow.name, literal_column("(select max(name) from tenant)"))).all(),
    "a table as the source of a class": lambda s: s.scalars(_from_table(ConsentRow)).all(),
    "a joined table": lambda s: s.execute(select(TenantRow.name, _column(ConsentRow)).join(_table(ConsentRow), _true())).all(),
    "an alias of a table": lambda s: s.execute(select(TenantRow.name, _table(ConsentRow).alias().c.tenant)).all(),
    "a subquery on a table": lambda s: s.execute(select(TenantRow.name, _inner(ConsentRow).c.tenant)).all(),
    "a union with a table": lambda s: s.execute(select(ConsentRow.tenant).union_all(select(_column(ConsentRow)))).all(),
}
RAW_WRITES: dict[str, Callable[[Session], Any]] = {
    "an update": lambda s: s.execute(update(TenantRow).values(status="suspended")),
    "a deletion": lambda s: s.execute(delete(ConsentRow)),
    "a text that writes": lambda s: s.execute(text("update tenant set status = 'suspended'")),
    "rows in bulk": lambda s: s.bulk_save_objects([_usage("bulk")]),
    "values in bulk": lambda s: s.bulk_insert_mappings(inspect(UsageRow), [_usage("values").model_dump()]),
    "changes in bulk": lambda s: s.bulk_update_mappings(inspect(TenantRow), [{"name": THEIRS, "status": "suspended"}]),
}


def raw_statements_get_no_further(scratch: Scratch) -> Iterator[str]:
    """Statements that a tenant's criteria do not reach are refused: texts, bare tables, unions, writes in bulk."""
    for what, read in RAW_READS.items():
        with scratch.mine.session() as session:
            try:
                said = repr(read(session))
            except ForeignWrite:
                continue
            if any(name in said for name in LIVING if name != MINE):
                yield f"{what} shows rows of others"
    for what, write in RAW_WRITES.items():
        with scratch.mine.session(writes=True) as session:
            if not _refuses(session, write):
                yield f"{what} is carried out"
            session.rollback()


def foreign_rows_are_not_written(scratch: Scratch) -> Iterator[str]:
    """A tenant's session writes no row of another, in any table: none added, changed, removed or given away."""
    for table in (table for table in TABLES if table not in (*PUBLIC, AuditEventRow, AuditPartyRow)):
        name = "name" if table is TenantRow else "tenant" if hasattr(table, "tenant") else None
        with scratch.registry.reading() as session:
            theirs = next((r for r in session.exec(select(table)) if _owner(r) not in (MINE, None) or name is None), None)
        if theirs is None:
            yield f"{table.__tablename__} has no row of another: nothing was tried"
            continue
        copy = table(**theirs.model_dump())
        acts = {"added": partial(_add, copy), "changed": partial(_merge, copy), "removed": partial(_remove, theirs)}
        if name is not None:
            acts["given away"] = partial(_give_away, table, name)
        for what, act in acts.items():
            with scratch.mine.session(writes=True) as session:
                if not _refuses(session, act):
                    yield f"{table.__tablename__}: a foreign row is {what}"
                session.rollback()


def usage_is_counted_by_its_own_tenant(scratch: Scratch) -> Iterator[str]:
    """A tenant's session cannot count for another's quota, or read what another has used."""
    before = _usage_of(scratch, THEIRS)
    if not before:
        yield "nothing was counted: nothing was tried"
    faults = gate.dispatch(scratch.mine, run_terms(HISTORY, SHARED).ask, [THEIRS], 1)
    if THEIRS not in faults:
        yield "another was charged"
    if _usage_of(scratch, THEIRS) != before:
        yield "another's count has changed"
    with scratch.mine.reading() as session:
        if any(row.tenant != MINE for row in session.exec(select(UsageRow))):
            yield "another's count is read"


def _is_foreign(row: Any, concerned: set[int]) -> bool:
    """Whether the first tenant has no business with a row; by hand, not by the criteria that are tried."""
    if isinstance(row, SettingsRow):
        return row.tenant != MINE and row.layer != PLATFORM
    if isinstance(row, AuditEventRow):
        return row.tenant != MINE and row.position not in concerned
    if isinstance(row, RunRow):
        return row.id == HISTORY_APART
    if isinstance(row, OF_RUNS):
        return row.run == HISTORY_APART
    return _owner(row) != MINE


def _owner(row: Any) -> str | None:
    return row.name if isinstance(row, TenantRow) else getattr(row, "tenant", None)


def _key(row: SQLModel) -> tuple[Any, ...]:
    return tuple(inspect(row).identity)


def _refuses(session: Session, act: Callable[[Session], Any]) -> bool:
    """Whether the session itself says no. That a key is taken, say, is luck."""
    try:
        act(session)
        session.flush()
    except ForeignWrite:
        return True
    except Exception:
        return False
    return False


def _add(row: SQLModel, session: Session) -> None:
    session.add(row)


def _merge(row: SQLModel, session: Session) -> None:
    session.merge(type(row)(**row.model_dump()))


def _remove(row: SQLModel, session: Session) -> None:
    session.delete(row)


def _give_away(table: Any, name: str, session: Session) -> None:
    mine = session.exec(select(table).where(getattr(table, name) == MINE)).first()
    if mine is None:
        raise ForeignWrite("there is none to give away")
    setattr(mine, name, THEIRS)
    session.add(mine)


def _usage_of(scratch: Scratch, tenant: str) -> dict[str, int]:
    with scratch.registry.reading() as session:
        return {row.counter: row.amount for row in session.exec(select(UsageRow).where(UsageRow.tenant == tenant))}


def _usage(counter: str) -> UsageRow:
    return UsageRow(tenant=THEIRS, counter=counter, amount=1, until=1)


def _table(table: Any) -> Any:
    return table.__table__


def _column(table: Any) -> Any:
    return _table(table).c.tenant


def _inner(table: Any) -> Any:
    return select(_table(table)).subquery()


def _from_table(table: Any) -> Any:
    return select(table).from_statement(select(_table(table)))


def _true() -> Any:
    return _column(ConsentRow).is_not(None)
