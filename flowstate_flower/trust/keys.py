"""Ed25519 keys (RFC 8032) and the files they live in."""

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from flowstate_flower.errors import BadInput

OWNER_ONLY = 0o600


class PublicKey:
    """Half of a pair that everybody may know. `text` is its 32 raw bytes in hexadecimal."""

    def __init__(self, text: str) -> None:
        try:
            self._key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
        except ValueError as error:
            raise BadInput(f"not an Ed25519 public key: {text[:80]!r}", hint="64 hexadecimal digits are expected") from error
        self.text = text.lower()

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` over `message` was made with the other half."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    @classmethod
    def read(cls, path: Path) -> "PublicKey":
        """The key in a text file. Raises `BadInput` where there is none."""
        try:
            return cls(path.read_text(encoding="ascii").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"cannot read the public key {path}", hint="pass the operator's operator.pub") from error


class SigningKey:
    """The secret half. It is never printed, and its file is readable by its owner alone."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes_raw().hex())

    @classmethod
    def generate(cls) -> "SigningKey":
        """A new key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, path: Path) -> "SigningKey":
        """The key in `path`. Raises `BadInput` if others may read the file or it holds no key."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise BadInput(f"{path} can be read by others (mode {mode:04o})", hint=f"chmod 600 {path}")
            return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text(encoding="ascii").strip())))
        except (OSError, ValueError) as error:
            raise BadInput(f"cannot read the signing key {path}", hint="restore it, or enrol with a new one") from error

    def write(self, path: Path) -> None:
        """Store the key in a new file of mode 0600. Never overwrites: a key that exists is somebody's."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        except OSError as error:
            raise BadInput(f"cannot create the signing key {path}", hint=str(error.strerror)) from error
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(self._key.private_bytes_raw().hex() + "\n")

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`."""
        return self._key.sign(message)
