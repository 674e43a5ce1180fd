"""Opening a registry: SQLite in WAL mode, full sync, one schema version, the operator's key beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, SQLModel

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry.binding import bind
from flowstate_flower.registry.tables import AUDITED, LOG
from flowstate_flower.registry.tenancy_tables import UsageRow
from flowstate_flower.settings import Settings
from flowstate_flower.trust.encryption import KeyWrapper, LocalKeys
from flowstate_flower.trust.keys import PublicKey, SigningKey

SCHEMA_VERSION = 2
CACHE_KIB = 65_536
"""Of pages of the database, per connection: the log's indexes are read and written all over."""
KEY_FILE, PUBLIC_FILE, DATABASE_FILE, KEK_FILE = "operator.key", "operator.pub", "registry.db", "kek.key"
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
LOCK_SECONDS, SCRUB_MILLISECONDS = 30, 2000
TABLES: tuple[type[SQLModel], ...] = (*AUDITED, UsageRow, *LOG)


@dataclass(frozen=True, slots=True)
class Registry:
    """An open registry. `signer` is the operator's key, None where it is only read; `wrapper` holds the key-encryption keys.

    `tenant` is whose eyes and hands these are: None for the operator's, which see everything.
    """

    path: Path
    engine: Engine
    signer: SigningKey | None
    wrapper: KeyWrapper | None = None
    tenant: str | None = None

    @classmethod
    def create(cls, folder: Path) -> "Registry":
        """A new registry and a new operator key in `folder`. Raises `BadInput` where one exists or nothing can be written."""
        path = folder / DATABASE_FILE
        signer = SigningKey.generate()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            signer.write(folder / KEY_FILE)
            wrapper = local_keys(folder, create=True)
            (folder / PUBLIC_FILE).write_text(signer.public.text + "\n", encoding="ascii")
        except FileExistsError as error:
            raise BadInput(f"{path} exists already", hint="choose another folder") from error
        except OSError as error:
            raise BadInput(f"cannot write to {folder}: {error.strerror}", hint="choose another folder") from error
        engine = sqlite_engine(path)
        with engine.begin() as connection:
            _make_tables(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return cls(path, engine, signer, wrapper)

    @classmethod
    def open(cls, path: Path, *, to_write: bool = False) -> "Registry":
        """The registry in `path`, a file or the folder that holds it. Raises `BadInput` or `BrokenRegistry`."""
        file = path / DATABASE_FILE if path.is_dir() else path
        if not file.is_file():
            raise BadInput(f"no registry at {file}", hint="pass --registry, or set FLOWSTATE_REGISTRY")
        engine = sqlite_engine(file)
        try:
            with engine.connect() as connection:
                version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        except DatabaseError as error:
            raise BrokenRegistry(f"{file} cannot be read as a registry: {error.orig}", hint="restore a copy") from error
        if version != SCHEMA_VERSION:
            raise BrokenRegistry(
                f"{file} has schema {version}, this version reads {SCHEMA_VERSION}",
                hint="use the version that wrote it",
            )
        if not to_write:
            return cls(file, engine, None)
        signer, wrapper = SigningKey.read(file.parent / KEY_FILE), local_keys(file.parent)
        try:
            _complete(engine)
        except DatabaseError as error:
            raise BrokenRegistry(f"{file} cannot be written: {error.orig}", hint="check the disk") from error
        return cls(file, engine, signer, wrapper)

    def as_tenant(self, tenant: str) -> "Registry":
        """The same registry as one tenant may see and change it: what belongs to others is not there."""
        return replace(self, tenant=tenant)

    def with_keys(self) -> "Registry":
        """The same registry, able to read what is sealed where the key-encryption keys are at hand; an auditor has none."""
        settings = Settings()
        at_hand = settings.kek is not None or kek_file(self.path.parent).is_file()
        return replace(self, wrapper=local_keys(self.path.parent)) if at_hand else self

    @property
    def operator(self) -> PublicKey:
        """The operator's public key: of the signer, or from the file beside the database."""
        return self.signer.public if self.signer else PublicKey.read(self.path.parent / PUBLIC_FILE)

    def session(self, *, writes: bool = False) -> Session:
        """A session, bound to the tenant where there is one."""
        session = Session(self.engine.execution_options(writes=True) if writes else self.engine, expire_on_commit=not writes)
        if self.tenant is not None:
            bind(session, self.tenant)
        return session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database. Raises `BrokenRegistry` where it cannot be read."""
        try:
            with self.session() as session:
                yield session
        except DatabaseError as error:
            raise BrokenRegistry(f"{self.path} cannot be read: {error.orig}", hint="restore a copy") from error

    def scrub(self) -> None:
        """Let nothing that was overwritten remain in the write-ahead log. Raises `BadInput` while somebody still reads it."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {SCRUB_MILLISECONDS}")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * LOCK_SECONDS}")
        if busy:
            raise BadInput(f"{self.path} is being read, so its write-ahead log stays", hint="stop the readers, and repeat this")

    def close(self) -> None:
        """Release the file; the write-ahead log is folded in when the last one leaves."""
        self.engine.dispose()


def _complete(engine: Engine) -> None:
    """Add the tables that came after the registry was made."""
    present = set(inspect(engine).get_table_names())
    if not {str(model.__tablename__) for model in TABLES} <= present:
        with engine.execution_options(writes=True).begin() as connection:
            _make_tables(connection)


def _make_tables(connection: Connection) -> None:
    """The tables and indexes that are not there yet: all of them, or those that came after the registry was made."""
    tables = [SQLModel.metadata.tables[str(model.__tablename__)] for model in TABLES]
    SQLModel.metadata.create_all(connection, tables=tables)
    for table in tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def log_origin(key: PublicKey) -> str:
    """The name of an operator's log, as it stands in every checkpoint."""
    return f"flowstate-log/{key.text[:16]}"


def local_keys(folder: Path, *, create: bool = False) -> LocalKeys:
    """The key-encryption keys: of the environment, of the file that it names, or of `kek.key` in the registry's folder."""
    settings = Settings()
    if settings.kek is not None:
        return LocalKeys.parse(settings.kek.get_secret_value(), "FLOWSTATE_KEK")
    path = kek_file(folder)
    return LocalKeys.create(path) if create and not path.exists() else LocalKeys.read(path)


def kek_file(folder: Path) -> Path:
    """Where the key-encryption keys of the registry in `folder` are."""
    return Settings().kek_file or folder / KEK_FILE


def sqlite_engine(path: Path) -> Engine:
    """An engine whose writers take the lock before they read, so that no two extend the same head.

    Writers bind to `engine.execution_options(writes=True)`.
    """
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": LOCK_SECONDS, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        for pragma in (*PRAGMAS, f"cache_size = -{CACHE_KIB}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
