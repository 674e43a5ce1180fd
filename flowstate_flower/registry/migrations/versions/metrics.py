"""What tenants measured and let out is counted among their releases: the noise on it becomes a column.

Tenants signed it all along. It is read from their envelopes, and since every release has one column more now, each has an entry
in the log.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from flowstate_flower.registry.upgrading import Changes
from flowstate_flower.trust.dsse import Envelope, MalformedEnvelope

revision, down_revision = "5", "4"

INDEX, KEYS = "ix_privacy_event_account", ("run", "round", "tenant")
BY_ACCOUNT = ["tenant", "account", "noise_multiplier", "sample_rate", "metrics_noise_multiplier", "steps"]


def upgrade() -> None:
    """The column, and the index that the server adds up by; then what each release's envelope says."""
    bind, changes = op.get_bind(), context.config.attributes["changes"]
    op.add_column("privacy_event", sa.Column("metrics_noise_multiplier", sa.Float(), nullable=True))
    op.drop_index(INDEX, "privacy_event")
    op.create_index(INDEX, "privacy_event", BY_ACCOUNT)
    _releases(bind, changes)


def _releases(bind: sa.Connection, changes: Changes) -> None:
    signed = sa.text("SELECT envelope FROM contribution WHERE run = :run AND round = :round AND tenant = :tenant")
    told = sa.text(
        "UPDATE privacy_event SET metrics_noise_multiplier = :noise WHERE run = :run AND round = :round AND tenant = :tenant"
    )
    for row in bind.execute(sa.text("SELECT * FROM privacy_event ORDER BY run, round, tenant")).mappings().all():
        key = {name: row[name] for name in KEYS}
        noise = _noise(bind.execute(signed, key).scalar())
        if noise is not None:
            bind.execute(told, {**key, "noise": noise})
        changes.add("extended", "privacy_event", KEYS, dict(row) | {"metrics_noise_multiplier": noise})


def _noise(envelope: str | None) -> float | None:
    """None where no metrics left, and where the envelope is gone or was changed, which an audit finds out by itself."""
    try:
        said: Any = json.loads(Envelope.parse((envelope or "").encode()).payload)
        return float(said["privacy"]["metrics"]["noise_multiplier"])
    except (MalformedEnvelope, ValueError, KeyError, TypeError):
        return None
