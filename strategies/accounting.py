"""Flower's accountant protocol on the federation's ledger: what was spent outlives the process, and is shared by all runs.

Serves `TenantStrategy`, and Flower's own `DifferentialPrivacy…FixedClipping` strategies, which take any such accountant.
"""

import math
from dataclasses import asdict, dataclass, replace

from flwr.serverapp import GaussianPrivacyEvent, NeighboringRelation, PrivacyConfig, PrivacySpent, SamplingMethod

from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Accountant, Budget
from flowstate_flower.privacy.tenant_level import FederationLedger, MeanRelease

METHOD, SCHEMA_VERSION = "rdp", 1
SMALLEST_LOG_DELTA = -700.0
STEPS_OF_BISECTION = 100


def tenant_level_config(budget: Budget, population: int) -> PrivacyConfig:
    """The only accounting model that holds for our rounds. Raises `BadInput` unless δ < 1 / population."""
    if not budget.delta < 1 / population:
        raise BadInput(f"δ = {budget.delta:g} is not below 1 / {population} tenants", hint="choose a smaller δ")
    return PrivacyConfig(
        target_delta=budget.delta,
        population_size=population,
        neighboring_relation=NeighboringRelation.ADD_OR_REMOVE_ONE,
        sampling_method=SamplingMethod.NO_AMPLIFICATION,
        max_epsilon=budget.epsilon,
    )


@dataclass(frozen=True, slots=True)
class RegistryAccountant:
    """`flwr.serverapp.PrivacyAccountant`. `like` says what an event does not: the clipping norm, and where noise comes from.

    Every number counts all releases of the federation, those of other runs too.
    """

    ledger: FederationLedger
    settings: PrivacyConfig
    like: MeanRelease

    @classmethod
    def of(cls, ledger: FederationLedger, budget: Budget, like: MeanRelease) -> "RegistryAccountant":
        """An accountant for `like.population` tenants. Raises `BadInput` unless δ < 1 / population."""
        return cls(ledger, tenant_level_config(budget, like.population), like)

    @property
    def config(self) -> PrivacyConfig:
        """See Flower's protocol."""
        return self.settings

    @property
    def num_releases(self) -> int:
        """See Flower's protocol."""
        return len(self.ledger.releases())

    def compose(self, event: GaussianPrivacyEvent, count: int = 1) -> None:
        """Charge `count` releases, durably. Raises `BudgetExhausted` where another run has spent what was left."""
        limit = math.inf if self.settings.max_epsilon is None else self.settings.max_epsilon
        self.ledger.reserve(self._release(event, count), Budget(limit, self.settings.target_delta), count)

    def get_epsilon(self, delta: float) -> float:
        """See Flower's protocol."""
        if not 0 < delta < 1:
            raise ValueError("delta must be strictly between 0 and 1.")
        return self.ledger.spent().epsilon(delta)

    def get_delta(self, epsilon: float) -> float:
        """See Flower's protocol. The smallest δ at which the total ε is at most this one."""
        if not epsilon >= 0:
            raise ValueError("epsilon must be at least 0.")
        return smallest_delta(self.ledger.spent(), epsilon)

    def get_privacy_spent(self, delta: float | None = None) -> PrivacySpent:
        """See Flower's protocol."""
        target = self.settings.target_delta if delta is None else delta
        return PrivacySpent(self.get_epsilon(target), target, self.num_releases, METHOD)

    def would_exceed(self, event: GaussianPrivacyEvent, max_epsilon: float | None = None, count: int = 1) -> bool:
        """See Flower's protocol."""
        limit = self.settings.max_epsilon if max_epsilon is None else max_epsilon
        if limit is None:
            raise ValueError("no max_epsilon was given.")
        if count == 1 and self.ledger.is_paid():
            return False
        after = self.ledger.spent().after(self._release(event, count).cost(count))
        return after.epsilon(self.settings.target_delta) > limit

    def state_dict(self) -> dict[str, object]:
        """What the ledger holds, as JSON. The ledger itself is what lasts."""
        return {"schema_version": SCHEMA_VERSION, "releases": [asdict(release) for release in self.ledger.releases()]}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Check that `state` is what the ledger holds. Nothing is loaded: a ledger that could be set back would protect nobody.

        Raises `ValueError` for another state.
        """
        if state != self.state_dict():
            raise ValueError("the state is not that of the federation's ledger, which is never set back.")

    def _release(self, event: GaussianPrivacyEvent, count: int) -> MeanRelease:
        if event.population_size != self.settings.population_size:
            raise ValueError(f"a population of {event.population_size}, the budget is for {self.settings.population_size}.")
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError("count must be a positive integer.")
        return replace(self.like, noise_multiplier=event.noise_multiplier, cohort=event.sample_size)


def smallest_delta(spent: Accountant, epsilon: float) -> float:
    """The smallest δ, to a relative 1e-12 or so, at which `spent` costs at most `epsilon`; never below e^-700."""
    low, high = SMALLEST_LOG_DELTA, 0.0
    if spent.epsilon(math.exp(low)) <= epsilon:
        return math.exp(low) if spent.epsilon(math.exp(low)) > 0 else 0.0
    for _ in range(STEPS_OF_BISECTION):
        middle = (low + high) / 2
        low, high = (low, middle) if spent.epsilon(math.exp(middle)) <= epsilon else (middle, high)
    return math.exp(high)
