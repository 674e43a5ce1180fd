"""Rules on torch tensors: what they say on arrays, on every device, by the kernels of the host and by operations of torch."""

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from flowstate_flower.aggregation import CATALOGUE, Layer, Layout, Updates, engine, rule_named
from flowstate_flower.aggregation.engine import fusion, tensors
from flowstate_flower.aggregation.rule import NotFiniteRow
from flowstate_flower.aggregation.updates import BFLOAT16, applied
from flowstate_flower.attribution import cosine_shares

MIXED = [
    "nnm >> trimmed-mean",
    "arc >> median",
    "bucketing(size=2, seed=1) >> meamed",
    "clipping(norm=2.0) >> krum",
    "arc >> nnm >> mean",
]
TYPES = {"f2": torch.float16, "bf2": torch.bfloat16, "f4": torch.float32, "f8": torch.float64}
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


@pytest.fixture(params=["host", "torch", pytest.param("cuda", marks=cuda)])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the tensors lie; `torch` is the host treated as if numpy could not look at its memory."""
    if request.param == "torch":
        monkeypatch.setattr(tensors, "lies_on_host", lambda _: False)
    return "cuda" if request.param == "cuda" else "cpu"


def updates(seed: int, n: int = 13, kinds: tuple[str, ...] = ("f4", "f4")) -> Updates:
    """Small updates on large weights, in two layers and a counter between them."""
    rng = np.random.default_rng(seed)
    shapes = [(40, 30), (777,)]
    types = [BFLOAT16 if kind == "bf2" else np.dtype(kind) for kind in kinds]
    layers = [Layer(f"l{i}", shape, kind) for i, (shape, kind) in enumerate(zip(shapes, types, strict=True))]
    layout = Layout((layers[0], Layer("seen", (), np.dtype("i8")), layers[1]))
    base = [rng.normal(0, 3, shape) for shape in shapes]

    def model(step: float) -> tuple[np.ndarray, ...]:
        moved = [(b + step * rng.normal(size=b.shape)).astype(kind) for b, kind in zip(base, types, strict=True)]
        return moved[0], np.array(7), moved[1]

    return Updates(layout, model(0), tuple(model(0.1) for _ in range(n)), np.full(n, 1 / n), root=model(0.1))


def as_tensors(given: Updates, device: str) -> Updates:
    def tensor(array: np.ndarray) -> torch.Tensor:
        if array.dtype == BFLOAT16:
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).to(device)
        return torch.from_numpy(array).to(device)

    rows = tuple(tuple(tensor(array) for array in row) for row in given.rows)
    root = None if given.root is None else tuple(tensor(array) for array in given.root)
    return Updates(given.layout, tuple(tensor(array) for array in given.base), rows, given.shares, root=root)


def tolerated(name: str) -> int:
    return 2 if rule_named(name).fewest(2) else 0


@pytest.mark.parametrize("kinds", [("f4", "f4"), ("bf2", "f2"), ("f8", "f4")], ids=str)
@pytest.mark.parametrize("name", [*CATALOGUE, *MIXED])
def test_a_rule_says_on_tensors_what_it_says_on_arrays(name: str, kinds: tuple[str, str], device: str) -> None:
    arrays = updates(1, kinds=kinds)
    there = as_tensors(arrays, device)
    rule, f = rule_named(name), tolerated(name)
    expected, result = rule(arrays, byzantine=f), rule(there, byzantine=f)
    assert isinstance(result.update, torch.Tensor)
    assert result.update.device == there.base[0].device
    np.testing.assert_allclose(result.update.cpu().numpy(), expected.update, rtol=1e-5, atol=1e-6)
    if expected.weights is not None:
        assert isinstance(result.weights, np.ndarray)
        np.testing.assert_allclose(result.weights, expected.weights, rtol=1e-5, atol=1e-9)
    for mine, theirs in zip(cosine_shares(there, result), cosine_shares(arrays, expected), strict=True):
        assert mine.value == pytest.approx(theirs.value, abs=1e-5)


@pytest.mark.parametrize("kind", TYPES)
def test_the_next_model_keeps_the_types_of_its_layers(kind: str, device: str) -> None:
    arrays = updates(2, kinds=(kind, "f4"))
    there = as_tensors(arrays, device)
    median = CATALOGUE["median"]
    expected = applied(arrays.layout, arrays.base, median(arrays, byzantine=2).update)
    model = applied(there.layout, there.base, median(there, byzantine=2).update)
    assert [tensor.dtype for tensor in model] == [TYPES[kind], torch.int64, torch.float32]
    assert [array.dtype for array in expected] == [layer.dtype for layer in arrays.layout.layers]
    for tensor, array in zip(model, expected, strict=True):
        assert tuple(tensor.shape) == array.shape
        np.testing.assert_allclose(tensor.double().cpu().numpy(), array.astype(float), rtol=1e-2 if kind == "bf2" else 1e-3)


@pytest.mark.parametrize("mixing", [None, "identity", "pairs"])
def test_votes_on_tensors_are_those_on_arrays(mixing: str | None, device: str) -> None:
    arrays = updates(3, n=6)
    there = as_tensors(arrays, device)
    if mixing is not None:
        matrix = np.eye(6) if mixing == "identity" else np.repeat(np.eye(3), 2, axis=1) / 2
        arrays, there = (u.mixed(matrix, engine.squared_distances(u.with_origin())) for u in (arrays, there))
    counts = engine.sign_counts(there)
    assert isinstance(counts, np.ndarray)
    np.testing.assert_array_equal(counts, engine.sign_counts(arrays))
    np.testing.assert_array_equal(engine.sign_vote(there).cpu().numpy(), engine.sign_vote(arrays))
    for threshold in (0, 1, 3, 7):
        result = engine.voted_mean(there, threshold).cpu().numpy()
        np.testing.assert_allclose(result, engine.voted_mean(arrays, threshold), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("poison", [np.nan, -np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [*CATALOGUE, *MIXED])
def test_a_tensor_that_is_not_finite_is_named(name: str, poison: float, device: str) -> None:
    there = as_tensors(updates(4), device)
    there.rows[4][2][5] = poison
    with pytest.raises(NotFiniteRow, match="row 4 of"), np.errstate(all="ignore"):
        rule_named(name)(there, byzantine=tolerated(name))


@pytest.mark.parametrize("size", [1.0, 1e-3])
def test_distances_between_tensors_are_exact_to_a_millionth_on_weights_of_norm_100(size: float, device: str) -> None:
    rng = np.random.default_rng(0)
    d = 50_000
    base = rng.normal(size=d)
    base = (100 * base / np.linalg.norm(base)).astype("f4")
    steps = rng.normal(size=(6, d))
    rows = [(base + size * step / np.linalg.norm(step)).astype("f4") for step in steps]
    rows.append(rows[0].copy())  # one that copies another
    rows.append(rows[1] + np.where(np.arange(d) == 5, np.float32(1e-6), np.float32(0)))  # and one that hardly differs
    exact = np.array([[np.sum((a.astype(float) - b) ** 2) for b in rows] for a in rows])
    layout = Layout((Layer("w", (d,), base.dtype),))
    held = tuple((torch.from_numpy(row).to(device),) for row in rows)
    there = Updates(layout, (torch.from_numpy(base).to(device),), held, np.full(len(rows), 1 / len(rows)))
    result = engine.squared_distances(there)
    assert isinstance(result, np.ndarray)
    np.testing.assert_allclose(result, exact, rtol=1e-6)
    assert result[0, 6] == 0
    far = rows[2].copy()
    far[7] = 1e18
    spoilt = tuple((torch.from_numpy(far).to(device),) if i == 2 else row for i, row in enumerate(held))
    others = [i for i in range(len(rows)) if i != 2]
    after = engine.squared_distances(Updates(layout, there.base, spoilt, there.shares))
    np.testing.assert_allclose(after[np.ix_(others, others)], exact[np.ix_(others, others)], rtol=1e-6)


def test_tensors_that_are_not_contiguous_are_read(device: str) -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(9, 30, 40)).astype("f4")
    straight = tuple((torch.from_numpy(v.copy()).to(device),) for v in values)
    turned = tuple((torch.from_numpy(v.T.copy()).to(device).T,) for v in values)
    layout, base = Layout((Layer("w", (30, 40), np.dtype("f4")),)), (torch.zeros(30, 40, device=device),)
    for name in ("median", "krum"):
        results = [CATALOGUE[name](Updates(layout, base, rows, np.full(9, 1 / 9)), byzantine=2) for rows in (straight, turned)]
        torch.testing.assert_close(results[1].update, results[0].update)


@pytest.mark.parametrize("name", ["median", "trimmed-mean", "krum", "nnm >> trimmed-mean", "meamed"])
def test_blocks_of_any_width_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = as_tensors(updates(6), "cpu")
    expected = rule_named(name)(there, byzantine=2).update
    monkeypatch.setattr(tensors, "lies_on_host", lambda _: False)
    monkeypatch.setattr(tensors, "TILE_NUMBERS", 1)
    monkeypatch.setattr(tensors, "ALIGNED_COLUMNS", 101)
    torch.testing.assert_close(rule_named(name)(there, byzantine=2).update, expected, rtol=1e-5, atol=1e-6)


def test_a_matrix_may_be_a_tensor(device: str) -> None:
    rows = np.random.default_rng(7).normal(size=(7, 50))
    given = Updates.from_matrix(torch.from_numpy(rows).to(device))
    assert given.layout.layers[0].dtype == np.float64
    result = CATALOGUE["median"](given, byzantine=2).update
    np.testing.assert_allclose(result.cpu().numpy(), np.median(rows, axis=0))


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fusing whatever the size and the device, from a clean start."""
    monkeypatch.setattr(tensors, "lies_on_host", lambda _: False)
    monkeypatch.setattr(fusion, "pays", lambda *_: True)
    fusion.fused.cache_clear()
    yield
    fusion.fused.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("name", ["median", "meamed", "mean"])
