"""From a Flower message to a submission, a refusal or a rejection. Never raises for a client's fault.

Arrays are viewed in the reply's own buffer after their `.npy` header was checked against the base model: nothing is
allocated for a size that a client announces, nothing is unpickled, and the order of keys is ours.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from numpy.typing import NDArray

from flowstate_flower.admission import Invitation, Reason, Refusal, Rejection, Reply, Submission
from flowstate_flower.aggregation.updates import BFLOAT16, Arrays, Layer, Layout
from flowstate_flower.strategies.guarded_grid import REASON_OF_CODE, SENT_BY
from flowstate_flower.trust.dsse import MAX_ENVELOPE_BYTES, Envelope, MalformedEnvelope
from flowstate_flower.trust.npy import array_in, header_in, header_of
from flowstate_flower.trust.statements import REFUSAL_TYPE, RefusalStatement, UpdateStatement, read

ARRAYS, METRICS, STATEMENT, ENVELOPE = "arrays", "metrics", "statement", "envelope"
EXAMPLES = "num-examples"
MOST_METRICS = 32
MOST_DIGITS = 30
NUMPY_STYPE = "numpy.ndarray"
BFLOAT16_STORED = np.dtype("V2")  # what an `.npy` header makes of it


class Undecodable(Exception):
    """A reply that cannot be read as what it should be. Caught in `decode`, nowhere else."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def decode(message: Message, layout: Layout, invitations: Mapping[int, Invitation]) -> Reply | Rejection:
    """Read one reply. Whatever is wrong with it becomes a `Rejection` that names the tenant which was asked."""
    node = message.metadata.src_node_id
    try:
        return _decode(message, layout, node)
    except Undecodable as fault:
        reason, detail = fault.reason, str(fault)
    except Exception as error:  # the last resort: a reply may fail in ways that nobody has seen yet
        reason, detail = Reason.UNREADABLE, f"{type(error).__name__}: {error}"
    invitation = invitations.get(node)
    asked = invitation.tenant if invitation else None
    return Rejection(node, asked, reason, detail, _others(message, reason, detail, invitations) - {asked})


def _others(message: Message, reason: Reason, detail: str, invitations: Mapping[int, Invitation]) -> frozenset[str]:
    """Tenants beside the one that was asked: whose node sent the reply, or in whose name a turned-away reply speaks."""
    if reason is Reason.WRONG_SENDER:
        sender = detail.removeprefix(SENT_BY)
        found = invitations.get(int(sender)) if sender.isdecimal() and len(sender) < MOST_DIGITS else None
        return frozenset((found.tenant,)) if found else frozenset()
    try:
        envelope = _envelope(message.content)
        refuses = envelope.payload_type == REFUSAL_TYPE
        statement = read(RefusalStatement, envelope) if refuses else read(UpdateStatement, envelope)
        return frozenset((statement.tenant,))
    except Exception:  # unreadable: it speaks in nobody's name
        return frozenset()


def _decode(message: Message, layout: Layout, node: int) -> Reply:
    if message.has_error():
        code, text = message.error.code, message.error.reason or ""
        raise Undecodable(REASON_OF_CODE.get(code, Reason.CLIENT_ERROR), text)
    content = message.content
    envelope = _envelope(content)
    try:
        if envelope.payload_type == REFUSAL_TYPE:
            _only(content, {STATEMENT})
            return Refusal(node, envelope, read(RefusalStatement, envelope))
        statement = read(UpdateStatement, envelope)
    except MalformedEnvelope as error:
        raise Undecodable(Reason.BAD_STATEMENT, str(error)) from error
    _only(content, {ARRAYS, METRICS, STATEMENT})
    _check_metrics(content[METRICS], statement.examples)
    return Submission(node, envelope, statement, _layers(content[ARRAYS], layout))


def _only(content: RecordDict, expected: set[str]) -> None:
    if set(content.keys()) != expected:
        raise Undecodable(Reason.WRONG_RECORDS, f"{sorted(expected)} expected, {sorted(content.keys())[:8]} sent")


