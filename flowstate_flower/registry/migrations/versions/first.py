"""The first schema: tenants, consents on the operator's word, runs and the log. Its registries were made whole, on SQLite."""

revision, down_revision = "1", None


def upgrade() -> None:
    """Nothing comes before it."""
