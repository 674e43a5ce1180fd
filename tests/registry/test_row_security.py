"""PostgreSQL itself keeps tenants apart: raw SQL under the application role, with nothing of SQLAlchemy in between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, select

from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, audit, checking, configuration, row_security, tenants
from flowstate_flower.registry.binding import SCOPES
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.engines import application_role
from flowstate_flower.registry.federation_ledger import RegistryLedger
from flowstate_flower.registry.schema import SCHEMA_VERSION, TABLES
from flowstate_flower.registry.tables import TenantRow
from flowstate_flower.registry.tenancy_tables import UsageRow

pytestmark = pytest.mark.slow

MINE, THEIRS = "tenant-0", "tenant-5"
OF_DEPLOYMENT = ("ticket", "certificate", "server_event")
HAS_ROWS = {"refusal": "tenant-5", "rejection": "tenant-6"}
NAMES = sorted(str(table.__tablename__) for table in TABLES)
SHARED = ("run", "round", "evaluation", "federation_release", "run_spec", "run_attempt", "round_state", "log_head", "log_node")


@pytest.fixture
def create(server) -> Callable[[Path], Registry]:
    """As everywhere, on PostgreSQL alone."""
    return lambda folder: Registry.create(server.new_database(), folder)


@pytest.fixture
def registry(recorded, federation, witness, deploy) -> Registry:
    made = recorded()
    for name in (MINE, THEIRS):
        configuration.change(made, "quotas.rounds_per_day", 100, actor="operator", tenant=name)
    configuration.change(made, "quotas.nodes", 100, actor="operator")
    RegistryLedger(made, "run-1").reserve(MeanRelease(10.0, cohort=7, population=7), Budget(8.0, 1e-5))
    witness(made, federation.keys[THEIRS])
    deploy(made, "run-1", [MINE, THEIRS])
    with desk(made, actor="server") as d:
        d.change(d.session.get_one(TenantRow, THEIRS), "seen", concerns=[MINE, "tenant-1"])
        for name in federation.tenants:
            d.session.add(UsageRow(tenant=name, counter="rounds", amount=1, until=2**40))
    return made


@pytest.fixture
def worker(registry: Registry, server):
    """A login that may only be the application role: what a server in production has."""
    name = registry.place.url.database
    server.sql(f"CREATE ROLE worker_{name} LOGIN IN ROLE flowstate_{name}")
    with psycopg.connect(host=str(server.folder), dbname=name, user=f"worker_{name}") as connection:
        yield connection


def rows(connection: Any, table: str) -> list[tuple]:
    return connection.execute(f'SELECT t.* FROM "{table}" AS t').fetchall()


def become(connection: Any, tenant: str) -> None:
    connection.execute("SELECT set_config('app.tenant', %s, true)", (tenant,))


def test_every_table_has_policies_that_say_what_sessions_say(registry: Registry) -> None:
    assert {*row_security.OWN, *row_security.SEEN} == set(NAMES) == {str(table.__tablename__) for table in SCOPES}
    assert checking.check(registry)[0].problems == ()


def test_a_transaction_that_says_nothing_sees_nothing_and_writes_nothing(worker, registry: Registry) -> None:
    for table in NAMES:
        assert rows(worker, table) == [], table
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        worker.execute("INSERT INTO tenant VALUES ('tenant-9', 'active', 'now')")


def test_raw_sql_of_a_tenant_sees_what_its_session_sees(worker, registry: Registry, subtests: pytest.Subtests) -> None:
    for table in NAMES:
        with subtests.test(table):
            model = next(model for model in TABLES if model.__tablename__ == table)
            with registry.as_tenant(MINE).reading() as session:
                seen = len(session.exec(select(model)).all())
            become(worker, MINE)
            assert len(rows(worker, table)) == seen
            worker.rollback()
            worker.execute("SELECT set_config('app.federation', 'on', true)")
            everything = len(rows(worker, table))
            worker.rollback()
            assert everything > seen or table in SHARED, "the fixture has nothing of others, so this would show nothing"


def test_raw_sql_of_a_tenant_cannot_write_for_another(worker, registry: Registry, subtests: pytest.Subtests) -> None:
    for table in sorted(row_security.OWN):
        with subtests.test(table):
            column, mine = "name" if table == "tenant" else "tenant", HAS_ROWS.get(table, MINE)
            worker.execute("SELECT set_config('app.federation', 'on', true)")
            names = [entry.name for entry in worker.execute(f'SELECT * FROM "{table}" LIMIT 0').description]
            found = worker.execute(f'SELECT * FROM "{table}" ORDER BY {column} = %s', (mine,)).fetchone()
            foreign = {**dict(zip(names, found, strict=True)), column: THEIRS if mine == MINE else MINE}
            worker.rollback()
            become(worker, mine)
            marks = ", ".join(["%s"] * len(names))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                worker.execute(f'INSERT INTO "{table}" VALUES ({marks})', tuple(foreign.values()))
            worker.rollback()
            become(worker, mine)
            take_over = f'UPDATE "{table}" SET {column} = %s WHERE {column} <> %s'
            if table in row_security.CHANGING:
                assert worker.execute(take_over, (mine, mine)).rowcount == 0
            else:  # rows that nobody ever changes
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                    worker.execute(take_over, (mine, mine))
            worker.rollback()
            if table in row_security.CHANGING:
                become(worker, mine)
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UniqueViolation)):  # to give one away
                    worker.execute(f'UPDATE "{table}" SET {column} = %s', (foreign[column],))
                worker.rollback()


def test_what_is_append_only_is_so_even_for_the_federation(worker, subtests: pytest.Subtests) -> None:
    for table in ("audit_event", "audit_party", "log_head", "log_node", "contribution", "privacy_event", "server_event"):
        with subtests.test(table):
            for statement in (
                f"DELETE FROM {table}",
                f"UPDATE {table} SET {'size' if table == 'log_head' else 'position'} = 1",
            ):
                worker.execute("SELECT set_config('app.federation', 'on', true)")
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedColumn)):
                    worker.execute(statement)
                worker.rollback()


def test_a_connection_that_goes_back_to_the_pool_belongs_to_nobody(registry: Registry) -> None:
    """After a commit, a rollback and an error, with one connection for all."""
    engine = Registry.open(registry.path.parent).engine
    engine.pool._pool.maxsize = 1
    told = "SELECT current_setting('app.tenant', true), current_setting('app.federation', true), current_user"
    for ending in ("commit", "rollback", "error"):
        with Session(engine.execution_options(tenant=MINE)) as session:
            assert session.connection().execute(text(told)).one()[:2] == (MINE, "")
            if ending == "error":
                with pytest.raises(ProgrammingError):
                    session.connection().execute(text("SELECT nothing"))
            else:
                getattr(session, ending)()
        raw = engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute(told)
        assert cursor.fetchone() == ("", "", "operator"), ending
        cursor.execute("SELECT count(*) FROM tenant")
        assert cursor.fetchone() == (0,)
        raw.close()


def test_the_owner_of_the_tables_is_held_to_the_same(registry: Registry, server) -> None:
    """FORCE: the login that made the tables sees nothing either, unless it says who it is."""
    assert server.sql("SELECT * FROM tenant", registry.place.url.database, login="operator")[0] == []


def test_a_server_whose_login_owns_nothing_does_everything_but_scrub(registry: Registry, server, voice) -> None:
    from flowstate_flower import wiring

    name = registry.place.url.database
    server.sql(f"CREATE ROLE server_{name} LOGIN IN ROLE flowstate_{name}")
    served = Registry.open(server.url(name, f"server_{name}"), to_write=True, home=registry.path.parent)
    wiring.admit(served, voice("new").request())
    assert audit.verify(served, served.operator).verified
    tenants.move(served, "new", tenants.Status.SUSPENDED, actor="operator")
    with pytest.raises(BadInput, match="does not own the tables"):
        tenants.remove(served, "new", actor="operator")
    tenants.remove(registry, "new", actor="operator")
    with registry.engine.connect() as connection:
        assert application_role(connection) == f"flowstate_{name}"


def test_check_names_what_was_switched_off(registry: Registry, server) -> None:
    name = registry.place.url.database
    server.sql("ALTER TABLE consent NO FORCE ROW LEVEL SECURITY", name)
    server.sql(f"ALTER TABLE usage OWNER TO flowstate_{name}", name)
    server.sql("DROP INDEX ix_rejection_tenant", name)
    found = {check.what: check.problems for check in checking.check(registry)}
    assert found["database"] == (
        "consent has no row security",
        f"the role flowstate_{name} stands above the row security of usage",
    )
    assert found[f"schema {SCHEMA_VERSION}"] == ("index ix_rejection_tenant is missing",)


def test_a_tenants_rows_are_found_by_an_index_that_begins_with_the_tenant(worker) -> None:
    worker.execute("SELECT set_config('enable_seqscan', 'off', true)")
    for table in (
        "invitation",
        "contribution",
        "refusal",
        "rejection",
        "privacy_event",
        "tenant_key",
        "consent",
        "data_key",
        *OF_DEPLOYMENT,
    ):
        become(worker, MINE)
        plan = "\n".join(line for (line,) in worker.execute(f"EXPLAIN SELECT * FROM {table} WHERE tenant = '{MINE}'"))
        assert "Index" in plan, plan


def test_a_role_that_may_not_be_made_is_one_clear_error(server, tmp_path) -> None:
    server.sql("CREATE ROLE humble LOGIN")
    server.sql("CREATE DATABASE humble_home OWNER humble")
    with pytest.raises(BadInput, match="may not make the role") as raised:
        Registry.create(server.url("humble_home", "humble"), tmp_path / "humble")
    assert "CREATE ROLE" in raised.value.hint
    assert not (tmp_path / "humble" / "registry.url").exists()
    with pytest.raises(BrokenRegistry, match="holds no registry"):
        Registry.open(server.url("humble_home", "humble"), home=tmp_path)
    server.sql("CREATE ROLE flowstate_humble_home NOLOGIN")
    server.sql("GRANT flowstate_humble_home TO humble")
    made = Registry.create(server.url("humble_home", "humble"), tmp_path / "humble")
    configuration.change(made, "quotas.nodes", 3, actor="operator")
    assert checking.check(made)[0].problems == ()


@pytest.mark.long
def test_the_isolation_score_is_full_on_postgresql(server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["isolation", "--database", server.new_database()]) == 0
    said = capsys.readouterr().out
    assert "isolation score 100 of 100" in said
    assert "probes on postgresql" in said
