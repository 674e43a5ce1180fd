"""A whole federation in a folder, made by nobody else: the operator's registry and authority, and tenants with every key.

It is what `pki init`, invitations and consents make, without a server and without a hundred round trips.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower import wiring
from flowstate_flower.cli.bench.fleet import Member
from flowstate_flower.clients import TenantPolicy
from flowstate_flower.clients.home import KEY_FILE
from flowstate_flower.clients.policy import PrivacyPolicy, RandomnessPolicy
from flowstate_flower.pki import Authority, Party, Role
from flowstate_flower.pki.files import replace, write_key
from flowstate_flower.registry import Registry, consents

DOMAIN, LASTS = "bench.invalid", timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Founded:
    """The operator's folder, the root that everybody trusts, and the tenants as a fleet has them."""

    operator: Path
    ca: Path
    members: tuple[Member, ...]


def founded(folder: Path, tenants: Sequence[str], purpose: str, *, epsilon: float | None = None) -> Founded:
    """A new federation whose tenants are active and agree to `purpose`, without privacy.

    With `epsilon` they are real: each has a home with a budget of so much, and seeded noise, so that a run can be repeated.
    """
    operator, homes, now = folder / "operator", folder / "tenants", datetime.now(UTC)
    registry = Registry.create(operator)
    authority = Authority.create(operator / "pki", DOMAIN, now)
    (operator / "superlink").mkdir(mode=0o700)
    homes.mkdir(mode=0o700)
    server = Party(DOMAIN, Role.SUPERLINK)
    _certified(authority, server, operator / "superlink" / "server.pem", operator / "superlink" / "server.key", now)
    members = tuple(_member(registry, authority, homes / name, _policy(name, purpose, epsilon), now) for name in tenants)
    registry.close()
    return Founded(operator, operator / "pki" / "root.crt", members)


def _policy(name: str, purpose: str, epsilon: float | None) -> TenantPolicy:
    if epsilon is None:
        return TenantPolicy(tenant=name, purposes=(purpose,), allow_without_privacy=True)
    privacy, randomness = PrivacyPolicy(epsilon=epsilon, delta=1e-5), RandomnessPolicy(source="seeded", seed=1)
    return TenantPolicy(tenant=name, purposes=(purpose,), privacy=privacy, randomness=randomness)


def _member(registry: Registry, authority: Authority, home: Path, policy: TenantPolicy, now: datetime) -> Member:
    """A tenant: a home with every key, a request that names its node, the operator's yes, and its own consent."""
    wiring.make_home(home, policy)
    node = ec.generate_private_key(ec.SECP384R1())
    write_key(home / "node.key", node)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public = node.public_key().public_bytes(serialization.Encoding.PEM, spki)
    voice = wiring.open_voice(home)
    wiring.admit(registry, voice.request(nodes=(public.hex(),)))
    consents.accept(registry, voice.consent(policy.purposes[0]))
    certificate, key = home / "client.pem", home / "client.key"
    _certified(authority, Party(DOMAIN, Role.TENANT, policy.tenant), certificate, key, now)
    return Member(
        name=policy.tenant,
        node_key=home / "node.key",
        certificate=certificate,
        certificate_key=key,
        signing_key=home / KEY_FILE,
        home=None if policy.privacy is None else home,
    )


def _certified(authority: Authority, party: Party, certificate: Path, key: Path, now: datetime) -> None:
    """A key and a certificate for it, which holds on this machine."""
    made = ec.generate_private_key(ec.SECP256R1())
    write_key(key, made)
    hosts = ("127.0.0.1", "localhost") if party.role is Role.SUPERLINK else ()
    leaf = authority.issue(made.public_key(), party, now, lasts=LASTS, hosts=hosts)
    authority.keep(leaf)
    replace(certificate, authority.chain(leaf))
