"""Probes of files and of what is encrypted in them."""

import base64
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from flowstate_flower.clients.home import POLICY_FILE, REQUEST_FILE
from flowstate_flower.errors import FlowstateError
from flowstate_flower.isolation.database import TABLES
from flowstate_flower.isolation.scratch import GONE, LIVING, MINE, THEIRS, Scratch
from flowstate_flower.registry.database import KEK_FILE, KEY_FILE, PUBLIC_FILE
from flowstate_flower.registry.keys import SEALED
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tenancy_tables import DataKeyRow, RequestRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.trust.encryption import KeyWrapper, LocalKeys
from flowstate_flower.trust.keys import SigningKey

FOR_EVERYBODY = (PUBLIC_FILE, POLICY_FILE, REQUEST_FILE)
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def files_are_their_owners_alone(scratch: Scratch) -> Iterator[str]:
    """Keys, ledgers, databases and models have mode 0600, tenants' homes 0700."""
    files = [path for path in scratch.folder.rglob("*") if path.is_file() and path.name not in FOR_EVERYBODY]
    for path in (*files, *(scratch.folder / "homes" / tenant for tenant in LIVING)):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & OTHERS:
            yield f"{path.relative_to(scratch.folder)} has mode {mode:04o}"
    if not {KEY_FILE, KEK_FILE, "signing.key", "ledger.db"} <= {path.name for path in files}:
        yield "there are not all the keys: nothing was tried"


def keys_that_others_may_read_are_refused(scratch: Scratch) -> Iterator[str]:
    """A key file that others may read is not used."""
    readers: tuple[tuple[str, Callable[[Path], object]], ...] = ((KEY_FILE, SigningKey.read), (KEK_FILE, LocalKeys.read))
    for name, read in readers:
        copy = scratch.folder / f"copy-of-{name}"
        copy.write_bytes((scratch.folder / "operator" / name).read_bytes())
        copy.chmod(0o644)
        if not _fails(partial(read, copy)):
            yield f"{name} is read with mode 0644"
        copy.unlink()


def ciphertexts_hold_at_their_place_alone(scratch: Scratch) -> Iterator[str]:
    """A ciphertext that is moved to another tenant, row, column or table does not decrypt."""
    tried = set()
    with scratch.registry.reading() as session:
        vault = Vault(session, _wrapper(scratch))
        places = [(row, column) for table in SEALED for row in _sealed_rows(session, table) for column in table.sealed]
        for here, column in places:
            for there, other in places:
                if (here, column) == (there, other):
                    continue
                tried.add(_move(here, column, there, other))
                moved = type(there)(**{**there.model_dump(), other: getattr(here, column)})
                if not _fails(partial(vault.open, moved, other)):
                    yield f"{here.subject()} {column} opens as {there.subject()} {other}"
        if any(vault.open(row, column) is None for row, column in places):
            yield "a text does not open at its own place: nothing was tried"
    if not {"tenant", "row", "column", "table"} <= tried:
        yield f"only {', '.join(sorted(tried))} was tried"


def data_keys_hold_for_their_tenant_alone(scratch: Scratch) -> Iterator[str]:
    """A data key that is moved to another tenant or number does not unwrap, and none does without the key-encryption key."""
    with scratch.registry.reading() as session:
        vault = Vault(session, _wrapper(scratch))
        theirs = vault.living(THEIRS)[-1]
        for moved in (DataKeyRow(**{**theirs.model_dump(), **said}) for said in ({"tenant": MINE}, {"number": 99})):
            if not _fails(partial(vault.rewrap, moved)):
                yield f"the data key of {THEIRS} unwraps as number {moved.number} of {moved.tenant}"
        strange = Vault(session, LocalKeys([b"k" * 32], "a key of nobody"))
        if not _fails(lambda: strange.open(session.get_one(RequestRow, THEIRS), "envelope")):
            yield "a text opens without the key-encryption key"