def test_fused_is_what_the_operations_one_by_one_are(name: str, caplog: pytest.LogCaptureFixture) -> None:
    arrays = updates(8, n=7, kinds=("f4", "bf2"))
    there = as_tensors(arrays, "cpu")
    f = tolerated(name)
    expected = rule_named(name)(arrays, byzantine=f).update
    np.testing.assert_allclose(rule_named(name)(there, byzantine=f).update.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert "not fused" not in caplog.text
    there.rows[3][0][2, 2] = -torch.inf
    with pytest.raises(NotFiniteRow, match="row 3 of 7"):
        rule_named(name)(there, byzantine=f)


@pytest.mark.usefixtures("compiler")
def test_without_a_compiler_nothing_is_fused(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object, **__: object) -> object:
        def fail(*_: object) -> None:
            raise RuntimeError("no compiler\nat all")

        return fail

    monkeypatch.setattr(torch, "compile", broken)
    arrays = updates(9, kinds=("f4", "f2"))
    result = CATALOGUE["median"](as_tensors(arrays, "cpu"), byzantine=2).update
    np.testing.assert_allclose(result.numpy(), CATALOGUE["median"](arrays, byzantine=2).update, rtol=1e-5, atol=1e-6)
    assert [record.getMessage() for record in caplog.records] == ["aggregation on this device is not fused: no compiler"]


def test_no_fusing_where_kernels_are_forbidden_or_little_is_to_be_won(monkeypatch: pytest.MonkeyPatch) -> None:
    device = torch.device("cuda")
    assert fusion.pays(1 << 30, device, 10)
    assert not fusion.pays(1 << 10, device, 10)
    assert not fusion.pays(1 << 30, device, 1000)
    assert not fusion.pays(1 << 30, torch.device("cpu"), 10)
    monkeypatch.setenv("FLOWSTATE_KERNELS", "numpy")
    assert not fusion.pays(1 << 30, device, 10)


@cuda
@pytest.mark.parametrize("name", ["median", "meamed", "krum", "geometric-median", "nnm >> trimmed-mean"])
def test_no_rule_copies_the_tensors(name: str) -> None:
    n, d = 12, 20_000_000
    base = torch.randn(d, device="cuda")
    rows = tuple((base + torch.randn(d, device="cuda"),) for _ in range(n))
    given = Updates(Layout((Layer("w", (d,), np.dtype("f4")),)), (base,), rows, np.full(n, 1 / n))
    held = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    rule_named(name)(given, byzantine=2)
    tiles = 8 * 4 * tensors.TILE_NUMBERS
    assert torch.cuda.max_memory_allocated() - held <= 2 * 4 * d + tiles


def test_torch_and_compilers_are_not_imported_until_they_are_needed() -> None:
    code = (
        "import sys, numpy as np\n"
        "from flowstate_flower.aggregation import CATALOGUE, Updates\n"
        "assert not {'llvmlite', 'numba', 'torch'} & set(sys.modules)\n"
        "CATALOGUE['median'](Updates.from_matrix(np.eye(5)), byzantine=1)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
