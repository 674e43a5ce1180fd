"""Where arithmetic is hard: tiny updates on large weights, nearly equal rows, one row at 1e18. Against slow float64
references.
"""

from collections.abc import Iterator

import numpy as np
import pytest

from flowstate_flower.aggregation import CATALOGUE, Layer, Layout, Rule, Updates, rule_named

N, D = 11, 300
ONE_ROUNDING = float(np.finfo(np.float32).eps)


def near(base: np.ndarray, length: float, spread: float) -> list[np.ndarray]:
    """Rows about `length` from the base, in directions that differ by `spread`."""
    rng = np.random.default_rng(1)
    common = rng.normal(size=D)
    steps = [common + spread * rng.normal(size=D) for _ in range(N)]
    return [(base + length * step / np.linalg.norm(step)).astype("f4") for step in steps]


def base_of_norm_100() -> np.ndarray:
    base = np.random.default_rng(0).normal(size=D)
    return (100 * base / np.linalg.norm(base)).astype("f4")


def one_far(base: np.ndarray) -> list[np.ndarray]:
    rows = near(base, 1.0, 1.0)
    return [(1e18 * (rows[3] - base)).astype("f4"), *rows[1:]]  # in an honest direction, so that angles matter


CASES = {
    "updates of norm 1e-3": lambda base: near(base, 1e-3, 1.0),
    "nearly equal rows": lambda base: near(base, 1.0, 1e-4),
    "a row at 1e18": one_far,
}


def hard(case: str) -> tuple[Updates, np.ndarray, np.ndarray]:
    """The updates; and, exact in float64, what they and the server's own row differ from the base by."""
    base = base_of_norm_100()
    rows = CASES[case](base)
    root = rows[-1] + ((rows[-2] - rows[-1]) / 2).astype("f4")
    updates = Updates(
        Layout((Layer("w", (D,), base.dtype),)), (base,), tuple((r,) for r in rows), np.full(N, 1 / N), root=(root,)
    )
    return updates, np.array([row.astype(float) - base for row in rows]), root.astype(float) - base


def cases() -> Iterator[object]:
    for case in CASES:
        for rule in CATALOGUE.values():
            if rule.fewest(1) or case != "a row at 1e18":
                yield pytest.param(rule, case, id=f"{rule.name}, {case}")


@pytest.mark.parametrize(("rule", "case"), cases())
def test_results_are_within_one_rounding_of_the_typical_spread(oracle, rule: Rule, case: str) -> None:
    """In the root mean square over coordinates: as if each honest coordinate had been rounded to float32 once."""
    updates, exact, root = hard(case)
    f = 1 if rule.fewest(1) else 0
    result = rule(updates, byzantine=f).update.astype(float)
    typical = np.median(np.linalg.norm(exact, axis=1))
    if rule.name == "geometric-median":  # its oracle is a minimiser: what is flat cannot be told apart
        near_rows = exact[1:] if case == "a row at 1e18" else exact

        def cost(point: np.ndarray) -> float:
            return float(np.linalg.norm(near_rows - point, axis=1).sum())

        rng = np.random.default_rng(0)
        pull = exact[0] / np.linalg.norm(exact[0]) if case == "a row at 1e18" else np.zeros(D)
        for step in [*(row - result for row in near_rows), *rng.normal(size=(20, D))]:
            moved = 1e-3 * typical * step / max(np.linalg.norm(step), 1e-300)
            assert cost(result) - result @ pull <= (cost(result + moved) - (result + moved) @ pull) * (1 + 1e-9)
        return
    expected = oracle(rule.name, exact, f, root)
    assert np.linalg.norm(result - expected) <= ONE_ROUNDING * typical


@pytest.mark.parametrize("rule", ["fltrust", "flame", "clipped-clustering", "centred-clipping", "geometric-median"])
def test_a_far_row_cannot_hide_its_direction(rule: str) -> None:
    """Distances to a row at 1e18 say nothing of angles: a liar that points the other way is treated as one, whatever its
    length.
    """
    rng = np.random.default_rng(2)
    common = rng.normal(size=D)
    honest = [(common + 0.5 * rng.normal(size=D)).astype("f4") for _ in range(10)]
    along = []
    for length in (5.0, 1e18):
        for sign in (1.0, -1.0):
            rows = np.array([*honest, (sign * length * common / np.linalg.norm(common)).astype("f4")])
            result = rule_named(rule)(Updates.from_matrix(rows, root=honest[1]), byzantine=1)
            assert result.weights is not None
            along.append(result.weights[-1] * length)
    near_same, near_other, far_same, far_other = along
    if rule in {"fltrust", "flame", "clipped-clustering"}:
        assert far_same > 0
        assert far_other == near_other == 0
    assert np.isfinite(along).all()
    assert near_same >= near_other
