"""Copies of a registry: taken while it is in use, put in place only where they verify.

A copy is a folder with one SQLite file, whatever database it was taken from, the operator's public key and the models; so a
copy is also how a registry moves to PostgreSQL and back. The secret keys are not in it: with them, whoever finds a copy could
read what tenants deleted.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry import audit
from flowstate_flower.registry.database import KEK_FILE, KEY_FILE, MODELS, PUBLIC_FILE, Registry, owning
from flowstate_flower.registry.engines import cause
from flowstate_flower.registry.places import DATABASE_FILE, Place, new_place
from flowstate_flower.registry.schema import TABLES, create_schema
from flowstate_flower.registry.verdict import Verdict
from flowstate_flower.trust.keys import PublicKey, SigningKey

CHUNK = 2000


def backup(registry: Registry, destination: Path) -> int:
    """Copy the registry as it is at one moment to a new folder. Returns how many models there are.

    Raises `BadInput` where the folder exists or cannot be written, `BrokenRegistry` where the registry cannot be read.
    """
    if destination.exists():
        raise BadInput(f"{destination} exists already", hint="every copy has a folder of its own")
    with _written(destination) as partial:
        _copy_database(registry, partial / DATABASE_FILE)
        (partial / PUBLIC_FILE).write_text(registry.operator.text + "\n", encoding="ascii")
        models = _copy_models(registry.path.parent, partial)  # after the rows that name them
        _sync(partial)
        partial.rename(destination)
    return models


def restore(
    source: Path, where: Path | str, *, home: Path | None = None, operator: PublicKey | None = None, keys: Path | None = None
) -> Verdict:
    """Put a copy in place of nothing: in a folder, or in the empty database of a URL with its files in `home`.

    `keys` is a folder with the operator's keys, without which the registry can only be read. Raises `BadInput` where something
    is there already, `BrokenRegistry` where the copy does not verify: then nothing has happened.
    """
    place = new_place(where, home)
    _is_free(place)
    if not (source / DATABASE_FILE).is_file():
        raise BadInput(f"{source} is not a copy of a registry", hint="flowstate registry backup makes one")
    place.folder.parent.mkdir(parents=True, exist_ok=True)
    with _written(place.folder / "restored") as partial:
        for path in [*source.glob(f"{DATABASE_FILE}*"), source / PUBLIC_FILE]:  # with the write-ahead log of who looked inside
            shutil.copy(path, partial / path.name)
        _copy_models(source, partial)
        verdict = _verified(partial, source, operator)
        if keys is not None:
            _copy_keys(keys, partial)
        if place.url is not None:
            _load(partial / DATABASE_FILE, place)
            (partial / DATABASE_FILE).unlink()
        _sync(partial)
        for path in sorted(partial.iterdir(), key=lambda path: path.name == DATABASE_FILE):  # the database last
            path.rename(place.folder / path.name)
    return verdict


def copy_rows(source: Connection, target: Connection) -> None:
    """Every row of every table."""
    for model in TABLES:
        table = model.__table__  # type: ignore[attr-defined]
        for part in source.execute(select(table).execution_options(yield_per=CHUNK)).mappings().partitions():
            target.execute(insert(table), [dict(row) for row in part])


def _copy_database(registry: Registry, file: Path) -> None:
    copy = Place(file)
    copy.claim()
    try:
        if registry.place.url is None:
            source = registry.engine.raw_connection()
            with sqlite3.connect(file) as target:
                source.driver_connection.backup(target)  # type: ignore[union-attr]
            source.close()
        else:
            with registry.engine.connect() as snapshot, owning(copy) as connection:
                create_schema(connection)
                copy_rows(snapshot, connection)
        with sqlite3.connect(file) as target:
            target.execute("PRAGMA journal_mode = DELETE")  # one file, that can be read where nothing can be written
    except DBAPIError as error:
        raise BrokenRegistry(f"{registry.name} cannot be copied: {cause(error)}", hint="check both disks") from error
    except sqlite3.Error as error:
        raise BrokenRegistry(f"{registry.name} cannot be copied: {error}", hint="check both disks") from error


def _load(file: Path, place: Place) -> None:
    place.claim()
    try:
        with Place(file).engine().connect() as source, owning(place) as connection:
            create_schema(connection)
            copy_rows(source, connection)
    except BaseException:
        place.path.unlink()
        raise


def _verified(folder: Path, source: Path, operator: PublicKey | None) -> Verdict:
    copy = Registry.open(folder)
    verdict = audit.verify(copy, operator or copy.operator, audit.Against(models=True))
    copy.close()
    if verdict.first is not None:
        raise BrokenRegistry(f"{source} does not verify: {verdict.first.what}", hint="nothing was restored; try another copy")
    return verdict


def _is_free(place: Place) -> None:
    taken = [name for name in (place.path.name, PUBLIC_FILE, MODELS) if (place.folder / name).exists()]
    if taken:
        raise BadInput(f"{place.folder / taken[0]} exists already", hint="restore to a new folder, and move it afterwards")


def _copy_models(source: Path, target: Path) -> int:
    models = sorted((source / MODELS).glob("*.npz"))
    if models:
        (target / MODELS).mkdir()
    for path in models:
        shutil.copy(path, target / MODELS / path.name)
    return len(models)


def _copy_keys(source: Path, target: Path) -> None:
    if SigningKey.read(source / KEY_FILE).public.text != PublicKey.read(target / PUBLIC_FILE).text:
        raise BadInput(f"{source / KEY_FILE} is another operator's", hint="the key whose public half is in the copy")
    for name in (KEY_FILE, KEK_FILE):
        with suppress(FileNotFoundError):  # the key-encryption key may be elsewhere
            shutil.copy(source / name, target / name)
            (target / name).chmod(0o600)


@contextmanager
def _written(destination: Path) -> Iterator[Path]:
    """A folder beside `destination` for what is not complete yet. It is gone at the end, whatever happens."""
    partial = destination.with_name(f".{destination.name}.part")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        yield partial
    except OSError as error:
        raise BadInput(f"cannot write to {partial.parent}: {error.strerror or error}", hint="check the disk") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
