"""Worker momentum: what a tenant sends is a running mean of what it trained."""

import numpy as np
from flwr.app import RecordDict

from flowstate_flower.clients.momentum import with_momentum


def layers(value: float, kind: str = "f4") -> dict[str, np.ndarray]:
    return {"w": np.full((2, 3), value, kind), "steps": np.array(int(value))}


def test_the_first_update_goes_out_whole_and_later_ones_are_averaged() -> None:
    state = RecordDict()
    first = with_momentum(state, layers(10), layers(12), 0.9)
    np.testing.assert_allclose(first["w"], 12)
    second = with_momentum(state, layers(100), layers(101), 0.9)
    np.testing.assert_allclose(second["w"], 100 + 0.9 * 2 + 0.1 * 1, rtol=1e-6)
    third = with_momentum(state, layers(0), layers(0), 0.9)
    np.testing.assert_allclose(third["w"], 0.9 * 1.9, rtol=1e-6)


def test_counters_go_out_as_trained_and_dtypes_stay() -> None:
    state = RecordDict()
    for _ in range(2):
        answer = with_momentum(state, layers(1, "f2"), layers(3, "f2"), 0.5)
        assert answer["w"].dtype == np.float16
        assert answer["steps"] == 3
    assert list(state) == ["flowstate.worker-momentum"]


def test_another_model_begins_anew() -> None:
    state = RecordDict()
    with_momentum(state, layers(0), layers(8), 0.9)
    answer = with_momentum(state, {"w": np.zeros(4, "f4")}, {"w": np.ones(4, "f4")}, 0.9)
    np.testing.assert_allclose(answer["w"], 1)


def test_momentum_of_a_constant_update_is_that_update() -> None:
    state = RecordDict()
    for _ in range(5):
        answer = with_momentum(state, layers(5), layers(7), 0.99)
        np.testing.assert_allclose(answer["w"], 7, rtol=1e-6)
