"""What a tenant reads of a message, and what it signs in reply."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from flowstate_flower.clients.folder_home import asked_of
from flowstate_flower.clients.home import Metrics, TenantHome
from flowstate_flower.clients.policy import Declined, check_request
from flowstate_flower.clients.updates import StoredUpdate
from flowstate_flower.errors import RunImpossible
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.npy import array_in
from flowstate_flower.trust.statements import Refused, first_problem
from flowstate_flower.trust.terms import Name, Nonce, Terms

HomeOf = Callable[[Context], TenantHome]
EXAMPLES = "num-examples"
Layers = Mapping[str, NDArray[Any]]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trained:
    """What one round came to: the model, on how many units, the momentum that the next round goes on from, if any, and the
    metrics that the policy lets out.
    """

    layers: Layers
    examples: int
    momentum: Layers | None = None
    metrics: Metrics = field(default_factory=dict)


def read_terms(message: Message) -> Terms:
    """The server's terms. Raises `Declined` where they are not readable as exactly that."""
    try:
        return Terms.model_validate_json(_terms_bytes(message))
    except ValidationError as error:
        raise Declined(Refused.BAD_TERMS, first_problem(error)) from error


def sent_layers(message: Message, terms: Terms) -> dict[str, NDArray[Any]]:
    """The model that the terms name. Raises `Declined` where the message has none, or another, or one that is not finite."""
    arrays = message.content.get("arrays")
    if not isinstance(arrays, ArrayRecord):
        raise Declined(Refused.BAD_TERMS, "the message carries no model")
    try:
        layers = {name: array_in(array.data) for name, array in arrays.items()}
        digest = model_digest(layers.items())
    except (ValueError, TypeError, KeyError, EOFError, MemoryError, OSError) as error:
        raise Declined(Refused.WRONG_BASE, "the model cannot be read") from error
    if digest != terms.base:
        raise Declined(Refused.WRONG_BASE, "the model is not the one that the terms name")
    if not all(np.isfinite(layer).all() for layer in layers.values() if np.issubdtype(layer.dtype, np.inexact)):
        raise Declined(Refused.WRONG_BASE, "the model is not finite")
    return layers


def alone(home: TenantHome, run: str) -> AbstractContextManager[None]:
    """One request of a run after the other, over all processes of this tenant; at once where nothing is kept."""
    return nullcontext() if home.updates is None else home.updates.alone(run)


def said_before(home: TenantHome, terms: Terms) -> Trained | None:
    """What was trained in answer to exactly these terms, whatever the nonce: it costs nothing to say it again.

    It was, or may have been, sent already, so the policy's hours do not matter. Raises `Declined` where the policy no longer
    allows the rest.
    """
    stored = None if home.updates is None else home.updates.last(terms.run)
    if stored is None or stored.asked != asked_of(terms):
        return None
    check_request(home.policy.model_copy(update={"hours": None}), terms, datetime.now(UTC))
    return Trained(stored.layers, stored.examples, stored.momentum, stored.metrics)


def signed_update(home: TenantHome, message: Message, terms: Terms, trained: Trained) -> Message:
    """The tenant's update, on its disk before it is signed, and signed before it is sent."""
    if home.updates is not None:
        asked, leaves = asked_of(terms), (trained.examples, trained.layers, trained.momentum, trained.metrics)
        home.updates.keep(StoredUpdate(terms.run, terms.round, asked, *leaves))
    return repeated_update(home, message, terms, trained)


def repeated_update(home: TenantHome, message: Message, terms: Terms, trained: Trained) -> Message:
    """An update, and over its digest the tenant's signature. No metric but the number of units leaves, and what is signed."""
    envelope = home.sign_update(terms, model_digest(trained.layers.items()), trained.examples, trained.metrics)
    content = RecordDict(
        {
            "arrays": ArrayRecord({name: Array(np.asarray(layer)) for name, layer in trained.layers.items()}),
            "metrics": MetricRecord({EXAMPLES: trained.examples}),
            "statement": _record(envelope),
        }
    )
    return Message(content, reply_to=message)


def signed_refusal(home: TenantHome, message: Message, no: Declined) -> Message:
    """A signed no, which the tenant also writes down for itself."""
    try:
        address = _Address.model_validate_json(_terms_bytes(message))
    except (Declined, ValidationError):
        address = _Address()
    envelope = home.sign_refusal(address.run, address.round, address.nonce, no)
    return Message(RecordDict({"statement": _record(envelope)}), reply_to=message)


def or_refusal(home: TenantHome, message: Message, answer: Callable[[], Message]) -> Message:
    """What `answer` returns, or a signed no where it declines or fails.

    Flower sends the text of an exception to the server, and such a text may quote data: it stays in the tenant's own log.
    """
    try:
        return answer()
    except Declined as no:
        return signed_refusal(home, message, no)
    except Exception:
        log.exception("the round failed")
        return signed_refusal(home, message, Declined(Refused.FAILED, "the tenant's own log says why"))


def is_refusal(reply: Message) -> bool:
    """Whether a tenant has said no already."""
    return list(reply.content) == ["statement"]


def the_home(home_of: HomeOf, context: Context) -> TenantHome:
    """The tenant's home. Raises `RunImpossible`, which says nothing more, where there is none: then nothing can be signed."""
    try:
        return home_of(context)
    except Exception as error:
        log.exception("the tenant's home cannot be opened")
        raise RunImpossible("the tenant's home cannot be opened", hint="the tenant's own log says why") from error


def signed_presence(home: TenantHome, message: Message, node: int) -> Message:
    """A tenant's answer to a roll call."""
    challenge = message.content["challenge"]
    nonce = challenge["nonce"] if isinstance(challenge, ConfigRecord) else ""
    return Message(RecordDict({"statement": _record(home.sign_presence(node, str(nonce)))}), reply_to=message)


class _Address(BaseModel):
    """What a refusal echoes, so that the server can tell what it answers. Read even from terms that are otherwise wrong."""

    run: Name = "unknown"
    round: int = Field(default=0, ge=0)
    nonce: Nonce = ""


def _terms_bytes(message: Message) -> bytes:
    record = message.content.get("terms")
    data = record.get("terms") if isinstance(record, ConfigRecord) else None
    if not isinstance(data, bytes):
        raise Declined(Refused.BAD_TERMS, "the message carries no terms")
    return data


def _record(envelope: Envelope) -> ConfigRecord:
    return ConfigRecord({"envelope": envelope.to_bytes()})
