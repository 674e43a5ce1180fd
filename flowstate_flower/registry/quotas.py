"""Counting what tenants use, in the registry: a restart forgets nothing, and all servers of one registry count together.

The counting is that of the library `limits`, fixed windows, on a storage of our own: its storages are memory, Redis and the
like, none of which shares a transaction with the round. Windows begin at multiples of their length: days are those of UTC.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator

from limits import RateLimitItem, RateLimitItemPerDay, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from flowstate_flower.admission import Fault, Reason
from flowstate_flower.registry.configuration import Quotas
from flowstate_flower.registry.tenancy_tables import UsageRow

ROUNDS, RUNS, BYTES, MESSAGES = "rounds", "runs", "bytes", "messages"


class TableStorage(Storage):
    """`limits`' storage on the table `usage`, for one tenant, inside an open transaction. `rows` are those that it has."""

    STORAGE_SCHEME = None

    def __init__(self, session: Session, tenant: str, rows: dict[str, UsageRow], now: float) -> None:
        super().__init__()
        self._session, self._tenant, self._rows, self._now = session, tenant, rows, now

    @property
    def base_exceptions(self) -> type[Exception]:
        """See `limits.storage.Storage`."""
        return DatabaseError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` in the window of `expiry` seconds that is now, and return its total."""
        name = _name(key)
        row = self._rows.setdefault(name, UsageRow(tenant=self._tenant, counter=name, amount=0, until=0))
        if row.until <= self._now:
            row.amount, row.until = 0, (int(self._now) // expiry + 1) * expiry
        row.amount += amount
        self._session.add(row)
        return row.amount

    def get(self, key: str) -> int:
        """The total of the window that is now."""
        row = self._rows.get(_name(key))
        return row.amount if row is not None and row.until > self._now else 0

    def get_expiry(self, key: str) -> float:
        """When that window ends, in seconds since 1970."""
        row = self._rows.get(_name(key))
        return float(row.until) if row is not None else self._now

    def check(self) -> bool:
        """The transaction is open, or nobody could ask."""
        return True

    def reset(self) -> int | None:
        """Nothing is ever given back to everybody at once."""
        raise NotImplementedError

    def clear(self, key: str) -> None:
        """Forget what was counted under `key`."""
        if (row := self._rows.get(_name(key))) is not None:
            row.amount = 0


def _name(key: str) -> str:
    """`limits`' key without the amount that is allowed: a quota that is changed goes on with what was counted."""
    _, what, _, multiples, granularity = key.split("/")
    return f"{what} per {multiples} {granularity}"


class Meters:
    """What `tenants` have used, read at once."""

    def __init__(self, session: Session, tenants: Collection[str], now: float | None = None) -> None:
        self._session, self._now = session, time.time() if now is None else now
        self._rows: defaultdict[str, dict[str, UsageRow]] = defaultdict(dict)
        for row in session.exec(select(UsageRow).where(col(UsageRow.tenant).in_(tenants))):
            self._rows[row.tenant][row.counter] = row

    def of(self, tenant: str, quotas: Quotas) -> "Meter":
        """One tenant's use, against its quotas."""
        return Meter(TableStorage(self._session, tenant, self._rows[tenant], self._now), quotas)


class Meter:
    """What one tenant uses, against its quotas."""

    def __init__(self, storage: TableStorage, quotas: Quotas) -> None:
        self._limiter, self._quotas = FixedWindowRateLimiter(storage), quotas

    def ask(self, *, nodes: int, model_bytes: int, new_run: bool) -> Fault | None:
        """Charge one round: the model there and back, one message, and one run where this is its first. All of it or, where
        anything is exceeded, nothing.
        """
        fault = self.objection(nodes=nodes, model_bytes=model_bytes, new_run=new_run)
        if fault is None:
            for what, item, cost in self._costs(model_bytes, new_run=new_run):
                self._limiter.hit(item, what, cost=cost)
        return fault

    def objection(self, *, nodes: int, model_bytes: int, new_run: bool) -> Fault | None:
        """What stands against charging that round now. Nothing is charged."""
        quotas = self._quotas
        if quotas.model_bytes is not None and model_bytes > quotas.model_bytes:
            return Reason.QUOTA, f"a model of {model_bytes} bytes, at most {quotas.model_bytes}"
        if quotas.nodes is not None and nodes > quotas.nodes:
            return Reason.QUOTA, f"{nodes} nodes, at most {quotas.nodes}"
        for what, item, cost in self._costs(model_bytes, new_run=new_run):
            if not self._limiter.test(item, what, cost=cost):
                return self._exceeded(what, item)
        return None

    def receive(self, excess: int) -> Fault | None:
        """Charge what a reply had beyond the model. It is counted in any case: it has been received."""
        for what, item in self._limits():
            if what == BYTES and excess > 0 and not self._limiter.hit(item, what, cost=excess):
                return self._exceeded(what, item)
        return None

    def uses(self) -> Iterator[tuple[str, int, int]]:
        """Each quota that is counted, by its name: what is used in the window that is now, and what is allowed."""
        for what, item in self._limits():
            name = MESSAGES if what == MESSAGES else f"{what}_per_day"
            yield name, self._limiter.storage.get(item.key_for(what)), item.amount

    def _costs(self, model_bytes: int, *, new_run: bool) -> Iterator[tuple[str, RateLimitItem, int]]:
        costs = {ROUNDS: 1, BYTES: 2 * model_bytes, MESSAGES: 1, RUNS: int(new_run)}
        return ((what, item, costs[what]) for what, item in self._limits() if costs[what])

    def _limits(self) -> Iterator[tuple[str, RateLimitItem]]:
        daily = {ROUNDS: self._quotas.rounds_per_day, RUNS: self._quotas.runs_per_day, BYTES: self._quotas.bytes_per_day}
        for what, amount in daily.items():
            if amount is not None:
                yield what, RateLimitItemPerDay(amount)
        if self._quotas.messages is not None:
            yield MESSAGES, parse(self._quotas.messages)

    def _exceeded(self, what: str, item: RateLimitItem) -> Fault:
        reason = Reason.RATE if what == MESSAGES else Reason.QUOTA
        return reason, f"at most {item.amount} {what} per {item.get_expiry()} seconds"
