"""Registries that older versions wrote, with all that was in them, become ones of today.

`version-1/` to `version-4/` are their dumps, keys and models.
"""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel, col, select

from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.privacy import Accountant, GaussianRelease
from flowstate_flower.registry import Registry, audit, consents, releases, upgrading, views
from flowstate_flower.registry.audit import Against
from flowstate_flower.registry.schema import SCHEMA_VERSION, TABLES
from flowstate_flower.registry.tables import ConsentRow, PrivacyEventRow, RefusalRow
from flowstate_flower.registry.tenancy_tables import PlaceRow
from flowstate_flower.registry.vault import Vault

OF_DEPLOYMENT = ("ticket", "certificate", "server_event", "run_spec", "run_attempt", "round_state")


def left_by(version: int, folder: Path) -> Path:
    """`folder`, with a registry as this version left it."""
    name = f"version-{version}"
    shutil.copytree(Path(__file__).with_name(name), folder)
    for key in folder.glob("*.key"):
        key.chmod(0o600)
    with sqlite3.connect(folder / "registry.db") as connection:
        connection.executescript((folder / f"{name}.sql").read_text())
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a registry as version 1 left it: seven tenants, two rounds, a refusal, a rejection and a withdrawal."""
    return left_by(1, tmp_path / "old")


def test_an_old_registry_is_named_and_left_alone(old: Path) -> None:
    with pytest.raises(BrokenRegistry, match=f"schema 1, this version reads {SCHEMA_VERSION}") as raised:
        Registry.open(old)
    assert raised.value.hint == "flowstate registry migrate"
    assert raised.value.exit_code == 4


def test_an_old_registry_is_migrated_with_its_data_and_its_log(old: Path) -> None:
    with sqlite3.connect(old / "registry.db") as connection:
        ((entries,),) = connection.execute("select count(*) from audit_event").fetchall()
        ((note,),) = connection.execute("select note from log_head order by size desc limit 1").fetchall()
        ((plain,),) = connection.execute("select envelope from refusal where round = 1").fetchall()
    done = upgrading.upgrade(old)
    assert (done.before, done.after, len(done.steps)) == (1, SCHEMA_VERSION, SCHEMA_VERSION - 1)
    registry = Registry.open(old, to_write=True)
    verdict = audit.verify(registry, registry.operator, Against(notes=(note,), models=True))
    assert verdict.findings == ()
    assert verdict.entries == entries + done.entries
    assert [(v.status, v.accepted, v.refused, v.rejected) for v in views.rounds(registry, "run-1")] == [
        ("aggregated", 5, 1, 1)
    ] * 2
    assert len(views.tenants(registry)) == 7
    with registry.reading() as session:
        refusal = session.get_one(RefusalRow, ("run-1", 1, "tenant-5"))
        assert refusal.envelope != plain
        assert Vault(session, registry.wrapper).open(refusal, "envelope") == plain
    registry.close()
    assert plain.encode() not in (old / "registry.db").read_bytes()
    assert upgrading.upgrade(old).steps == ()


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The folder of a registry as version 2 left it: the same two rounds, signed consents, keys at rest, a cosignature."""
    return left_by(2, tmp_path / "second")


def test_a_registry_of_version_2_learns_how_privacy_was_had(second: Path) -> None:
    with sqlite3.connect(second / "registry.db") as connection:
        ((note,),) = connection.execute("select note from log_head order by size desc limit 1").fetchall()
    done = upgrading.upgrade(second)
    assert (done.before, done.after, len(done.steps), done.entries) == (2, SCHEMA_VERSION, SCHEMA_VERSION - 2, 20)
    registry = Registry.open(second, to_write=True)
    assert audit.verify(registry, registry.operator, Against(notes=(note,), models=True)).findings == ()
    with registry.reading() as session:
        events = session.exec(select(PrivacyEventRow)).all()
    assert len(events) == 10
    assert {(row.clipping, row.truncated_at, row.account) for row in events} == {("flat", None, None)}
    assert schema(registry) == []
    assert {view.status for view in consents.listed(registry)} == {"standing", "withdrawn"}


