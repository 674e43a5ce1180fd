"""Bytes that are signed, keys that sign them, and everything that must not pass for a signature."""

import hashlib
import json
import stat
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from flowstate_flower.errors import BadInput
from flowstate_flower.trust.canonical import canonical, digest, model_digest
from flowstate_flower.trust.dsse import MAX_ENVELOPE_BYTES, Envelope, MalformedEnvelope, pae, seal
from flowstate_flower.trust.keys import PublicKey, SigningKey
from flowstate_flower.trust.statements import PresenceStatement, RefusalStatement, read, sign
from flowstate_flower.trust.terms import Terms

PRESENCE = PresenceStatement(tenant="a", node=7, nonce="0" * 32)


def test_canonical_bytes_are_pinned_for_ever() -> None:
    assert canonical({"b": 1.5, "a": ["é", None, True]}) == '{"a":["é",null,true],"b":1.5}'.encode()
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_without_a_json_form_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": bad})


def test_the_model_digest_is_pinned_for_ever() -> None:
    layers = [("w", np.arange(6, dtype="<f4").reshape(2, 3)), ("n", np.array(3, dtype="<i8"))]
    said = b"flowstate/model/v1\n"
    said += b'{"bytes":24,"dtype":"<f4","name":"w","shape":[2,3]}\n' + np.arange(6, dtype="<f4").tobytes()
    said += b'{"bytes":8,"dtype":"<i8","name":"n","shape":[]}\n' + b"\x03" + bytes(7)
    assert model_digest(layers) == hashlib.sha256(said).hexdigest()
    assert model_digest(layers) == "e04ec4bdaa261ce434b8647c4b68835adf8bbfd19a1398f21ab61aed9dd61fe0"


@pytest.mark.parametrize(
    "other",
    [
        [("v", np.zeros((2, 3), "f4"))],
        [("w", np.zeros((3, 2), "f4"))],
        [("w", np.zeros((2, 3), "i4"))],
        [("w", -np.zeros((2, 3), "f4"))],
        [("w", np.zeros((2, 3), "f4")), ("x", np.zeros(0, "f4"))],
    ],
    ids=["name", "shape", "dtype", "sign of zero", "one layer more"],
)
def test_whatever_differs_changes_the_model_digest(other: list[tuple[str, np.ndarray]]) -> None:
    assert model_digest(other) != model_digest([("w", np.zeros((2, 3), "f4"))])


def test_byte_order_and_memory_order_do_not_change_the_model_digest() -> None:
    rows = np.arange(6, dtype="<f4").reshape(2, 3)
    assert model_digest([("w", rows.astype(">f4"))]) == model_digest([("w", rows)])
    assert model_digest([("w", np.asfortranarray(rows))]) == model_digest([("w", rows)])


def test_what_is_signed_is_dsse_v1() -> None:
    """The example of the DSSE specification."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (b"DSSEv1 29 http://example.com/HelloWorld 11 hello world")


def test_an_envelope_survives_the_wire_and_is_verified_by_its_key_alone() -> None:
    key = SigningKey.generate()
    envelope = Envelope.parse(sign(PRESENCE, key).to_bytes())
    assert envelope.is_signed_by(key.public)
    assert not envelope.is_signed_by(SigningKey.generate().public)
    assert read(PresenceStatement, envelope) == PRESENCE


def test_a_signature_does_not_carry_over_to_another_type_or_payload() -> None:
    key = SigningKey.generate()
    envelope = seal("type/a", b"payload", key)
    assert not Envelope("type/b", b"payload", envelope.signature, "").is_signed_by(key.public)
    assert not Envelope("type/a", b"payloaD", envelope.signature, "").is_signed_by(key.public)
    assert not Envelope("type/a", b"payload", b"", "").is_signed_by(key.public)


def test_a_statement_is_not_read_as_another_kind() -> None:
    with pytest.raises(MalformedEnvelope, match="expected"):
        read(RefusalStatement, sign(PRESENCE, SigningKey.generate()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"payloadType":"a","payload":"!!","signatures":[{"keyid":"","sig":""}]}',
        b'{"payloadType":"a","payload":"","signatures":[]}',
        b'{"payloadType":"a","payload":"","signatures":[{"keyid":"","sig":""},{"keyid":"","sig":""}]}',
        b'{"payloadType":1,"payload":"","signatures":[{"keyid":"","sig":""}]}',
        b"[" * 10_000,
        b"x" * (MAX_ENVELOPE_BYTES + 1),
    ],
)
def test_malformed_envelopes_are_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(MalformedEnvelope):
        Envelope.parse(data)


def test_unknown_fields_of_a_statement_are_refused_without_echoing_them() -> None:
    key = SigningKey.generate()
    payload = json.dumps(PRESENCE.model_dump() | {"extra": "secret-value"}).encode()
    with pytest.raises(MalformedEnvelope, match="extra") as caught:
        read(PresenceStatement, seal(sign(PRESENCE, key).payload_type, payload, key))
    assert "secret-value" not in str(caught.value)


def test_terms_convert_nothing_in_silence() -> None:
    with pytest.raises(ValidationError):
        Terms.model_validate_json(b'{"protocol":"flowstate/2"}')
    with pytest.raises(ValidationError):
        PresenceStatement.model_validate_json(b'{"tenant":"a","node":"7","nonce":"' + b"0" * 32 + b'"}')


def test_a_key_file_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    key = SigningKey.generate()
    key.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SigningKey.read(path).public.text == key.public.text
    with pytest.raises(BadInput, match="cannot create"):
        SigningKey.generate().write(path)


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    SigningKey.generate().write(path)
    path.chmod(0o640)
    with pytest.raises(BadInput, match="can be read by others") as caught:
        SigningKey.read(path)
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize("text", ["", "zz", "00" * 31])
def test_what_is_not_a_key_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        PublicKey(text)
