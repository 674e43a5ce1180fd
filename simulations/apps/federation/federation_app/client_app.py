"""Flower loads the tenants' side from here."""

from flowstate_flower.simulations.client import app

__all__ = ["app"]
