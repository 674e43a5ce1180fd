"""What disks, servers and other people do to a database: one clear line each, and nothing is lost."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry import Registry, audit, rounds, views
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.places import parsed_url, place_of, without_password
from flowstate_flower.registry.tables import EvaluationRow

APPENDS = """
import sys
from flowstate_flower.registry import Registry, rounds
registry = Registry.open(sys.argv[1], to_write=True)
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    rounds.record_evaluation(registry, sys.argv[2], number, [("accuracy", 0.5), ("loss", 0.5)])
"""


def record(registry: Registry, events: int, number: int = 0) -> None:
    rounds.record_evaluation(registry, "run", number, [(f"m-{i}", float(i)) for i in range(events)])


def until_it_fails(registry: Registry) -> tuple[int, str]:
    """How many events were recorded before one was not, and what was said then."""
    for number in range(1000):
        try:
            record(registry, 50, number)
        except BrokenRegistry as error:
            return 50 * number, str(error)
    raise AssertionError("it never failed")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here; the test with max_page_count covers the same error of SQLite")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_is_full_loses_nothing(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = Registry.create(small_disk / "operator")
    recorded, said = until_it_fails(registry)
    assert re.search("cannot be written: .*(full|disk I/O)", said)
    assert len(said.splitlines()) == 1
    registry.close()
    again = Registry.open(small_disk / "operator")
    assert audit.verify(again, again.operator).findings == ()
    assert len(views.audit_log(again)) == recorded > 0
    assert run(["registry", "backup", str(small_disk / "copy"), "--registry", str(small_disk / "operator")]) in (2, 4)
    assert len(capsys.readouterr().err.splitlines()) <= 2
    assert not (small_disk / "copy").exists()


def test_a_database_that_may_not_grow_loses_nothing(tmp_path: Path) -> None:
    registry = Registry.create(tmp_path)
    with registry.engine.connect() as connection:
        pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())

    @event.listens_for(registry.engine, "connect")
    def _limit(connection, _record) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    registry.engine.dispose()
    recorded, said = until_it_fails(registry)
    assert "cannot be written: database or disk is full" in said
    assert audit.verify(registry, registry.operator).findings == ()
    assert len(views.audit_log(registry)) == recorded > 0


def test_a_disk_that_is_read_only_is_one_clear_line(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Registry.create(small_disk / "operator").close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for command in (["config", "set", "quotas.nodes", "3"], ["run", "list"], ["registry", "migrate"]):
        assert run([*command, "--registry", str(small_disk / "operator")]) in (0, 4)
        assert len(capsys.readouterr().err.splitlines()) <= 2
    assert run(["registry", "create", str(small_disk / "other")]) == 2
    assert "cannot write to" in capsys.readouterr().err


def test_a_file_that_may_only_be_read_is_one_clear_line(tmp_path: Path) -> None:
    registry = Registry.create(tmp_path)
    record(registry, 1)
    reader = Registry.open(tmp_path, to_write=True)

    @event.listens_for(reader.engine, "connect")
    def _forbid(connection, _record) -> None:
        connection.execute("PRAGMA query_only = ON")

    reader.engine.dispose()
    with pytest.raises(BrokenRegistry, match="cannot be written: attempt to write a readonly database"):
        record(reader, 1, 1)
    assert len(views.audit_log(registry)) == 1


@pytest.mark.slow
def test_two_servers_on_one_database_wait_for_each_other(create, tmp_path: Path) -> None:
    """Two processes on one file, or on one PostgreSQL: whatever both recorded is there, in one log."""
    create(tmp_path / "shared").close()
    command = [sys.executable, "-c", APPENDS, str(tmp_path / "shared")]
    servers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name in ("a", "b")
    ]
    for server in servers:
        assert server.stdout.readline() == "ready\n"
    for server in servers:
        server.stdin.write("go\n")
        server.stdin.flush()
    assert [server.wait(120) for server in servers] == [0, 0]
    registry = Registry.open(tmp_path / "shared")
    assert audit.verify(registry, registry.operator).findings == ()
    names = [entry.subject.split(":")[1].split("/")[0] for entry in views.audit_log(registry)]
    assert (names.count("a"), names.count("b")) == (50, 50)


def test_a_writer_that_waits_too_long_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowstate_flower.registry.engines.LOCK_SECONDS", 0.2)
    first, second = Registry.create(tmp_path), Registry.open(tmp_path, to_write=True)
    locked = pytest.raises(BrokenRegistry, match="cannot be written: database is locked")
    with first.engine.execution_options(writes=True).begin(), locked:
        record(second, 1)
    record(second, 1)
    assert len(views.audit_log(first)) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://nobody@127.0.0.1:9/none", "cannot be read"),
        ("postgresql+psycopg://nobody@/none?host=/nonexistent", "cannot be read"),
    ],
)
def test_a_server_that_cannot_be_reached_is_one_clear_line(
    url: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", "list", "--registry", url]) == 4
    error = capsys.readouterr().err
    assert said in error
    assert "check the server" in error
    assert "Traceback" not in error
    assert run(["registry", "create", str(tmp_path / "home"), "--database", url]) == 4
    assert not (tmp_path / "home" / "registry.url").exists()
    assert not (tmp_path / "home" / "operator.key").exists()


@pytest.mark.slow
def test_a_wrong_database_or_login_is_one_clear_line(server, capsys: pytest.CaptureFixture[str]) -> None:
    for url in (server.url("no_such_database"), server.url("postgres", "no_such_login")):
        assert run(["run", "list", "--registry", url]) == 4
        assert "does not exist" in capsys.readouterr().err
    assert run(["run", "list", "--registry", server.url("postgres")]) == 4
    assert "holds no registry" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("create", ["postgresql"], indirect=True)
def test_a_server_that_goes_away_loses_nothing(create, server, tmp_path: Path) -> None:
    registry = create(tmp_path)
    record(registry, 3)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"

    def interrupted() -> None:
        with desk(registry, actor="operator") as d:
            d.session.connection()
            server.sql(ended.format(registry.place.url.database))
            d.add(EvaluationRow(run="run", round=2, metric="accuracy", value=1.0))

    with pytest.raises(BrokenRegistry, match="cannot be written"):
        interrupted()
    record(registry, 3, 1)  # the next one finds a connection that lives
    assert audit.verify(registry, registry.operator).findings == ()
    assert len(views.audit_log(registry)) == 6


@pytest.mark.parametrize(
    "url", ["mysql://a@b/c", "postgresql", "x://", "postgresql+asyncpg://a@b/c", "postgresql://a@b:port/c"]
)
def test_what_is_no_url_of_ours_is_one_clear_error(url: str) -> None:
    with pytest.raises(BadInput):
        parsed_url(url)


@pytest.mark.parametrize("url", ["postgresql://me:hunter2@db/fl", "postgresql+psycopg://me@db/fl?password=hunter2"])
def test_a_password_is_never_an_argument_and_never_shown(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="does not belong in an argument"):
        without_password(url)
    assert run(["run", "list", "--registry", url]) == 2
    assert run(["registry", "create", str(tmp_path / "home"), "--database", url]) == 2
    assert "hunter2" not in capsys.readouterr().err
    assert "hunter2" not in place_of(url).name
    assert place_of(url).url.password == "hunter2"
    local = url.replace("@db", "@127.0.0.1:9")
    monkeypatch.setenv("FLOWSTATE_REGISTRY", local)
    assert run(["run", "list"]) == 4
    said = capsys.readouterr()
    assert "hunter2" not in said.err + said.out
    assert "***" in said.err
    with pytest.raises(BrokenRegistry):
        Registry.create(local, tmp_path / "made")
    assert not any("hunter2" in path.read_text() for path in (tmp_path / "made").glob("*"))


@pytest.mark.slow
def test_the_url_in_the_folder_holds_no_password(server, tmp_path: Path) -> None:
    url = server.new_database().replace("operator@", "operator:hunter2@")
    Registry.create(url, tmp_path / "made").close()
    assert "hunter2" not in (tmp_path / "made" / "registry.url").read_text()
    assert Registry.open(tmp_path / "made").place.url.password is None


def test_the_driver_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BadInput, match="driver is not installed") as raised:
        Registry.open("postgresql://a@127.0.0.1:9/c")
    assert "flowstate-flower[postgres]" in raised.value.hint


def test_files_of_a_registry_are_not_left_half_made(tmp_path: Path) -> None:
    """A folder with somebody's key in it: nothing is added, nothing is taken."""
    registry = Registry.create(tmp_path / "first")
    registry.close()
    (tmp_path / "second").mkdir()
    shutil.copy(tmp_path / "first" / "operator.key", tmp_path / "second" / "operator.key")
    with pytest.raises(BadInput, match="cannot create the signing key"):
        Registry.create(tmp_path / "second")
    assert [path.name for path in (tmp_path / "second").iterdir()] == ["operator.key"]
