"""The benchmark of private training, tiny: what it prints, and when it fails. How fast anything is, no test says."""

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from flowstate_flower.cli.bench import accuracy, models, spending, steps, training_goals, training_memory
from flowstate_flower.cli.bench.apart import apart
from flowstate_flower.cli.bench.children import STATUS
from flowstate_flower.cli.main import run
from flowstate_flower.errors import RunImpossible
from flowstate_flower.simulations.scenario import Scenario, load, with_folder

TINY = ["bench", "training", "--repeats", "1", "--threads", "1"]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    small = [models.Workload(w.name, w.model, w.features, 1) for w in (models.ALONE[0], models.TOGETHER[0])]
    for module in (steps, training_memory):
        monkeypatch.setattr(module, "ALONE", tuple(small[:1]))
    monkeypatch.setattr(steps, "TOGETHER", tuple(small[1:]))
    for module, name, few in ((steps, "ROWS", 300), (steps, "CLIENT_ROWS", 20), (spending, "ROUNDS", 3)):
        monkeypatch.setattr(module, name, few)
    monkeypatch.setattr(training_goals, "CLIENTS", 3)


def results(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict]:
    assert run([*TINY, *options, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]
    assert all(set(result) == {"name", "value", "unit", "goal", "met"} for result in found)
    assert all((result["met"] is None) == (not result["goal"]) for result in found if result["value"] is not None)
    return {result["name"]: result for result in found}


@pytest.mark.slow
def test_steps_are_held_against_plain_torch_and_opacus(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_goals, "BATCHES", (256,))
    found = results(capsys, "--only", "steps")
    name = "MLP 784-256-10, B = 256, 1 thread"
    assert found[f"{name}: a private step, of plain torch"]["goal"] == "≤ 1.5"
    assert found[f"{name}: faster than Opacus"]["goal"] == "≥ 15"
    assert len(found) == 3 * len(training_goals.BATCHES)


@pytest.mark.slow
def test_a_contender_whose_process_ends_is_one_line() -> None:
    with (
        pytest.raises(RunImpossible, match="plain stopped training no such model"),
        apart("plain", "no such model", 300, 64, 1, torch.device("cpu")) as timed,
    ):
        timed(1)


def test_clients_at_once_are_held_against_opacus(capsys: pytest.CaptureFixture[str]) -> None:
    found = results(capsys, "--only", "clients")
    name = "3 clients at once, MLP 64-32-10, B = 16, 1 thread"
    assert found[f"{name}: faster than Opacus one by one"]["goal"] == "≥ 20"
    assert found[f"{name}: a step of all"]["unit"] == "ms"


def test_what_is_measured_is_exact_and_a_missed_goal_is_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert results(capsys, "--only", "exactness")["MLP 784-256-10: clipped sum, from the loop over examples"]["met"] is True
    monkeypatch.setattr(training_goals, "INEXACT_MILLIONTHS", 0.0)
    assert run([*TINY, "--only", "exactness", "--check"]) == 1
    assert "MISSED" in capsys.readouterr().out


def test_an_inexact_engine_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = steps.FastEngine.add_clipped

    def off(self, batch, clipping, total):
        squared = honest(self, batch, clipping, total)
        total *= 1 + 1e-5
        return squared

    monkeypatch.setattr(steps.FastEngine, "add_clipped", off)
    assert steps.exactness()[0].met is False


@pytest.mark.skipif(not STATUS.exists(), reason="needs /proc")
@pytest.mark.slow
def test_memory_is_measured_in_processes_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    found = results(capsys, "--only", "memory")
    assert found["MLP 784-256-10, B = 256: peak memory of plain torch"]["value"] > 1


@pytest.mark.slow
def test_processes_that_race_get_no_more_out_of_a_budget(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = results(capsys, "--only", "ledger")
    assert found["rounds that 4 processes got out of one budget"]["met"] is True
    assert found["reserve and settle a round, full sync, median of 3"]["goal"] == "≤ 15"


def test_the_models_are_those_of_the_table() -> None:
    sizes = [sum(parameter.numel() for parameter in w.model().parameters()) for w in models.ALONE]
    assert sizes == [203_530, 26_010, 215_370, 134_794]
    assert all(w.model()(w.examples(2).features).shape == (2, models.CLASSES) for w in (*models.ALONE, *models.TOGETHER))


def without_images(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As where Debian's package is not installed."""

    def loaded(name: str) -> Scenario:
        scenario = load(name)
        return with_folder(scenario, tmp_path / "nowhere") if scenario.data.task == "images" else scenario

    monkeypatch.setattr(accuracy, "load", loaded)


def test_a_folder_of_images_that_is_not_there_is_one_line_and_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*TINY, "--only", "accuracy", "--images", str(tmp_path / "nowhere")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_the_seeds_mean_and_the_largest_epsilon_are_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = iter([(0.80, 2.5), (0.90, 2.9), (1.0, 2.0)])
    monkeypatch.setattr(accuracy, "_run", lambda *_: next(reached))
    without_images(monkeypatch, tmp_path)
    found = results(capsys, "--only", "accuracy")
    assert found["private-digits: accuracy, mean of 3 seeds"]["value"] == pytest.approx(90.0)
    assert found["private-digits: ε at δ = 1e-05 of the tenant that spent most"]["value"] == 2.9
    assert found["private-images: accuracy, mean of 3 seeds"]["unit"].startswith("absent: no images")


@pytest.mark.long
def test_the_shipped_settings_reach_their_goal_on_digits(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_images(monkeypatch, tmp_path)
    found = results(capsys, "--only", "accuracy")
    assert found["private-digits: accuracy, mean of 3 seeds"]["met"] is True
    assert found["private-digits: ε at δ = 1e-05 of the tenant that spent most"]["met"] is True


@pytest.mark.slow
def test_images_of_the_users_own_are_learned_by_the_same_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    for part, count in (("train", 1500), ("t10k", 60)):
        labels = rng.integers(0, 3, count).astype(np.uint8)
        pixels = (rng.integers(0, 40, (count, 28, 28)) + 70 * labels[:, None, None]).astype(np.uint8)
        heads = {"images-idx3": struct.pack(">4I", 2051, count, 28, 28), "labels-idx1": struct.pack(">2I", 2049, count)}
        for kind, content in (("images-idx3", pixels), ("labels-idx1", labels)):
            (tmp_path / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(heads[kind] + content.tobytes()))
    shipped = load("private-images")  # made for 6000 images a tenant; of 150, batches of 15 cost as little
    few = shipped.model_copy(update={"rounds": 3, "training": shipped.training.model_copy(update={"batch_size": 15})})
    monkeypatch.setattr(accuracy, "load", lambda _: few)
    monkeypatch.setattr(accuracy, "ACCURACY", {"private-images": 84.0})
    monkeypatch.setattr(accuracy, "SEEDS", 1)
    assert run([*TINY, "--only", "accuracy", "--images", str(tmp_path)]) == 0
    assert "private-images: accuracy" in capsys.readouterr().out


def test_without_a_gpu_the_device_is_one_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert run(["bench", "training", "--device", "cuda"]) == 2
    assert "no device 'cuda' here" in capsys.readouterr().err
