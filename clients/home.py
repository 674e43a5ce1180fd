"""A tenant's home: what one folder on its own disk holds, and what the tenant signs there."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from flowstate_flower.clients.policy import TenantPolicy
from flowstate_flower.clients.refusals import RefusalLog
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Ledger
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import PublicKey, SigningKey
from flowstate_flower.trust.statements import ConsentStatement, RequestStatement, WithdrawalStatement, first_problem, sign

POLICY_FILE, KEY_FILE, LEDGER_FILE, REQUEST_FILE = "policy.toml", "signing.key", "ledger.db", "request.json"
REFUSALS_FILE = "refusals.jsonl"


@dataclass(frozen=True, slots=True)
class TenantHome:
    """The tenant's policy, its signing key, its privacy ledger and its record of refusals."""

    policy: TenantPolicy
    key: SigningKey
    ledger: Ledger
    refusals: RefusalLog


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
