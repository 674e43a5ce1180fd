"""Models as files beside the database: named by their digest, complete before any row names them."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.trust.canonical import model_digest


def store_model(folder: Path, names: tuple[str, ...], arrays: tuple[NDArray[Any], ...]) -> str:
    """Write `folder/<digest>.npz` (write, fsync, rename) and return the digest. A file that is there already stays."""
    digest = model_digest(zip(names, arrays, strict=True))
    path = folder / f"{digest}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_model(path, names, arrays)
    return digest


def write_model(path: Path, names: tuple[str, ...], arrays: tuple[NDArray[Any], ...]) -> None:
    """Write a model to `path`: the file is whole or it is not there."""
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


def load_model(path: Path) -> dict[str, NDArray[Any]]:
    """The layers of a model file by name, in their order. Raises `BadInput`, or `BrokenRegistry` for other contents."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise BadInput(f"no model at {path}", hint="a run writes it beside its registry") from error
    except (OSError, ValueError) as error:
        raise BrokenRegistry(f"{path} is not a model file: {error}", hint="restore a copy") from error
