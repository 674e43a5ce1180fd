"""What kernels ask for ahead: all of the next tile that they can, and nothing that is not the rows'."""

import re
from typing import Any

import numpy as np
import pytest

from flowstate_flower import machine_code
from flowstate_flower.aggregation.engine import compiled, pairs
from flowstate_flower.aggregation.engine.differences import (
    ASKED_BYTES,
    MOST_AT_FOUR,
    MOST_AT_TWO,
    MOST_FROM_TWO,
    Pace,
    differences_ir,
)
from flowstate_flower.aggregation.engine.emit import rank_mean_ir, tile_of


def noting(ir: str, log: Any) -> str:
    """The same kernel; where it would have asked for a line, it writes down for which, behind how many there were."""
    note = f"""
    define void @note(ptr %place) {{
      %log = inttoptr i64 {log.ctypes.data} to ptr
      %many = load i64, ptr %log
      %more = add i64 %many, 1
      store i64 %more, ptr %log
      %to = getelementptr i64, ptr %log, i64 %more
      %number = ptrtoint ptr %place to i64
      store i64 %number, ptr %to
      ret void
    }}
    """
    return re.sub(r"call void @llvm.prefetch.p0\((ptr %\w+)[^)]*\)", r"call void @note(\1)", ir) + note


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("n", [16, 17, 32, 101])
def test_of_many_rows_all_of_the_next_tile_is_asked_for_and_nothing_else(n: int, lanes: int) -> None:
    tile, line = tile_of(n), 16
    columns = 3 * tile + 5 * line  # three whole tiles, and the beginning of one
    rows, log = np.ones((n, columns), np.float32), np.zeros(1 + n * columns, np.int64)
    kernel = machine_code.compiled(noting(rank_mean_ir(n, 1, n - 1, lanes), log))
    addresses, base, out = np.array([row.ctypes.data for row in rows]), *np.zeros((2, columns), np.float32)
    kernel(addresses.ctypes.data, base.ctypes.data, 0, columns, out.ctypes.data)
    np.testing.assert_array_equal(out, 1)
    asked = (log[1 : 1 + log[0]] - rows.ctypes.data) // 4
    assert asked.min() >= 0
    assert asked.max() < rows.size
    lines = {(place // columns, place % columns // line) for place in asked.tolist()}
    whole = {(row, place) for row in range(n) for place in range(tile // line, 3 * tile // line)}
    assert whole <= lines
    begins = {(row, place) for row in range(n) for place in (2 * tile // line, 3 * tile // line)}  # where no whole one follows
    assert lines <= whole | begins


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("n", [3, 10, MOST_FROM_TWO + 1, MOST_AT_FOUR, MOST_AT_FOUR + 1, MOST_AT_TWO + 1])
def test_distances_ask_for_the_next_tile_row_after_row_and_for_nothing_else(
    n: int, lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = np.zeros(1 << 20, np.int64)
    kernels = []

    def noted(pairs_of_rows: Any, lanes: int, pace: Pace) -> Any:
        kernels.append(machine_code.compiled(noting(differences_ir(pairs_of_rows, lanes, pace), log)))
        return kernels[-1]

    monkeypatch.setattr(compiled, "_pair_kernel", noted)
    plan = compiled.pair_plan(n, lanes)
    tile, line = ASKED_BYTES // plan.bytes, 16
    columns = 3 * tile + 5 * line  # three whole tiles, and the beginning of one
    rows, total = np.random.default_rng(n).standard_normal((n, columns)).astype("f4"), np.zeros((n, n))
    addresses = np.array([row.ctypes.data for row in rows], np.uintp)
    pairs.sum_squared_distances(tuple(plan), addresses, 0, columns, total)
    np.testing.assert_allclose(total, np.triu(((rows[:, None].astype(float) - rows) ** 2).sum(axis=2)), rtol=1e-6)
    asked, of_a_tile = (log[1 : 1 + log[0]] - rows.ctypes.data) // 4, len(plan.kernels) * plan.places * tile // lanes
    lines = {(k // of_a_tile, place // columns, place % columns // line) for k, place in enumerate(asked.tolist())}
    at_once = ASKED_BYTES // (4 * line)
    each = tile // line // at_once  # how often a row of a tile is asked for
    ahead = [divmod(k, each) for k in range(min(len(plan.kernels) * plan.places, n * each))]  # few blocks ask for fewer rows
    wanted = {(t, row, (t + 1) * tile // line + k * at_once + i) for t in (0, 1) for row, k in ahead for i in range(at_once)}
    assert wanted <= lines
    assert all(column // (tile // line) == t and row < n for t, row, column in lines - wanted)  # what is there already
