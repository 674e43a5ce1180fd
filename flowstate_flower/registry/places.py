"""Where a registry is: SQLite's file in a folder, or a PostgreSQL database that `registry.url` in a folder names.

The folder holds everything that is not a row: the operator's keys, the key-encryption key, models.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from flowstate_flower.errors import BadInput
from flowstate_flower.registry.engines import DRIVER, POSTGRESQL, postgresql_engine, sqlite_engine
from flowstate_flower.settings import Settings

DATABASE_FILE, URL_FILE = "registry.db", "registry.url"


@dataclass(frozen=True, slots=True)
class Place:
    """`path` is the file that is the database, or that names it; `url` is the database's where it is not that file."""

    path: Path
    url: URL | None = None

    @property
    def folder(self) -> Path:
        """What is kept beside the database."""
        return self.path.parent

    @property
    def name(self) -> str:
        """How people know it; a password is not shown."""
        return str(self.path) if self.url is None else self.url.render_as_string(hide_password=True)

    def engine(self) -> Engine:
        """An engine for it. Nothing is connected yet."""
        return sqlite_engine(self.path) if self.url is None else postgresql_engine(self.url)

    def claim(self) -> None:
        """Make the file. Raises `FileExistsError`."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if self.url is not None:  # who knows the password brings it along: PGPASSFILE, PGPASSWORD, a service file
                url = self.url
                bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
                file.write(bare.render_as_string() + "\n")


def new_place(where: Path | str, home: Path | None = None) -> Place:
    """Where a registry is to be: a folder, or a URL with its files in `home`. Raises `BadInput`."""
    if is_url(where):
        return Place(_home(home) / URL_FILE, parsed_url(str(where)))
    if home is not None:
        raise BadInput(f"{where} is a folder already, so no home is needed", hint="--home goes with a URL")
    return Place(Path(where) / DATABASE_FILE)


def place_of(where: Path | str, home: Path | None = None) -> Place:
    """Where a registry is said to be: a folder, a file in it, or a URL. Raises `BadInput` where there is none."""
    if is_url(where):
        return Place(_home(home) / URL_FILE, parsed_url(str(where)))
    path = Path(where)
    if path.is_dir():
        path = path / (URL_FILE if (path / URL_FILE).is_file() else DATABASE_FILE)
    if not path.is_file():
        raise BadInput(f"no registry at {path}", hint="pass --registry, or set FLOWSTATE_REGISTRY")
    return Place(path, _read_url(path)) if path.name == URL_FILE else Place(path)


def is_url(where: Path | str) -> bool:
    """Whether a database server is meant, not a file."""
    return isinstance(where, str) and "://" in where


def parsed_url(text: str) -> URL:
    """A PostgreSQL URL. Raises `BadInput`, which never repeats a password."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError) as error:
        raise BadInput("not a database's URL", hint=f"{DRIVER}://USER@HOST/DATABASE") from error
    if url.drivername not in (POSTGRESQL, DRIVER):
        raise BadInput(f"a registry cannot be in {url.drivername}", hint=f"{DRIVER}://USER@HOST/DATABASE, or a folder")
    if "password" in url.query:  # where it would be shown
        url = url.set(password=str(url.query["password"])).difference_update_query(["password"])
    return url.set(drivername=DRIVER)


def without_password(text: str) -> str:
    """What an argument may say. Raises `BadInput` for a password, which everybody on the machine could read there."""
    if is_url(text) and parsed_url(text).password is not None:
        raise BadInput(
            "a password does not belong in an argument", hint="PGPASSFILE, PGPASSWORD, or the URL in FLOWSTATE_REGISTRY"
        )
    return text


def _home(home: Path | None) -> Path:
    return home if home is not None else Settings().home


def _read_url(path: Path) -> URL:
    try:
        return parsed_url(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {path}", hint="it holds one line, the database's URL") from error
