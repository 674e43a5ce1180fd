"""A tenant's key in a process of its own: it signs updates that were reserved through it, refusals, and presence."""

from flowstate_flower.clients.signer.remote import RemoteHome, judge_app
from flowstate_flower.clients.signer.server import Signer

__all__ = ["RemoteHome", "Signer", "judge_app"]
