"""A tenant's home: the seam between taking part and what only the tenant may do, and what it signs outside of rounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

from pydantic import ValidationError

from flowstate_flower.clients.policy import Declined, TenantPolicy
from flowstate_flower.clients.updates import UpdateStore
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Account, GaussianRelease
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import PublicKey, SigningKey
from flowstate_flower.trust.statements import (
    ConsentStatement,
    MetricsClaim,
    PrivacyClaim,
    RequestStatement,
    WithdrawalStatement,
    first_problem,
    sign,
)
from flowstate_flower.trust.terms import PrivacyTerms, Terms

POLICY_FILE, KEY_FILE, LEDGER_FILE, REQUEST_FILE = "policy.toml", "signing.key", "ledger.db", "request.json"
REFUSALS_FILE, UPDATES_FOLDER = "refusals.jsonl", "updates"
Metrics = Mapping[str, float]
NO_METRICS: Metrics = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Charge:
    """What one round releases, and to which account of how many `units`. `truncated_at` is the largest sample of them.

    `made` is what the tenant's own side does for privacy, None where it adds no noise itself: then it has nothing to claim.
    `metrics` leave beside the update, and are part of `release`.
    """

    account: Account
    release: GaussianRelease
    units: int
    made: PrivacyTerms | None
    truncated_at: int | None = None
    metrics: MetricsClaim | None = None


class TenantHome(Protocol):
    """All that taking part in rounds needs of a tenant's home. The key stays behind it: in this process, or in another."""

    @property
    def policy(self) -> TenantPolicy:
        """What the tenant allows."""

    @property
    def updates(self) -> UpdateStore | None:
        """Where the last update of each run is kept. None, as in simulations: the same is never said twice."""

    def reserve(self, terms: Terms, charge: Charge) -> PrivacyClaim | None:
        """Reserve `charge`, or begin again what was reserved for exactly these terms and never ended.

        Returns what will be claimed of it. Raises `Declined` where the budget forbids it, or the round was charged before.
        """

    def abandon(self, terms: Terms) -> None:
        """The round failed. What was reserved stays spent, and nothing of it is signed any more."""

    def settle(self, terms: Terms) -> None:
        """The round's result leaves without a signature. Nothing else of what was reserved is signed any more."""

    def sign_update(self, terms: Terms, update: str, examples: int, metrics: Metrics = NO_METRICS) -> Envelope:
        """The tenant's statement on the update with this digest, on which what was reserved for these terms is spent, and on
        the values of the metrics that were reserved with it.

        May be repeated for the same update and values. Raises `Declined` where the reservation was spent on others.
        """

    def sign_refusal(self, run: str, round_number: int, nonce: str, no: Declined) -> Envelope:
        """The tenant's statement that it declines, which it also writes down for itself."""

    def sign_presence(self, node: int, nonce: str) -> Envelope:
        """The tenant's answer to a roll call."""


@dataclass(frozen=True, slots=True)
class TenantVoice:
    """What a tenant says to the operator outside of rounds, each thing signed with its key."""

    policy: TenantPolicy
    key: SigningKey

    def request(self, *, nodes: tuple[str, ...] = (), contact: str = "") -> Envelope:
        """The tenant asks to join. Nothing in it is secret but, to all but the operator, `contact`."""
        key = self.key.public.text
        try:
            statement = RequestStatement(tenant=self.policy.tenant, key=key, nodes=nodes, contact=contact, at=_now())
        except ValidationError as error:
            raise BadInput(
                f"the request: {first_problem(error)}", hint="node keys are hexadecimal, a contact is one line"
            ) from error
        return sign(statement, self.key)

    def consent(
        self,
        purpose: str,
        *,
        bounds: Bounds = Bounds(),  # noqa: B008  immutable
        app: str | None = None,
        expires_at: str | None = None,
        operator: PublicKey | None = None,
    ) -> Envelope:
        """The tenant agrees to `purpose`. Raises `BadInput` where its policy, which decides in the end, does not."""
        if purpose not in self.policy.purposes:
            raise BadInput(f"{POLICY_FILE} does not allow '{purpose}'", hint=f"add it to purposes in {POLICY_FILE}")
        if app is not None and app not in (self.policy.apps or (app,)):
            raise BadInput(f"{POLICY_FILE} does not allow the app {app}", hint=f"add it to apps in {POLICY_FILE}")
        try:
            statement = ConsentStatement(
                tenant=self.policy.tenant,
                purpose=purpose,
                app=app,
                bounds=bounds,
                expires_at=expires_at,
                operator=operator.text if operator else None,
                at=_now(),
            )
        except ValidationError as error:
            raise BadInput(f"the consent: {first_problem(error)}", hint="an app is 64 hexadecimal digits") from error
        return sign(statement, self.key)

    def withdrawal(self, purpose: str) -> Envelope:
        """The tenant no longer agrees to `purpose`."""
        try:
            statement = WithdrawalStatement(tenant=self.policy.tenant, purpose=purpose, at=_now())
        except ValidationError as error:
            raise BadInput(f"the withdrawal: {first_problem(error)}", hint="name the purpose that was agreed to") from error
        return sign(statement, self.key)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
