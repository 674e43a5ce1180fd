"""The tenants' side: the task and the data are those of the tenant's own installation."""

from flowstate_flower.clients.deployed import app

__all__ = ["app"]
