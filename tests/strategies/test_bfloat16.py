"""Models with bfloat16 layers: numpy stores such a layer as two bytes of no meaning, and everything still knows what it is."""

from dataclasses import replace

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord
from flwr.serverapp.strategy import FedAdam, FedAvg

from flowstate_flower.admission import Limits, Reason
from flowstate_flower.aggregation import Layer
from flowstate_flower.aggregation.updates import BFLOAT16
from flowstate_flower.strategies import RunTerms
from flowstate_flower.strategies.decoding import Undecodable, arrays_of, view
from flowstate_flower.trust.canonical import model_digest

BASE = {"half": np.linspace(-3, 3, 12).astype(BFLOAT16).reshape(3, 4), "bias": np.zeros(3, "f4"), "steps": np.array(7)}
LIAR = "tenant-3"


def sending(change):
    """Send, and sign for, another `half`."""

    def lie(reply, _request) -> None:
        reply.layers["half"] = change(reply.layers["half"])

    return lie


def test_a_model_with_a_bfloat16_layer_goes_round_and_round(federation, run_terms: RunTerms) -> None:
    federation.deltas = {name: 0.5 + 0.25 * i for i, name in enumerate(federation.tenants)}
    arrays = federation.run(run_terms, rounds=2, base=BASE).arrays
    assert not federation.reasons()
    model = dict(zip(*arrays_of(arrays), strict=True))
    assert (model["half"].dtype, model["bias"].dtype, int(model["steps"])) == (BFLOAT16, np.float32, 7)
    np.testing.assert_allclose(model["bias"], np.full(3, 2.5))
    np.testing.assert_allclose(model["half"].astype("f4"), BASE["half"].astype("f4") + 2.5, atol=0.05)
    assert np.isfinite(federation.closed[-1].outcome.update).all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: a.astype("f2"), Reason.WRONG_DTYPE),
        (lambda a: a.astype("f4"), Reason.WRONG_DTYPE),
        (lambda a: a.astype("f4").astype("i2"), Reason.WRONG_DTYPE),
        (lambda a: a[:2], Reason.WRONG_SHAPE),
        (lambda a: np.where(np.arange(4) == 2, BFLOAT16.type(np.nan), a), Reason.NOT_FINITE),
        (lambda a: np.where(np.arange(4) == 2, BFLOAT16.type(-np.inf), a), Reason.NOT_FINITE),
        (lambda a: a + BFLOAT16.type(100), Reason.TOO_FAR),
    ],
    ids=["float16", "float32", "int16", "shape", "nan", "inf", "norm"],
)
def test_a_reply_that_is_not_such_a_layer_is_turned_away(federation, run_terms: RunTerms, change, reason: Reason) -> None:
    federation.lies[LIAR] = sending(change)
    federation.run(replace(run_terms, limits=Limits(largest_update_norm=50)), base=BASE)
    assert federation.reasons() == {LIAR: reason}


def test_bfloat16_is_no_answer_to_a_float16_layer(federation, run_terms: RunTerms) -> None:
    federation.lies[LIAR] = sending(lambda a: a.astype(BFLOAT16))
    federation.run(run_terms, base=BASE | {"half": BASE["half"].astype("f2")})
    assert federation.reasons() == {LIAR: Reason.WRONG_DTYPE}


@pytest.mark.parametrize("make", [FedAvg, lambda: FedAdam(eta=0.1)], ids=["FedAvg", "FedAdam"])
def test_flowers_optimisers_step_such_a_layer(federation, run_terms: RunTerms, make) -> None:
    base = {name: BASE[name] for name in ("half", "bias")}
    model = dict(zip(*arrays_of(federation.run(run_terms, rounds=2, base=base, optimiser=make()).arrays), strict=True))
    assert model["half"].dtype == BFLOAT16
    moved = model["half"].astype("f4") - BASE["half"].astype("f4")
    np.testing.assert_allclose(moved, np.broadcast_to(model["bias"][0], (3, 4)), atol=0.05)
    assert moved.min() > 0.1


def test_the_view_is_on_the_replys_own_bytes() -> None:
    array = Array(BASE["half"])
    seen = view(array, Layer("half", (3, 4), BFLOAT16))
    assert seen.dtype == BFLOAT16
    np.testing.assert_array_equal(seen, BASE["half"])
    assert not seen.flags.writeable
    with pytest.raises(Undecodable, match="bfloat16 expected"):
        view(Array(BASE["half"].view("i2")), Layer("half", (3, 4), BFLOAT16))


def test_its_digest_says_bfloat16() -> None:
    """Two bytes of another meaning, or of none, are another model."""
    names, arrays = arrays_of(ArrayRecord({"half": Array(BASE["half"])}))
    digests = {model_digest([("half", a)]) for a in (BASE["half"], BASE["half"].view("V2"), BASE["half"].view("f2"))}
    assert len(digests) == 3
    assert model_digest(zip(names, arrays, strict=True)) == model_digest([("half", BASE["half"])])
