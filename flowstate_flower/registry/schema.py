"""The schema and its version. A new registry is made whole; an older one is brought here by the migrations, in order."""

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry.engines import POSTGRESQL, cause
from flowstate_flower.registry.places import Place
from flowstate_flower.registry.row_security import secure
from flowstate_flower.registry.tables import AUDITED, LOG
from flowstate_flower.registry.tenancy_tables import PlaceRow, UsageRow

SCHEMA_VERSION = 5
TABLES: tuple[type[SQLModel], ...] = (*AUDITED, PlaceRow, UsageRow, *LOG)
"""Every table of a registry, each after those that it refers to."""

_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def create_schema(connection: Connection) -> None:
    """All tables, indexes and policies, in the current version. Raises `BadInput` where a registry is there already."""
    if inspect(connection).has_table(_VERSION.name):
        raise BadInput("this database holds a registry already", hint="choose another database")
    tables = [SQLModel.metadata.tables[str(model.__tablename__)] for model in TABLES]
    SQLModel.metadata.create_all(connection, tables=tables, checkfirst=False)
    _VERSION.create(connection)
    connection.execute(_VERSION.insert().values(version_num=str(SCHEMA_VERSION)))
    settle(connection)


def settle(connection: Connection) -> None:
    """What holds for the newest schema, however it came about."""
    if connection.dialect.name == POSTGRESQL:
        secure(connection)
    else:  # where versions before the migrations looked
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def version_of(connection: Connection) -> int:
    """The version of the schema, 0 where there is no registry."""
    if inspect(connection).has_table(_VERSION.name):
        found = connection.execute(select(_VERSION.c.version_num)).scalar() or "0"
        return int(found) if found.isdecimal() else 0
    if connection.dialect.name == POSTGRESQL:
        return 0
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def mark(connection: Connection, version: int) -> None:
    """Tell the migrations where a registry stands that was made before there were any."""
    if not inspect(connection).has_table(_VERSION.name):
        _VERSION.create(connection)
        connection.execute(_VERSION.insert().values(version_num=str(version)))


def read_version(connection: Connection, place: Place) -> int:
    """The version of the registry in `place`: this one or an older. Raises `BrokenRegistry` for every other."""
    try:
        version = version_of(connection)
    except DBAPIError as error:
        raise BrokenRegistry(f"{place.name} cannot be read as a registry: {cause(error)}", hint="restore a copy") from error
    if version == 0:
        raise BrokenRegistry(f"{place.name} holds no registry", hint="flowstate registry create")
    if version > SCHEMA_VERSION:
        raise BrokenRegistry(
            f"{place.name} has schema {version}, this version reads {SCHEMA_VERSION}", hint="use the version that wrote it"
        )
    return version
