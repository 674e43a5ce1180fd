"""An authority in a folder, and moments to look at it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.pki import Authority, Party

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def authority(tmp_path: Path, now: datetime) -> Authority:
    return Authority.create(tmp_path / "pki", "example.org", now)


@pytest.fixture
def issued(authority: Authority, now: datetime) -> Callable[..., x509.Certificate]:
    """`issued("tenant/a", lasts=…, hosts=…)`: a leaf on a new key."""

    def make(path: str, lasts: timedelta = timedelta(hours=24), hosts: tuple[str, ...] = ()) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        return authority.issue(key, Party.parse("example.org", path), now, lasts=lasts, hosts=hosts)

    return make