@pytest.fixture
def third(tmp_path: Path) -> Path:
    """The folder of a registry as version 3 left it: the same, with a release of the federation."""
    return left_by(3, tmp_path / "third")


def test_a_registry_of_version_3_gets_the_tables_of_a_deployment(third: Path, deploy) -> None:
    with sqlite3.connect(third / "registry.db") as connection:
        ((note,),) = connection.execute("select note from log_head order by size desc limit 1").fetchall()
    done = upgrading.upgrade(third)
    assert (done.before, done.after, len(done.steps), done.entries) == (3, SCHEMA_VERSION, SCHEMA_VERSION - 3, 10)
    registry = Registry.open(third, to_write=True)
    assert schema(registry) == []
    assert audit.verify(registry, registry.operator, Against(notes=(note,), models=True)).findings == ()
    deploy(registry, "run-1", ["tenant-0"])
    assert audit.verify(registry, registry.operator, Against(notes=(note,))).findings == ()


@pytest.fixture
def fourth(tmp_path: Path) -> Path:
    """The folder of a registry as version 4 left it: the same two rounds, in both of which tenant-1 let a metric out."""
    return left_by(4, tmp_path / "fourth")


def test_a_registry_of_version_4_counts_the_metrics_that_left(fourth: Path) -> None:
    with sqlite3.connect(fourth / "registry.db") as connection:
        ((note,),) = connection.execute("select note from log_head order by size desc limit 1").fetchall()
    done = upgrading.upgrade(fourth)
    assert (done.before, done.after, len(done.steps), done.entries) == (4, SCHEMA_VERSION, SCHEMA_VERSION - 4, 10)
    registry = Registry.open(fourth, to_write=True)
    assert schema(registry) == []
    assert audit.verify(registry, registry.operator, Against(notes=(note,), models=True)).findings == ()
    with registry.reading() as session:
        noise = {(row.tenant, row.round): row.metrics_noise_multiplier for row in session.exec(select(PrivacyEventRow))}
    assert len(noise) == 10
    assert {place: found for place, found in noise.items() if found is not None} == {
        ("tenant-1", 1): 20.0,
        ("tenant-1", 2): 20.0,
    }
    spent = Accountant()
    for _ in range(2):
        spent = spent.after(GaussianRelease(4.0, 0.01, 1, metrics_noise_multiplier=20.0))
    assert releases.claimed(registry, ["tenant-1"])["tenant-1"]["a" * 64].agrees_with(spent)


def test_an_envelope_that_cannot_be_read_stops_no_migration(fourth: Path) -> None:
    with sqlite3.connect(fourth / "registry.db") as connection:
        connection.execute("update contribution set envelope = 'gone' where tenant = 'tenant-1' and round = 1")
    assert upgrading.upgrade(fourth).entries == 10
    registry = Registry.open(fourth)
    (finding, *_) = audit.verify(registry, registry.operator, Against()).findings
    assert "contribution:run-1/1/tenant-1" in finding.what


def test_consents_on_the_operators_word_end(old: Path) -> None:
    upgrading.upgrade(old)
    registry = Registry.open(old, to_write=True)
    assert {view.status for view in consents.listed(registry)} == {"withdrawn"}
    with registry.reading() as session:
        kept = session.exec(select(ConsentRow).where(ConsentRow.tenant == "tenant-4")).one()
        others = session.exec(select(ConsentRow).where(ConsentRow.tenant != "tenant-4")).all()
        numbered = session.exec(select(PlaceRow).order_by(col(PlaceRow.position))).all()
    assert [row.position for row in numbered] == list(range(1, 1 + len({kept.tenant, *(row.tenant for row in others)})))
    assert kept.withdrawn_at < min(consent.withdrawn_at for consent in others)
    kinds = [entry.kind for entry in views.audit_log(registry, tenant="tenant-0")]
    assert "consent.ended-unsigned" in kinds


