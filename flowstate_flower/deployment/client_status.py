"""How a tenant's side of a deployment stands: what `flowstate client status` prints."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flowstate_flower import wiring
from flowstate_flower.clients.home import REFUSALS_FILE
from flowstate_flower.clients.signer import RemoteHome
from flowstate_flower.deployment import joining
from flowstate_flower.deployment.signing import SOCKET
from flowstate_flower.errors import FlowstateError
from flowstate_flower.pki.files import read_certificates
from flowstate_flower.registry.ledger_views import AccountView, ChargeView, accounts

MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class ClientStatus:
    """A home as it stands. `superlink` and `certificate_until` are None for one that has not joined; `rounds` are the last
    that were charged, the newest first.
    """

    tenant: str
    superlink: str | None
    certificate_until: datetime | None
    signer_runs: bool
    accounts: tuple[AccountView, ...]
    rounds: tuple[ChargeView, ...]
    refusals: int


def status(home: Path) -> ClientStatus:
    """How `home` stands. Raises `FlowstateError` for a home that cannot be opened."""
    voice, ledger = wiring.open_voice(home), wiring.open_ledger(home)
    try:
        found = tuple(accounts(ledger))
    finally:
        ledger.close()
    charges = sorted((charge for view in found for charge in view.charges), key=lambda c: c.reserved_at, reverse=True)
    return ClientStatus(
        tenant=voice.policy.tenant,
        superlink=next(_superlink(home), None),
        certificate_until=next(_until(home), None),
        signer_runs=_signs(home),
        accounts=found,
        rounds=tuple(charges[:MOST_ROUNDS]),
        refusals=_lines(home / REFUSALS_FILE),
    )


def _superlink(home: Path) -> Iterator[str]:
    if (home / joining.FEDERATION_FILE).exists():
        yield str(joining.read_federation(home).superlink)


def _until(home: Path) -> Iterator[datetime]:
    if (path := home / joining.PKI / joining.CERTIFICATE).exists():
        yield read_certificates(path)[0].not_valid_after_utc


def _signs(home: Path) -> bool:
    try:
        RemoteHome.open(home / SOCKET)
    except FlowstateError:
        return False
    return True


def _lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(1 for _ in file)
