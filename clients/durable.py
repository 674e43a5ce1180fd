"""Files that are whole or absent, and on the disk before anybody is told of them."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def replace_file(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """`path` holds `parts`, one after the other, readable by its owner alone, on the disk before this returns.

    Raises `OSError`; then `path` is as it was.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")  # of mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