def test_a_dry_run_says_the_same_and_changes_nothing(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = list(sqlite3.connect(old / "registry.db").iterdump())
    tried = upgrading.upgrade(old, dry_run=True)
    assert list(sqlite3.connect(old / "registry.db").iterdump()) == before
    assert not (old / "kek.key").exists()
    assert run(["registry", "migrate", "--dry-run", "--registry", str(old)]) == 0
    assert "would" in capsys.readouterr().out
    assert tried == upgrading.upgrade(old)


def test_a_migration_that_fails_in_the_middle_never_happened(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sqlite3.connect(old / "registry.db").execute("select * from consent").fetchall()
    monkeypatch.setattr(upgrading.Changes, "numbered", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upgrading.upgrade(old)
    monkeypatch.undo()
    assert sqlite3.connect(old / "registry.db").execute("select * from consent").fetchall() == before
    assert upgrading.upgrade(old).before == 1


def test_the_operators_key_is_needed(old: Path) -> None:
    (old / "operator.key").unlink()
    with pytest.raises(BadInput, match="signing key"):
        upgrading.upgrade(old)


@pytest.fixture
def server_sql(request: pytest.FixtureRequest) -> Callable[[Registry, str], None]:
    """A statement of somebody with all rights on the database, whatever it changes."""

    def run_sql(registry: Registry, statement: str) -> None:
        if registry.place.url is None:
            registry.close()
            with sqlite3.connect(registry.path) as connection:
                connection.execute(statement)
        else:
            request.getfixturevalue("server").sql(statement, registry.place.url.database)

    return run_sql


def schema(registry: Registry) -> object:
    """What Alembic would change to make the database the tables of this package."""
    wanted = {str(model.__tablename__) for model in TABLES}

    def ours(thing: object, name: str, kind: str, *_: object) -> bool:
        return kind != "table" or name in wanted

    with registry.engine.connect() as connection:
        options = {"include_object": ours, "compare_type": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata)


def test_a_migrated_schema_is_a_new_schema(old: Path) -> None:
    upgrading.upgrade(old)
    assert schema(Registry.open(old)) == []


def test_a_new_schema_is_that_of_the_tables(tmp_path: Path, create) -> None:
    assert schema(create(tmp_path / "new")) == []


def test_a_database_of_version_2_gets_the_columns_of_a_new_one(tmp_path: Path, create, server_sql) -> None:
    registry = create(tmp_path / "registry")
    server_sql(registry, "drop index ix_privacy_event_account")
    for column in ("clipping", "truncated_at", "account", "metrics_noise_multiplier"):
        server_sql(registry, f"alter table privacy_event drop column {column}")
    for table in ("federation_release", *OF_DEPLOYMENT):
        server_sql(registry, f"drop table {table}")
    server_sql(registry, "update alembic_version set version_num = '2'")
    registry.close()
    assert upgrading.upgrade(tmp_path / "registry").entries == 0
    assert schema(Registry.open(tmp_path / "registry")) == []


def test_releases_in_a_database_of_version_4_are_extended_too(recorded, server_sql) -> None:
    registry = recorded()
    folder = registry.place.folder
    server_sql(registry, "drop index ix_privacy_event_account")
    server_sql(registry, "alter table privacy_event drop column metrics_noise_multiplier")
    columns = "tenant, account, noise_multiplier, sample_rate, steps"
    server_sql(registry, f"create index ix_privacy_event_account on privacy_event ({columns})")
    server_sql(registry, "update alembic_version set version_num = '4'")
    registry.close()
    assert upgrading.upgrade(folder).entries == 10
    again = Registry.open(folder, to_write=True)
    assert schema(again) == []
    assert audit.verify(again, again.operator, Against()).findings == ()


def test_the_newest_migration_is_the_version_that_is_read() -> None:
    config = Config()
    config.set_main_option("script_location", str(upgrading.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == str(SCHEMA_VERSION)


def test_a_newer_registry_or_none_is_one_clear_line(tmp_path: Path, create, raw, capsys: pytest.CaptureFixture[str]) -> None:
    registry = create(tmp_path)
    raw(registry, "update alembic_version set version_num = '99'")
    registry.close()
    for command in (["run", "list"], ["registry", "migrate"], ["registry", "check"]):
        assert run([*command, "--registry", str(tmp_path)]) == 4
        assert "has schema 99, this version reads" in capsys.readouterr().err
    raw(registry, "delete from alembic_version")
    assert run(["run", "list", "--registry", str(tmp_path)]) == 4
    assert "holds no registry" in capsys.readouterr().err
