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
from flowstate_flower.clients.home import TenantVoice
from flowstate_flower.pki import Authority, Party, Role
from flowstate_flower.pki.files import replace, write_key
from flowstate_flower.registry import Registry, consents
from flowstate_flower.trust.keys import SigningKey

DOMAIN, LASTS = "bench.invalid", timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Founded:
    """The operator's folder, the root that everybody trusts, and the tenants as a fleet has them."""

    operator: Path
    ca: Path
    members: tuple[Member, ...]


def founded(folder: Path, tenants: Sequence[str], purpose: str) -> Founded:
    """A new federation whose tenants are active and agree to `purpose`, without privacy."""
    operator, homes, now = folder / "operator", folder / "tenants", datetime.now(UTC)
    registry = Registry.create(operator)
    authority = Authority.create(operator / "pki", DOMAIN, now)
    (operator / "superlink").mkdir(mode=0o700)
    homes.mkdir(mode=0o700)
    server = Party(DOMAIN, Role.SUPERLINK)
    _certified(authority, server, operator / "superlink" / "server.pem", operator / "superlink" / "server.key", now)
    members = tuple(_member(registry, authority, homes / name, purpose, now) for name in tenants)
    registry.close()
    return Founded(operator, operator / "pki" / "root.crt", members)


def _member(registry: Registry, authority: Authority, home: Path, purpose: str, now: datetime) -> Member:
    """A tenant: keys in a folder of its own, a request that names its node, the operator's yes, and its own consent."""
    home.mkdir(mode=0o700)
    name, signing, node = home.name, SigningKey.generate(), ec.generate_private_key(ec.SECP384R1())
    signing.write(home / "signing.key")
    write_key(home / "node.key", node)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public = node.public_key().public_bytes(serialization.Encoding.PEM, spki)
    voice = TenantVoice(TenantPolicy(tenant=name, purposes=(purpose,), allow_without_privacy=True), signing)
    wiring.admit(registry, voice.request(nodes=(public.hex(),)))
    consents.accept(registry, voice.consent(purpose))
    certificate, key = home / "client.pem", home / "client.key"
    _certified(authority, Party(DOMAIN, Role.TENANT, name), certificate, key, now)
    return Member(
        name=name,
        node_key=home / "node.key",
        certificate=certificate,
        certificate_key=key,
        signing_key=home / "signing.key",
    )


def _certified(authority: Authority, party: Party, certificate: Path, key: Path, now: datetime) -> None:
    """A key and a certificate for it, which holds on this machine."""
    made = ec.generate_private_key(ec.SECP256R1())
    write_key(key, made)
    hosts = ("127.0.0.1", "localhost") if party.role is Role.SUPERLINK else ()
    leaf = authority.issue(made.public_key(), party, now, lasts=LASTS, hosts=hosts)
    authority.keep(leaf)
    replace(certificate, authority.chain(leaf))
