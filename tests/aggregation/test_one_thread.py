"""Rules keep BLAS to one thread while they work on small matrices, and give back what there was."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from flowstate_flower.aggregation import Updates, one_thread, rule_named
from flowstate_flower.aggregation.one_thread import FEWEST_SHARED, one_blas_thread


def threads() -> int:
    """Of the BLAS that numpy has: scipy may have brought another."""
    numpys = {library["filepath"] for library in one_thread._blas().info()}
    (count,) = {library["num_threads"] for library in threadpool_info() if library["filepath"] in numpys}
    return count


@pytest.fixture(autouse=True)
def _two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.mark.parametrize("name", ["dnc", "nnm >> dnc", "smea"])
@pytest.mark.parametrize(("n", "expected"), [(FEWEST_SHARED, 1), (FEWEST_SHARED - 1, 2)])
def test_where_many_rows_make_a_matrix_blas_has_one_thread(
    name: str, n: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def looking(function):
        def looked(matrix):
            seen.append(threads())
            return function(matrix)

        return looked

    for function in (np.linalg.eigh, np.linalg.eigvalsh):
        monkeypatch.setattr(np.linalg, function.__name__, looking(function))
    rule_named(name)(Updates.from_matrix(np.random.default_rng(0).standard_normal((n, 50)).astype("f4")), byzantine=2)
    assert set(seen) == {expected}
    assert threads() == 2


def test_a_rule_that_fails_gives_back_what_there_was_too() -> None:
    def fails() -> None:
        with one_blas_thread(FEWEST_SHARED):
            assert threads() == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert threads() == 2
