"""Who is at the other end of a connection, and whether it may still be there.

A certificate is checked when a connection begins. Here it is checked again, every half second for as long as the connection
lasts: who was revoked or suspended, or whose certificate ended, is disconnected. What cannot be read lets nobody in.
"""

import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from flowstate_flower.pki import tenant_of
from flowstate_flower.superlink.events import Kind, Tally
from flowstate_flower.superlink.roll import Revocations, Roll

FRESH_SECONDS = 1.5
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Peer:
    """What a client certificate says, whose chain TLS has verified. `not_after` is in seconds since 1970."""

    tenant: str
    serial: int
    not_after: float


class Connection(Protocol):
    """A live connection of a tenant."""

    peer: Peer | None

    def hang_up(self) -> None:
        """End it now, whatever it is doing."""


def peer_of(certificate: bytes, trust_domain: str) -> Peer | None:
    """The tenant that a DER certificate names with `spiffe://DOMAIN/tenant/NAME`; None where it names none, or several."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
    except ValueError:
        return None
    tenant = tenant_of(parsed, trust_domain)
    return None if tenant is None else Peer(tenant, parsed.serial_number, parsed.not_valid_after_utc.timestamp())


class Standing:
    """What stands against a peer at this moment. Blocks on the registry: asked in a thread, remembered for `FRESH_SECONDS`."""

    def __init__(self, roll: Roll, revocations: Revocations, clock: Callable[[], float] = time.time) -> None:
        self._roll, self._revocations, self._clock = roll, revocations, clock
        self._fresh: dict[Peer, tuple[float, Kind | None]] = {}

    def remembered(self, peer: Peer) -> tuple[Kind | None] | None:
        """What stands against `peer` in a tuple, None where that is not known or too old."""
        found = self._fresh.get(peer)
        return (found[1],) if found is not None and found[0] > self._clock() else None

    def objection(self, peer: Peer) -> Kind | None:
        """What stands against `peer`, asked now."""
        found = self._asked(peer)
        self._fresh[peer] = (self._clock() + FRESH_SECONDS, found)
        return found

    def refresh(self, peers: Collection[Peer]) -> None:
        """Ask for all that are connected, and forget who is not."""
        for gone in self._fresh.keys() - set(peers):
            self._fresh.pop(gone, None)
        with suppress(Exception):  # asked at once for all; what fails is told below, for each
            self._roll.active({peer.tenant for peer in peers})
        for peer in peers:
            self.objection(peer)

    def _asked(self, peer: Peer) -> Kind | None:
        if peer.not_after <= self._clock():
            return Kind.EXPIRED_CERTIFICATE
        try:
            if self._revocations.is_revoked(peer.serial):
                return Kind.REVOKED_CERTIFICATE
        except Exception:
            log.exception("the list of revoked certificates cannot be read: nobody is let in")
            return Kind.UNREADABLE_REVOCATIONS
        try:
            return None if peer.tenant in self._roll.active([peer.tenant]) else Kind.SUSPENDED_TENANT
        except Exception:
            log.exception("the registry cannot be read: nobody is let in")
            return Kind.UNREADABLE_REGISTRY


class Connections:
    """All connections of tenants. Used by the event loop alone."""

    def __init__(self, standing: Standing, tally: Tally) -> None:
        self._standing, self._tally = standing, tally
        self.live: set[Connection] = set()

    def peers(self) -> set[Peer]:
        """Who is connected."""
        return {connection.peer for connection in self.live if connection.peer is not None}

    def hang_up_on_all(self, kind: Kind) -> None:
        """Nobody stays where nobody can be asked about."""
        for connection in list(self.live):
            self._tally.note(kind, connection.peer.tenant if connection.peer else None, "disconnected")
            connection.hang_up()

    def sweep(self) -> None:
        """Hang up on everybody against whom something stands."""
        for connection in list(self.live):
            found = None if connection.peer is None else self._standing.remembered(connection.peer)
            if connection.peer is not None and found is not None and found[0] is not None:
                self._tally.note(found[0], connection.peer.tenant, "disconnected")
                connection.hang_up()
