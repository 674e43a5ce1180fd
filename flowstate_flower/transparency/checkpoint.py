"""A signed head of a log, as a C2SP tlog-checkpoint in a C2SP signed-note: text that a person and a program can read."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from flowstate_flower.trust.keys import PublicKey, SigningKey

ED25519 = b"\x01"
SIGNATURE_PREFIX = "\u2014 "


class BadCheckpoint(ValueError):
    """A note that is malformed, about another log, or not signed by the operator."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Says that the log `origin` has `size` entries and this root."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The signed text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, key: SigningKey) -> str:
        """The whole note: body, blank line, one signature line."""
        body = self.body()
        blob = key_hash(self.origin, key.public) + key.sign(body.encode())
        return f"{body}\n{SIGNATURE_PREFIX}{self.origin} {base64.b64encode(blob).decode()}\n"


def key_hash(name: str, key: PublicKey) -> bytes:
    """The four bytes by which a note names a key: SHA-256(name ‖ LF ‖ 0x01 ‖ public key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + bytes.fromhex(key.text)).digest()[:4]


def verified(note: str, origin: str, key: PublicKey) -> Checkpoint:
    """The checkpoint in `note`. Raises `BadCheckpoint` unless `key` signed it under the name `origin`."""
    body, separator, signatures = note.partition("\n\n")
    if not separator:
        raise BadCheckpoint("no signature")
    signed = (body + "\n").encode()
    for line in signatures.splitlines():
        name, _, text = line.removeprefix(SIGNATURE_PREFIX).rpartition(" ")
        if line.startswith(SIGNATURE_PREFIX) and name == origin and _signed(signed, text, name, key):
            return _parse(body, origin)
    raise BadCheckpoint("not signed by the operator's key")


def _signed(body: bytes, text: str, name: str, key: PublicKey) -> bool:
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return blob[:4] == key_hash(name, key) and key.verifies(blob[4:], body)


def _parse(body: str, origin: str) -> Checkpoint:
    try:
        name, size, root = body.split("\n")
        checkpoint = Checkpoint(name, int(size), base64.b64decode(root, validate=True))
    except ValueError as error:
        raise BadCheckpoint("not an origin, a size and a root") from error
    if name != origin:
        raise BadCheckpoint(f"a checkpoint of {name!r}, not of {origin!r}")
    return checkpoint
