"""The federation's own privacy ledger: every mean that the server released under tenant-level privacy, reserved before.

All runs of a registry draw on one account, because the same tenants may be behind all of them. Rows are only ever added.
"""

import math
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from flowstate_flower.privacy import Accountant, Budget, BudgetExhausted, GaussianRelease
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.privacy_tables import ReleaseRow
from flowstate_flower.registry.tables import RoundRow, TenantRow
from flowstate_flower.registry.tenants import Status

SERVER, RELATION = "server", "add-or-remove-one"


@dataclass(frozen=True, slots=True)
class Released:
    """What one run released under tenant-level privacy, and what it cost: by itself, and with all other runs until now."""

    releases: int
    noise_multiplier: float
    clip_norm: float | None
    smallest_cohort: int
    population: int
    randomness: str
    epsilon_of_run: float
    epsilon: float
    largest_epsilon: float | None
    delta: float

    def __str__(self) -> str:
        budget = "" if self.largest_epsilon is None else f" of {self.largest_epsilon:g}"
        seeded = "; the noise was seeded: this is what the plan costs, not protection" if self.randomness == "seeded" else ""
        return (
            f"Tenant-level privacy: ε = {self.epsilon_of_run:.2f} by {self.releases} noisy means of this run, "
            f"{self.epsilon:.2f}{budget} with all runs, at δ = {self.delta:g}{seeded}"
        )


@dataclass(frozen=True, slots=True)
class RegistryLedger:
    """`FederationLedger` on a registry, for one run. Processes that share the registry share the account.

    `resumed` is the round that a crash may have interrupted after it was paid for: nothing of it was released, so it is not
    paid for again.
    """

    registry: Registry
    run: str
    resumed: int | None = None

    def releases(self) -> list[MeanRelease]:
        """See `FederationLedger.releases`."""
        with self.registry.reading() as session:
            rows = session.exec(select(ReleaseRow).order_by(col(ReleaseRow.reserved_at), col(ReleaseRow.round))).all()
        return [MeanRelease(r.noise_multiplier, r.cohort, r.population, r.clip_norm, r.randomness) for r in rows]

    def spent(self) -> Accountant:
        """See `FederationLedger.spent`."""
        with self.registry.reading() as session:
            return spent(session)

    def reserve(self, release: MeanRelease, budget: Budget, count: int = 1) -> float:
        """See `FederationLedger.reserve`. The release is that of the round after the last one that was recorded."""
        with desk(self.registry, actor=SERVER) as d:
            if (paid := self._paid(d.session)) is not None:
                return _paid_for(paid, release)
            epsilon = spent(d.session).after(release.cost(count)).epsilon(budget.delta)
            if epsilon > budget.epsilon:
                raise BudgetExhausted(
                    f"ε would be {epsilon:.3f} of the federation's {budget.epsilon:g} at δ = {budget.delta:g}"
                )
            first = self._open_round(d.session)
            for number in range(first, first + count):
                d.add(self._row(number, release, budget, epsilon, d.now))
        return epsilon

    def is_paid(self) -> bool:
        """See `FederationLedger.is_paid`."""
        with self.registry.reading() as session:
            return self._paid(session) is not None

    def _paid(self, session: Session) -> ReleaseRow | None:
        """What the resumed round was charged, as long as it is not recorded."""
        if self.resumed is None or session.get(RoundRow, (self.run, self.resumed)) is not None:
            return None
        return session.get(ReleaseRow, (self.run, self.resumed))

    def _open_round(self, session: Session) -> int:
        recorded = session.exec(select(func.max(RoundRow.number)).where(RoundRow.run == self.run)).one()
        reserved = session.exec(select(func.max(ReleaseRow.round)).where(ReleaseRow.run == self.run)).one()
        return 1 + max(recorded or 0, reserved or 0)

    def _row(self, number: int, release: MeanRelease, budget: Budget, epsilon: float, now: str) -> ReleaseRow:
        return ReleaseRow(
            run=self.run,
            round=number,
            noise_multiplier=release.noise_multiplier,
            clip_norm=release.clip_norm,
            cohort=release.cohort,
            population=release.population,
            relation=RELATION,
            epsilon=epsilon,
            delta=budget.delta,
            largest_epsilon=budget.epsilon if math.isfinite(budget.epsilon) else None,
            randomness=release.randomness,
            reserved_at=now,
        )


def _paid_for(paid: ReleaseRow, release: MeanRelease) -> float:
    """The total ε that was recorded. Raises `BudgetExhausted` for another mean than the one that was paid for."""
    if (paid.noise_multiplier, paid.clip_norm, paid.cohort) != (release.noise_multiplier, release.clip_norm, release.cohort):
        raise BudgetExhausted(
            f"the round was paid for with {paid.cohort} tenants before a crash, now there are {release.cohort}"
        )
    return paid.epsilon


def released(registry: Registry, run: str) -> Released | None:
    """What `run` released, None where that is nothing. Costs are recomputed from the releases. To a tenant, the runs that it
    was asked in are all there are.
    """
    with registry.reading() as session:
        rows = session.exec(select(ReleaseRow).where(ReleaseRow.run == run).order_by(col(ReleaseRow.round))).all()
        if not rows:
            return None
        newest = rows[-1]
        return Released(
            releases=len(rows),
            noise_multiplier=min(row.noise_multiplier for row in rows),
            clip_norm=newest.clip_norm,
            smallest_cohort=min(row.cohort for row in rows),
            population=newest.population,
            randomness=newest.randomness,
            epsilon_of_run=spent(session, run).epsilon(newest.delta),
            epsilon=spent(session).epsilon(newest.delta),
            largest_epsilon=newest.largest_epsilon,
            delta=newest.delta,
        )


def spent(session: Session, run: str | None = None) -> Accountant:
    """Everything that was ever reserved, or by one run, as far as this session sees it."""
    alike = select(ReleaseRow.noise_multiplier, func.count()).group_by(col(ReleaseRow.noise_multiplier))
    if run is not None:
        alike = alike.where(ReleaseRow.run == run)
    accountant = Accountant()
    for noise_multiplier, count in session.exec(alike.order_by(col(ReleaseRow.noise_multiplier))):
        accountant = accountant.after(GaussianRelease(noise_multiplier, sample_rate=1.0, steps=count))
    return accountant


def population(registry: Registry) -> int:
    """How many tenants there are that were not deleted: everybody who may ever be asked, as far as is known now."""
    with registry.reading() as session:
        living = col(TenantRow.status).not_in((Status.DELETING, Status.DELETED))
        return session.exec(select(func.count()).select_from(TenantRow).where(living)).one()
