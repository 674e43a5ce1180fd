"""Cosignatures: a second party says that it saw a checkpoint, and that it extends all that this party saw before.

The lines are C2SP tlog-cosignature, version 1: Ed25519 over the checkpoint and the time.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from flowstate_flower.transparency.checkpoint import SIGNATURE_PREFIX, BadCheckpoint, Checkpoint
from flowstate_flower.transparency.proofs import is_consistent
from flowstate_flower.trust.keys import PublicKey, SigningKey

COSIGNATURE_V1 = b"\x04"
BLOB_BYTES = 4 + 8 + 64


class NotAnExtension(BadCheckpoint):
    """A checkpoint that does not extend the last one seen: a fork, a log that was cut back, or a proof that does not fit."""


@dataclass(frozen=True, slots=True)
class Cosignature:
    """One line of a note: `name` is whoever signed calls itself, `at` is seconds since 1970 by its clock."""

    name: str
    at: int
    signature: bytes
    key_id: bytes

    def is_by(self, key: PublicKey, checkpoint: Checkpoint) -> bool:
        """Whether `key` cosigned exactly this checkpoint."""
        if self.name != witness_name(key) or self.key_id != _key_id(key):
            return False
        return key.verifies(self.signature, _message(checkpoint, self.at))

    def line(self) -> str:
        """The signature line of the note."""
        blob = self.key_id + self.at.to_bytes(8, "big") + self.signature
        return f"{SIGNATURE_PREFIX}{self.name} {base64.b64encode(blob).decode()}\n"


def witness_name(key: PublicKey) -> str:
    """The name under which a key cosigns."""
    return f"flowstate-witness/{key.text[:16]}"


def cosign(checkpoint: Checkpoint, key: SigningKey, at: int) -> Cosignature:
    """Sign `checkpoint` as seen at `at`. Only for a checkpoint that passed `extends`."""
    return Cosignature(witness_name(key.public), at, key.sign(_message(checkpoint, at)), _key_id(key.public))


def extends(last: Checkpoint | None, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Nothing where `new` extends `last`, or nothing was seen before. Raises `NotAnExtension`."""
    if last is None:
        return
    if new.origin != last.origin:
        raise NotAnExtension(f"a checkpoint of {new.origin}, after one of {last.origin}")
    if new.size < last.size:
        raise NotAnExtension(f"the log was cut back: {last.size} entries were seen, the checkpoint has {new.size}")
    if new.size == last.size and new.root != last.root:
        raise NotAnExtension(f"a fork: another log of the same {new.size} entries was seen before")
    if not is_consistent(last.size, last.root, new.size, new.root, () if new.size == last.size else proof):
        raise NotAnExtension(f"no proof that it extends the {last.size} entries that were seen before")


def cosignatures(note: str) -> list[Cosignature]:
    """The lines of `note` that have the form of a cosignature; who made them is not checked here."""
    found = []
    for line in note.partition("\n\n")[2].splitlines():
        name, _, text = line.removeprefix(SIGNATURE_PREFIX).rpartition(" ")
        try:
            blob = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if line.startswith(SIGNATURE_PREFIX) and len(blob) == BLOB_BYTES:
            found.append(Cosignature(name, int.from_bytes(blob[4:12], "big"), blob[12:], blob[:4]))
    return found


def _key_id(key: PublicKey) -> bytes:
    name = witness_name(key).encode()
    return hashlib.sha256(name + b"\n" + COSIGNATURE_V1 + bytes.fromhex(key.text)).digest()[:4]


def _message(checkpoint: Checkpoint, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{checkpoint.body()}".encode()
