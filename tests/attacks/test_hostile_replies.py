"""Every hole of Flower's own strategies, as a tenant that signs what it sends: the reply is lost, the round never is."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Error, Message, MetricRecord, RecordDict
from flwr.serverapp.strategy import FedAvg

from flowstate_flower.admission import Limits, Reason
from flowstate_flower.privacy import Accountant, GaussianRelease
from flowstate_flower.round import Closing
from flowstate_flower.strategies import RunTerms
from flowstate_flower.trust.dsse import seal
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import REFUSAL_TYPE, PrivacyClaim, Refused

LIAR = "tenant-3"


def array(data: bytes, *, stype: str = "numpy.ndarray", dtype: str = "float32", shape: tuple[int, ...] = (3,)) -> Array:
    return Array(dtype=dtype, shape=shape, stype=stype, data=data)


def npy(value: np.ndarray, *, pickled: bool = False) -> bytes:
    buffer = BytesIO()
    np.save(buffer, value, allow_pickle=pickled)
    return buffer.getvalue()


def with_layer(name: str, make: Callable[[np.ndarray], Array]) -> Callable:
    """Send one layer as something else; the statement is signed over the honest layers."""

    def lie(reply, _request) -> None:
        layers = {n: Array(np.asarray(a)) for n, a in reply.layers.items()}
        reply.arrays = ArrayRecord({**layers, name: make(reply.layers[name])})

    return lie


def signed_layers(change: Callable[[dict[str, np.ndarray]], None]) -> Callable:
    """Change the layers before they are signed."""

    def lie(reply, _request) -> None:
        change(reply.layers)

    return lie


def said(**statement) -> Callable:
    def lie(reply, _request) -> None:
        reply.statement = statement

    return lie


def content(change: Callable[[RecordDict], RecordDict]) -> Callable:
    def lie(reply, _request) -> None:
        reply.content = change

    return lie


def metrics(values: dict) -> Callable:
    def lie(reply, _request) -> None:
        reply.metrics = values

    return lie


def without(name: str) -> Callable[[RecordDict], RecordDict]:
    return lambda c: RecordDict({k: v for k, v in c.items() if k != name})


def examples(count: int) -> Callable:
    def lie(reply, _request) -> None:
        reply.examples = count

    return lie


def claims(**changes) -> Callable:
    """A privacy claim that is not the honest one."""
    honest = {"noise_multiplier": 4.0, "clip_norm": 1.0, "sample_rate": 0.01, "steps": 1, "epsilon": 0.5, "delta": 1e-5}
    return said(privacy=PrivacyClaim(**(honest | {"randomness": "os"} | changes)))


def stranger(reply, _request) -> None:
    reply.key = SigningKey.generate()


def huge_header(_: np.ndarray) -> Array:
    """A header that announces an exabyte. Nothing may be allocated for it."""
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (250000000000000000,), }"
    return array(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)


def fill(layers: dict[str, np.ndarray], value: float) -> None:
    layers["bias"].fill(value)


def crash(_reply, _request) -> Message:
    raise RuntimeError("the app crashed")


def error_reply(_reply, request: Message) -> Message:
    return Message(Error(code=6, reason="mod failed"), reply_to=request)


def other_nonce(reply, _request) -> None:
    reply.statement = {"nonce": "f" * 32}


def garbled_refusal(reply, request: Message) -> Message:
    envelope = seal(REFUSAL_TYPE, b'{"reason":"because"}', reply.key)
    return Message(RecordDict({"statement": ConfigRecord({"envelope": envelope.to_bytes()})}), reply_to=request)


HOLES: dict[str, tuple[Callable, Reason]] = {
    "NaN": (signed_layers(lambda layers: fill(layers, np.nan)), Reason.NOT_FINITE),
    "infinity": (signed_layers(lambda layers: fill(layers, np.inf)), Reason.NOT_FINITE),
    "a layer more": (signed_layers(lambda layers: layers.update(extra=np.zeros(1, "f4"))), Reason.WRONG_LAYERS),
    "a layer less": (signed_layers(lambda layers: layers.__delitem__("bias")), Reason.WRONG_LAYERS),
    "another name": (signed_layers(lambda la: la.update(Bias=la.pop("bias"))), Reason.WRONG_LAYERS),
    "shape (1,) that would broadcast": (with_layer("bias", lambda _: Array(np.ones(1, "f4"))), Reason.WRONG_SHAPE),
    "transposed": (with_layer("weight", lambda a: Array(np.ascontiguousarray(a.T))), Reason.WRONG_SHAPE),
    "float64": (with_layer("bias", lambda a: Array(a.astype("f8"))), Reason.WRONG_DTYPE),
    "complex": (with_layer("bias", lambda a: Array(a.astype("c8"))), Reason.WRONG_DTYPE),
    "big-endian": (with_layer("bias", lambda a: Array(a.astype(">f4"))), Reason.WRONG_DTYPE),
    "columns first": (with_layer("weight", lambda a: array(npy(np.asfortranarray(a)), shape=(3, 4))), Reason.BAD_ARRAY),
    "a pickle": (with_layer("bias", lambda _: array(npy(np.array([{}]), pickled=True))), Reason.WRONG_DTYPE),
    "another serialisation": (with_layer("bias", lambda a: array(npy(a), stype="pickle")), Reason.BAD_ARRAY),
    "no header": (with_layer("bias", lambda _: array(b"\x00" * 12)), Reason.BAD_ARRAY),
    "half a header": (with_layer("bias", lambda a: array(npy(a)[:9])), Reason.BAD_ARRAY),
    "an exabyte announced": (with_layer("bias", huge_header), Reason.WRONG_SHAPE),
    "bytes missing": (with_layer("bias", lambda a: array(npy(a)[:-1])), Reason.BAD_ARRAY),
    "bytes appended": (with_layer("bias", lambda a: array(npy(a) + b"x")), Reason.BAD_ARRAY),
    "code in the header": (
        with_layer("bias", lambda _: array(b"\x93NUMPY\x01\x00\x1c\x00__import__('os').system('x')")),
        Reason.BAD_ARRAY,
    ),
    "metadata that lies about honest bytes": (
        with_layer("bias", lambda a: array(npy(a.astype("f8")), dtype="float32")),
        Reason.WRONG_DTYPE,
    ),
    "other bytes than signed": (with_layer("bias", lambda a: Array(a + 1)), Reason.OTHER_BYTES),
    "too far away": (signed_layers(lambda layers: fill(layers, 1e6)), Reason.TOO_FAR),
    "no examples": (examples(0), Reason.EXAMPLES),
    "negative examples": (examples(-5), Reason.EXAMPLES),
    "a billion examples": (examples(10**9), Reason.EXAMPLES),
    "metrics say another count": (metrics({"num-examples": 10**9}), Reason.BAD_METRICS),
    "a NaN metric": (metrics({"num-examples": 100, "loss": float("nan")}), Reason.BAD_METRICS),
    "a list as metric": (metrics({"num-examples": 100, "loss": [1.0] * 100}), Reason.BAD_METRICS),
    "a thousand metrics": (metrics({"num-examples": 100, **{f"m{i}": 0 for i in range(1000)}}), Reason.BAD_METRICS),
    "no count": (metrics({}), Reason.BAD_METRICS),
    "no arrays": (content(without("arrays")), Reason.WRONG_RECORDS),
    "no metrics": (content(without("metrics")), Reason.WRONG_RECORDS),
    "no statement": (content(without("statement")), Reason.BAD_STATEMENT),
    "two array records": (content(lambda c: RecordDict({**c, "more": c["arrays"]})), Reason.WRONG_RECORDS),
    "arrays of another kind": (content(lambda c: RecordDict({**c, "arrays": MetricRecord({"a": 1})})), Reason.WRONG_LAYERS),
    "an envelope that is not one": (
        content(lambda c: RecordDict({**c, "statement": ConfigRecord({"envelope": b"{}"})})),
        Reason.BAD_STATEMENT,
    ),
    "an envelope of a megabyte": (
        content(lambda c: RecordDict({**c, "statement": ConfigRecord({"envelope": b"x" * 2**20})})),
        Reason.BAD_STATEMENT,
    ),
    "a stranger's signature": (stranger, Reason.BAD_SIGNATURE),
    "in another's name": (said(tenant="tenant-1"), Reason.NOT_INVITED),
    "another run": (said(run="run-0"), Reason.STALE_NONCE),
    "another round": (said(round=9), Reason.STALE_NONCE),
    "a replayed nonce": (other_nonce, Reason.STALE_NONCE),
    "another base": (said(base="0" * 64), Reason.STALE_BASE),
    "no privacy": (said(privacy=None), Reason.NOT_PRIVATE),
    "little noise": (claims(noise_multiplier=0.5), Reason.NOT_PRIVATE),
    "a loose clip": (claims(clip_norm=2.0), Reason.NOT_PRIVATE),
    "seeded noise": (claims(randomness="seeded"), Reason.NOT_PRIVATE),
    "other work than asked": (claims(steps=2), Reason.NOT_PRIVATE),
    "a rate that the examples do not give": (claims(sample_rate=0.5), Reason.NOT_PRIVATE),
    "another unit than asked": (claims(unit="group"), Reason.NOT_PRIVATE),
    "another clipping than asked": (claims(clipping="per-layer"), Reason.NOT_PRIVATE),
    "samples truncated where they are not rare": (claims(truncated_at=3), Reason.NOT_PRIVATE),
    "a δ that lets an example out": (claims(delta=0.01), Reason.NOT_PRIVATE),
    "an ε that the release alone passes": (claims(epsilon=0.04), Reason.ARITHMETIC),
    "a garbled refusal": (garbled_refusal, Reason.BAD_STATEMENT),
    "a crash": (crash, Reason.CLIENT_ERROR),
    "an error reply": (error_reply, Reason.CLIENT_ERROR),
}


@pytest.fixture
def strict(run_terms: RunTerms) -> RunTerms:
    return replace(run_terms, limits=Limits(most_examples=10_000, largest_update_norm=1000.0))


@pytest.mark.parametrize("hole", HOLES)
def test_a_hostile_reply_is_rejected_with_its_reason_and_the_round_goes_on(federation, strict: RunTerms, hole: str) -> None:
    lie, reason = HOLES[hole]
    federation.lies[LIAR] = lie
    result = federation.run(strict)
    assert federation.reasons() == {LIAR: reason}
    outcome = federation.closed[-1].outcome
    assert [c.submission.statement.tenant for c in outcome.contributions] == [t for t in federation.tenants if t != LIAR]
    np.testing.assert_array_equal(result.arrays["bias"].numpy(), np.ones(3, "f4"))  # everybody else sent base + 1


def test_a_total_that_is_less_than_what_was_signed_before_is_rejected(federation, run_terms: RunTerms) -> None:
    """The server adds up what it holds of the same account; what it holds of another account says nothing."""
    account, release = "a" * 64, GaussianRelease(4.0, 0.01, 1)
    before = Accountant().after(GaussianRelease(1.0, 0.01, 500))
    least = before.after(release).epsilon(1e-5)
    federation.spent[LIAR] = {account: before}
    for epsilon, named, rejected in ((least * 0.999, account, True), (least, account, False), (least * 0.999, "b" * 64, False)):
        federation.lies[LIAR] = claims(epsilon=epsilon, account=named)
        federation.run(run_terms)
        assert federation.reasons() == ({LIAR: Reason.ARITHMETIC} if rejected else {})


def test_every_reason_of_a_reply_has_a_fixture_here_or_a_test_of_its_own() -> None:
    elsewhere = {Reason.NO_REPLY, Reason.UNREADABLE, Reason.WRONG_SENDER, Reason.NO_CONSENT, Reason.DUPLICATE}
    elsewhere |= {Reason.SUSPENDED, Reason.OUTSIDE_BOUNDS, Reason.QUOTA, Reason.RATE}  # tests/registry/test_gate.py
    assert {reason for _, reason in HOLES.values()} | elsewhere == set(Reason)


def test_the_order_of_keys_is_ours(federation, run_terms: RunTerms) -> None:
    """Flower's Krum joins layers in each reply's own order, so a client that reorders keys flips the model."""
    federation.lies[LIAR] = content(
        lambda c: RecordDict({**c, "arrays": ArrayRecord(dict(reversed(list(c["arrays"].items()))))})
    )
    result = federation.run(run_terms)
    assert federation.reasons() == {}
    assert len(federation.closed[-1].outcome.contributions) == 7
    assert list(result.arrays) == ["weight", "bias", "steps"]


def test_counters_stay_the_servers_own(federation, run_terms: RunTerms) -> None:
    federation.lies[LIAR] = signed_layers(lambda layers: layers.update(steps=np.array(10**9)))
    result = federation.run(run_terms)
    assert result.arrays["steps"].numpy() == 7
    assert result.arrays["steps"].numpy().dtype == np.int64


def test_all_of_them_at_once_leave_the_honest_alone(federation, strict: RunTerms) -> None:
    """Six liars of seven, each in its own way, and a rule that needs one: the model is the honest tenant's."""
    ways = ["NaN", "a crash", "float64", "no statement", "a pickle", "other bytes than signed"]
    for tenant, hole in zip(federation.tenants[1:], ways, strict=True):
        federation.lies[tenant] = HOLES[hole][0]
    result = federation.run(replace(strict, closing=Closing(strict.closing.rule, 0, 1)))
    assert len(federation.closed[-1].outcome.admitted.rejections) == 6
    np.testing.assert_array_equal(result.arrays["bias"].numpy(), np.ones(3, "f4"))


