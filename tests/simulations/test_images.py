"""Images in MNIST's format: what is read, what is refused, and that a federation learns from them."""

import gzip
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from flowstate_flower.errors import BadInput
from flowstate_flower.registry import Registry, views
from flowstate_flower.simulations import scattering
from flowstate_flower.simulations.idx import MOST_IMAGES, read_idx, read_pair
from flowstate_flower.simulations.scenario import Data, Scenario, load, with_folder
from flowstate_flower.simulations.tasks import task_of

LABELS, IMAGES = 1, 3


def header(dimensions: int, *sizes: int, kind: int = 8) -> bytes:
    return bytes((0, 0, kind, dimensions)) + struct.pack(f">{len(sizes)}I", *sizes)


def labelled(folder: Path, part: str, labels: np.ndarray, images: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    content = header(IMAGES, len(images), 28, 28) + images.tobytes()
    (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(content, 1))
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(header(LABELS, len(labels)) + labels.tobytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three kinds of stripes, with noise: 240 to train on, 60 to test with."""
    made, rng = tmp_path_factory.mktemp("stripes"), np.random.default_rng(0)
    y, x = np.mgrid[:28, :28]
    for part, count in (("train", 240), ("t10k", 60)):
        labels = (np.arange(count) % 3).astype(np.uint8)
        waves = np.stack([np.sin(x), np.sin(y), np.sin(x + y)])[labels]
        labelled(made, part, labels, (100 + 60 * waves + rng.integers(0, 60, waves.shape)).astype(np.uint8))
    return made


@given(content=st.binary(max_size=50), packed=st.booleans())
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, content: bytes, packed: bool) -> None:
    path = tmp_path_factory.mktemp("idx") / ("labels.gz" if packed else "labels")
    written = header(LABELS, len(content)) + content
    path.write_bytes(gzip.compress(written) if packed else written)
    assert read_idx(path, ()).tobytes() == content


HALF_A_FILE = gzip.compress(header(LABELS, 1000) + np.random.default_rng(1).bytes(1000))[:500]
MISTAKES = {
    "another magic number": (b"\x7fELF" + bytes(100), "is no IDX file of bytes"),
    "numbers that are not bytes": (header(LABELS, 5, kind=0x0D) + bytes(20), "is no IDX file of bytes"),
    "images instead of labels": (header(IMAGES, 1, 28, 28) + bytes(784), "is no IDX file of bytes with 1 dim"),
    "half a header": (header(LABELS, 5)[:6], "is no IDX file of bytes"),
    "nothing": (b"", "is no IDX file of bytes"),
    "less than promised": (header(LABELS, 5) + bytes(4), "holds less than the 5 items"),
    "more than promised": (header(LABELS, 5) + bytes(6), "holds more than the 5 items"),
    "too many": (header(LABELS, MOST_IMAGES + 1) + bytes(6), f"promises {MOST_IMAGES + 1} items"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("packed", [True, False])
def test_a_file_that_is_not_what_it_says_is_one_clear_line(tmp_path: Path, mistake: str, packed: bool) -> None:
    content, message = MISTAKES[mistake]
    path = tmp_path / ("labels.gz" if packed else "labels")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(BadInput, match=message):
        read_idx(path, ())


@pytest.mark.parametrize("content", [HALF_A_FILE, b"not gzip at all", HALF_A_FILE[:100] + bytes(50) + HALF_A_FILE[150:]])
def test_a_broken_archive_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read"):
        read_idx(path, ())


def test_images_of_another_size_are_named(tmp_path: Path) -> None:
    path = tmp_path / "images"
    path.write_bytes(header(IMAGES, 1, 32, 32) + bytes(1024))
    with pytest.raises(BadInput, match="has items of 32 × 32"):
        read_idx(path, (28, 28))


@pytest.mark.parametrize(
    "content",
    [header(IMAGES, MOST_IMAGES, 28, 28) + bytes(10), header(IMAGES, 10, 28, 28) + bytes(100_000_000)],
    ids=["a header that lies", "a bomb"],
)
def test_neither_a_lie_nor_a_bomb_reserves_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(content, 1))
    tracemalloc.start()
    with pytest.raises(BadInput, match="holds"):
        read_idx(path, (28, 28))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_a_label_for_each_image_or_none_at_all(tmp_path: Path) -> None:
    labelled(tmp_path, "train", np.zeros(3, np.uint8), np.zeros((2, 28, 28), np.uint8))
    with pytest.raises(BadInput, match="2 train images and 3 labels"):
        read_pair(tmp_path, "train")
    with pytest.raises(BadInput, match="no t10k-images-idx3-ubyte"):
        read_pair(tmp_path, "t10k")


def test_a_constant_image_has_no_edges() -> None:
    orders = scattering._orders(torch.full((1, 28, 28), 0.7))
    assert torch.allclose(orders[:, 0], torch.tensor(0.7), atol=1e-5)
    assert orders[:, 1:].abs().max() < 1e-5


def test_stripes_are_seen_at_their_own_angle() -> None:
    """Angles go from stripes that stand, by turning, to stripes that lie (the fifth of eight)."""
    x = torch.arange(28).float()
    standing = torch.sin(scattering.FREQUENCY * x).expand(1, 28, 28)
    for image, angle in ((standing, 0), (standing.transpose(1, 2), 4)):
        fine = scattering._orders(image)[0, 1:9].mean(dim=(1, 2))
        assert fine.argmax() == angle


def test_every_second_pixel_is_a_folded_spectrum() -> None:
    image = torch.randn(3, 36, 36, generator=torch.Generator().manual_seed(0))
    folded = scattering._halved(torch.fft.fft2(image))
    assert torch.allclose(torch.fft.ifft2(folded).real, image[:, ::2, ::2], atol=1e-5)


def test_features_of_an_image_depend_on_no_other_image() -> None:
    """They are made before privacy is accounted for: anything of others in them would be outside of the guarantee."""
    images = torch.randint(0, 256, (60, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    others = images.clone()
    others[1:] = 255 - others[1:]
    together, alone = scattering.scattered(images), scattering.scattered(others)
    assert together.shape == (60, scattering.feature_count(28))
    assert torch.allclose(together[0].float(), alone[0].float(), atol=2e-3)
    assert not torch.allclose(together[1].float(), alone[1].float(), atol=2e-3)


def test_the_files_own_test_images_are_dealt_to_nobody(folder: Path) -> None:
    names = ("a", "b", "c")
    plan = Data(task="images", folder=str(folder), tenants=3, dirichlet_alpha=20.0, root_examples=12)
    task = task_of(plan, names, 1)
    assert len(task.test_data()) == 60
    assert len(task.root_data()) == 12
    assert sum(len(task.data(name)) for name in names) == 240 - 12
    assert task.model()(task.test_data().features).shape == (60, 3)


def test_a_federation_learns_from_a_folder_of_images(folder: Path, play: Callable[..., Registry]) -> None:
    shipped = with_folder(load("private-images"), folder)
    few = shipped.data.model_copy(update={"tenants": 3})
    small = shipped.training.model_copy(update={"batch_size": 40, "steps": 2, "learning_rate": 0.5})
    scenario = shipped.model_copy(
        update={
            "data": few,
            "rounds": 2,
            "training": small,
            "privacy": None,
            "round": shipped.round.model_copy(update={"quorum": 3}),
        }
    )
    registry = play(Scenario.model_validate_json(scenario.model_dump_json()))
    assert list(views.accuracies(registry, views.runs(registry)[0].run).values())[-1] > 0.9


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"task": "images"}, "a folder is read by the task images, and needed by it"),
        ({"task": "digits", "folder": "/tmp"}, "a folder is read by the task images"),
        ({"task": "images", "folder": "/tmp", "test_fraction": 0.5}, "has test images of its own"),
    ],
)
def test_keys_that_would_be_ignored_are_refused(data: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Data(tenants=2, dirichlet_alpha=1.0, **data)


def test_another_folder_is_for_scenarios_that_read_one() -> None:
    with pytest.raises(BadInput, match="the task digits reads no folder"):
        with_folder(load("quickstart"), Path("/tmp"))
