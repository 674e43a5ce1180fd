"""The tables. Keys are natural, times are ISO 8601 in UTC, node ids are text (Flower's exceed 63 bits).

A row belongs to the tenant it names, or to the federation. Rows are added; only `status`, what ends a consent, a key or a
run, and ciphertexts under a new key ever change, and each change is an audit event.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Integer, String
from sqlmodel import Field, Index, SQLModel

from flowstate_flower.registry.deployment_tables import (
    CertificateRow,
    RoundStateRow,
    RunAttemptRow,
    RunSpecRow,
    ServerEventRow,
    TicketRow,
)
from flowstate_flower.registry.privacy_tables import ReleaseRow
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tenancy_tables import DataKeyRow, PlaceRow, RequestRow, SettingsRow, UsageRow


class TenantRow(Row, table=True):
    """An organisation. `status` is where it is in its lifecycle; opting in is a consent, not a status."""

    __tablename__ = "tenant"
    name: str = Field(primary_key=True)
    status: str = Field(index=True)
    created_at: str

    def owner(self) -> str:
        """The tenant itself."""
        return self.name


class KeyRow(Row, table=True):
    """A public key of a tenant: `signing` for its statements, `node` for a Flower node that acts for it."""

    __tablename__ = "tenant_key"
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    public_key: str = Field(primary_key=True, index=True)
    use: str
    added_at: str
    revoked_at: str | None = None


class ConsentRow(Row, table=True):
    """A tenant's agreement to one purpose, until it expires or is withdrawn, with the tenant's signed envelopes as evidence.

    `signed_at` and `withdrawal_signed_at` are the tenant's clock; the bounds are those of `trust.bounds`. A withdrawal that
    came before any consent is a row with an empty `envelope`.
    """

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_purpose", "purpose", "withdrawn_at", "expires_at", "tenant"),)
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    purpose: str = Field(primary_key=True)
    signed_at: str = Field(primary_key=True)
    granted_at: str
    expires_at: str | None = None
    app: str | None = None
    most_rounds: int | None = None
    most_steps: int | None = None
    least_noise_multiplier: float | None = None
    largest_clip_norm: float | None = None
    largest_epsilon: float | None = None
    envelope: str
    withdrawn_at: str | None = None
    withdrawal_signed_at: str | None = None
    withdrawal: str | None = None


class RunRow(Row, table=True):
    """A run: running, completed, failed or interrupted."""

    __tablename__ = "run"
    id: str = Field(primary_key=True)
    purpose: str
    rule: str
    byzantine: int
    planned_rounds: int
    base_digest: str
    status: str
    started_at: str
    finished_at: str | None = None
    model_digest: str | None = None
    note: str = ""


class RoundRow(Row, table=True):
    """A round: aggregated, or skipped and why. `model_digest` is the model after it."""

    __tablename__ = "round"
    run: str = Field(primary_key=True, foreign_key="run.id")
    number: int = Field(primary_key=True)
    status: str
    why: str
    base_digest: str
    model_digest: str
    closed_at: str


class InvitationRow(Row, table=True):
    """A tenant was asked in a round."""

    __tablename__ = "invitation"
    __table_args__ = (Index("ix_invitation_tenant", "tenant", "run", "round"),)
    run: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    node: str


class ContributionRow(Row, table=True):
    """An accepted update, with the tenant's signed envelope as evidence."""

    __tablename__ = "contribution"
    __table_args__ = (Index("ix_contribution_tenant", "tenant", "run", "round"),)
    run: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    update_digest: str
    examples: int
    weight: float | None
    share: float
    share_low: float
    share_high: float
    envelope: str


class RefusalRow(Row, table=True):
    """A tenant's signed no."""

    __tablename__ = "refusal"
    sealed: ClassVar[tuple[str, ...]] = ("detail", "envelope")
    __table_args__ = (Index("ix_refusal_tenant", "tenant", "run", "round"),)
    run: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    reason: str
    detail: str
    envelope: str


