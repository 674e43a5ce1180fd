"""What a tenant reads of its own ledger. Frozen, ready for JSON."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from flowstate_flower.errors import BrokenRegistry
from flowstate_flower.privacy import Accountant, Budget, Filter, GaussianRelease
from flowstate_flower.registry import ledger_book as book
from flowstate_flower.registry.ledger_tables import LedgerAccountRow, LedgerEntryRow
from flowstate_flower.registry.tenant_ledger import TenantLedger, is_waiting


@dataclass(frozen=True, slots=True)
class ChargeView:
    """One round that was reserved; `epsilon` is the account's total with it. `settled_at` is None where it never ended."""

    run: str
    round: int
    release: GaussianRelease
    reserved_at: str
    settled_at: str | None
    epsilon: float


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account. `status` is open, or waiting for the tenant's signature. `next_epsilon` is ε after one more round like the
    last, and `rounds_left` how many such rounds there may be; None where there was none yet.
    """

    account: str
    data_set: str
    unit: str
    delta: float
    units: int
    status: str
    signed: bool
    budget: float
    filter_order: float | None
    spent: float
    next_epsilon: float | None
    rounds_left: int | None
    charges: tuple[ChargeView, ...]

    @property
    def unsettled(self) -> tuple[ChargeView, ...]:
        """Rounds that were reserved and never ended: spent all the same."""
        return tuple(charge for charge in self.charges if charge.settled_at is None)


def accounts(ledger: TenantLedger) -> list[AccountView]:
    """Every account, after all entries were checked. Raises `BrokenRegistry` where they are not as they were made."""
    with ledger.reading() as session:
        for problem in book.problems(session):
            raise BrokenRegistry(f"the privacy ledger {ledger.path} is broken: {problem}", hint=book.BROKEN)
        rows = session.exec(select(LedgerAccountRow).order_by(LedgerAccountRow.name)).all()
        return [_view(session, row) for row in rows]


def _view(session: Session, row: LedgerAccountRow) -> AccountView:
    charges = _charges(session, row)
    spent, budget = Accountant.parse(row.total, row.excess), Budget(row.epsilon, row.delta)
    last = charges[-1].release if charges and row.filter_order is not None else None
    return AccountView(
        account=row.name,
        data_set=row.data_set,
        unit=row.unit,
        delta=row.delta,
        units=row.units,
        status="waiting" if is_waiting(session, row) else "open",
        signed=row.signed,
        budget=row.epsilon,
        filter_order=row.filter_order,
        spent=spent.epsilon(row.delta),
        next_epsilon=spent.after(last).epsilon(row.delta) if last else None,
        rounds_left=Filter(budget, row.filter_order).rounds_left(spent, last) if last and row.filter_order else None,
        charges=charges,
    )


def _charges(session: Session, row: LedgerAccountRow) -> tuple[ChargeView, ...]:
    ordered = select(LedgerEntryRow).where(LedgerEntryRow.account == row.name).order_by(col(LedgerEntryRow.position))
    entries = session.exec(ordered).all()
    settled = {(entry.run, entry.round): entry.at for entry in entries if entry.kind == book.SETTLED}
    found, total = [], Accountant()
    for entry in entries:
        if entry.kind == book.RESERVED and entry.run is not None and entry.round is not None:
            release = book.release_in(entry)
            total = total.after(release)
            ended = settled.get((entry.run, entry.round))
            found.append(ChargeView(entry.run, entry.round, release, entry.at, ended, total.epsilon(row.delta)))
    return tuple(found)
