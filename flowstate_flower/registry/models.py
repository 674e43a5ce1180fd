"""Models as files beside the database: named by their digest, complete before any row names them."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.aggregation.updates import BFLOAT16
from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.trust.canonical import model_digest


def store_model(folder: Path, names: tuple[str, ...], arrays: tuple[NDArray[Any], ...]) -> str:
    """Write `folder/<digest>.npz` (write, fsync, rename) and return the digest. A file that is there already stays.

    Raises `BrokenRegistry` where the disk does not take it; then nothing is there.
    """
    digest = model_digest(zip(names, arrays, strict=True))
    path = folder / f"{digest}.npz"
    if not path.exists():
        write_model(path, names, arrays)
    return digest


def stored_model(folder: Path, digest: str) -> dict[str, NDArray[Any]]:
    """The layers that `store_model` wrote under `digest`. Raises `BadInput`, or `BrokenRegistry` for other contents."""
    path = folder / f"{digest}.npz"
    layers = load_model(path)
    if model_digest(layers.items()) != digest:
        raise BrokenRegistry(f"{path} holds another model than it is named after", hint="restore a copy")
    return layers


def write_model(path: Path, names: tuple[str, ...], arrays: tuple[NDArray[Any], ...]) -> None:
    """Write a model to `path`: the file is whole or it is not there. Raises `BrokenRegistry`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, **dict(zip(names, arrays, strict=True)))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync(path.parent)
    except OSError as error:
        raise BrokenRegistry(f"cannot write {path}: {error.strerror or error}", hint="check the disk, then resume") from error


def load_model(path: Path) -> dict[str, NDArray[Any]]:
    """The layers of a model file by name, in their order. Raises `BadInput`, or `BrokenRegistry` for other contents."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: _typed(file[name]) for name in file.files}
    except FileNotFoundError as error:
        raise BadInput(f"no model at {path}", hint="a run writes it beside its registry") from error
    except (OSError, ValueError) as error:
        raise BrokenRegistry(f"{path} is not a model file: {error}", hint="restore a copy") from error


def _typed(array: NDArray[Any]) -> NDArray[Any]:
    """Numpy's files say of bfloat16 only that it has two bytes, and nothing else of ours does."""
    return array.view(BFLOAT16) if array.dtype == np.dtype("V2") else array


def _sync(folder: Path) -> None:
    """Let a new name outlast a power cut as its contents do."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
