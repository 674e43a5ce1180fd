"""Drawing tenants at random from those that agreed to a purpose, without reading them all.

Whoever agrees to a purpose for the first time gets the purpose's next number and keeps it, whatever becomes of the consent.
So the numbers have no gaps, nobody chooses its own, and to draw one is to draw a tenant. Numbers are no evidence: the judgement
of a tenant that was drawn is made on what is in the log.
"""

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlmodel import Session, col, func, select

from flowstate_flower.registry.tenancy_tables import PlaceRow

BATCH, AT_ONCE = 128, 1000
T = TypeVar("T")


def give(session: Session, tenant: str, purpose: str) -> None:
    """The next number of `purpose`, to a tenant that has none. The session sees all tenants and holds the write lock."""
    if session.get(PlaceRow, (purpose, tenant)) is None:
        session.add(PlaceRow(purpose=purpose, tenant=tenant, position=_highest(session, purpose) + 1))
        session.flush()


def drawn(session: Session, purpose: str, rng: random.Random) -> Iterator[list[str]]:
    """Everybody who ever agreed to `purpose`, in a uniformly random order, a batch at a time."""
    columns, of_purpose = select(PlaceRow.position, PlaceRow.tenant), PlaceRow.purpose == purpose
    for positions in batches(shuffled(_highest(session, purpose), rng), BATCH):
        numbered = dict(session.exec(columns.where(of_purpose, col(PlaceRow.position).in_(positions))).all())
        yield [numbered[position] for position in positions if position in numbered]


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in order, `size` at a time."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def shuffled(count: int, rng: random.Random) -> Iterator[int]:
    """The numbers 1 to `count` in a uniformly random order; whoever takes only the first few pays for these (Fisher-Yates)."""
    moved: dict[int, int] = {}
    for first in range(count):
        other = rng.randrange(first, count)
        yield moved.get(other, other) + 1
        moved[other] = moved.pop(first, first)


def _highest(session: Session, purpose: str) -> int:
    return session.exec(select(func.max(PlaceRow.position)).where(PlaceRow.purpose == purpose)).one() or 0
