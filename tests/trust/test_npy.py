"""Headers of arrays: what numpy wrote is read as numpy reads it, whatever other threads do."""

import ast
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from flowstate_flower.trust import npy


def written(array: np.ndarray) -> bytes:
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


@given(arrays.arrays(st.sampled_from(["<f2", "<f4", ">f8", "<i8", "?", "<u2"]), arrays.array_shapes(min_dims=0, min_side=0)))
def test_an_array_is_read_as_numpy_reads_it(array: np.ndarray) -> None:
    for data in (written(array), written(np.asfortranarray(array))):
        read, expected = npy.array_in(data), np.load(BytesIO(data))
        assert (read.dtype, read.flags.writeable) == (expected.dtype, False)
        np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"PK" + data[2:],
        lambda data: data.replace(b"'<f4'", b"'|O4'"),
        lambda data: data.replace(b"(3,)", b"(3,", 1),
        lambda data: data[:20],
        lambda _: b"",
    ],
)
def test_what_is_no_array_is_a_value_error(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match=r"an array|bytes for"):
        npy.array_in(spoil(written(np.zeros(3, "f4"))))


def test_a_parser_that_fails_because_of_another_thread_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data, original, failures = written(np.arange(7.0)[:5]), npy.npy.read_array_header_1_0, []

    def unsafe(*arguments: Any, **options: Any) -> Any:
        if len(failures) < 3:
            failures.append(1)
            raise SystemError("AST constructor recursion depth mismatch (before=60, after=57)")
        return original(*arguments, **options)

    monkeypatch.setattr(npy.npy, "read_array_header_1_0", unsafe)
    npy._parsed.cache_clear()
    assert npy.array_in(data).tolist() == [0, 1, 2, 3, 4]
    assert len(failures) == 3


def test_many_threads_read_beside_others_that_parse() -> None:
    data = [written(np.zeros((number, 1))) for number in range(200)]
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            ast.literal_eval("{'a': [1, (2, 3, {'b': (4, 5)})], 'c': (((1,),),)}")

    npy._parsed.cache_clear()
    with ThreadPoolExecutor(6) as pool:
        for _ in range(2):
            pool.submit(disturb)
        read = list(pool.map(npy.array_in, data))
        stop.set()
    assert [len(array) for array in read] == list(range(200))
