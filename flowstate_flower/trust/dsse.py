"""Signed envelopes: DSSE v1 (https://github.com/secure-systems-lab/dsse), Ed25519, one signature.

The signature covers the type and the exact payload bytes, so nothing is parsed before it is verified and nothing is
serialised again afterwards.
"""

import base64
import binascii
import json
from dataclasses import dataclass

from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.keys import PublicKey, SigningKey

MAX_ENVELOPE_BYTES = 16_384


class MalformedEnvelope(ValueError):
    """Bytes that are not a DSSE envelope with exactly one signature."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, its type, and who signed it. `keyid` is a hint only: verification never trusts it."""

    payload_type: str
    payload: bytes
    signature: bytes
    keyid: str

    def to_bytes(self) -> bytes:
        """The JSON form that travels and is stored."""
        signature = {"keyid": self.keyid, "sig": _b64(self.signature)}
        return canonical({"payloadType": self.payload_type, "payload": _b64(self.payload), "signatures": [signature]})

    @classmethod
    def parse(cls, data: bytes) -> "Envelope":
        """The envelope in `data`. Raises `MalformedEnvelope`; the size is checked before anything is parsed."""
        if len(data) > MAX_ENVELOPE_BYTES:
            raise MalformedEnvelope(f"{len(data)} bytes, at most {MAX_ENVELOPE_BYTES} are read")
        try:
            body = json.loads(data)
            (signature,) = body["signatures"]
            payload_type, keyid = body["payloadType"], signature["keyid"]
            payload, raw = _unb64(body["payload"]), _unb64(signature["sig"])
        except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
            raise MalformedEnvelope(f"not a DSSE envelope with one signature: {error}") from error
        if not isinstance(payload_type, str) or not isinstance(keyid, str):
            raise MalformedEnvelope("payloadType and keyid are text")
        return cls(payload_type, payload, raw, keyid)

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether `key` signed exactly this payload under exactly this type."""
        return key.verifies(self.signature, pae(self.payload_type, self.payload))


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload_type: str, payload: bytes, key: SigningKey) -> Envelope:
    """Sign `payload` as `payload_type`."""
    return Envelope(payload_type, payload, key.sign(pae(payload_type, payload)), key.public.text[:16])


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
