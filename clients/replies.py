"""What a tenant reads of a message, and what it signs in reply."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from flowstate_flower.clients.home import TenantHome
from flowstate_flower.clients.policy import Declined
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.statements import (
    PresenceStatement,
    PrivacyClaim,
    RefusalStatement,
    Refused,
    UpdateStatement,
    first_problem,
    sign,
)
from flowstate_flower.trust.terms import Frozen, Name, Nonce, Terms

HomeOf = Callable[[Context], TenantHome]
EXAMPLES = "num-examples"
Layers = Mapping[str, NDArray[Any]]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trained:
    """What one round came to: the model, how many units it was trained on, and what is claimed of their privacy."""

    layers: Layers
    examples: int
    claim: PrivacyClaim | None


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
        layers = {name: array.numpy() for name, array in arrays.items()}
        digest = model_digest(layers.items())
    except (ValueError, TypeError, KeyError, EOFError, MemoryError, OSError) as error:
        raise Declined(Refused.WRONG_BASE, "the model cannot be read") from error
    if digest != terms.base:
        raise Declined(Refused.WRONG_BASE, "the model is not the one that the terms name")
    if not all(np.isfinite(layer).all() for layer in layers.values() if np.issubdtype(layer.dtype, np.inexact)):
        raise Declined(Refused.WRONG_BASE, "the model is not finite")
    return layers


def signed_update(home: TenantHome, message: Message, terms: Terms, trained: Trained) -> Message:
    """The tenant's update, and over its digest the tenant's signature. No metric but the number of units leaves."""
    statement = UpdateStatement(
        run=terms.run,
        round=terms.round,
        tenant=terms.tenant,
        base=terms.base,
        nonce=terms.nonce,
        update=model_digest(trained.layers.items()),
        examples=trained.examples,
        privacy=trained.claim,
        at=_now(),
    )
    content = RecordDict(
        {
            "arrays": ArrayRecord({name: Array(np.asarray(layer)) for name, layer in trained.layers.items()}),
            "metrics": MetricRecord({EXAMPLES: trained.examples}),
            "statement": _sealed(home, statement),
        }
    )
    return Message(content, reply_to=message)


def signed_refusal(home: TenantHome, message: Message, no: Declined) -> Message:
    """A signed no, which the tenant also writes down for itself."""
    try:
        address = _Address.model_validate_json(_terms_bytes(message))
    except (Declined, ValidationError):
        address = _Address()
    statement = RefusalStatement(
        run=address.run,
        round=address.round,
        tenant=home.policy.tenant,
        nonce=address.nonce,
        reason=no.reason,
        detail=str(no)[:300],
        at=_now(),
    )
    envelope = sign(statement, home.key)
    try:
        home.refusals.append(statement, envelope)
    except BadInput as error:
        log.error("%s", error)  # a full disk makes no yes of a no
    return Message(RecordDict({"statement": ConfigRecord({"envelope": envelope.to_bytes()})}), reply_to=message)


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
    presence = PresenceStatement(tenant=home.policy.tenant, node=node, nonce=str(nonce))
    return Message(RecordDict({"statement": _sealed(home, presence)}), reply_to=message)


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


def _sealed(home: TenantHome, statement: Frozen) -> ConfigRecord:
    return ConfigRecord({"envelope": sign(statement, home.key).to_bytes()})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
