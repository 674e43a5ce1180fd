"""New keys for old ones: everything stays readable, killed at any batch it goes on, and the old key is gone."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import select

from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry import Registry, audit, keys, tenants, views
from flowstate_flower.registry.tables import RejectionRow
from flowstate_flower.registry.tenancy_tables import DataKeyRow
from flowstate_flower.registry.vault import Vault
from flowstate_flower.trust.encryption import LocalKeys, WrongKey, decrypted, encrypted, new_key

KILLED_AT_A_BATCH = """
import os, signal, sys
from pathlib import Path
from flowstate_flower.registry import Registry, keys
registry = Registry.open(Path(sys.argv[1]), to_write=True)
def die(done):
    if done >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "kek":
    keys.rotate_kek(registry, actor="operator", batch=2, progress=die)
else:
    keys.renew_data_key(registry, sys.argv[2], actor="operator", batch=1, progress=die)
"""


def killed(folder: Path, what: str, at: int) -> None:
    child = subprocess.run([sys.executable, "-c", KILLED_AT_A_BATCH, str(folder), what, str(at)], check=False, timeout=60)
    assert child.returncode == -signal.SIGKILL


def texts(registry: Registry) -> dict[str, str | None]:
    """Every text that is encrypted, opened."""
    found: dict[str, str | None] = {}
    with registry.reading() as session:
        vault = Vault(session, registry.wrapper)
        for table in keys.SEALED:
            for row in session.exec(select(table)):
                found |= {f"{row.subject()} {column}": vault.open(row, column) for column in table.sealed}
    return found


def wrapped(registry: Registry) -> dict[tuple[str, int], str]:
    with registry.reading() as session:
        return {(row.tenant, row.number): row.wrapped for row in session.exec(select(DataKeyRow))}


def test_a_new_kek_wraps_every_data_key_and_the_old_one_leaves_the_file(recorded, on_disk) -> None:
    registry = recorded()
    before, old, file = texts(registry), wrapped(registry), registry.path.parent / "kek.key"
    kek = file.read_text()
    assert len(before) == 7 + 2 * 2 + 2
    assert keys.rotate_kek(registry, actor="operator") == 7
    assert file.read_text() != kek
    assert kek.strip() not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    registry = Registry.open(registry.path, to_write=True)
    assert texts(registry) == before
    assert not any(text.encode()[8:40] in on_disk(registry) for text in old.values())
    assert audit.verify(registry, registry.operator).verified
    assert sum(entry.kind == "data_key.rewrapped" for entry in views.audit_log(registry)) == 7


@pytest.mark.parametrize("at", [2, 6])
def test_a_kek_rotation_that_was_killed_is_finished_by_the_next(recorded, at: int) -> None:
    registry = recorded()
    before = texts(registry)
    registry.close()
    killed(registry.path.parent, "kek", at)
    half = Registry.open(registry.path, to_write=True)
    assert len((half.path.parent / "kek.key").read_text().split()) == 2
    assert texts(half) == before
    current = half.wrapper.current
    assert keys.rotate_kek(half, actor="operator") == 7 - at  # the new key that was made is the one that is used
    done = Registry.open(registry.path, to_write=True)
    assert (done.wrapper.current, done.wrapper.others) == (current, ())
    assert texts(done) == before
    assert audit.verify(done, done.operator).verified
    assert [path.name for path in done.path.parent.glob(".*")] == []


def test_a_server_that_runs_through_a_rotation_goes_on(recorded, voice) -> None:
    registry = recorded()
    running = Registry.open(registry.path, to_write=True)
    keys.rotate_kek(registry, actor="operator")
    assert tenants.show(running, "tenant-0").contact == "somebody@example.org"
    tenants.request(running, voice("new").request(contact="me"), actor="operator")
    assert tenants.show(Registry.open(registry.path, to_write=True), "new").contact == "me"


def test_a_kek_from_the_environment_rotates_by_putting_a_new_one_first(recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = recorded()
    before = texts(registry)
    old = (registry.path.parent / "kek.key").read_text().strip()
    (registry.path.parent / "kek.key").unlink()
    monkeypatch.setenv("FLOWSTATE_KEK", old)
    opened = Registry.open(registry.path, to_write=True)
    assert texts(opened) == before
    with pytest.raises(BadInput, match="holds one key"):
        keys.rotate_kek(opened, actor="operator")
    new = new_key().hex()
    monkeypatch.setenv("FLOWSTATE_KEK", f"{new},{old}")
    assert keys.rotate_kek(Registry.open(registry.path, to_write=True), actor="operator") == 7
    monkeypatch.setenv("FLOWSTATE_KEK", new)
    assert texts(Registry.open(registry.path, to_write=True)) == before
    monkeypatch.setenv("FLOWSTATE_KEK", "not a key")
    with pytest.raises(BadInput, match="FLOWSTATE_KEK holds no key-encryption key"):
        Registry.open(registry.path, to_write=True)


def test_a_kek_may_live_in_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, create) -> None:
    monkeypatch.setenv("FLOWSTATE_KEK_FILE", str(tmp_path / "elsewhere.key"))
    create(tmp_path / "registry").close()
    assert (tmp_path / "elsewhere.key").exists()
    assert not (tmp_path / "registry" / "kek.key").exists()
    assert Registry.open(tmp_path / "registry", to_write=True).wrapper is not None


def test_a_new_data_key_encrypts_a_tenants_texts_and_nobody_elses(recorded, on_disk) -> None:
    registry = recorded()
    before, old = texts(registry), wrapped(registry)
    assert keys.renew_data_key(registry, "tenant-5", actor="operator") == 3  # two refusals and the request
    after = wrapped(registry)
    assert after.pop(("tenant-5", 2))
    assert after.pop(("tenant-5", 1)) == ""
    assert after == {name: text for name, text in old.items() if name != ("tenant-5", 1)}
    assert texts(registry) == before
    assert old["tenant-5", 1].encode()[8:40] not in on_disk(registry)
    assert audit.verify(registry, registry.operator).verified
    keys.renew_data_key(registry, "tenant-5", actor="operator")
    assert texts(registry) == before


@pytest.mark.parametrize("at", [1, 3])
def test_a_data_key_rotation_that_was_killed_is_finished_by_the_next(recorded, at: int) -> None:
    registry = recorded()
    before = texts(registry)
    registry.close()
    killed(registry.path.parent, "tenant-5", at)
    half = Registry.open(registry.path, to_write=True)
    assert texts(half) == before
    assert audit.verify(half, half.operator).verified
    assert keys.renew_data_key(half, "tenant-5", actor="operator") == 3 - at
    assert {name for name, text in wrapped(half).items() if text and name[0] == "tenant-5"} == {("tenant-5", 2)}
    assert texts(half) == before
    assert audit.verify(half, half.operator).verified


def test_only_living_tenants_get_a_new_key(recorded) -> None:
    registry = recorded()
    with pytest.raises(UnknownName, match="unknown tenant"):
        keys.renew_data_key(registry, "tenant-99", actor="operator")
    tenants.move(registry, "tenant-5", tenants.Status.SUSPENDED, actor="operator")
    tenants.remove(registry, "tenant-5", actor="operator")
    with pytest.raises(BadInput, match="has no data key any more"):
        keys.renew_data_key(registry, "tenant-5", actor="operator")
    assert keys.rotate_kek(registry, actor="operator") == 6


def test_nothing_that_is_listed_as_encrypted_is_on_disk_in_plain(recorded, on_disk) -> None:
    registry = recorded()
    plain = {text for text in texts(registry).values() if text}
    registry.close()
    content = on_disk(registry)
    assert not [text for text in plain if len(text) > 3 and text.encode() in content]
    with registry.reading() as session:
        assert all(re.fullmatch(r"v1\.1\.[\w+/]+=*", row.detail) for row in session.exec(select(RejectionRow)))


def test_a_nonce_is_never_used_twice_and_every_bit_counts() -> None:
    key = new_key()
    assert len({encrypted(key, b"the same", b"there")[:16] for _ in range(1000)}) == 1000
    text = encrypted(key, b"secret", b"there")
    assert decrypted(key, text, b"there") == b"secret"
    for wrong in (
        (new_key(), text, b"there"),
        (key, text, b"elsewhere"),
        (key, "AAAA" + text[4:], b"there"),
        (key, "", b"there"),
    ):
        with pytest.raises(WrongKey):
            decrypted(*wrong)


def test_keys_of_a_kms_need_not_be_in_this_process(recorded) -> None:
    """Whatever wraps and unwraps will do: the registry never asks for the key itself."""
    registry = recorded()

    class Kms:
        def __init__(self, inner: LocalKeys) -> None:
            self._inner, self.asked = inner, 0

        @property
        def current(self) -> str:
            return self._inner.current

        def wrap(self, data_key: bytes, about: bytes) -> str:
            return self._inner.wrap(data_key, about)

        def unwrap(self, kek: str, wrapped: str, about: bytes) -> bytes:
            self.asked += 1
            return self._inner.unwrap(kek, wrapped, about)

    from dataclasses import replace

    kms = Kms(registry.wrapper)
    remote = replace(registry, wrapper=kms)
    assert tenants.show(remote, "tenant-0").contact == "somebody@example.org"
    assert kms.asked == 1
