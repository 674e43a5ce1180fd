"""Which task a scenario names."""

from flowstate_flower.simulations.digits import DigitsTask
from flowstate_flower.simulations.scenario import Data


def task_of(plan: Data, tenants: tuple[str, ...], seed: int) -> DigitsTask:
    """The task, with the partition that the seed draws."""
    if plan.task == "images":
        from flowstate_flower.simulations.images import ImagesTask

        return ImagesTask(plan, tenants, seed)
    return DigitsTask(plan, tenants, seed)
