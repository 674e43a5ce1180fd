"""The list of certificates that hold no more, as a server reads it. What cannot be read or trusted lets nobody in.

The file is a CRL (RFC 5280) and, behind it, the issuer that signed it, so that a new issuer and its first list arrive as one.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from flowstate_flower.errors import BadInput
from flowstate_flower.pki.chains import BadChain, verify

LARGEST_LIST = 64 << 20
WRITE = "flowstate pki publish writes it anew"


class UnreadableList(BadInput):
    """A list of revoked certificates that is not there, not whole, not the federation's, or too old."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list as it was verified: its number, which grows, the serials on it, and until when it may be believed."""

    number: int
    serials: frozenset[int]
    issued_at: datetime
    until: datetime


Stamp = tuple[int, int, int]


class Revocations:
    """Asks the file whether a certificate was revoked. It is read again when it has changed. Safe to use from threads."""

    def __init__(self, path: Path, root: x509.Certificate, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path, self._root, self._clock = path, root, clock
        self._lock = threading.Lock()
        self._read: tuple[Stamp, RevocationList] | None = None

    def is_revoked(self, serial: int) -> bool:
        """Whether the certificate with this serial number holds no more. Raises `UnreadableList` for every doubt."""
        with self._lock:
            return serial in self._newest().serials

    def _newest(self) -> RevocationList:
        try:
            stat = self._path.stat()
        except OSError as error:
            raise UnreadableList(f"cannot read {self._path}: {error.strerror}", hint=WRITE) from error
        stamp, now = (stat.st_mtime_ns, stat.st_size, stat.st_ino), self._clock()
        if self._read is None or self._read[0] != stamp:
            found = read_list(self._path, self._root, now)
            if self._read is not None and found.number < self._read[1].number:
                raise UnreadableList(f"{self._path} is older than what was read before", hint="somebody put a copy back")
            self._read = stamp, found
        newest = self._read[1]
        if now > newest.until:
            raise UnreadableList(f"{self._path} ended at {newest.until:%Y-%m-%d %H:%M} UTC", hint=WRITE)
        return newest


def read_list(path: Path, root: x509.Certificate, now: datetime) -> RevocationList:
    """The list in `path`, signed by an issuer under `root`. Raises `UnreadableList`."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_LIST)
        listed = x509.load_pem_x509_crl(data)
        (issuer,) = x509.load_pem_x509_certificates(data)
        number = listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except OSError as error:
        raise UnreadableList(f"cannot read {path}: {error.strerror}", hint=WRITE) from error
    except (ValueError, x509.ExtensionNotFound, UnsupportedAlgorithm) as error:
        raise UnreadableList(f"{path} is no list of revoked certificates", hint=WRITE) from error
    try:
        verify([issuer], root, now)
    except BadChain as error:
        raise UnreadableList(f"the issuer of {path}: {error}", hint=error.hint) from error
    signed = listed.issuer == issuer.subject and usage.crl_sign and listed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    if not signed:
        raise UnreadableList(f"{path} is not signed by its issuer", hint=WRITE)
    begins, until = listed.last_update_utc, listed.next_update_utc
    if until is None or now < begins or now > until:
        raise UnreadableList(f"{path} is not of this time", hint=f"check the clock, or {WRITE}")
    return RevocationList(number, frozenset(entry.serial_number for entry in listed), begins, until)
