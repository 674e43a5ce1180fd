"""Bringing a registry of an older version to this one: one transaction, with an entry for every row that changes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from flowstate_flower.registry.database import KEK_FILE, KEY_FILE, Registry, kek_file, local_keys, owning
from flowstate_flower.registry.desk import append, newest_frontier, timestamp
from flowstate_flower.registry.log import leaf_bytes
from flowstate_flower.registry.places import place_of
from flowstate_flower.registry.schema import SCHEMA_VERSION, mark, read_version, settle
from flowstate_flower.settings import Settings
from flowstate_flower.transparency.merkle import leaf_hash
from flowstate_flower.trust.canonical import digest
from flowstate_flower.trust.encryption import LocalKeys, new_key
from flowstate_flower.trust.keys import SigningKey

MIGRATIONS = Path(__file__).parent / "migrations"
OPERATOR = "operator"


@dataclass(slots=True)
class Changes:
    """What the migrations do to rows that the log vouches for: each is an entry, once all of them are done."""

    now: str
    wrapper: LocalKeys
    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, table: str, keys: tuple[str, ...], row: dict[str, Any]) -> None:
        """A row as it is from now on: all of its columns. `keys` name it, in the order of the primary key."""
        subject = f"{table}:" + "/".join(str(row[key]) for key in keys)
        entry = {"at": self.now, "actor": OPERATOR, "tenant": row["tenant"], "kind": f"{table}.{what}", "subject": subject}
        self.entries.append({**entry, "row_digest": digest(row)})

    def numbered(self, first: int) -> list[tuple[dict[str, Any], list[str]]]:
        """The entries as they follow a log of `first`."""
        placed = [{"position": position, **entry} for position, entry in enumerate(self.entries, start=first)]
        return [({**entry, "leaf_hash": leaf_hash(leaf_bytes(entry, [])).hex()}, []) for entry in placed]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From which version to which, what each step is, and how many entries the log has more."""

    before: int
    after: int
    steps: tuple[str, ...]
    entries: int


class _OnlyTried(Exception):
    """Everything worked, and is to be undone."""


def upgrade(where: Path | str, *, home: Path | None = None, dry_run: bool = False) -> Upgrade:
    """Run the migrations that are missing; with `dry_run`, and undo them. Needs the operator's key, which signs the new head.

    Raises `BrokenRegistry` for a newer version or no registry.
    """
    place = place_of(where, home)
    signer = SigningKey.read(place.folder / KEY_FILE)
    done: list[Upgrade] = []
    try:
        with owning(place) as connection:
            before = read_version(connection, place)
            if before == SCHEMA_VERSION:
                return Upgrade(before, before, (), 0)
            changes = Changes(timestamp(), _keys(place.folder, dry_run=dry_run))
            steps = _migrate(connection, before, changes)
            if changes.entries:
                with Session(connection, expire_on_commit=False) as session:
                    append(session, signer, newest_frontier(session), changes.numbered(newest_frontier(session).size))
            done.append(Upgrade(before, SCHEMA_VERSION, steps, len(changes.entries)))
            if dry_run:
                raise _OnlyTried
    except _OnlyTried:
        return done[0]
    opened = Registry.open(where, to_write=True, home=home)
    opened.scrub()
    opened.close()
    return done[0]


def _migrate(connection: Connection, before: int, changes: Changes) -> tuple[str, ...]:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes.update(connection=connection, changes=changes)
    mark(connection, before)
    steps = [step.doc for step in ScriptDirectory.from_config(config).iterate_revisions("head", str(before))]
    command.upgrade(config, "head")
    settle(connection)
    return tuple(reversed(steps))


def _keys(folder: Path, *, dry_run: bool) -> LocalKeys:
    """The key-encryption keys, which versions before tenancy did not have."""
    if dry_run and Settings().kek is None and not kek_file(folder).exists():
        return LocalKeys([new_key()], KEK_FILE)
    return local_keys(folder, create=True)
