"""Many simulated clients trained as one stack: each with its own data, sample, noise and privacy, all in one step."""

from flowstate_flower.clients.training.together.together import Joint, train_together

__all__ = ["Joint", "train_together"]