def _envelope(content: RecordDict) -> Envelope:
    record = content.get(STATEMENT)
    data = record.get(ENVELOPE) if isinstance(record, ConfigRecord) else None
    if not isinstance(data, bytes) or len(data) > MAX_ENVELOPE_BYTES:
        raise Undecodable(Reason.BAD_STATEMENT, "no signed statement")
    try:
        return Envelope.parse(data)
    except MalformedEnvelope as error:
        raise Undecodable(Reason.BAD_STATEMENT, str(error)) from error


def _check_metrics(record: object, examples: int) -> None:
    """Few, finite, scalar, and the count of examples is the signed one: no metric can weigh or crash anything."""
    if not isinstance(record, MetricRecord) or len(record) > MOST_METRICS:
        raise Undecodable(Reason.BAD_METRICS, f"a metric record of at most {MOST_METRICS} entries is expected")
    for name, value in record.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise Undecodable(Reason.BAD_METRICS, f"{name[:40]} is not a finite number")
    if record.get(EXAMPLES) != examples:
        raise Undecodable(Reason.BAD_METRICS, f"{EXAMPLES} is not the signed {examples}")


def _layers(record: object, layout: Layout) -> Arrays:
    if not isinstance(record, ArrayRecord) or record.keys() != set(layout.names):
        raise Undecodable(Reason.WRONG_LAYERS, "the layers are not those of the model that was sent")
    sent = dict(record.items())
    return tuple(view(sent[layer.name], layer) for layer in layout.layers)


def view(array: Array, layer: Layer) -> NDArray[Any]:
    """The array as a read-only view on its bytes. Only the header inside the bytes is believed, and only if it says what
    `layer` says. Raises `Undecodable`.
    """
    if array.stype != NUMPY_STYPE:
        raise Undecodable(Reason.BAD_ARRAY, f"{layer.name}: serialised as {array.stype[:40]}")
    data, usual = array.data, header_of(layer.dtype, layer.shape)
    begin = len(usual)
    if len(data) == begin + layer.nbytes and data[:begin] == usual:
        return np.ndarray(layer.shape, layer.dtype, data, begin)  # as read-only as the bytes
    try:
        shape, fortran, dtype, offset = header_in(array.data)
    except ValueError as error:
        raise Undecodable(Reason.BAD_ARRAY, f"{layer.name}: {error}") from error
    if dtype == BFLOAT16_STORED and layer.dtype == BFLOAT16:
        dtype = BFLOAT16
    if dtype != layer.dtype:
        raise Undecodable(Reason.WRONG_DTYPE, f"{layer.name}: {dtype}, {layer.dtype} expected")
    if shape != layer.shape:
        raise Undecodable(Reason.WRONG_SHAPE, f"{layer.name}: {shape}, {layer.shape} expected")
    if fortran and len(shape) > 1:
        raise Undecodable(Reason.BAD_ARRAY, f"{layer.name}: columns first")
    size = math.prod(shape)
    if len(array.data) - offset != size * dtype.itemsize:
        raise Undecodable(Reason.BAD_ARRAY, f"{layer.name}: {len(array.data) - offset} bytes, {layer.nbytes} expected")
    return np.frombuffer(array.data, dtype, count=size, offset=offset).reshape(shape)


def size_of(message: Message) -> int:
    """How many bytes a reply brought in its records, whatever they are. Never raises for a client's fault."""
    if message.has_error():
        return 0
    try:
        records = list(message.content.values())
        return sum(_record_size(record) for record in records)
    except Exception:  # whatever cannot even be weighed is rejected when it is decoded
        return 0


def _record_size(record: object) -> int:
    if isinstance(record, ArrayRecord):
        return sum(len(array.data) for array in record.values())
    if isinstance(record, ConfigRecord):
        return sum(len(value) for value in record.values() if isinstance(value, (bytes, str, list)))
    return 0


def arrays_of(record: ArrayRecord) -> tuple[tuple[str, ...], Arrays]:
    """Names and arrays of a model that the server itself holds, in its own order."""
    return tuple(record.keys()), tuple(array_of(array) for array in record.values())


def array_of(array: Array) -> NDArray[Any]:
    """The server's own array, where it lies and read-only. Numpy stores bfloat16 as two bytes of no meaning; Flower's record
    still says what they are.
    """
    stored = array_in(array.data)
    return stored.view(BFLOAT16) if array.dtype == BFLOAT16.name and stored.dtype == BFLOAT16_STORED else stored
