"""Is a registry sound: the database itself, its schema, its log and models, and the keys beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from flowstate_flower.errors import FlowstateError
from flowstate_flower.registry import audit
from flowstate_flower.registry.database import KEY_FILE, PUBLIC_FILE, Registry, local_keys
from flowstate_flower.registry.engines import application_role, cause
from flowstate_flower.registry.schema import SCHEMA_VERSION, TABLES
from flowstate_flower.registry.tenancy_tables import DataKeyRow
from flowstate_flower.trust.keys import PublicKey, SigningKey


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was wrong with it."""

    what: str
    problems: tuple[str, ...]


def check(registry: Registry) -> list[Check]:
    """Look at everything. What cannot be looked at is a problem."""
    looks: dict[str, Callable[[Registry], Iterator[str]]] = {
        "database": _database,
        f"schema {SCHEMA_VERSION}": _schema,
        "log and models": _log,
        "keys": _keys,
    }
    return [Check(what, tuple(_found(look, registry))) for what, look in looks.items()]


def _found(look: Callable[[Registry], Iterator[str]], registry: Registry) -> Iterator[str]:
    try:
        yield from look(registry)
    except DBAPIError as error:
        yield f"cannot be read: {cause(error)}"
    except FlowstateError as error:
        yield str(error)


def _database(registry: Registry) -> Iterator[str]:
    """Pages, references and, on PostgreSQL, that its own row security holds for whoever works here."""
    with registry.engine.connect() as connection:
        if registry.place.url is None:
            for (found,) in connection.exec_driver_sql("PRAGMA integrity_check(10)"):
                if found != "ok":
                    yield str(found)
            for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
                yield f"row {row} of {table} refers to nothing in {parent}"
        else:
            yield from _row_security(connection)


def _row_security(connection: Connection) -> Iterator[str]:
    role = application_role(connection)
    names = [str(model.__tablename__) for model in TABLES]
    statement = (
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, c.relowner = r.oid, r.rolsuper OR r.rolbypassrls"
        " FROM pg_class AS c, pg_roles AS r WHERE r.rolname = %s AND c.oid = ANY (%s::regclass[]) ORDER BY c.relname"
    )
    for table, forced, owned, above in connection.exec_driver_sql(statement, (role, names)):
        if not forced:
            yield f"{table} has no row security"
        if owned or above:
            yield f"the role {role} stands above the row security of {table}"
    unchecked = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE NOT convalidated"
    for table, name in connection.exec_driver_sql(unchecked):
        yield f"{name} of {table} was never checked"


def _schema(registry: Registry) -> Iterator[str]:
    with registry.engine.connect() as connection:
        found = inspect(connection)
        for model in TABLES:
            table = model.__table__  # type: ignore[attr-defined]
            if not found.has_table(table.name):
                yield f"table {table.name} is missing"
                continue
            columns = {column["name"] for column in found.get_columns(table.name)}
            yield from (f"column {table.name}.{name} is missing" for name in sorted({*table.columns.keys()} - columns))
            indexes = {index["name"] for index in found.get_indexes(table.name)}
            yield from (f"index {name} is missing" for name in sorted({str(index.name) for index in table.indexes} - indexes))


def _log(registry: Registry) -> Iterator[str]:
    verdict = audit.verify(registry.with_keys(), registry.operator, audit.Against(models=True))
    return (finding.what for finding in verdict.findings)


def _keys(registry: Registry) -> Iterator[str]:
    """The operator's key belongs to its public half, and every data key can be unwrapped."""
    folder = registry.path.parent
    if SigningKey.read(folder / KEY_FILE).public.text != PublicKey.read(folder / PUBLIC_FILE).text:
        yield f"{KEY_FILE} and {PUBLIC_FILE} do not belong together"
    wrapper = local_keys(folder)
    with registry.reading() as session:
        used = set(session.exec(select(DataKeyRow.kek).where(col(DataKeyRow.destroyed_at).is_(None)).distinct()))
    for kek in sorted(used - {wrapper.current, *wrapper.others}):
        yield f"the key-encryption key {kek}, with which data keys are wrapped, is not here"
