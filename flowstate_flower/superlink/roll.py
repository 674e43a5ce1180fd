"""What the server asks about tenants, of whoever knows them: this room does not know the registry.

Answers are kept for a second: a suspended tenant is out within two, and a flood does not become a flood of the database.
Whoever cannot answer raises, and then nobody is let in.
"""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Generic, Protocol, TypeVar

KEEP_SECONDS, OWNER_SECONDS, LATELY_SECONDS = 1.0, 10.0, 30.0
"""A key's owner is kept longer: it changes only when its tenant is deleted, who is then not active."""
MOST_KEPT, MOST_AT_ONCE, MOST_RUNS = 50_000, 2_000, 100


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
    """Answers that are believed for `seconds`. Safe to use from several threads.

    Who has to ask for one asks again for all that were asked for lately: one question a second, not one for each tenant.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds, self._clock = seconds, clock
        self._kept: dict[Key, tuple[float, Answer]] = {}

    def of(self, keys: Collection[Key], ask: Callable[[Collection[Key]], Mapping[Key, Answer]]) -> dict[Key, Answer]:
        """An answer for each of `keys` that there is one for; `ask` is asked where one is not known or too old."""
        now = self._clock()
        answers: dict[Key, Answer] = {}
        for key in keys:
            kept = self._kept.get(key)
            if kept is not None and kept[0] > now:
                answers[key] = kept[1]
        missing = {key for key in keys if key not in answers}
        if missing:
            lately = {key for key, (until, _) in list(self._kept.items()) if until > now - LATELY_SECONDS}
            found = ask(missing | lately if len(lately) <= MOST_AT_ONCE else missing)
            self._keep(found, lately, now)
            answers.update((key, found[key]) for key in missing if key in found)
        return answers

    def _keep(self, found: Mapping[Key, Answer], lately: set[Key], now: float) -> None:
        for gone in self._kept.keys() - lately:
            self._kept.pop(gone, None)
        if len(self._kept) < MOST_KEPT:
            self._kept.update((key, (now + self._seconds, answer)) for key, answer in found.items())


class _NoPurpose(Exception):
    """Nothing is kept: the purpose is recorded a moment after the run begins."""


class RecentRoll:
    """A roll whose answers may be a second old. Safe to ask from several threads."""

    def __init__(self, roll: Roll, clock: Callable[[], float] = time.monotonic) -> None:
        self._roll, self._clock = roll, clock
        self._owners: _Kept[str, str | None] = _Kept(OWNER_SECONDS, clock)
        self._active: _Kept[str, bool] = _Kept(KEEP_SECONDS, clock)
        self._members: dict[int, _Kept[str, bool]] = {}

    def owners(self, node_keys: Collection[str]) -> Mapping[str, str]:
        """See `Roll`."""

        def ask(asked: Collection[str]) -> Mapping[str, str | None]:
            found = self._roll.owners(asked)
            return {key: found.get(key) for key in asked}

        return {key: owner for key, owner in self._owners.of(node_keys, ask).items() if owner is not None}

    def active(self, tenants: Collection[str]) -> Collection[str]:
        """See `Roll`."""

        def ask(asked: Collection[str]) -> Mapping[str, bool]:
            found = set(self._roll.active(asked))
            return {tenant: tenant in found for tenant in asked}

        return {tenant for tenant, is_active in self._active.of(tenants, ask).items() if is_active}

    def members(self, flower_run: int, tenants: Collection[str]) -> Collection[str] | None:
        """See `Roll`."""

        def ask(asked: Collection[str]) -> Mapping[str, bool]:
            found = self._roll.members(flower_run, asked)
            if found is None:
                raise _NoPurpose
            return {tenant: tenant in found for tenant in asked}

        kept = self._members.get(flower_run) or _Kept(KEEP_SECONDS, self._clock)
        try:
            answers = kept.of(tenants, ask)
        except _NoPurpose:
            return None
        if len(self._members) > MOST_RUNS:
            self._members.clear()
        self._members[flower_run] = kept
        return {tenant for tenant, is_member in answers.items() if is_member}

    def most_nodes(self, tenant: str) -> int | None:
        """See `Roll`."""
        return self._roll.most_nodes(tenant)
