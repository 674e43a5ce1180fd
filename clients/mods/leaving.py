"""Mods that change what leaves: its length, the noise on it, and the signature over it."""

from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp.typing import ClientAppCallable, Mod
from numpy.typing import NDArray

from flowstate_flower.clients.clipping import clipped_update, moved, with_noise
from flowstate_flower.clients.home import TenantHome
from flowstate_flower.clients.mods.declared import NOISED, SIGNED_OUTSIDE, Declared, mark_noised, taken_claim
from flowstate_flower.clients.policy import Declined
from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.replies import (
    EXAMPLES,
    HomeOf,
    Layers,
    Trained,
    alone,
    is_refusal,
    or_refusal,
    read_terms,
    repeated_update,
    said_before,
    sent_layers,
    signed_update,
    the_home,
)
from flowstate_flower.clients.rounds import stream_of
from flowstate_flower.errors import BadInput


def clipping(clip_norm: float) -> Mod:
    """The update, all floating layers together, is shortened to `clip_norm`; other layers stay as they were sent.

    For servers that are trusted to add the noise. Clipping alone is no privacy.
    """

    def mod(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        base = _layers(message)
        reply = call_next(message, context)
        if reply.has_error() or is_refusal(reply):
            return reply
        _check_unsigned(reply)
        if NOISED in reply.content:
            raise BadInput("clipping would shorten the noise", hint="put clipping after tenant_noise in the list of mods")
        _put(reply, moved(base, clipped_update(base, _layers(reply), clip_norm)))
        return reply

    return mod


def tenant_noise(home_of: HomeOf, made: Declared) -> Mod:
    """The update is shortened to `made.clip_norm` and gets noise on every coordinate, from the tenant's own stream.

    One release of the unit `tenant`, at rate 1; `budget` outside of this mod keeps account of it. Of everything else that the
    app returns, only the number of examples leaves. It clips by itself: the guarantee rests on no other mod.
    """
    if made.unit != "tenant":
        raise BadInput(f"noise on the whole update protects the tenant, not the unit '{made.unit}'", hint='unit="tenant"')

    def mod(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        stream = _stream(the_home(home_of, context), message)
        base = _layers(message)
        reply = call_next(message, context)
        if reply.has_error() or is_refusal(reply):
            return reply
        _check_unsigned(reply)
        update = clipped_update(base, _layers(reply), made.clip_norm)
        noisy = moved(base, with_noise(update, stream, made.noise_multiplier * made.clip_norm))
        content = RecordDict({"arrays": _record(noisy), "metrics": MetricRecord({EXAMPLES: _examples(reply)})})
        answer = Message(content, reply_to=message)
        mark_noised(answer, made)
        return answer

    return mod


def signing(home_of: HomeOf) -> Mod:
    """What leaves is the app's arrays and the number of examples, and the tenant signs for both; no other metric leaves.

    Where `budget` kept account, its claim is signed too, and N is the number of units. Whatever fails inside becomes a signed
    refusal without a word of the error.
    """

    def mod(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        home = the_home(home_of, context)

        def answer() -> Message:
            terms = read_terms(message)
            base = sent_layers(message, terms)
            with alone(home, terms.run):
                if before := said_before(home, terms):
                    return repeated_update(home, message, terms, before)
                reply = _signed_outside(message, context, call_next)
                if is_refusal(reply):
                    return reply
                try:
                    return signed_update(home, message, terms, _leaves(base, reply))
                except Exception:
                    home.abandon(terms)
                    raise

        return or_refusal(home, message, answer)

    return mod


def _signed_outside(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """What the app returns, knowing that what it reserves is settled outside of it."""
    token = SIGNED_OUTSIDE.set(True)
    try:
        return call_next(message, context)
    finally:
        SIGNED_OUTSIDE.reset(token)


def _leaves(base: Layers, reply: Message) -> Trained:
    """What of the app's reply is sent. Raises `BadInput` where it cannot be."""
    if reply.has_error():
        raise BadInput(f"the app failed: {reply.error.reason}", hint="its own log says why")
    _check_unsigned(reply)
    claim, layers = taken_claim(reply), _layers(reply)
    if {n: (a.shape, a.dtype) for n, a in base.items()} != {n: (a.shape, a.dtype) for n, a in layers.items()}:
        raise BadInput("the app returns other layers than it was sent", hint="every layer, in its shape and type")
    examples = 1 if claim is not None and claim.unit == "tenant" else _examples(reply)
    return Trained({name: layers[name] for name in base}, examples)


def _layers(message: Message) -> dict[str, NDArray[Any]]:
    """The one model in a message."""
    records = list(message.content.array_records.values())
    if len(records) != 1:
        raise BadInput(f"{len(records)} models in one message", hint="one ArrayRecord, sent and returned")
    return {name: array.numpy() for name, array in records[0].items()}


def _put(reply: Message, layers: Layers) -> None:
    (name,) = reply.content.array_records
    reply.content[name] = _record(layers)


def _record(layers: Layers) -> ArrayRecord:
    return ArrayRecord({name: Array(np.asarray(layer)) for name, layer in layers.items()})


def _examples(reply: Message) -> int:
    counts = [record[EXAMPLES] for record in reply.content.metric_records.values() if EXAMPLES in record]
    if len(counts) != 1 or not isinstance(counts[0], int | float) or counts[0] < 1:
        raise BadInput("the app does not say on how many examples it trained", hint=f"a metric {EXAMPLES}, 1 or more")
    return int(counts[0])


def _check_unsigned(reply: Message) -> None:
    if "statement" in reply.content:
        raise BadInput("what is signed cannot be changed any more", hint="put signing first in the list of mods")


def _stream(home: TenantHome, message: Message) -> Stream:
    """The tenant's stream for this round. The round matters to seeded noise alone."""
    try:
        return stream_of(home.policy, read_terms(message).round, "noise")
    except Declined as error:
        if home.policy.randomness.source == "seeded":
            raise BadInput("seeded noise repeats itself where no terms name the round", hint='source = "os"') from error
        return stream_of(home.policy, 0, "noise")
