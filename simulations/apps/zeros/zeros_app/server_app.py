"""The ready ServerApp over one layer of zeros, as many as `size.toml` beside this says."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flwr.app import ArrayRecord
from numpy.typing import NDArray

from flowstate_flower.deployment.server_app import server_app_of


class Zeros:
    """`server_app.OperatorSide` without data."""

    def first_model(self) -> Mapping[str, NDArray[Any]]:
        """One layer."""
        size = tomllib.loads((Path(__file__).parent / "size.toml").read_text(encoding="utf-8"))
        return {"w": np.zeros(size["parameters"], dtype=np.float32)}

    def metrics(self, model: ArrayRecord) -> Mapping[str, float]:
        """Nothing is known of it."""
        return {}


app = server_app_of(Zeros)
