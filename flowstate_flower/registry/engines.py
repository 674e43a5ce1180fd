"""Engines. SQLite: WAL, full sync, writers lock the file. PostgreSQL: an application role, and writers that take turns.

Options of a connection: `writes` takes the lock before anything is read, so that no two extend the same head; `tenant` is
whose the transaction is, None for the federation; `owner` keeps the rights of the login, to make and change tables.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from flowstate_flower.errors import BadInput

LOCK_SECONDS, CONNECT_SECONDS, WAL_PAUSE_SECONDS = 30, 10, 0.02
CACHE_KIB = 65_536
"""Of pages of the database, per connection: the log's indexes are read and written all over."""
PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
POSTGRESQL, DRIVER = "postgresql", "postgresql+psycopg"
APPENDER = int.from_bytes(b"flowlog")
"""The advisory lock of whoever appends to the log."""

# One statement, and all of it ends with the transaction: nothing stays behind in a connection that goes back to the pool.
_BECOME = (
    "SELECT set_config('app.tenant', %s, true), set_config('app.federation', %s, true),"
    f" set_config('lock_timeout', '{LOCK_SECONDS}s', true), set_config('role', %s, true)"
)


def sqlite_engine(path: Path) -> Engine:
    """An engine whose writers take the lock before they read.

    Writers bind to `engine.execution_options(writes=True)`.
    """
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": LOCK_SECONDS, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        try:
            _in_wal(connection)
            for pragma in (*PRAGMAS, f"cache_size = -{CACHE_KIB}"):
                connection.execute(f"PRAGMA {pragma}")
        except UnicodeDecodeError as error:  # of SQLite's own complaint, which quotes a name that is none
            raise sqlite3.DatabaseError("malformed database schema") from error

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _in_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, which SQLite does not wait to do where somebody else is just doing it."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(WAL_PAUSE_SECONDS)


def postgresql_engine(url: URL) -> Engine:
    """An engine whose transactions say whose they are, and whose writers append one after the other.

    Raises `BadInput` where the driver is not installed.
    """
    try:
        engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS})
    except ModuleNotFoundError as error:
        raise BadInput("PostgreSQL's driver is not installed", hint="pip install 'flowstate-flower[postgres]'") from error

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        writes, owner, tenant = options.get("writes", False), options.get("owner", False), options.get("tenant")
        if not writes and not owner:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        role = "none" if owner else application_role(connection)
        connection.exec_driver_sql(_BECOME, (tenant or "", "on" if tenant is None else "", role))
        if writes:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (APPENDER,))

    return engine


def application_role(connection: Connection) -> str:
    """The role without tables of its own, as which everything but migrations is done: one for each database."""
    return f"flowstate_{connection.connection.driver_connection.info.dbname}"  # type: ignore[union-attr]


def become_the_federation(connection: Connection) -> None:
    """What a tenant does in this transaction is done; what follows is the federation's."""
    if connection.dialect.name == POSTGRESQL:
        connection.exec_driver_sql("SELECT set_config('app.federation', 'on', true)")


def cause(error: DBAPIError) -> str:
    """What the database said, in one line."""
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error.orig).__name__