def test_a_reply_from_another_node_is_not_believed(federation, run_terms: RunTerms) -> None:
    """Flower does not authenticate the sender of a message: one node answers in the name of another."""

    def forge(reply, request: Message) -> Message:
        message = reply.build(request)
        message.metadata.__dict__["_src_node_id"] = request.metadata.dst_node_id - 1
        return message

    federation.lies[LIAR] = forge
    federation.run(run_terms)
    assert federation.reasons() == {LIAR: Reason.WRONG_SENDER}


def test_consent_withdrawn_in_flight_is_honoured(federation, run_terms: RunTerms) -> None:
    def withdraw_then_answer(_reply, _request) -> None:
        federation.agreed.discard(LIAR)

    federation.lies[LIAR] = withdraw_then_answer
    federation.run(run_terms)
    assert federation.reasons() == {LIAR: Reason.NO_CONSENT}


def test_a_refusal_counts_only_if_the_tenant_signed_it(federation, run_terms: RunTerms) -> None:
    federation.lies["tenant-1"] = lambda reply, request: reply.refuse(request, Refused.BUDGET)
    federation.lies["tenant-2"] = lambda reply, request: replace(reply, key=SigningKey.generate()).refuse(
        request, Refused.BUDGET
    )
    federation.run(run_terms)
    admitted = federation.closed[-1].outcome.admitted
    assert [refusal.statement.tenant for refusal in admitted.refusals] == ["tenant-1"]
    assert federation.reasons() == {"tenant-2": Reason.BAD_SIGNATURE}


def test_flowers_own_fedavg_does_take_what_we_reject(federation) -> None:
    """The holes are real: FedAvg averages NaN into the model. If Flower closes this one day, the test says so."""
    del federation
    from flwr.app import Context

    from flowstate_flower.simulations.in_process import InProcessGrid

    def answer(request: Message, context: Context) -> Message:
        value = np.nan if context.node_config["partition-id"] == 0 else 1.0
        arrays = ArrayRecord({"w": Array(np.full(2, value, "f4"))})
        return Message(RecordDict({"arrays": arrays, "metrics": MetricRecord({"num-examples": 1})}), reply_to=request)

    grid = InProcessGrid(answer, 2)
    result = FedAvg(fraction_evaluate=0.0).start(grid, ArrayRecord({"w": Array(np.zeros(2, "f4"))}), 1)
    grid.close()
    assert np.isnan(result.arrays["w"].numpy()).all()
