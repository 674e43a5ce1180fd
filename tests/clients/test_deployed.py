"""The ready ClientApp of a deployment, in the process that Flower starts for a message."""

import pytest

from flowstate_flower.clients import deployed


def test_its_process_keeps_the_memory_of_a_step_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr(deployed, "steady_memory", lambda: told.append(True))
    monkeypatch.setenv(deployed.TASK_VARIABLE, "flowstate_flower.deployment.digits:task")
    deployed._ready.__wrapped__()
    assert told == [True]
