"""What the federation released, against itself: the sums of its account, and the rounds that drew on it."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, func, select

from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Accountant, GaussianRelease
from flowstate_flower.registry.privacy_tables import ReleaseRow
from flowstate_flower.registry.rounds import AGGREGATED
from flowstate_flower.registry.tables import AuditEventRow, InvitationRow, RoundRow
from flowstate_flower.registry.verdict import Finding

ROUNDING = 1e-3
"""A total may be recorded this much too small: accountants of other versions have other orders."""


def release_problems(session: Session) -> list[Finding]:
    """Totals that are smaller than the releases cost or passed their budget, cohorts other than those invited, and rounds that
    changed the model without a charge.
    """
    try:
        return list(_problems(session))
    except (DatabaseError, ValueError, TypeError, BadInput) as error:
        return [Finding(None, f"the federation's account cannot be read: {error}")]


def _problems(session: Session) -> Iterator[Finding]:
    rows = session.exec(select(ReleaseRow).order_by(col(ReleaseRow.reserved_at), ReleaseRow.run, col(ReleaseRow.round))).all()
    for row, what in (*_sums(rows), *_cohorts(session, rows)):
        yield Finding(_entry(session, row), f"{row.subject()} {what}")
    yield from _uncharged(session)


def _sums(rows: Sequence[ReleaseRow]) -> Iterator[tuple[ReleaseRow, str]]:
    spent = Accountant()
    for _, together in groupby(rows, key=lambda row: (row.reserved_at, row.run)):
        reserved = list(together)
        for row in reserved:
            spent = spent.after(GaussianRelease(row.noise_multiplier, sample_rate=1.0, steps=1))
        for row in reserved:
            cost = spent.epsilon(row.delta)
            if row.epsilon < cost * (1 - ROUNDING):
                yield row, f"says that ε is {row.epsilon:.3f} in all, the releases cost {cost:.3f}"
            elif row.largest_epsilon is not None and row.epsilon > row.largest_epsilon:
                yield row, f"passes its budget of {row.largest_epsilon:g}"


def _cohorts(session: Session, rows: Sequence[ReleaseRow]) -> Iterator[tuple[ReleaseRow, str]]:
    """Of rounds that changed the model, the mean is over everybody who was invited."""
    asked = select(InvitationRow.run, InvitationRow.round, func.count()).group_by(InvitationRow.run, col(InvitationRow.round))
    same = (col(RoundRow.run) == InvitationRow.run) & (col(RoundRow.number) == InvitationRow.round)
    asked = asked.join(RoundRow, same).where(RoundRow.status == AGGREGATED)
    invited = {(run, number): count for run, number, count in session.exec(asked)} if rows else {}
    for row in rows:
        count = invited.get((row.run, row.round), row.cohort)
        if count != row.cohort:
            yield row, f"is of {row.cohort} tenants, {count} were invited"


def _uncharged(session: Session) -> Iterator[Finding]:
    """Rounds of a run that has charged one before, and charged none for them."""
    first = select(ReleaseRow.run, func.min(ReleaseRow.round)).group_by(ReleaseRow.run)
    for run, begun in session.exec(first).all():
        charged = select(ReleaseRow.round).where(ReleaseRow.run == run)
        closed = select(RoundRow).where(RoundRow.run == run, RoundRow.status == AGGREGATED, RoundRow.number > begun)
        for row in session.exec(closed.where(col(RoundRow.number).not_in(charged)).order_by(col(RoundRow.number))):
            yield Finding(_entry(session, row), f"{row.subject()} changed the model and charged nothing")


def _entry(session: Session, row: ReleaseRow | RoundRow) -> int | None:
    """The newest entry about a row."""
    about = select(func.max(AuditEventRow.position)).where(AuditEventRow.subject == row.subject())
    return session.exec(about).one()
