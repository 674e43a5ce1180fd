"""The tables of a tenant's own privacy ledger, in the tenant's own file."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class LedgerHeadRow(SQLModel, table=True):
    """The only one: the salt of the accounts' pseudonyms, and where the ledger's entries end."""

    __tablename__ = "ledger_head"
    id: int = Field(primary_key=True)
    version: int
    salt: str
    entries: int
    hash: str


class LedgerAccountRow(SQLModel, table=True):
    """What may be spent on one data set and what was: all of it follows from the entries.

    `filter_order` is fixed by the first release; `total` is the divergence at each order, as `Accountant.to_bytes` writes it.
    """

    __tablename__ = "ledger_account"
    __table_args__ = (UniqueConstraint("tenant", "data_set", "unit", "relation", "delta"),)
    name: str = Field(primary_key=True)
    tenant: str
    data_set: str
    unit: str
    relation: str
    delta: float
    units: int
    epsilon: float
    signed: bool = False
    filter_order: float | None = None
    total: bytes
    excess: float = 0.0
    charges: int = 0


class LedgerEntryRow(SQLModel, table=True):
    """What happened to an account, once and for ever. `hash` is over the entry and the hash of the one before it."""

    __tablename__ = "ledger_entry"
    __table_args__ = (UniqueConstraint("account", "run", "round", "kind"),)
    position: int = Field(primary_key=True)
    at: str
    kind: str
    account: str
    run: str | None = None
    round: int | None = None
    body: str
    hash: str


LEDGER: tuple[type[SQLModel], ...] = (LedgerHeadRow, LedgerAccountRow, LedgerEntryRow)
