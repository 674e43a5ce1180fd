"""A witness signs what extends what it saw, remembers it, and nothing else."""

import stat
from pathlib import Path

import pytest

from flowstate_flower.clients.witness import key_file, witness
from flowstate_flower.errors import BadInput
from flowstate_flower.transparency.checkpoint import BadCheckpoint, Checkpoint, verified
from flowstate_flower.transparency.merkle import Frontier, leaf_hash
from flowstate_flower.transparency.proofs import consistency_proof
from flowstate_flower.transparency.witness import NotAnExtension, cosignatures, witness_name
from flowstate_flower.trust.keys import SigningKey

ORIGIN = "flowstate-log/0123456789abcdef"
OPERATOR = SigningKey.generate()
LOG = [leaf_hash(b"%d" % i) for i in range(20)]
FORK = [*LOG[:5], leaf_hash(b"other"), *LOG[6:]]


def note(leaves: list[bytes], size: int, key: SigningKey = OPERATOR) -> str:
    return Checkpoint(ORIGIN, size, Frontier().extend(leaves[:size]).root()).sign(key)


def proof(leaves: list[bytes]):
    return lambda old, new: consistency_proof(lambda level, index: leaves if level == index == 0 else [], old.size, new.size)


def no_proof(old: Checkpoint, new: Checkpoint) -> list[bytes]:
    raise BadInput(f"a proof from {old.size} to {new.size} is needed")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    SigningKey.generate().write(tmp_path / "signing.key")
    return key_file(tmp_path)


def sign(key: Path, text: str, steps=no_proof, since: str | None = None, operator: SigningKey = OPERATOR) -> str:
    return witness(text, ORIGIN, operator.public, key, 1_800_000_000, since=since, steps=steps)


def test_the_note_gets_one_line_that_only_this_key_makes(key: Path) -> None:
    signed, public = sign(key, note(LOG, 5)), SigningKey.read(key).public
    (line,) = cosignatures(signed)
    checkpoint = verified(signed, ORIGIN, OPERATOR.public)
    assert (line.name, line.at, line.is_by(public, checkpoint)) == (witness_name(public), 1_800_000_000, True)
    assert not line.is_by(SigningKey.generate().public, checkpoint)
    assert not line.is_by(public, Checkpoint(ORIGIN, 6, checkpoint.root))
    assert signed.startswith(note(LOG, 5))


def test_the_signed_message_is_that_of_the_specification(key: Path) -> None:
    signed, secret = sign(key, note(LOG, 5)), SigningKey.read(key)
    (line,) = cosignatures(signed)
    body = signed.partition("\n\n")[0] + "\n"
    assert secret.public.verifies(line.signature, f"cosignature/v1\ntime 1800000000\n{body}".encode())


def test_it_follows_a_log_that_grows(key: Path) -> None:
    for size in (3, 4, 9, 9, 20):
        sign(key, note(LOG, size), proof(LOG))


def test_a_fork_is_not_signed(key: Path) -> None:
    """Neither at the same size, nor later with a proof of the fork, nor without one."""
    sign(key, note(LOG, 8))
    with pytest.raises(NotAnExtension, match="a fork"):
        sign(key, note(FORK, 8), proof(FORK))
    with pytest.raises(NotAnExtension, match="no proof"):
        sign(key, note(FORK, 12), proof(FORK))
    with pytest.raises(NotAnExtension, match="no proof"):
        sign(key, note(FORK, 12), lambda _old, _new: [])
    with pytest.raises(BadInput, match="a proof from 8 to 12"):
        sign(key, note(FORK, 12))
    sign(key, note(LOG, 12), proof(LOG))


def test_a_log_that_was_cut_back_is_not_signed(key: Path) -> None:
    sign(key, note(LOG, 8))
    with pytest.raises(NotAnExtension, match="cut back: 8 entries were seen"):
        sign(key, note(LOG, 7), proof(LOG))


def test_it_may_begin_from_what_was_kept_elsewhere_but_forgets_nothing(key: Path) -> None:
    with pytest.raises(NotAnExtension):
        sign(key, note(FORK, 12), proof(FORK), since=note(LOG, 8))
    sign(key, note(LOG, 12), proof(LOG), since=note(LOG, 8))
    with pytest.raises(NotAnExtension):
        sign(key, note(FORK, 13), proof(FORK), since=note(FORK, 8))


def test_only_what_the_operator_signed_is_cosigned(key: Path) -> None:
    with pytest.raises(BadCheckpoint, match="not signed by the operator"):
        sign(key, note(LOG, 5, SigningKey.generate()))
    assert not list(key.parent.glob("*.note"))


def test_the_memory_is_the_witnesss_alone_and_a_broken_one_stops_it(key: Path) -> None:
    sign(key, note(LOG, 5))
    (memory,) = key.parent.glob("*.note")
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in key.parent.iterdir())
    memory.write_text("nothing")
    with pytest.raises(BadCheckpoint):
        sign(key, note(LOG, 6), proof(LOG))
    memory.write_bytes(b"\xff")
    with pytest.raises(BadInput, match="cannot read"):
        sign(key, note(LOG, 6), proof(LOG))


def test_what_cannot_be_remembered_is_not_signed(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BadInput, match="No space left"):
        sign(key, note(LOG, 5))
    assert [path.name for path in key.parent.iterdir() if path.suffix in {".note", ".part"}] == []
