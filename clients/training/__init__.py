"""Local training, private or not: one trainer, and engines behind a narrow seam."""

from flowstate_flower.clients.training.engines import ENGINES, Choice
from flowstate_flower.clients.training.job import LocalJob, Trainer, choices_of, pick_device, rehearse, train
from flowstate_flower.clients.training.plan import Choices, TrainingPlan
from flowstate_flower.clients.training.sampling import units_of
from flowstate_flower.clients.training.trainer import PrivateTrainer

__all__ = [
    "ENGINES",
    "Choice",
    "Choices",
    "LocalJob",
    "PrivateTrainer",
    "Trainer",
    "TrainingPlan",
    "choices_of",
    "pick_device",
    "rehearse",
    "train",
    "units_of",
]
