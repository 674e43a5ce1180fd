"""Privacy in full: how gradients were clipped, where samples were truncated, which account of the tenant was charged, and a
table for what the federation itself releases.

Releases that were recorded before were clipped flat, were not truncated, and named no account. Their rows have more columns
now, so each has an entry in the log.
"""

import sqlalchemy as sa
from alembic import context, op

from flowstate_flower.registry.upgrading import Changes

revision, down_revision = "3", "2"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
COUNT = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Columns, then an entry for every row that has them now."""
    bind, changes = op.get_bind(), context.config.attributes["changes"]
    op.add_column("privacy_event", sa.Column("clipping", TEXT, nullable=False, server_default="flat"))
    op.add_column("privacy_event", sa.Column("truncated_at", COUNT, nullable=True))
    op.add_column("privacy_event", sa.Column("account", TEXT, nullable=True))
    op.create_table(
        "federation_release",
        *(sa.Column("run", TEXT, primary_key=True), sa.Column("round", COUNT, primary_key=True)),
        *(sa.Column("noise_multiplier", sa.Float(), nullable=False), sa.Column("clip_norm", sa.Float(), nullable=True)),
        *(sa.Column("cohort", COUNT, nullable=False), sa.Column("population", COUNT, nullable=False)),
        *(sa.Column("relation", TEXT, nullable=False), sa.Column("epsilon", sa.Float(), nullable=False)),
        *(sa.Column("delta", sa.Float(), nullable=False), sa.Column("largest_epsilon", sa.Float(), nullable=True)),
        *(sa.Column("randomness", TEXT, nullable=False), sa.Column("reserved_at", TEXT, nullable=False)),
    )
    _releases(bind, changes)


def _releases(bind: sa.Connection, changes: Changes) -> None:
    ordered = "SELECT * FROM privacy_event ORDER BY run, round, tenant"
    for row in bind.execute(sa.text(ordered)).mappings():
        changes.add("extended", "privacy_event", ("run", "round", "tenant"), dict(row))
