"""The operator's authority in a folder: `root.crt`, `issuer.crt`, `issuer.key`, `crl.pem` and `issued/`, and `root.key` or not.

The root signs issuers and is needed for nothing else: its key may lie elsewhere. Clients trust the root alone, so a new issuer
touches nobody.
"""

import fcntl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.errors import BadInput
from flowstate_flower.pki.certificates import (
    BACKDATED,
    fingerprint,
    issuer_certificate,
    leaf_certificate,
    root_certificate,
    serial_of,
)
from flowstate_flower.pki.chains import verify
from flowstate_flower.pki.files import OWNERS_FOLDER, PrivateKey, pem, read_certificates, read_key, replace, write_key
from flowstate_flower.pki.names import Party, uris_of

ROOT, ROOT_KEY, ISSUER, ISSUER_KEY, LIST, ISSUED = "root.crt", "root.key", "issuer.crt", "issuer.key", "crl.pem", "issued"
LIST_LASTS = timedelta(days=7)
"""A server that finds an older list lets nobody in."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """One certificate that holds no more. `serial` is in hexadecimal."""

    serial: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnRoot:
    """A root that the operator has already. Its key signs the issuer, and is not kept here."""

    certificate: x509.Certificate
    key: PrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority whose issuer can sign."""

    folder: Path
    root: x509.Certificate
    issuer: x509.Certificate
    key: PrivateKey

    @classmethod
    def create(cls, folder: Path, domain: str, now: datetime, own: OwnRoot | None = None) -> "Authority":
        """A new authority for `domain` in a new folder, with an empty list. Raises `BadInput`."""
        if own is not None:
            _check_root(own, now)
        try:
            folder.mkdir(mode=OWNERS_FOLDER)
            (folder / ISSUED).mkdir(mode=OWNERS_FOLDER)
        except OSError as error:
            raise BadInput(f"cannot make {folder}: {error.strerror}", hint="an authority is made once") from error
        if own is None:
            key = ec.generate_private_key(ec.SECP384R1())
            own = OwnRoot(root_certificate(key, domain, now), key)
            write_key(folder / ROOT_KEY, key)
        replace(folder / ROOT, pem([own.certificate]))
        made = cls._with_new_issuer(folder, own, domain, now)
        made.publish(tuple, now)
        return made

    @classmethod
    def open(cls, folder: Path, now: datetime) -> "Authority":
        """The authority in `folder`, able to issue at `now`. Raises `BadInput`."""
        (root,), (issuer,), key = (
            read_certificates(folder / ROOT),
            read_certificates(folder / ISSUER),
            read_key(folder / ISSUER_KEY),
        )
        if key.public_key() != issuer.public_key():
            raise BadInput(f"{ISSUER} and {ISSUER_KEY} do not belong together", hint="flowstate pki rotate issuer")
        verify([issuer], root, now)
        return cls(folder, root, issuer, key)

    @classmethod
    def rotate(cls, folder: Path, root_key: PrivateKey, now: datetime) -> "Authority":
        """A new issuer under the same root. What the one before it issued goes on to hold. Raises `BadInput`."""
        (root,), (before,) = read_certificates(folder / ROOT), read_certificates(folder / ISSUER)
        own = OwnRoot(root, root_key)
        _check_root(own, now)
        return cls._with_new_issuer(folder, own, domain_of(before), now)

    @classmethod
    def _with_new_issuer(cls, folder: Path, own: OwnRoot, domain: str, now: datetime) -> "Authority":
        key = ec.generate_private_key(ec.SECP384R1())
        issuer = issuer_certificate(own.certificate, own.key, key.public_key(), domain, now)
        write_key(folder / ISSUER_KEY, key)
        replace(folder / ISSUER, pem([issuer]))
        return cls(folder, own.certificate, issuer, key)

    @property
    def domain(self) -> str:
        """The trust domain of everybody that it names."""
        return domain_of(self.issuer)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root in hexadecimal."""
        return fingerprint(self.root)

    def issue(
        self,
        public_key: ec.EllipticCurvePublicKey,
        party: Party,
        now: datetime,
        *,
        lasts: timedelta,
        hosts: Sequence[str] = (),
    ) -> x509.Certificate:
        """A certificate for `party` on its public key. Raises `BadInput` where the issuer would end before it."""
        if party.domain != self.domain:
            raise BadInput(f"{party.uri} is of another trust domain than {self.domain}", hint="each domain has its authority")
        if lasts <= timedelta(0) or now + lasts > self.issuer.not_valid_after_utc:
            ends = f"{self.issuer.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
            raise BadInput(
                f"a certificate for {lasts} would not end before its issuer, at {ends}", hint="flowstate pki rotate issuer"
            )
        return leaf_certificate(self.issuer, self.key, public_key, party, hosts, now, now + lasts)

    def keep(self, leaf: x509.Certificate) -> None:
        """Store what was issued under its serial."""
        replace(self.folder / ISSUED / f"{serial_of(leaf)}.pem", pem([leaf]))

    def chain(self, leaf: x509.Certificate) -> bytes:
        """The leaf and its issuer in PEM: what is shown to the other side, which has the root."""
        return pem([leaf, self.issuer])

    def publish(self, revoked: Callable[[], Iterable[Revoked]], now: datetime) -> None:
        """Write the list anew. `revoked` is called while nobody else writes it, so that no later list knows less."""
        with self._alone():
            built = x509.CertificateRevocationListBuilder().issuer_name(self.issuer.subject)
            built = built.last_update(now - BACKDATED).next_update(min(now + LIST_LASTS, self.issuer.not_valid_after_utc))
            built = built.add_extension(x509.CRLNumber(int(now.timestamp() * 1e6)), critical=False)
            for entry in revoked():
                one = x509.RevokedCertificateBuilder().serial_number(int(entry.serial, 16)).revocation_date(entry.at)
                built = built.add_revoked_certificate(one.build())
            listed = built.sign(self.key, hashes.SHA384()).public_bytes(serialization.Encoding.PEM)
            replace(self.folder / LIST, listed + pem([self.issuer]))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def domain_of(issuer: x509.Certificate) -> str:
    """The trust domain that an issuer of ours signs for. Raises `BadInput` where it is none of ours."""
    uris = uris_of(issuer)
    if len(uris) != 1 or not uris[0].startswith("spiffe://"):
        raise BadInput(f"{ISSUER} names no trust domain", hint="flowstate pki init makes one that does")
    return uris[0].removeprefix("spiffe://")


def _check_root(own: OwnRoot, now: datetime) -> None:
    """Raise `BadInput` unless the certificate is a root that may stand above an issuer, and the key is its key."""
    certificate, who = own.certificate, own.certificate.subject.rfc4514_string()
    if own.key.public_key() != certificate.public_key():
        raise BadInput(f"the key is not that of {who}", hint="the authority's certificate and its own key")
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise BadInput(f"{who} is not a root: somebody else issued it", hint="clients trust a root") from error
    verify([certificate], certificate, now)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    if constraints.path_length == 0:
        raise BadInput(f"{who} lets no issuer stand below it", hint="a root with a path length of 1 or more, or none")
