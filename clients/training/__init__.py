"""Local training, private or not: one trainer, and engines behind a narrow seam."""

from flowstate_flower.clients.training.job import LocalJob, Trainer, pick_device, rehearse, sample_rate, train

__all__ = ["LocalJob", "Trainer", "pick_device", "rehearse", "sample_rate", "train"]
