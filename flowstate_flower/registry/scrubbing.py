"""Letting go of what was overwritten: a database keeps it for a while in places that no query shows."""

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from flowstate_flower.errors import BadInput
from flowstate_flower.registry.engines import LOCK_SECONDS, POSTGRESQL
from flowstate_flower.registry.places import Place
from flowstate_flower.registry.tables import AUDITED

SCRUB_MILLISECONDS = 2000
SECRET = ("data_key", *(str(table.__tablename__) for table in AUDITED if table.sealed))

_READERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend' AND backend_xmin IS NOT NULL"
)


def scrub(engine: Engine, place: Place) -> None:
    """Let nothing that was overwritten remain in the files of the tables, nor in SQLite's write-ahead log.

    Raises `BadInput` while somebody still reads it.
    """
    busy = _rewrite(engine) if engine.dialect.name == POSTGRESQL else _truncate(engine)
    if busy:
        raise BadInput(f"{place.name} is being read, so what was overwritten stays", hint="stop the readers, and repeat this")


def _truncate(engine: Engine) -> bool:
    """Fold SQLite's write-ahead log in. `secure_delete` overwrites the rest."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {SCRUB_MILLISECONDS}")
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * LOCK_SECONDS}")
    return bool(busy)


def _rewrite(engine: Engine) -> bool:
    """Write PostgreSQL's tables anew, without the versions of rows that nobody sees any more.

    Its own write-ahead log is the server's to recycle.
    """
    with engine.execution_options(owner=True).connect() as pooled:
        connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # its settings are not for others
        owned = "SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid = ANY (%s::regclass[])"
        if not connection.exec_driver_sql(owned, (list(SECRET),)).scalar():
            raise BadInput("this login does not own the tables, so what was overwritten stays", hint="repeat it as their owner")
        if connection.exec_driver_sql(_READERS).scalar():
            return True
        connection.exec_driver_sql(f"SET lock_timeout = {SCRUB_MILLISECONDS}")
        try:
            for table in SECRET:
                connection.exec_driver_sql(f"VACUUM (FULL) {table}")
        except OperationalError:  # somebody holds a table
            return True
    return False
