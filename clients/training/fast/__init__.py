"""Clipped gradients in closed form: one backward pass, norms from what it leaves, one weighted sum a layer."""

from flowstate_flower.clients.training.fast.engine import FastEngine
from flowstate_flower.clients.training.fast.memory import steady_memory
from flowstate_flower.clients.training.fast.support import Refusal, refusal

__all__ = ["FastEngine", "Refusal", "refusal", "steady_memory"]
