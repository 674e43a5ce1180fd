"""`flowstate superlink`: accounts on the command line, settings in a file, and a server that needs all its parts."""

import json
import stat
from pathlib import Path

import pytest

from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import Registry
from flowstate_flower.superlink.accounts import AccountBook, Role, read_token
from flowstate_flower.superlink.document import SuperlinkDocument, read_document


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Registry.create(tmp_path / "operator").close()
    return tmp_path / "operator"


def test_an_account_is_added_listed_and_removed_and_its_token_is_in_a_file_alone(folder, capsys) -> None:
    assert run(["superlink", "account", "add", "alice", "--role", "runner", "--registry", str(folder)]) == 0
    path, book = folder / "superlink" / "alice.token", AccountBook(folder / "superlink" / "accounts.json")
    token = read_token(path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(book.path.stat().st_mode) == 0o600
    assert token not in capsys.readouterr().out
    assert token not in book.path.read_text()
    bearer = book.bearer_of(token)
    assert bearer is not None
    assert bearer.role is Role.RUNNER
    assert run(["superlink", "account", "list", "--registry", str(folder), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "alice", "role": "runner"}]
    assert run(["superlink", "account", "remove", "alice", "--registry", str(folder)]) == 0
    assert book.bearer_of(token) is None


@pytest.mark.parametrize("arguments", [["add", "alice"], ["remove", "bob"], ["add", "Alice Smith"]])
def test_an_account_that_cannot_be_is_one_line(folder, capsys, arguments) -> None:
    run(["superlink", "account", "add", "alice", "--registry", str(folder)])
    elsewhere = ["--token-file", str(folder / "new.token")] if arguments[0] == "add" else []
    assert run(["superlink", "account", *arguments, *elsewhere, "--registry", str(folder)]) == 2
    assert "hint:" in capsys.readouterr().err
    assert not (folder / "new.token").exists()


def test_accounts_that_others_can_read_know_nobody(folder) -> None:
    book = AccountBook(folder / "accounts.json")
    token = book.add("alice", Role.ADMIN)
    book.path.chmod(0o640)
    with pytest.raises(BadInput, match="can be read by others"):
        book.bearer_of(token)


def test_a_server_without_its_certificate_says_what_is_missing(folder, capsys) -> None:
    assert run(["superlink", "--registry", str(folder)]) == 2
    assert "flowstate pki init" in capsys.readouterr().err


def test_the_file_is_optional_and_a_misspelt_key_is_named(folder) -> None:
    assert read_document(folder) == SuperlinkDocument()
    (folder / "superlink.toml").write_text("[limits]\nobject_per_second = 5.0\n")
    with pytest.raises(BadInput, match="object_per_second") as refusal:
        read_document(folder)
    assert refusal.value.hint == "did you mean 'objects_per_second'?"


def test_flags_win_over_the_file_and_never_move_the_operators() -> None:
    document = SuperlinkDocument().listening_at("10.0.0.1", 1111, 2222, 3333)
    assert [str(a) for a in (document.tenants, document.operators, document.enrolment)] == [
        "10.0.0.1:1111",
        "127.0.0.1:2222",
        "10.0.0.1:3333",
    ]
