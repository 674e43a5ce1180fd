"""The tables behind tenancy: requests to join, data keys, settings, and what is counted against quotas."""

from typing import ClassVar

from sqlmodel import Field, Index, SQLModel

from flowstate_flower.registry.row import Row


class RequestRow(Row, table=True):
    """The signed request with which an organisation asked to join, contact data and all."""

    __tablename__ = "tenant_request"
    sealed: ClassVar[tuple[str, ...]] = ("envelope",)
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    received_at: str
    envelope: str


class DataKeyRow(Row, table=True):
    """A tenant's data key, wrapped by the key-encryption key `kek`. A key that was destroyed leaves an empty `wrapped`."""

    __tablename__ = "data_key"
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    number: int = Field(primary_key=True)
    kek: str = Field(index=True)
    wrapped: str
    created_at: str
    destroyed_at: str | None = None


class SettingsRow(Row, table=True):
    """One version of one layer of settings: of the platform, of a tenant, or of a run. The newest counts."""

    __tablename__ = "settings"
    layer: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    tenant: str | None = Field(foreign_key="tenant.name", index=True)
    body: str
    set_at: str
    actor: str


class UsageRow(SQLModel, table=True):
    """How much of one limit a tenant has used in the window that ends at `until` (seconds since 1970).

    Not in the log, which would grow with every message; what exceeds a limit is, as a rejection.
    """

    __tablename__ = "usage"
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    counter: str = Field(primary_key=True)
    amount: int
    until: int


class PlaceRow(SQLModel, table=True):
    """A tenant's number among those that ever agreed to a purpose, counted from 1, by which cohorts are drawn.

    Not in the log: it follows from the consents, and who is drawn is judged by these.
    """

    __tablename__ = "consent_place"
    __table_args__ = (Index("ix_consent_place", "purpose", "position", "tenant"),)
    purpose: str = Field(primary_key=True)
    tenant: str = Field(primary_key=True, foreign_key="tenant.name")
    position: int


NUMBER_CONSENTS = """
INSERT INTO consent_place (purpose, tenant, position)
SELECT purpose, tenant, ROW_NUMBER() OVER (PARTITION BY purpose ORDER BY MIN(granted_at), tenant)
FROM consent GROUP BY purpose, tenant
"""
"""What makes the table from the consents of a registry that is older than it."""
