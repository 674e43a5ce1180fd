"""A deployment: tickets to join, certificates, what the server turned away, and what a run needs to go on after a crash.

Tables only. No row that was there changes, so none has an entry.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "4", "3"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
COUNT = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Six tables, three of them with an index that begins with the tenant."""
    op.create_table(
        "ticket",
        *(sa.Column("id", TEXT, primary_key=True), _text("tenant"), _text("token_digest"), _text("made_at")),
        *(_text("expires_at"), _text("used_at", nullable=True), _text("withdrawn_at", nullable=True)),
    )
    op.create_table(
        "certificate",
        *(sa.Column("serial", TEXT, primary_key=True), _tenant(), _text("uri"), _text("fingerprint"), _text("not_before")),
        *(_text("not_after"), _text("issued_at"), _text("revoked_at", nullable=True), _text("reason", nullable=True)),
    )
    op.create_table(
        "server_event",
        *(sa.Column("id", TEXT, primary_key=True), _text("at"), _text("kind"), _tenant(), _count("count"), _text("detail")),
    )
    op.create_table("run_spec", _run(), _text("spec"), _text("app", nullable=True))
    op.create_table(
        "run_attempt",
        *(_run(), sa.Column("number", COUNT, primary_key=True), _text("flower_run"), _count("first_round")),
        *(_text("started_at"), _text("ended_at", nullable=True), _text("how", nullable=True)),
    )
    op.create_table("round_state", _run(), sa.Column("round", COUNT, primary_key=True), _text("digest"))
    op.create_index("ix_ticket_tenant", "ticket", ["tenant"])
    op.create_index("ix_certificate_tenant", "certificate", ["tenant"])
    op.create_index("ix_server_event_tenant", "server_event", ["tenant", "kind"])


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, TEXT, nullable=nullable)


def _count(name: str) -> "sa.Column[int]":
    return sa.Column(name, COUNT, nullable=False)


def _tenant() -> "sa.Column[str]":
    return sa.Column("tenant", TEXT, sa.ForeignKey("tenant.name"), nullable=True)


def _run() -> "sa.Column[str]":
    return sa.Column("run", TEXT, sa.ForeignKey("run.id"), primary_key=True)
