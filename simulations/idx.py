"""Reading images in MNIST's format (IDX): a header of big-endian numbers, then bytes; plain or compressed by gzip.

Files are somebody else's, so nothing is reserved for what a header promises: content is read in pieces, up to what the header
says and never more than `MOST_IMAGES` images.
"""

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.errors import BadInput

SIDE, MOST_IMAGES = 28, 1_000_000
UNSIGNED_BYTES = 0x08
PIECE_BYTES = 1 << 20
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images (N, 28, 28) and their labels (N,), as bytes."""

    images: Bytes
    labels: Bytes


def read_pair(folder: Path, part: str) -> Labelled:
    """The files `PART-images-idx3-ubyte` and `PART-labels-idx1-ubyte` in `folder`, with or without `.gz`. Raises `BadInput`."""
    images = read_idx(_found(folder, f"{part}-images-idx3-ubyte"), (SIDE, SIDE))
    labels = read_idx(_found(folder, f"{part}-labels-idx1-ubyte"), ())
    if len(images) != len(labels) or len(images) == 0:
        raise BadInput(f"{folder}: {len(images)} {part} images and {len(labels)} labels", hint="one label for each image")
    return Labelled(images, labels)


def read_idx(path: Path, item: tuple[int, ...]) -> Bytes:
    """The bytes of a file whose items have the shape `item`, (N, *item). Raises `BadInput` for anything else."""
    try:
        with cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as file:
            count = _count(path, file, item)
            size = count * int(np.prod(item, dtype=np.int64))
            content = _content(file, size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path} cannot be read: {error}", hint="a file of MNIST's format, plain or .gz") from error
    if len(content) != size:
        more = "more" if len(content) > size else "less"
        raise BadInput(f"{path} holds {more} than the {count} items that its header promises", hint="get the file again")
    return np.frombuffer(content, dtype=np.uint8).reshape(count, *item)


def _count(path: Path, file: BinaryIO, item: tuple[int, ...]) -> int:
    """How many items the header promises, once it is the header that is expected."""
    dimensions = 1 + len(item)
    header = file.read(4 * (1 + dimensions))
    if len(header) < 4 * (1 + dimensions) or header[:4] != bytes((0, 0, UNSIGNED_BYTES, dimensions)):
        raise BadInput(f"{path} is no IDX file of bytes with {dimensions} dimensions", hint="MNIST's format is expected")
    count, *shape = struct.unpack(f">{dimensions}I", header[4:])
    if tuple(shape) != item:
        raise BadInput(f"{path} has items of {' × '.join(map(str, shape))}", hint=f"images of {SIDE} × {SIDE} are read")
    if count > MOST_IMAGES:
        raise BadInput(f"{path} promises {count} items", hint=f"at most {MOST_IMAGES}")
    return int(count)


def _content(file: BinaryIO, most: int) -> bytearray:
    content = bytearray()
    while len(content) < most and (piece := file.read(min(PIECE_BYTES, most - len(content)))):
        content += piece
    return content


def _found(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise BadInput(f"no {name}.gz in {folder}", hint="a folder with MNIST's four files; Debian has dataset-fashion-mnist")
