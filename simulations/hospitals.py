"""What a demonstration of a deployment learns: up to ten hospitals, each with its own part of the handwritten digits."""

from flowstate_flower.simulations.digits import DigitsTask
from flowstate_flower.simulations.scenario import Data

HOSPITALS = tuple(f"hospital-{letter}" for letter in "abcdefghij")

task = DigitsTask(Data(task="digits", tenants=len(HOSPITALS), dirichlet_alpha=20.0), HOSPITALS, seed=1)
