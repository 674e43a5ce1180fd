"""Lives of tenants, signed consents, settings, quotas, keys at rest, and a log that is stored with its tree.

Consents of version 1 were the operator's word. They stay as history, and those that stood end here: what counts from now on
is signed by the tenant. Texts that are confidential now are encrypted. Every row that changes has an entry in the log.
"""

from typing import Any

import sqlalchemy as sa
from alembic import context, op

from flowstate_flower.registry.tenancy_tables import NUMBER_CONSENTS
from flowstate_flower.registry.upgrading import Changes
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.encryption import encrypted, new_key

revision, down_revision = "2", "1"

SEALED = {
    "refusal": (("run", "round", "tenant"), ("detail", "envelope")),
    "rejection": (("run", "round", "position"), ("detail",)),
}
BY_TENANT = ("invitation", "contribution", "refusal", "rejection", "privacy_event")


def upgrade() -> None:
    """Tables and indexes, then what is in them."""
    _new_tables()
    for table in BY_TENANT:
        op.create_index(f"ix_{table}_tenant", table, ["tenant", "run", "round"])
    op.create_index("ix_privacy_event_epsilon", "privacy_event", ["tenant", "epsilon"])
    op.create_index("ix_tenant_status", "tenant", ["status"])
    op.create_index("ix_tenant_key_public_key", "tenant_key", ["public_key"])
    op.create_index("ix_audit_event_tenant", "audit_event", ["tenant"])
    changes: Changes = context.config.attributes["changes"]
    _consents(op.get_bind(), changes)
    op.execute(NUMBER_CONSENTS)
    _encrypt(op.get_bind(), changes)


def _new_tables() -> None:
    op.create_table("tenant_request", _tenant(primary_key=True), _text("received_at"), _text("envelope"))
    op.create_table(
        "data_key",
        _tenant(primary_key=True),
        _whole("number", primary_key=True),
        *(_text("kek"), _text("wrapped"), _text("created_at"), _text("destroyed_at", nullable=True)),
    )
    op.create_index("ix_data_key_kek", "data_key", ["kek"])
    op.create_table(
        "settings",
        _text("layer", primary_key=True),
        _whole("version", primary_key=True),
        *(_tenant(nullable=True), _text("body"), _text("set_at"), _text("actor")),
    )
    op.create_index("ix_settings_tenant", "settings", ["tenant"])
    op.create_table("usage", _tenant(primary_key=True), _text("counter", primary_key=True), _whole("amount"), _whole("until"))
    op.create_table("consent_place", _text("purpose", primary_key=True), _tenant(primary_key=True), _whole("position"))
    op.create_index("ix_consent_place", "consent_place", ["purpose", "position", "tenant"])
    op.create_table(
        "cosignature",
        _whole("log_size", primary_key=True),
        _text("public_key", primary_key=True),
        *(_tenant(nullable=True), _text("line"), _text("added_at")),
    )
    op.create_table("audit_party", _whole("position", primary_key=True), _text("tenant", primary_key=True))
    op.create_index("ix_audit_party_tenant", "audit_party", ["tenant"])
    op.create_table("log_node", _whole("level", primary_key=True), _whole("position", primary_key=True), _text("hash"))


def _consents(bind: sa.Connection, changes: Changes) -> None:
    """The table anew: a consent was known by when it was granted, and is by when it was signed."""
    before = [dict(row._mapping) for row in bind.execute(sa.text("SELECT * FROM consent ORDER BY tenant, granted_at"))]
    op.drop_table("consent")
    reals = ("least_noise_multiplier", "largest_clip_norm", "largest_epsilon")
    table = op.create_table(
        "consent",
        _tenant(primary_key=True),
        *(_text("purpose", primary_key=True), _text("signed_at", primary_key=True), _text("granted_at")),
        *(_text("expires_at", nullable=True), _text("app", nullable=True)),
        *(_whole("most_rounds", nullable=True), _whole("most_steps", nullable=True)),
        *(sa.Column(name, sa.Float(), nullable=True) for name in reals),
        *(_text("envelope"), _text("withdrawn_at", nullable=True)),
        *(_text("withdrawal_signed_at", nullable=True), _text("withdrawal", nullable=True)),
    )
    op.create_index("ix_consent_purpose", "consent", ["purpose", "withdrawn_at", "expires_at", "tenant"])
    for old in before:
        row = {**dict.fromkeys(table.columns.keys()), **old, "signed_at": old["granted_at"], "envelope": ""}
        row["withdrawn_at"] = old["withdrawn_at"] or changes.now
        bind.execute(table.insert().values(**row))
        what = "carried-over" if old["withdrawn_at"] else "ended-unsigned"
        changes.add(what, "consent", ("tenant", "purpose", "signed_at"), row)


def _encrypt(bind: sa.Connection, changes: Changes) -> None:
    """A data key for every tenant, and under it what is confidential."""
    keys = {name: new_key() for (name,) in bind.execute(sa.text("SELECT name FROM tenant ORDER BY name"))}
    data_key = sa.Table("data_key", sa.MetaData(), autoload_with=bind)
    for tenant, key in keys.items():
        place = canonical({"table": "data_key", "column": "wrapped", "tenant": tenant, "row": f"{tenant}/1"})
        row = {"tenant": tenant, "number": 1, "kek": changes.wrapper.current, "wrapped": changes.wrapper.wrap(key, place)}
        row |= {"created_at": changes.now, "destroyed_at": None}
        bind.execute(data_key.insert().values(**row))
        changes.add("added", "data_key", ("tenant", "number"), row)
    for name, (key_columns, columns) in SEALED.items():
        table = sa.Table(name, sa.MetaData(), autoload_with=bind)
        for found in bind.execute(sa.select(table).where(table.c.tenant.is_not(None))).all():
            row = dict(found._mapping)
            named = [row[column] for column in key_columns]
            for column in columns:
                place = canonical({"table": name, "column": column, "tenant": row["tenant"], "row": "/".join(map(str, named))})
                row[column] = f"v1.1.{encrypted(keys[row['tenant']], row[column].encode(), place)}"
            same = [table.c[column] == value for column, value in zip(key_columns, named, strict=True)]
            bind.execute(table.update().where(*same).values({column: row[column] for column in columns}))
            changes.add("encrypted", name, key_columns, row)


def _text(name: str, **options: Any) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=options.pop("nullable", False), **options)


def _whole(name: str, **options: Any) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=options.pop("nullable", False), **options)


def _tenant(**options: Any) -> "sa.Column[str]":
    return sa.Column("tenant", sa.String(), sa.ForeignKey("tenant.name"), nullable=options.pop("nullable", False), **options)
