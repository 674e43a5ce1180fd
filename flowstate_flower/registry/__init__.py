"""The registry: who the tenants are, what they agreed to, what every round did, and a log that proves it.

SQLite in WAL mode, one transaction per round, and every row's digest in a Merkle log whose head the operator signs.
"""

from flowstate_flower.registry.database import Registry

__all__ = ["Registry"]
