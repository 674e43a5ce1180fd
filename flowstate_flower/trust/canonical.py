"""The one way in which something becomes the bytes that are signed or hashed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODEL_DOMAIN = b"flowstate/model/v1\n"
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8 as it is, and no NaN or infinity.

    Raises `ValueError` for a float that is not finite: such a number has no JSON form that everyone reads alike.
    """
    return _encode(value).encode()


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def model_digest(layers: Iterable[tuple[str, NDArray[Any]]]) -> str:
    """SHA-256 over names, dtypes, shapes and raw little-endian bytes of a model's layers, in the order given."""
    sha = hashlib.sha256(MODEL_DOMAIN)
    for name, array in layers:
        flat = np.asarray(array, order="C")
        little = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
        kind = little.dtype.name if little.dtype.kind == "V" else little.dtype.str  # bfloat16 is `<V2` to numpy: any two bytes
        header = {"name": name, "dtype": kind, "shape": list(flat.shape), "bytes": flat.nbytes}
        sha.update(canonical(header) + b"\n")
        sha.update(little.reshape(-1).view(np.uint8).data)
    return sha.hexdigest()
