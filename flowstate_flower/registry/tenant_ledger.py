"""A tenant's own privacy ledger: SQLite with full sync on the tenant's disk, reserve before training, settle after.

Everything ever reserved counts as spent, settled or not: a crash never gives budget back. Budgets grow by what the tenant
signs and by nothing else.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, SQLModel, col, select

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.privacy import (
    Account,
    Accountant,
    Budget,
    BudgetExhausted,
    Filter,
    GaussianRelease,
    Reservation,
    RoundAlreadyCharged,
    planned_order,
)
from flowstate_flower.registry import ledger_book as book
from flowstate_flower.registry.desk import timestamp
from flowstate_flower.registry.engines import cause, sqlite_engine
from flowstate_flower.registry.ledger_tables import LEDGER, LedgerAccountRow, LedgerEntryRow, LedgerHeadRow
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import PublicKey, SigningKey
from flowstate_flower.trust.statements import BudgetStatement, sign

VERSION = 2
BEFORE_ACCOUNTS = "ledger"
"""The table of version 1, which knew one budget for all of a tenant's data."""


class TenantLedger:
    """`privacy.Ledger` on a file. Processes that share the file share the budgets. `key` checks what the tenant signed."""

    def __init__(self, path: Path, key: PublicKey | None = None) -> None:
        self.path, self._key = path, key
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        except OSError as error:
            raise BadInput(f"cannot open the privacy ledger {path}: {error.strerror}", hint="check the folder") from error
        self._engine = sqlite_engine(path)
        with self.reading() as session:
            known = set(inspect(session.connection()).get_table_names())
        if BEFORE_ACCOUNTS in known:
            hint = "keep the file: what it says is spent. Make a new home with what is left of its budget"
            raise BrokenRegistry(f"the privacy ledger {path} is of version 1, which had no accounts", hint=hint)
        if not known:
            self._create()
        with self.reading() as session:
            if (version := book.head_of(session).version) != VERSION:
                raise BrokenRegistry(f"the privacy ledger {path} has version {version}, this package reads {VERSION}")
            book.check_budgets(session, key)

    def open(self, account: Account, budget: Budget, units: int, plan: GaussianRelease | None = None) -> None:
        """See `privacy.Ledger.open`."""
        if account.delta >= 1 / units:
            raise BudgetExhausted(f"δ = {account.delta:g} is not below 1 / {units} units")
        if account.delta != budget.delta:
            raise BudgetExhausted(f"a budget at δ = {budget.delta:g} for an account at δ = {account.delta:g}")
        with self.reading() as session:
            row = self._find(session, account)
            if row is not None and row.epsilon <= budget.epsilon:
                return
        with self._writing() as session:
            row = self._find(session, account)
            if row is None:
                self._add(session, account, budget, units, plan)
            elif row.epsilon > budget.epsilon:
                row.epsilon = budget.epsilon
                book.enter(session, book.TIGHTENED, row.name, {"epsilon": budget.epsilon})

    def reserve(
        self, account: Account, run: str, round_number: int, release: GaussianRelease, budget: Budget, memo: str = ""
    ) -> float:
        """See `privacy.Ledger.reserve`."""
        with self._writing() as session:
            row = self._find(session, account)
            if row is None:
                raise BudgetExhausted("no account was opened for these data")
            if before := self._entry(session, row, book.RESERVED, run, round_number):
                return self._begin_again(session, row, before, memo)
            if is_waiting(session, row):
                raise BudgetExhausted(f"these data have no budget yet: account {row.name[:12]} has to be opened by the tenant")
            allowed = Budget(min(row.epsilon, budget.epsilon), account.delta)
            if row.filter_order is None:
                row.filter_order = planned_order(allowed, release)
                book.enter(session, book.PLANNED, row.name, {"filter_order": row.filter_order})
            spent = Accountant.parse(row.total, row.excess).after(release)
            epsilon = spent.epsilon(account.delta)
            if not Filter(allowed, row.filter_order).admits(spent):
                what = f"ε would be {epsilon:.3f} of at most {allowed.epsilon:g} at δ = {account.delta:g}"
                raise BudgetExhausted(what if epsilon > allowed.epsilon else f"{what}, which is too near to go on")
            row.total, row.excess, row.charges = spent.to_bytes(), spent.excess, row.charges + 1
            noted = {"memo": memo, "epsilon": epsilon} if memo else {}
            book.enter(session, book.RESERVED, row.name, {**asdict(release), **noted}, run, round_number)
        return epsilon

    def settle(
        self, account: Account, run: str, round_number: int, steps: int | None = None, update: str | None = None
    ) -> None:
        """See `privacy.Ledger.settle`. Raises `ValueError` for a round that was never reserved."""
        with self._writing() as session:
            row = self._reserved_row(session, account, run, round_number)
            if self._entry(session, row, book.ABANDONED, run, round_number):
                raise RoundAlreadyCharged(f"round {round_number} of {run} failed before")
            before = self._entry(session, row, book.SETTLED, run, round_number)
            if before is None:
                book.enter(session, book.SETTLED, row.name, {"steps": steps, "update": update}, run, round_number)
            elif json.loads(before.body).get("update") != update:
                raise RoundAlreadyCharged(f"round {round_number} of {run} ended before, with another update")

    def abandon(self, account: Account, run: str, round_number: int) -> None:
        """See `privacy.Ledger.abandon`. Raises `ValueError` for a round that was never reserved."""
        with self._writing() as session:
            row = self._reserved_row(session, account, run, round_number)
            if not any(self._entry(session, row, kind, run, round_number) for kind in (book.SETTLED, book.ABANDONED)):
                book.enter(session, book.ABANDONED, row.name, {}, run, round_number)

    def reserved(self, run: str, round_number: int) -> list[Reservation]:
        """See `privacy.Ledger.reserved`. Reservations without a memo are left out."""
        with self.reading() as session:
            where = {"run": run, "round": round_number, "kind": book.RESERVED}
            newest = select(LedgerEntryRow).filter_by(**where).order_by(col(LedgerEntryRow.position).desc())
            found = [(session.get_one(LedgerAccountRow, entry.account), entry) for entry in session.exec(newest)]
            return [self._reservation(session, row, entry) for row, entry in found if "memo" in json.loads(entry.body)]

    def spent(self, account: Account) -> float:
        """See `privacy.Ledger.spent`."""
        with self.reading() as session:
            row = self._find(session, account)
            return Accountant.parse(row.total, row.excess).epsilon(account.delta) if row else 0.0

    def pseudonym(self, account: Account) -> str:
        """See `privacy.Ledger.pseudonym`."""
        with self.reading() as session:
            return book.pseudonym(book.head_of(session).salt, account)

    def allow(self, name: str, epsilon: float, key: SigningKey) -> None:
        """The tenant signs that the account called `name` may spend `epsilon` in all from now on.

        Raises `BadInput` where that is no more than it may spend already and nothing has to be opened.
        """
        with self._writing() as session:
            row = session.get(LedgerAccountRow, name)
            if row is None:
                raise BadInput(f"no account {name[:12]} in this ledger", hint="flowstate privacy show names them")
            if epsilon <= row.epsilon and not is_waiting(session, row):
                raise BadInput(
                    f"the account may spend ε = {row.epsilon:g} already", hint="a smaller epsilon in policy.toml tightens"
                )
            after = book.head_of(session).hash
            statement = BudgetStatement(tenant=row.tenant, account=name, epsilon=epsilon, after=after, at=timestamp())
            envelope = sign(statement, key)
            row.epsilon, row.signed = epsilon, True
            book.enter(session, book.SIGNED, name, {"envelope": envelope.to_bytes().decode()})
            book.signed_budget(Envelope.parse(envelope.to_bytes()), self._key or key.public, after)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the ledger. Raises `BrokenRegistry` where it cannot be read."""
        try:
            with Session(self._engine) as session:
                yield session
        except (DatabaseError, ValueError) as error:
            what = cause(error) if isinstance(error, DatabaseError) else error
            raise BrokenRegistry(f"the privacy ledger {self.path} cannot be read: {what}", hint="restore it") from error

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """A transaction that holds the lock of whoever writes, on disk when it ends; nothing of it where something raises."""
        try:
            with Session(self._engine.execution_options(writes=True)) as session:
                yield session
                session.commit()
        except DatabaseError as error:
            raise BrokenRegistry(
                f"the privacy ledger {self.path} cannot be written: {cause(error)}", hint="check the disk"
            ) from error

    def _create(self) -> None:
        with self._writing() as session:
            if inspect(session.connection()).get_table_names():  # somebody was faster
                return
            tables = [SQLModel.metadata.tables[str(model.__tablename__)] for model in LEDGER]
            SQLModel.metadata.create_all(session.connection(), tables=tables)
            salt = secrets.token_hex(32)
            session.add(LedgerHeadRow(id=1, version=VERSION, salt=salt, entries=0, hash=book.NOTHING_BEFORE))

    def _add(self, session: Session, account: Account, budget: Budget, units: int, plan: GaussianRelease | None) -> None:
        name = book.pseudonym(book.head_of(session).salt, account)
        order = None if plan is None else planned_order(budget, plan)
        said: dict[str, Any] = {**asdict(account), "epsilon": budget.epsilon, "units": units}
        session.add(LedgerAccountRow(name=name, **said, filter_order=order, total=Accountant().to_bytes()))
        book.enter(session, book.OPENED, name, said)
        if order is not None:
            book.enter(session, book.PLANNED, name, {"filter_order": order})

    def _find(self, session: Session, account: Account) -> LedgerAccountRow | None:
        return session.exec(select(LedgerAccountRow).filter_by(**asdict(account))).first()

    def _reserved_row(self, session: Session, account: Account, run: str, number: int) -> LedgerAccountRow:
        row = self._find(session, account)
        if row is None or not self._entry(session, row, book.RESERVED, run, number):
            raise ValueError(f"round {number} of {run} was never reserved")
        return row

    def _begin_again(self, session: Session, row: LedgerAccountRow, before: LedgerEntryRow, memo: str) -> float:
        """The ε of a reservation that may be used once more."""
        body, run, number = json.loads(before.body), str(before.run), before.round or 0
        ended = any(self._entry(session, row, kind, run, number) for kind in (book.SETTLED, book.ABANDONED))
        left = [kind for kind in book.REPEATED if not self._entry(session, row, kind, run, number)]
        if not memo or body.get("memo") != memo or ended or not left:
            raise RoundAlreadyCharged(f"round {number} of {run} was charged before")
        book.enter(session, left[0], row.name, {}, run, number)
        return float(body["epsilon"])

    def _reservation(self, session: Session, row: LedgerAccountRow, entry: LedgerEntryRow) -> Reservation:
        body, run, number = json.loads(entry.body), str(entry.run), entry.round or 0
        settled = self._entry(session, row, book.SETTLED, run, number)
        return Reservation(
            Account(row.tenant, row.data_set, row.unit, row.delta),  # type: ignore[arg-type]
            body["memo"],
            body["epsilon"],
            json.loads(settled.body).get("update") or "" if settled else None,
            self._entry(session, row, book.ABANDONED, run, number) is not None,
        )

    def _entry(self, session: Session, row: LedgerAccountRow, kind: str, run: str, number: int) -> LedgerEntryRow | None:
        where = {"account": row.name, "run": run, "round": number, "kind": kind}
        return session.exec(select(LedgerEntryRow).filter_by(**where)).first()


def is_waiting(session: Session, row: LedgerAccountRow) -> bool:
    """Whether the tenant has to open it: another account was charged before, and the data of both may have rows in common."""
    if row.signed or row.charges:
        return False
    others = select(LedgerAccountRow.name).where(LedgerAccountRow.name != row.name, col(LedgerAccountRow.charges) > 0)
    return session.exec(others).first() is not None