def shredded_texts_are_gone(scratch: Scratch) -> Iterator[str]:
    """Of a deleted tenant, neither a text nor a wrapped data key is left in the database's files, and nothing opens."""
    if not scratch.shredded:
        yield "there was no data key: nothing was tried"
    for name, content in _stored(scratch):
        for what, secret in (("a text", scratch.told[GONE]), *(("a wrapped key", key) for key in scratch.shredded)):
            if _is_in(content, secret.encode()):
                yield f"{what} of a deleted tenant is in {name}"
    with scratch.registry.reading() as session:
        vault = Vault(session, _wrapper(scratch))
        rows = [row for table in SEALED for row in session.exec(select(table).where(_of(table, GONE)))]
        if not rows:
            yield "nothing was stored: nothing was tried"
        for row in rows:
            for column in row.sealed:
                if not _fails(partial(_must_open, vault, row, column)):
                    yield f"{row.subject()} still opens"


def no_secret_is_in_the_database(scratch: Scratch) -> Iterator[str]:
    """Neither keys nor what tenants told the operator alone are in the database's files: not as bytes, text or base64."""
    keys = [(scratch.folder / "operator" / name).read_text().strip() for name in (KEY_FILE, KEK_FILE)]
    keys += [path.read_text().strip() for path in sorted((scratch.folder / "homes").glob("*/signing.key"))]
    secrets = [form for key in keys for form in (key.encode(), bytes.fromhex(key))]
    secrets += [text.encode() for text in scratch.told.values()]
    if not secrets:
        yield "there was no secret: nothing was tried"
    for name, content in _stored(scratch):
        found = sum(_is_in(content, secret) for secret in secrets)
        if found:
            yield f"{name} holds {found} of {len(secrets)} secrets"


def _wrapper(scratch: Scratch) -> KeyWrapper:
    if scratch.registry.wrapper is None:
        raise FlowstateError("the scratch registry has no key-encryption key")
    return scratch.registry.wrapper


def _sealed_rows(session: Session, table: type[Row]) -> list[Any]:
    """Two rows of each of two tenants, where there are so many."""
    return [row for tenant in (MINE, THEIRS) for row in session.exec(select(table).where(_of(table, tenant)).limit(2))]


def _of(table: Any, tenant: str) -> Any:
    return col(table.tenant) == tenant


def _move(here: Row, column: str, there: Row, other: str) -> str:
    """The only thing that changes, or `more`."""
    changes = {
        "tenant": here.owner() != there.owner(),
        "table": type(here) is not type(there),
        "row": type(here) is type(there) and here.owner() == there.owner() and here.key() != there.key(),
        "column": column != other,
    }
    changed = [what for what, is_so in changes.items() if is_so]
    return changed[0] if len(changed) == 1 or "tenant" not in changed else "more"


def _stored(scratch: Scratch) -> list[tuple[str, bytes]]:
    """The database's own bytes, where it is files of ours; elsewhere what its tables hold."""
    if scratch.registry.engine.dialect.name == "sqlite":
        return [
            (path.name, path.read_bytes())
            for path in sorted(scratch.registry.path.parent.glob(f"{scratch.registry.path.name}*"))
        ]
    with scratch.registry.reading() as session:
        rows = [(str(table.__tablename__), session.exec(select(table)).all()) for table in TABLES]
    return [(name, "".join(row.model_dump_json() for row in of_table).encode()) for name, of_table in rows]


def _is_in(content: bytes, secret: bytes) -> bool:
    """As it is, or anywhere inside of something in base64, where it begins at one of three places in four digits."""
    inside = (base64.b64encode(bytes(shift) + secret)[first:-4] for shift, first in ((0, 0), (1, 2), (2, 3)))
    return secret in content or any(digits in content for digits in inside)


def _must_open(vault: Vault, row: Row, column: str) -> None:
    if vault.open(row, column) is None:
        raise FlowstateError("the key was destroyed")


def _fails(act: Callable[[], object]) -> bool:
    try:
        act()
    except FlowstateError:
        return True
    return False
