"""Row-level security on PostgreSQL: what `binding` says of a session, said once more by the database itself.

A transaction names its tenant in `app.tenant`, or says `app.federation = on`; one that does neither sees nothing. The
application role owns no table, so no right of an owner lets it past; rows that are never changed it may only add.
"""

from collections.abc import Mapping

from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from flowstate_flower.errors import BadInput
from flowstate_flower.registry.engines import application_role, cause

_TENANT = "(SELECT current_setting('app.tenant', true))"
_FEDERATION = "(SELECT current_setting('app.federation', true)) = 'on'"
_ANYBODY = f"{_TENANT} <> ''"
_OWN = f"tenant = {_TENANT}"
_ASKED = f"IN (SELECT i.run FROM invitation AS i WHERE i.tenant = {_TENANT})"  # noqa: S608

OWN: Mapping[str, str] = {
    "tenant": f"name = {_TENANT}",
    **dict.fromkeys(
        (
            *("tenant_key", "consent", "tenant_request", "data_key", "usage", "settings", "cosignature"),
            *("invitation", "contribution", "refusal", "rejection", "privacy_event"),
        ),
        _OWN,
    ),
}
"""Rows that are a tenant's own: by table, which."""

SEEN: Mapping[str, str] = {
    "settings": f"layer = 'platform' AND {_ANYBODY}",
    "run": f"id {_ASKED}",
    "round": f"run {_ASKED}",
    "evaluation": f"run {_ASKED}",
    **dict.fromkeys(("federation_release", "run_spec", "run_attempt", "round_state"), f"run {_ASKED}"),
    **dict.fromkeys(("ticket", "certificate", "server_event"), _OWN),
    "audit_event": f"{_OWN} OR position IN (SELECT p.position FROM audit_party AS p WHERE p.tenant = {_TENANT})",  # noqa: S608
    "audit_party": _OWN,
    "consent_place": _OWN,
    "log_head": _ANYBODY,
    "log_node": _ANYBODY,
}
"""Rows that a tenant sees and only the federation writes."""

CHANGING: Mapping[str, str] = {
    **dict.fromkeys(("tenant", "tenant_key", "tenant_request", "data_key", "consent", "run", "refusal", "rejection"), "UPDATE"),
    **dict.fromkeys(("ticket", "certificate", "run_attempt"), "UPDATE"),
    "usage": "UPDATE, DELETE",
}
"""What may be done to rows that are there, by table. To all others: nothing."""


def secure(connection: Connection) -> None:
    """Make the application role where there is none, and give every table its policies. May be repeated.

    Raises `BadInput` where the login may not.
    """
    quoted = connection.dialect.identifier_preparer.quote
    role = quoted(application_role(connection))
    try:
        if not connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (application_role(connection),)).first():
            connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN")
        if not connection.exec_driver_sql("SELECT pg_has_role(%s, 'USAGE')", (application_role(connection),)).scalar():
            connection.exec_driver_sql(f"GRANT {role} TO CURRENT_USER")
        schema = quoted(str(connection.exec_driver_sql("SELECT current_schema()").scalar()))
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {role}")
        for table in sorted({*OWN, *SEEN}):
            _secure(connection, table, quoted(table), role)
    except ProgrammingError as error:
        raise BadInput(
            f"this login may not make the role {role}: {cause(error)}",
            hint=f"as superuser: CREATE ROLE {role} NOLOGIN; GRANT {role} TO the login",
        ) from error


def _secure(connection: Connection, name: str, table: str, role: str) -> None:
    rights = ", ".join(["SELECT", "INSERT", *([CHANGING[name]] if name in CHANGING else [])])
    statements = [
        f"REVOKE ALL ON {table} FROM {role}",
        f"GRANT {rights} ON {table} TO {role}",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        *(f"DROP POLICY IF EXISTS {policy} ON {table}" for policy in ("federation", "own", "seen")),
        f"CREATE POLICY federation ON {table} USING ({_FEDERATION}) WITH CHECK ({_FEDERATION})",
    ]
    if name in OWN:
        statements.append(f"CREATE POLICY own ON {table} USING ({OWN[name]}) WITH CHECK ({OWN[name]})")
    if name in SEEN:
        statements.append(f"CREATE POLICY seen ON {table} FOR SELECT USING ({SEEN[name]})")
    connection.exec_driver_sql("; ".join(statements))
