"""From a checkpoint to a proof to a witness, as an operator, a member and an auditor type it."""

import json
import shutil
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.cli.main import run
from flowstate_flower.registry import Registry, rounds
from flowstate_flower.trust.keys import SigningKey


@pytest.fixture
def folder(tmp_path: Path, voice) -> Path:
    """A registry with one tenant, whose home holds its key, and the operator's key as an auditor keeps it."""
    registry, key = Registry.create(tmp_path / "registry"), SigningKey.generate()
    wiring.admit(registry, voice("tenant-1", key).request())
    (tmp_path / "home").mkdir()
    key.write(tmp_path / "home" / "signing.key")
    shutil.copy(tmp_path / "registry" / "operator.pub", tmp_path / "kept.pub")
    registry.close()
    return tmp_path


def grow(folder: Path, number: int, value: float = 0.5) -> None:
    registry = Registry.open(folder / "registry", to_write=True)
    rounds.record_evaluation(registry, "run", number, [("accuracy", value)])
    registry.close()


class Typed:
    """Runs commands on the registry and keeps what they print."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys, self.error = folder, capsys, ""

    def __call__(self, *words: object, exits: int = 0, into: str = "", registry: bool = True) -> str:
        more = ["--registry", str(self.folder / "registry")] if registry else []
        code = run(["audit", *map(str, words), *more])
        said = self._capsys.readouterr()
        self.error = said.err
        assert code == exits, said.err
        if into:
            (self.folder / into).write_text(said.out)
        return said.out


@pytest.fixture
def typed(folder: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(folder, capsys)


def test_an_entry_is_proven_and_checked_without_the_registry(folder: Path, typed: Typed) -> None:
    grow(folder, 1)
    typed("checkpoint", into="kept.note")
    grow(folder, 2)
    typed("prove", "--entry", 1, into="new.json")
    typed("prove", "--entry", 1, "--checkpoint", folder / "kept.note", into="old.json")
    shutil.rmtree(folder / "registry")
    for name, size in (("new.json", 8), ("old.json", 7)):
        key = ("--operator-key", folder / "kept.pub")
        assert f"entry 1 of the log of {size} entries" in typed("check-proof", folder / name, *key, registry=False)
        document = json.loads((folder / name).read_text())
        assert (document["format"], document["kind"]) == ("flowstate-proof/1", "inclusion")
        changed = document | {"entry": document["entry"].replace("operator", "somebody")}
        (folder / "changed.json").write_text(json.dumps(changed))
        typed("check-proof", folder / "changed.json", *key, registry=False, exits=1)
        assert "not proven" in typed.error


def test_a_log_is_proven_to_begin_with_what_was_kept(folder: Path, typed: Typed) -> None:
    typed("checkpoint", into="kept.note")
    grow(folder, 1)
    typed("prove", "--from", folder / "kept.note", into="proof.json")
    key = ("--operator-key", folder / "kept.pub")
    assert "begins with the 6 it signed before" in typed("check-proof", folder / "proof.json", *key, registry=False)
    SigningKey.generate().write(folder / "other.key")
    (folder / "other.pub").write_text(SigningKey.read(folder / "other.key").public.text)
    typed("check-proof", folder / "proof.json", "--operator-key", folder / "other.pub", registry=False, exits=1)
    document = json.loads((folder / "proof.json").read_text())
    for bent in ({"proof": []}, {"earlier": document["checkpoint"], "checkpoint": document["earlier"]}):
        (folder / "bent.json").write_text(json.dumps(document | bent))
        typed("check-proof", folder / "bent.json", *key, registry=False, exits=1)


def test_a_member_witnesses_and_verification_says_so(folder: Path, typed: Typed) -> None:
    key = ("--key", folder / "home", "--operator-key", folder / "kept.pub")
    typed("checkpoint", into="first.note")
    typed("witness", folder / "first.note", *key, into="first.cosigned", registry=False)
    assert "witnessed by tenant-1: 6 entries" in typed("add-witness", folder / "first.cosigned")
    typed("add-witness", folder / "first.cosigned")
    typed("checkpoint", into="second.note")
    typed("witness", folder / "second.note", *key, exits=2, registry=False)
    assert "a proof from 6 to 7 entries is needed" in typed.error
    typed("prove", "--from", folder / "first.note", "--checkpoint", folder / "second.note", into="proof.json")
    typed("witness", folder / "second.note", *key, "--proof", folder / "proof.json", into="second.cosigned", registry=False)
    typed("add-witness", folder / "second.cosigned")
    said = typed("verify", "--operator-key", folder / "kept.pub", "--checkpoint", folder / "first.cosigned", "--models")
    assert "verified: 8 entries" in said
    assert "witnessed by tenant-1: 7 entries" in said


def test_a_witness_from_outside_is_known_by_its_key(folder: Path, typed: Typed) -> None:
    SigningKey.generate().write(folder / "outside.key")
    (folder / "outside.pub").write_text(SigningKey.read(folder / "outside.key").public.text)
    key = ("--key", folder / "outside.key", "--operator-key", folder / "kept.pub")
    typed("checkpoint", into="first.note")
    typed("witness", folder / "first.note", *key, into="cosigned.note", registry=False)
    typed("add-witness", folder / "cosigned.note", exits=2)
    assert "not a known witness" in typed.error
    assert "not witnessed by key" in typed("verify", "--witness-key", folder / "outside.pub")
    typed("add-witness", folder / "cosigned.note", "--witness-key", folder / "outside.pub")
    assert "witnessed by key" in typed("verify", "--witness-key", folder / "outside.pub")


def test_a_fork_is_neither_witnessed_nor_verified(folder: Path, typed: Typed) -> None:
    shutil.copytree(folder / "registry", folder / "before")
    grow(folder, 1, 0.9)
    typed("checkpoint", into="one.note")
    key = ("--key", folder / "home", "--operator-key", folder / "kept.pub")
    typed("witness", folder / "one.note", *key, registry=False)
    shutil.rmtree(folder / "registry")
    shutil.move(folder / "before", folder / "registry")
    assert "NOT VERIFIED: the log was cut back" in typed("verify", "--checkpoint", folder / "one.note", exits=1)
    grow(folder, 1, 0.1)
    typed("checkpoint", into="other.note")
    assert typed("witness", folder / "other.note", *key, exits=1, registry=False) == ""
    assert "not signed: a fork" in typed.error
    assert "NOT VERIFIED: a fork" in typed("verify", "--checkpoint", folder / "one.note", exits=1)
    typed("prove", "--from", folder / "one.note", exits=1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["prove"], "one of --entry and --from is needed"),
        (["prove", "--entry", "99"], "no entry 99 in a log of 6 entries"),
        (["prove", "--from", "missing"], "cannot read missing"),
        (["verify", "--checkpoint", "kept.pub"], "a kept checkpoint cannot be used: no signature"),
        (["add-witness", "kept.pub"], "kept.pub cannot be used: no signature"),
    ],
)
def test_mistakes_are_one_line(
    folder: Path, typed: Typed, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    typed(*words, exits=2)
    assert typed.error.startswith(f"error: {says}")


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "inclusion", "format": "flowstate-proof/2"}', "[" * 10_000])
def test_what_is_no_proof_is_one_line(folder: Path, typed: Typed, text: str) -> None:
    (folder / "bad.json").write_text(text)
    typed("check-proof", folder / "bad.json", "--operator-key", folder / "kept.pub", registry=False, exits=2)
    assert "is not a flowstate-proof/1" in typed.error
