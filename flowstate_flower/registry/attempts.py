"""What a run needs to go on: what it was started from, the runs of Flower that carried it, and what the rule remembered."""

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.deployment_tables import RoundStateRow, RunAttemptRow, RunSpecRow
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.rounds import OPERATOR
from flowstate_flower.registry.tables import RunRow

DIED = "died"


@dataclass(frozen=True, slots=True)
class Spec:
    """`spec` is JSON that whoever starts runs reads; `app` is the digest of what clients run, None where it is their own."""

    spec: str
    app: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The `number`-th run of Flower behind a run of ours; it began with `first_round`. `how` it ended, None while it runs."""

    run: str
    number: int
    flower_run: str
    first_round: int
    started_at: str
    ended_at: str | None
    how: str | None


@dataclass(frozen=True, slots=True)
class RoundState:
    """The file of what rule and optimiser remembered after a round, by its digest."""

    round: int
    digest: str


def spec_of(registry: Registry, run: str) -> Spec:
    """What a run is started from. Raises `BadInput` where it was not recorded, `UnknownName`."""
    with registry.reading() as session:
        _known(session, run)
        row = session.get(RunSpecRow, run)
    if row is None:
        raise BadInput(f"run '{run}' has no recorded specification", hint="it was not started by `flowstate run start`")
    return Spec(row.spec, row.app)


def begin(registry: Registry, run: str, flower_run: str, first_round: int) -> int:
    """Another run of Flower carries `run` on. Returns the attempt's number, counted from 1. Raises `UnknownName`."""
    with desk(registry, actor=OPERATOR) as d:
        _known(d.session, run)
        before = d.session.exec(select(func.max(RunAttemptRow.number)).where(RunAttemptRow.run == run)).one() or 0
        d.add(RunAttemptRow(run=run, number=before + 1, flower_run=flower_run, first_round=first_round, started_at=d.now))
        return before + 1


def carry_on(registry: Registry, run: str, flower_run: str, first_round: int) -> int:
    """The attempt of this process: the one that was begun for this run of Flower, or a new one. All others are over.

    Returns its number. Only who holds the run's life may say so. Raises `UnknownName`.
    """
    with desk(registry, actor=OPERATOR) as d:
        _known(d.session, run)
        mine = None
        for row in d.session.exec(select(RunAttemptRow).where(RunAttemptRow.run == run, col(RunAttemptRow.ended_at).is_(None))):
            if flower_run and row.flower_run == flower_run:
                mine = row.number
            else:
                row.ended_at, row.how = d.now, DIED
                d.change(row, "ended")
    return begin(registry, run, flower_run, first_round) if mine is None else mine


def end(registry: Registry, run: str, number: int, how: str) -> None:
    """An attempt is over. One that ended before stays as it was. Raises `UnknownName`."""
    with desk(registry, actor=OPERATOR) as d:
        row = d.session.get(RunAttemptRow, (run, number))
        if row is None:
            raise UnknownName("attempt", f"{run}/{number}", [])
        if row.ended_at is None:
            row.ended_at, row.how = d.now, how
            d.change(row, "ended")


def attempts(registry: Registry, run: str) -> list[Attempt]:
    """Every attempt at a run, the first one first."""
    ordered = select(RunAttemptRow).where(RunAttemptRow.run == run).order_by(col(RunAttemptRow.number))
    with registry.reading() as session:
        return [Attempt(**row.model_dump()) for row in session.exec(ordered)]


def run_behind(registry: Registry, flower_run: str) -> str | None:
    """The run of ours that a run of Flower carries, None where it carries none."""
    with registry.reading() as session:
        return session.exec(select(RunAttemptRow.run).where(RunAttemptRow.flower_run == flower_run)).first()


def newest_state(registry: Registry, run: str) -> RoundState | None:
    """The state after the last round that has one, None before the first."""
    newest = select(RoundStateRow).where(RoundStateRow.run == run).order_by(col(RoundStateRow.round).desc()).limit(1)
    with registry.reading() as session:
        row = session.exec(newest).first()
    return None if row is None else RoundState(row.round, row.digest)


def _known(session: Session, run: str) -> None:
    if session.get(RunRow, run) is None:
        raise UnknownName("run", run, session.exec(select(RunRow.id)).all())
