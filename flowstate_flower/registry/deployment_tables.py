"""The tables of a deployment: who may join and who was let in, what was turned away, and how runs go on after a crash."""

from sqlmodel import Field, Index

from flowstate_flower.registry.row import Row


class TicketRow(Row, table=True):
    """An invitation to join under a name, good once, until `expires_at`. Of its secret only the digest is kept.

    The tenant need not exist yet: that it does, in the end, is what a ticket is for.
    """

    __tablename__ = "ticket"
    id: str = Field(primary_key=True)
    tenant: str = Field(index=True)
    token_digest: str
    made_at: str
    expires_at: str
    used_at: str | None = None
    withdrawn_at: str | None = None


class CertificateRow(Row, table=True):
    """A certificate that the federation's authority issued, until it ends or `revoked_at`. No tenant: the operator's own."""

    __tablename__ = "certificate"
    serial: str = Field(primary_key=True)
    tenant: str | None = Field(foreign_key="tenant.name", index=True)
    uri: str
    fingerprint: str
    not_before: str
    not_after: str
    issued_at: str
    revoked_at: str | None = None
    reason: str | None = None


class ServerEventRow(Row, table=True):
    """What the server turned away or let somebody do, `count` times since the row before it of the same kind and tenant."""

    __tablename__ = "server_event"
    __table_args__ = (Index("ix_server_event_tenant", "tenant", "kind"),)
    id: str = Field(primary_key=True)
    at: str
    kind: str
    tenant: str | None = Field(foreign_key="tenant.name")
    count: int
    detail: str


class RunSpecRow(Row, table=True):
    """What a run is started from, and started again: its terms as JSON, and the digest of the app that clients run."""

    __tablename__ = "run_spec"
    run: str = Field(primary_key=True, foreign_key="run.id")
    spec: str
    app: str | None = None


class RunAttemptRow(Row, table=True):
    """One run of Flower that carries a run of ours on from `first_round`, until `ended_at`, and how that was."""

    __tablename__ = "run_attempt"
    run: str = Field(primary_key=True, foreign_key="run.id")
    number: int = Field(primary_key=True)
    flower_run: str
    first_round: int
    started_at: str
    ended_at: str | None = None
    how: str | None = None


class RoundStateRow(Row, table=True):
    """What the rule and the optimiser remembered after a round: the digest of a file beside the models."""

    __tablename__ = "round_state"
    run: str = Field(primary_key=True, foreign_key="run.id")
    round: int = Field(primary_key=True)
    digest: str
