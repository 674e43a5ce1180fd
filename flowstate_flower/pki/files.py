"""Certificates and keys in files: whole or not at all, and a key readable by its owner alone."""

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from flowstate_flower.errors import BadInput

OWNER_ONLY, FOR_ALL, OWNERS_FOLDER = 0o600, 0o644, 0o700
LARGEST_FILE = 1 << 20
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def replace(path: Path, data: bytes, mode: int = FOR_ALL) -> None:
    """Let `path` hold `data`: whoever reads it finds what was there before, or all of this. Raises `BadInput`."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}", hint="check the folder and the disk") from error


def write_key(path: Path, key: PrivateKey) -> None:
    """Store a key, unencrypted, readable by its owner alone."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    replace(path, key.private_bytes(*form), OWNER_ONLY)


def read_key(path: Path) -> PrivateKey:
    """The key in `path`. Raises `BadInput` where there is none of a kind that is used here, or others may read it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise BadInput(f"{path} can be read by others (mode {mode:04o})", hint=f"chmod 600 {path}")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise BadInput(f"cannot read the key {path}: {error.strerror}", hint="is it kept elsewhere?") from error
    except (ValueError, TypeError) as error:
        raise BadInput(f"{path} holds no key in PEM without a password", hint="openssl pkey") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise BadInput(f"{path} holds a key of another kind", hint="elliptic curves and RSA are used")
    return key


def read_certificates(path: Path) -> list[x509.Certificate]:
    """All certificates in a PEM file, in their order. Raises `BadInput`."""
    try:
        with path.open("rb") as file:
            return x509.load_pem_x509_certificates(file.read(LARGEST_FILE))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", hint="flowstate pki init") from error
    except ValueError as error:
        raise BadInput(f"{path} holds no certificate in PEM", hint="restore a copy") from error


def pem(certificates: Iterable[x509.Certificate]) -> bytes:
    """Certificates as PEM, one after the other."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)
