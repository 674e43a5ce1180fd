"""Copies: taken while servers write, whole, verified before they are put anywhere, and the way from one database to another."""

import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry import Registry, audit, checking, rounds, safekeeping, tenants, views
from flowstate_flower.trust.keys import SigningKey

SQLITE, POSTGRESQL = "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[Registry], Path]:
    """The operator's keys, kept elsewhere."""

    def kept(registry: Registry) -> Path:
        folder = tmp_path / "safe"
        folder.mkdir()
        for name in ("operator.key", "kek.key"):
            shutil.copy(registry.path.parent / name, folder / name)
        return folder

    return kept


def told(registry: Registry) -> list[object]:
    return [views.audit_log(registry), views.tenants(registry), views.participation(registry, "run-1")]


@pytest.mark.parametrize("to", [SQLITE, POSTGRESQL])
def test_a_copy_is_the_registry_on_either_database(recorded, keys, tmp_path: Path, to: str, request) -> None:
    registry = recorded()
    assert safekeeping.backup(registry, tmp_path / "copy") == 2
    files = {path.name for path in (tmp_path / "copy").iterdir()}
    assert files == {"registry.db", "operator.pub", "models"}
    assert stat.S_IMODE((tmp_path / "copy" / "registry.db").stat().st_mode) == 0o600
    where = tmp_path / "new" if to == "sqlite" else request.getfixturevalue("server").new_database()
    home = None if to == "sqlite" else tmp_path / "new"
    verdict = safekeeping.restore(tmp_path / "copy", where, home=home, keys=keys(registry))
    moved = Registry.open(tmp_path / "new", to_write=True)
    assert (moved.place.url is None) is (to == "sqlite")
    assert told(moved) == told(registry)
    assert verdict.entries == audit.verify(moved, moved.operator).entries
    assert tenants.show(moved, "tenant-0").contact == "somebody@example.org"
    rounds.record_evaluation(moved, "run-1", 3, [("accuracy", 1.0)])  # and it goes on
    assert [check for check in checking.check(moved) if check.problems] == []
    assert not list(tmp_path.glob("**/.*.part"))


def test_a_copy_that_is_taken_while_servers_write_is_one_state(recorded, tmp_path: Path) -> None:
    registry = recorded()
    writer, stop = Registry.open(registry.path.parent, to_write=True), threading.Event()

    def write() -> None:
        number = 10
        while not stop.is_set():
            rounds.record_evaluation(writer, "run-1", number, [(f"m-{i}", float(i)) for i in range(20)])
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(3):
            safekeeping.backup(registry, tmp_path / f"copy-{number}")
    finally:
        stop.set()
        thread.join()
    for number in range(3):
        copy = Registry.open(tmp_path / f"copy-{number}")
        assert audit.verify(copy, registry.operator, audit.Against(models=True)).findings == ()
        copy.close()


def test_nothing_is_overwritten(recorded, tmp_path: Path) -> None:
    registry = recorded()
    safekeeping.backup(registry, tmp_path / "copy")
    with pytest.raises(BadInput, match="exists already"):
        safekeeping.backup(registry, tmp_path / "copy")
    before = told(registry)
    with pytest.raises(BadInput, match="exists already"):
        safekeeping.restore(tmp_path / "copy", registry.path.parent)
    if registry.place.url is not None:
        with pytest.raises(BadInput, match="holds a registry already"):
            safekeeping.restore(tmp_path / "copy", registry.place.url.render_as_string(), home=tmp_path / "other")
        assert not (tmp_path / "other" / "registry.url").exists()
    assert told(registry) == before


@pytest.mark.parametrize("create", ["sqlite"], indirect=True)
@pytest.mark.parametrize("harm", ["row", "model", "signer", "keys", "empty"])
def test_what_does_not_verify_is_not_restored(recorded, raw, tmp_path: Path, harm: str) -> None:
    registry = recorded()
    copy = tmp_path / "copy"
    safekeeping.backup(registry, copy)
    operator = kept = None
    if harm == "row":
        raw(Registry.open(copy), "update contribution set share = 0.99 where tenant = 'tenant-0'")
    elif harm == "model":
        next((copy / "models").iterdir()).write_bytes(b"not the one")
    elif harm == "signer":
        operator = SigningKey.generate().public
    elif harm == "keys":
        kept = tmp_path / "keys"
        kept.mkdir()
        SigningKey.generate().write(kept / "operator.key")
    else:
        (copy / "registry.db").unlink()
    with pytest.raises((BrokenRegistry, BadInput), match=r"does not verify|another operator's|not a copy"):
        safekeeping.restore(copy, tmp_path / "new", operator=operator, keys=kept)
    assert not (tmp_path / "new").exists() or list((tmp_path / "new").iterdir()) == []


def test_check_finds_what_is_wrong(recorded, raw, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = recorded()
    assert run(["registry", "check", "--registry", str(registry.path.parent)]) == 0
    raw(registry, "update contribution set share = 0.99 where tenant = 'tenant-0'")
    next((registry.path.parent / "models").iterdir()).unlink()
    (registry.path.parent / "operator.pub").write_text(SigningKey.generate().public.text)
    found = {check.what: check.problems for check in checking.check(registry)}
    assert any("contribution:run-1/1/tenant-0 is not as entry" in problem for problem in found["log and models"])
    assert any("no model at" in problem for problem in found["log and models"])
    assert found["keys"] == ("operator.key and operator.pub do not belong together",)
    assert run(["registry", "check", "--registry", str(registry.path.parent), "--format", "json"]) == 1
    assert '"problems"' in capsys.readouterr().out


@pytest.mark.parametrize("create", ["sqlite"], indirect=True)
def test_check_finds_pages_that_are_broken(recorded) -> None:
    registry = recorded()
    registry.close()
    content = bytearray(registry.path.read_bytes())
    content[-6000:-4500] = b"\xff" * 1500
    registry.path.write_bytes(bytes(content))
    assert any(check.problems for check in checking.check(Registry.open(registry.path.parent)))


def test_the_commands_say_what_they_did(recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = recorded().path.parent
    assert run(["registry", "backup", str(tmp_path / "copy"), "--registry", str(folder)]) == 0
    assert "2 models" in capsys.readouterr().out
    assert run(["registry", "restore", str(tmp_path / "copy"), str(tmp_path / "new"), "--keys", str(folder)]) == 0
    assert "entries verified" in capsys.readouterr().out
    assert run(["registry", "check", "--registry", str(tmp_path / "new")]) == 0
    assert run(["registry", "migrate", "--registry", str(tmp_path / "new")]) == 0
