"""Encryption at rest: AES-256-GCM under data keys, which are wrapped by key-encryption keys that somebody else may hold.

Nonces are 96 random bits of the operating system. What a ciphertext is about is its associated data: moved anywhere else, it
does not decrypt.
"""

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flowstate_flower.errors import BadInput
from flowstate_flower.trust.keys import OWNER_ONLY

KEY_BYTES, NONCE_BYTES = 32, 12


class WrongKey(Exception):
    """A text that this key did not encrypt, or that was encrypted about something else."""


def new_key() -> bytes:
    """An AES-256 key from the operating system's randomness."""
    return os.urandom(KEY_BYTES)


def encrypted(key: bytes, plaintext: bytes, about: bytes) -> str:
    """Nonce, ciphertext and tag in base64."""
    nonce = os.urandom(NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plaintext, about)).decode()


def decrypted(key: bytes, text: str, about: bytes) -> bytes:
    """The plaintext. Raises `WrongKey` where key, text or `about` is another."""
    try:
        data = base64.b64decode(text, validate=True)
        return AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], about)
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise WrongKey("not encrypted with this key for this place") from error


class KeyWrapper(Protocol):
    """Whoever holds the key-encryption keys: a file, the environment, or a KMS whose keys never leave it."""

    @property
    def current(self) -> str:
        """The id of the key that wraps from now on."""

    def wrap(self, data_key: bytes, about: bytes) -> str:
        """The data key, encrypted under the current key."""

    def unwrap(self, kek: str, wrapped: str, about: bytes) -> bytes:
        """The data key that key `kek` wrapped. Raises `BadInput` where that key is not at hand, or is not the one."""


class LocalKeys:
    """Key-encryption keys in this process. The first wraps; the others only unwrap what a rotation has not reached.

    Keys of a file are read again before one wraps, and where one is missing: somebody else may have rotated them.
    """

    def __init__(self, keys: list[bytes], source: str, file: Path | None = None) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise BadInput(f"{source} holds no key-encryption key", hint="64 hexadecimal digits on each line")
        self._keys = {key_id(key): key for key in keys}
        self._source, self._file = source, file

    @classmethod
    def parse(cls, text: str, source: str, file: Path | None = None) -> "LocalKeys":
        """Keys in hexadecimal, one on each line or between commas. `source` names where they came from, in complaints."""
        try:
            return cls([bytes.fromhex(word) for word in text.replace(",", " ").split()], source, file)
        except ValueError as error:
            raise BadInput(f"{source} holds no key-encryption key", hint="64 hexadecimal digits on each line") from error

    @classmethod
    def read(cls, path: Path) -> "LocalKeys":
        """The keys in a file. Raises `BadInput` where others may read it, or it holds none."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise BadInput(f"{path} can be read by others (mode {mode:04o})", hint=f"chmod 600 {path}")
            return cls.parse(path.read_text(encoding="ascii"), str(path), path)
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(
                f"cannot read the key-encryption key {path}", hint="restore it, or set FLOWSTATE_KEK_FILE"
            ) from error

    @classmethod
    def create(cls, path: Path) -> "LocalKeys":
        """A new key in a new file of mode 0600. Raises `FileExistsError`."""
        keys = cls([new_key()], str(path), path)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(keys._text())
        return keys

    @property
    def current(self) -> str:
        """See `KeyWrapper`."""
        return next(iter(self._keys))

    @property
    def others(self) -> tuple[str, ...]:
        """Ids of the keys that no longer wrap."""
        return tuple(self._keys)[1:]

    def wrap(self, data_key: bytes, about: bytes) -> str:
        """See `KeyWrapper`."""
        self._read_again()
        return encrypted(self._keys[self.current], data_key, about)

    def unwrap(self, kek: str, wrapped: str, about: bytes) -> bytes:
        """See `KeyWrapper`."""
        if kek not in self._keys:
            self._read_again()
        if kek not in self._keys:
            raise BadInput(f"the key-encryption key {kek} is not in {self._source}", hint="restore the one that was used")
        try:
            return decrypted(self._keys[kek], wrapped, about)
        except WrongKey as error:
            raise BadInput(f"a data key cannot be unwrapped with key {kek}", hint="its row was changed") from error

    def with_new(self) -> "LocalKeys":
        """The same keys, and a new one that wraps."""
        return LocalKeys([new_key(), *self._keys.values()], self._source, self._file)

    def without_others(self) -> "LocalKeys":
        """The current key alone."""
        return LocalKeys([self._keys[self.current]], self._source, self._file)

    def replace(self, path: Path) -> None:
        """Store the keys instead of those in `path`: the file is the old one or the new one, and never readable by others."""
        temporary = path.with_name(f".{path.name}.part")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(self._text())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def _read_again(self) -> None:
        if self._file is not None:
            self._keys = LocalKeys.read(self._file)._keys

    def _text(self) -> str:
        return "".join(f"{key.hex()}\n" for key in self._keys.values())


def key_id(key: bytes) -> str:
    """The name of a key-encryption key, from which nothing of the key follows."""
    return hashlib.sha256(b"flowstate/kek/v1\n" + key).hexdigest()[:16]
