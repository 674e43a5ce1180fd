"""A tenant's own privacy ledger: SQLite with full sync on the tenant's disk, reserve before training, settle after.

Everything ever reserved counts as spent, settled or not: a crash never gives budget back.
"""

import os
from pathlib import Path

from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, SQLModel, select

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.privacy import Account, Accountant, Budget, BudgetExhausted, GaussianRelease, RoundAlreadyCharged
from flowstate_flower.registry.desk import timestamp
from flowstate_flower.registry.engines import sqlite_engine
from flowstate_flower.registry.tables import LedgerRow


class TenantLedger:
    """`privacy.Ledger` on a file. Processes that share the file share the budget."""

    def __init__(self, path: Path) -> None:
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            self._engine = sqlite_engine(path)
            with self._engine.execution_options(writes=True).begin() as connection:
                SQLModel.metadata.create_all(connection, tables=[LedgerRow.__table__])  # type: ignore[attr-defined]
        except OSError as error:
            raise BadInput(f"cannot open the privacy ledger {path}: {error.strerror}", hint="check the folder") from error
        except DatabaseError as error:
            raise BrokenRegistry(f"the privacy ledger {path} cannot be read: {error.orig}", hint="restore it") from error

    def reserve(self, account: Account, run: str, round_number: int, release: GaussianRelease, budget: Budget) -> float:
        """See `privacy.Ledger.reserve`."""
        with Session(self._engine.execution_options(writes=True)) as session:
            if session.get(LedgerRow, _key(account, run, round_number)):
                raise RoundAlreadyCharged(f"round {round_number} of {run} was charged before")
            epsilon = _accountant(session, account).after(release).epsilon(account.delta)
            if epsilon > budget.epsilon:
                raise BudgetExhausted(f"ε would be {epsilon:.3f} of at most {budget.epsilon:g} at δ = {account.delta:g}")
            session.add(
                LedgerRow(
                    data_set=account.data_set,
                    unit=account.unit,
                    relation=account.relation,
                    delta=account.delta,
                    run=run,
                    round=round_number,
                    noise_multiplier=release.noise_multiplier,
                    sample_rate=release.sample_rate,
                    steps=release.steps,
                    excess=release.excess,
                    reserved_at=timestamp(),
                )
            )
            session.commit()
        return epsilon

    def settle(self, account: Account, run: str, round_number: int) -> None:
        """See `privacy.Ledger.settle`."""
        with Session(self._engine.execution_options(writes=True)) as session:
            row = session.get_one(LedgerRow, _key(account, run, round_number))
            row.settled_at = timestamp()
            session.add(row)
            session.commit()

    def spent(self, account: Account) -> float:
        """See `privacy.Ledger.spent`."""
        with Session(self._engine) as session:
            return _accountant(session, account).epsilon(account.delta)

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def _key(account: Account, run: str, round_number: int) -> tuple[str, str, str, float, str, int]:
    return account.data_set, account.unit, account.relation, account.delta, run, round_number


def _accountant(session: Session, account: Account) -> Accountant:
    accountant = Accountant()
    same = {name: getattr(account, name) for name in ("data_set", "unit", "relation", "delta")}
    for row in session.exec(select(LedgerRow).filter_by(**same)):
        accountant = accountant.after(GaussianRelease(row.noise_multiplier, row.sample_rate, row.steps, row.excess))
    return accountant
