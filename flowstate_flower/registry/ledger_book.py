"""The entries of a tenant's ledger: appended one after the other, each with the hash of those before it, and read again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlmodel import Session, col, func, select

from flowstate_flower.errors import BrokenRegistry
from flowstate_flower.privacy import MOST_REPEATS, Account, Accountant, GaussianRelease
from flowstate_flower.registry.desk import timestamp
from flowstate_flower.registry.ledger_tables import LedgerAccountRow, LedgerEntryRow, LedgerHeadRow
from flowstate_flower.trust.canonical import canonical, digest
from flowstate_flower.trust.dsse import Envelope, MalformedEnvelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import BudgetStatement, read

OPENED, TIGHTENED, SIGNED = "opened", "tightened", "signed"
PLANNED, RESERVED, SETTLED, ABANDONED = "planned", "reserved", "settled", "abandoned"
REPEATED = tuple(f"repeated-{number}" for number in range(1, MOST_REPEATS + 1))
"""A round was begun again, for the first time, for the second, and so on: each kind is entered once for a round."""
OF_BUDGETS = (OPENED, TIGHTENED, SIGNED)
NOTED = frozenset({"memo", "epsilon"})
"""What an entry of a reservation says beside the release."""
NOTHING_BEFORE = "0" * 64
BROKEN = "restore a copy of the home: what the ledger says is no longer what happened"


def pseudonym(salt: str, account: Account) -> str:
    """The name of an account before others."""
    return digest({"domain": "flowstate/account/v1", "salt": salt, **asdict(account)})


def head_of(session: Session) -> LedgerHeadRow:
    """Where the entries end. Raises `BrokenRegistry` where the ledger has lost it."""
    head = session.get(LedgerHeadRow, 1)
    if head is None:
        raise BrokenRegistry("the privacy ledger has no head", hint=BROKEN)
    return head


def enter(
    session: Session, kind: str, account: str, body: Mapping[str, Any], run: str | None = None, number: int | None = None
) -> None:
    """One more entry."""
    head = head_of(session)
    entry = LedgerEntryRow(
        position=head.entries,
        at=timestamp(),
        kind=kind,
        account=account,
        run=run,
        round=number,
        body=canonical(body).decode(),
        hash="",
    )
    entry.hash = head.hash = _hash(entry, head.hash)
    head.entries += 1
    session.add(entry)
    session.add(head)


def release_in(entry: LedgerEntryRow) -> GaussianRelease:
    """What an entry reserved."""
    body = json.loads(entry.body)
    return GaussianRelease(**{name: value for name, value in body.items() if name not in NOTED})


def check_budgets(session: Session, key: PublicKey | None) -> None:
    """The accounts' budgets are those that were opened, tightened, and signed for with `key`; no entry was cut off.

    Raises `BrokenRegistry`. Quick: called whenever a ledger is opened.
    """
    head = head_of(session)
    last = session.get(LedgerEntryRow, head.entries - 1)
    if session.exec(select(func.count()).select_from(LedgerEntryRow)).one() != head.entries or (
        head.hash != (last.hash if last else NOTHING_BEFORE)
    ):
        raise BrokenRegistry("entries of the privacy ledger are missing", hint=BROKEN)
    entries = session.exec(
        select(LedgerEntryRow).where(col(LedgerEntryRow.kind).in_(OF_BUDGETS)).order_by(col(LedgerEntryRow.position))
    ).all()
    budgets = _budgets(session, entries, key)
    for row in session.exec(select(LedgerAccountRow)):
        if budgets.get(row.name) != (row.epsilon, row.signed):
            raise BrokenRegistry(f"the budget of account {row.name[:12]} is not the one that was recorded", hint=BROKEN)


def problems(session: Session) -> Iterator[str]:
    """What is wrong with the ledger, in people's words: every entry is hashed again, every total is added up again."""
    before, position = NOTHING_BEFORE, 0
    totals: dict[str, Accountant] = {}
    orders: dict[str, float] = {}
    for entry in session.exec(select(LedgerEntryRow).order_by(col(LedgerEntryRow.position))):
        if entry.position != position or entry.hash != _hash(entry, before):
            yield f"entry {position} was changed or removed"
            return
        before, position = entry.hash, position + 1
        if entry.kind == RESERVED:
            totals[entry.account] = totals.get(entry.account, Accountant()).after(release_in(entry))
        elif entry.kind == PLANNED:
            orders[entry.account] = json.loads(entry.body)["filter_order"]
    if (head := head_of(session)).hash != before or head.entries != position:
        yield f"entries after {position - 1} were removed"
    for row in session.exec(select(LedgerAccountRow)):
        said, recomputed = Accountant.parse(row.total, row.excess), totals.get(row.name, Accountant())
        if not said.agrees_with(recomputed):
            yield f"what account {row.name[:12]} has spent is not what was reserved"
        if row.filter_order != orders.get(row.name):
            yield f"the order of account {row.name[:12]}'s filter is not the one that was fixed"


def signed_budget(envelope: Envelope, key: PublicKey, after: str) -> BudgetStatement:
    """What a tenant's envelope says, if it is signed with `key` and follows `after`. Raises `BrokenRegistry`."""
    try:
        statement = read(BudgetStatement, envelope)
    except MalformedEnvelope as error:
        raise BrokenRegistry(f"a budget that is not signed: {error}", hint=BROKEN) from error
    if not envelope.is_signed_by(key):
        raise BrokenRegistry("a budget that another key signed", hint=BROKEN)
    if statement.after != after:
        raise BrokenRegistry("a signed budget out of its place", hint=BROKEN)
    return statement


def _budgets(session: Session, entries: Sequence[LedgerEntryRow], key: PublicKey | None) -> dict[str, tuple[float, bool]]:
    """By account its ε, and whether it was ever signed for."""
    found: dict[str, tuple[float, bool]] = {}
    for entry in entries:
        body = json.loads(entry.body)
        if entry.kind == SIGNED:
            if key is None:
                raise BrokenRegistry("signed budgets cannot be checked without the tenant's key", hint="open the whole home")
            before = session.get(LedgerEntryRow, entry.position - 1)
            envelope = Envelope.parse(body["envelope"].encode())
            statement = signed_budget(envelope, key, before.hash if before else NOTHING_BEFORE)
            if statement.account != entry.account:
                raise BrokenRegistry("a signed budget of another account", hint=BROKEN)
            found[entry.account] = (statement.epsilon, True)
        else:
            found[entry.account] = (body["epsilon"], found.get(entry.account, (0.0, False))[1])
    return found


def _hash(entry: LedgerEntryRow, before: str) -> str:
    said = {name: getattr(entry, name) for name in ("position", "at", "kind", "account", "run", "round", "body")}
    return digest({"domain": "flowstate/ledger/v1", "before": before, **said})
