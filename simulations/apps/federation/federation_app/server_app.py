"""Flower loads the server's side from here."""

from flowstate_flower.simulations.server import app

__all__ = ["app"]
