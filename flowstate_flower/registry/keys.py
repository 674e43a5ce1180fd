"""New keys for old: in batches, each one transaction. What was interrupted is taken up by running it again."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import or_
from sqlmodel import Session, col, select

from flowstate_flower.errors import BadInput
from flowstate_flower.registry.database import Registry, kek_file
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tables import AUDITED
from flowstate_flower.registry.tenancy_tables import DataKeyRow
from flowstate_flower.registry.tenants import known
from flowstate_flower.registry.vault import prefix
from flowstate_flower.settings import Settings
from flowstate_flower.trust.encryption import LocalKeys

BATCH = 200
SEALED: tuple[type[Row], ...] = tuple(table for table in AUDITED if table.sealed)
Progress = Callable[[int], None]


def rotate_kek(registry: Registry, *, actor: str, batch: int = BATCH, progress: Progress = lambda _: None) -> int:
    """Wrap every data key under a new key-encryption key, and forget the old one. Returns how many there were to wrap.

    A key in a file is made and replaced here. Of keys in the environment the first is the new one. Raises `BadInput` where
    there is none, or where a KMS holds them and rotates by itself.
    """
    if not isinstance(registry.wrapper, LocalKeys):
        raise BadInput("the key-encryption keys are not here", hint="rotate them where they are, then rewrap")
    file = None if Settings().kek is not None else kek_file(registry.path.parent)
    wrapper = registry.wrapper
    if not wrapper.others:
        if file is None:
            raise BadInput("FLOWSTATE_KEK holds one key", hint="put the new one before it, with a comma between")
        wrapper = wrapper.with_new()
        wrapper.replace(file)  # before anything is wrapped with it
    done = rewrap(replace(registry, wrapper=wrapper), actor=actor, batch=batch, progress=progress)
    if file is not None:
        wrapper.without_others().replace(file)
    return done


def rewrap(registry: Registry, *, actor: str, batch: int = BATCH, progress: Progress = lambda _: None) -> int:
    """Wrap every data key under the current key-encryption key. Returns how many there were to wrap."""
    done = 0
    while True:
        with desk(registry, actor=actor) as d:
            current = d.vault.wrapper.current
            old = select(DataKeyRow).where(DataKeyRow.kek != current, col(DataKeyRow.destroyed_at).is_(None)).limit(batch)
            rows = d.session.exec(old).all()
            for row in rows:
                d.vault.rewrap(row)
                d.change(row, "rewrapped")
        if not rows:
            registry.scrub()
            return done
        done += len(rows)
        progress(done)


def renew_data_key(
    registry: Registry, tenant: str, *, actor: str, batch: int = BATCH, progress: Progress = lambda _: None
) -> int:
    """A new data key for the tenant, under which all of its texts are encrypted anew; then the old one is destroyed.

    Returns how many rows there were to encrypt. Raises `UnknownName`, `BadInput` for a tenant that was deleted.
    """
    _begin(registry, tenant, actor)
    done = 0
    while rows := _reseal(registry, tenant, actor, batch):
        done += rows
        progress(done)
    with desk(registry, actor=actor) as d:
        for old in d.vault.living(tenant)[:-1]:
            old.wrapped, old.destroyed_at = "", d.now
            d.change(old, "destroyed")
    registry.scrub()
    return done


def _begin(registry: Registry, tenant: str, actor: str) -> None:
    """Make the new key, unless an interrupted rotation has made it."""
    with desk(registry, actor=actor) as d:
        known(d, tenant)
        living = d.vault.living(tenant)
        if not living:
            raise BadInput(f"{tenant} has no data key any more", hint="it was deleted")
        if len(living) == 1:
            d.add(d.vault.new_data_key(tenant, living[-1].number + 1, d.now))


def _reseal(registry: Registry, tenant: str, actor: str, batch: int) -> int:
    """Encrypt one batch of rows anew; returns how many it had."""
    with desk(registry, actor=actor) as d:
        newest = d.vault.living(tenant)[-1]
        rows: list[Row] = []
        for table in SEALED:
            rows += _under_an_old_key(d.session, table, tenant, prefix(newest.number), batch - len(rows))
        for row in rows:
            d.vault.reseal(row)
            d.change(row, "re-encrypted")
        return len(rows)


def _under_an_old_key(session: Session, table: type[Row], tenant: str, newest: str, most: int) -> list[Row]:
    columns = [getattr(table, name) for name in table.sealed]
    old = or_(*((column != "") & ~column.startswith(newest, autoescape=True) for column in columns))
    of_tenant = getattr(table, "tenant") == tenant  # noqa: B009
    return list(session.exec(select(table).where(of_tenant, old).limit(most)))
