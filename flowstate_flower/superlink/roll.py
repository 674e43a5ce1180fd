"""What the server asks about tenants, of whoever knows them: this room does not know the registry.

Answers are kept for a second: a suspended tenant is out within two, and a flood does not become a flood of the database.
Whoever cannot answer raises, and then nobody is let in.
"""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Generic, Protocol, TypeVar

KEEP_SECONDS, MOST_KEPT = 1.0, 50_000


class Roll(Protocol):
    """The tenants as the registry has them at this moment."""

    def owners(self, node_keys: Collection[str]) -> Mapping[str, str]:
        """Of public keys of nodes in hexadecimal, those that belong to a tenant, with its name."""

    def active(self, tenants: Collection[str]) -> Collection[str]:
        """Those of `tenants` that are active."""

    def members(self, flower_run: int, tenants: Collection[str]) -> Collection[str] | None:
        """Those of `tenants` that may be asked in this run of Flower's, by its purpose; None where no purpose is recorded."""

    def most_nodes(self, tenant: str) -> int | None:
        """How many nodes the tenant may have; None where that is not bounded."""


class Revocations(Protocol):
    """The list of certificates that hold no more."""

    def is_revoked(self, serial: int) -> bool:
        """Whether the certificate was taken back. Raises where the list cannot be read or trusted."""


Key = TypeVar("Key")
Answer = TypeVar("Answer")


class _Kept(Generic[Key, Answer]):
    """Answers that are believed for `KEEP_SECONDS`. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[Key, tuple[float, Answer]] = {}

    def of(self, keys: Collection[Key], ask: Callable[[Collection[Key]], Mapping[Key, Answer]]) -> dict[Key, Answer]:
        """An answer for each of `keys` that there is one for; `ask` is asked for those that are not known or too old."""
        now = self._clock()
        answers: dict[Key, Answer] = {}
        for key in keys:
            kept = self._kept.get(key)
            if kept is not None and kept[0] > now:
                answers[key] = kept[1]
        missing = [key for key in keys if key not in answers]
        if missing:
            found = ask(missing)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept.update((key, (now + KEEP_SECONDS, answer)) for key, answer in found.items())
            answers.update(found)
        return answers


class _NoPurpose(Exception):
    """Nothing is kept: the purpose is recorded a moment after the run begins."""


class RecentRoll:
    """A roll whose answers may be a second old. Safe to ask from several threads."""

    def __init__(self, roll: Roll, clock: Callable[[], float] = time.monotonic) -> None:
        self._roll = roll
        self._owners: _Kept[str, str | None] = _Kept(clock)
        self._active: _Kept[str, bool] = _Kept(clock)
        self._members: _Kept[tuple[int, str], bool] = _Kept(clock)

    def owners(self, node_keys: Collection[str]) -> Mapping[str, str]:
        """See `Roll`."""

        def ask(missing: Collection[str]) -> Mapping[str, str | None]:
            found = self._roll.owners(missing)
            return {key: found.get(key) for key in missing}

        return {key: owner for key, owner in self._owners.of(node_keys, ask).items() if owner is not None}

    def active(self, tenants: Collection[str]) -> Collection[str]:
        """See `Roll`."""

        def ask(missing: Collection[str]) -> Mapping[str, bool]:
            found = set(self._roll.active(missing))
            return {tenant: tenant in found for tenant in missing}

        return {tenant for tenant, is_active in self._active.of(tenants, ask).items() if is_active}

    def members(self, flower_run: int, tenants: Collection[str]) -> Collection[str] | None:
        """See `Roll`."""

        def ask(missing: Collection[tuple[int, str]]) -> Mapping[tuple[int, str], bool]:
            found = self._roll.members(flower_run, [tenant for _, tenant in missing])
            if found is None:
                raise _NoPurpose
            return {key: key[1] in found for key in missing}

        try:
            answers = self._members.of([(flower_run, tenant) for tenant in tenants], ask)
        except _NoPurpose:
            return None
        return {tenant for (_, tenant), is_member in answers.items() if is_member}

    def most_nodes(self, tenant: str) -> int | None:
        """See `Roll`."""
        return self._roll.most_nodes(tenant)
