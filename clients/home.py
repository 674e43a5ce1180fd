"""A tenant's home: what one folder on its own disk holds."""

from dataclasses import dataclass

from flowstate_flower.clients.policy import TenantPolicy
from flowstate_flower.privacy import Ledger
from flowstate_flower.trust.keys import SigningKey

POLICY_FILE, KEY_FILE, LEDGER_FILE = "policy.toml", "signing.key", "ledger.db"


@dataclass(frozen=True, slots=True)
class TenantHome:
    """The tenant's policy, its signing key and its privacy ledger."""

    policy: TenantPolicy
    key: SigningKey
    ledger: Ledger