class RejectionRow(Row, table=True):
    """The server's no to one reply, the `position`-th of its round."""

    __tablename__ = "rejection"
    sealed: ClassVar[tuple[str, ...]] = ("detail",)
    __table_args__ = (Index("ix_rejection_tenant", "tenant", "run", "round"),)
    run: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    node: str
    tenant: str | None = Field(foreign_key="tenant.name")
    reason: str
    detail: str


class PrivacyEventRow(Row, table=True):
    """What a tenant says it released in a round, and what that made of its total, as it signed.

    `account` is the tenant's pseudonym for the data that was charged, None where it named none. Where metrics left beside the
    update, `metrics_noise_multiplier` is that of their one release.
    """

    __tablename__ = "privacy_event"
    __table_args__ = (
        Index("ix_privacy_event_tenant", "tenant", "run", "round"),
        Index("ix_privacy_event_epsilon", "tenant", "epsilon"),
        Index(
            "ix_privacy_event_account",
            *("tenant", "account", "noise_multiplier", "sample_rate", "metrics_noise_multiplier", "steps"),
        ),
    )
    run: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    unit: str
    relation: str
    noise_multiplier: float
    clip_norm: float
    clipping: str
    sample_rate: float
    steps: int
    truncated_at: int | None = None
    account: str | None = None
    metrics_noise_multiplier: float | None = None
    epsilon: float
    delta: float
    randomness: str


class EvaluationRow(Row, table=True):
    """A metric that the server measured on its own data after a round."""

    __tablename__ = "evaluation"
    run: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    metric: str = Field(primary_key=True)
    value: float


class CosignatureRow(Row, table=True):
    """What a witness signed of the log's first `log_size` entries, as a line of the checkpoint's note."""

    __tablename__ = "cosignature"
    log_size: int = Field(primary_key=True)
    public_key: str = Field(primary_key=True)
    tenant: str | None = Field(foreign_key="tenant.name")
    line: str
    added_at: str


class AuditEventRow(SQLModel, table=True):
    """One leaf of the log: which row was added or changed, by whom, and the row's digest afterwards."""

    __tablename__ = "audit_event"
    position: int = Field(primary_key=True)
    at: str
    actor: str
    tenant: str | None = Field(index=True)
    kind: str
    subject: str = Field(index=True)
    row_digest: str
    leaf_hash: str


class AuditPartyRow(SQLModel, table=True):
    """Another tenant that an entry concerns, beside the one it is about."""

    __tablename__ = "audit_party"
    position: int = Field(primary_key=True)
    tenant: str = Field(primary_key=True, index=True)


class LogHeadRow(SQLModel, table=True):
    """A signed head of the log, one per transaction, and the frontier from which the next one grows."""

    __tablename__ = "log_head"
    size: int = Field(primary_key=True)
    note: str
    frontier: str


class LogNodeRow(SQLModel, table=True):
    """The root of a complete tile of the tree: 256 neighbouring hashes of the level below, where leaves are level 0."""

    __tablename__ = "log_node"
    level: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    hash: str


AUDITED: tuple[type[Row], ...] = (
    TenantRow,
    KeyRow,
    RequestRow,
    DataKeyRow,
    ConsentRow,
    SettingsRow,
    RunRow,
    RoundRow,
    InvitationRow,
    ContributionRow,
    RefusalRow,
    RejectionRow,
    PrivacyEventRow,
    ReleaseRow,
    EvaluationRow,
    CosignatureRow,
    TicketRow,
    CertificateRow,
    ServerEventRow,
    RunSpecRow,
    RunAttemptRow,
    RoundStateRow,
)

LOG: tuple[type[SQLModel], ...] = (AuditEventRow, AuditPartyRow, LogHeadRow, LogNodeRow)
"""The log itself."""

# PostgreSQL counts as far as SQLite does, and compares text byte by byte, whatever the database's language is.
for _model in (*AUDITED, PlaceRow, UsageRow, *LOG):
    for _column in _model.__table__.columns:  # type: ignore[attr-defined]
        if isinstance(_column.type, Integer):
            _column.type = Integer().with_variant(BigInteger(), "postgresql")
        elif isinstance(_column.type, String):
            _column.type = String().with_variant(String(collation="C"), "postgresql")
