"""Probes of identity: one tenant speaks as another, in a round and outside of rounds."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from flwr.app import Message

from flowstate_flower.clients.home import TenantVoice
from flowstate_flower.errors import BadInput
from flowstate_flower.isolation.grid import Asked, Replies
from flowstate_flower.isolation.scratch import LIVING, MINE, NODE_OF_NOBODY, SPARE, THEIRS, THIRD, Scratch, node_key, run_terms
from flowstate_flower.registry import consents, gate, tenants
from flowstate_flower.registry.rounds import OPERATOR
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import SigningKey

Lie = Callable[[Mapping[str, Asked]], Replies]
NO_REPLY: tuple[Message, ...] = ()


def replies_under_foreign_keys_do_not_count(scratch: Scratch) -> Iterator[str]:
    """A reply that another tenant's key signed, or a key of nobody, does not count."""
    for what, key in (("another's key", scratch.voices[THIRD].key), ("a key of nobody", SigningKey.generate())):
        yield from _counted(scratch, what, partial(_signed_with, key), MINE)


def replies_in_foreign_names_do_not_count(scratch: Scratch) -> Iterator[str]:
    """A tenant that speaks in another's name counts for neither, even with the other's nonce."""

    def name(asked: Mapping[str, Asked]) -> Replies:
        return {MINE: [asked[MINE].update(name=THEIRS)], THEIRS: NO_REPLY}

    def name_and_nonce(asked: Mapping[str, Asked]) -> Replies:
        return {MINE: [asked[MINE].update(name=THEIRS, nonce=asked[THEIRS].terms.nonce)], THEIRS: NO_REPLY}

    yield from _counted(scratch, "another's name", name, MINE, THEIRS)
    yield from _counted(scratch, "another's name and nonce", name_and_nonce, MINE, THEIRS)


def replies_from_foreign_nodes_do_not_count(scratch: Scratch) -> Iterator[str]:
    """What a tenant signed does not count from another's node, whatever node the message says it came from."""

    def relay(asked: Mapping[str, Asked]) -> Replies:
        return {MINE: [asked[MINE].relayed(asked[THEIRS].update())], THEIRS: NO_REPLY}

    def forge(asked: Mapping[str, Asked]) -> Replies:
        reply = asked[MINE].relayed(asked[THEIRS].update())
        reply.metadata.__dict__["_src_node_id"] = asked[THEIRS].request.metadata.dst_node_id
        return {MINE: [reply], THEIRS: NO_REPLY}

    yield from _counted(scratch, "another's reply from one's own node", relay, MINE, THEIRS)
    yield from _counted(scratch, "another's reply that names its node", forge, MINE, THEIRS)


def nonces_count_once_and_for_their_tenant(scratch: Scratch) -> Iterator[str]:
    """A reply with another's nonce does not count, nor does one that was sent before."""

    def borrowed(asked: Mapping[str, Asked]) -> Replies:
        return {MINE: [asked[MINE].update(nonce=asked[THEIRS].terms.nonce)]}

    yield from _counted(scratch, "another's nonce", borrowed, MINE)
    said: list[Message] = []

    def again(asked: Mapping[str, Asked]) -> Replies:
        said.append(asked[MINE].update())
        return {MINE: [asked[MINE].relayed(said[0])]}

    scratch.run("replayed", again, rounds=2)
    trained = scratch.parts("replayed")[MINE].trained
    if trained != 1:
        yield f"one reply, sent in two rounds, counted {trained} times"


def nodes_of_nobody_are_not_asked(scratch: Scratch) -> Iterator[str]:
    """A node whose key no tenant registered is sent nothing."""
    grid = scratch.run("node-of-nobody", lambda _: {})
    if len(grid.asked) != len(LIVING):
        yield f"{len(grid.asked)} nodes were asked, {len(LIVING)} tenants agree"
    if NODE_OF_NOBODY in grid.asked:
        yield "a node of nobody was sent the model"


def consents_are_signed_by_their_own_tenant(scratch: Scratch) -> Iterator[str]:
    """A consent or a withdrawal under another's key, or one that was withdrawn before, is refused."""
    own, forger = scratch.voices[THEIRS], TenantVoice(scratch.voices[THEIRS].policy, scratch.voices[MINE].key)
    first = own.consent(SPARE)
    yield from _accepted(scratch, "a consent under another's key", forger.consent(SPARE))
    consents.accept(scratch.registry, first)
    yield from _accepted(scratch, "a withdrawal under another's key", forger.withdrawal(SPARE))
    if THEIRS not in gate.candidates(scratch.registry, run_terms("spare", SPARE).ask, [THEIRS]):
        yield "a consent ended that its tenant did not withdraw"
    consents.accept(scratch.registry, own.withdrawal(SPARE))
    yield from _accepted(scratch, "a consent that was withdrawn", first)


def names_and_keys_are_taken_once(scratch: Scratch) -> Iterator[str]:
    """Nobody joins under a tenant's name, with its key, with its node, or with a request that it did not sign."""
    key, own = SigningKey.generate(), scratch.voices[THEIRS]
    new = own.policy.model_copy(update={"tenant": "tenant-new"})
    attempts = {
        "a taken name": TenantVoice(own.policy, key).request(),
        "a taken key": TenantVoice(new, own.key).request(),
        "a taken node": TenantVoice(new, key).request(nodes=(node_key(THEIRS).hex(),)),
        "the name of a deleted tenant": TenantVoice(scratch.voices["tenant-d"].policy, key).request(),
        "a request under another's key": _resigned(TenantVoice(new, key).request(), own.key),
    }
    for what, request in attempts.items():
        try:
            tenants.request(scratch.registry, request, actor=OPERATOR)
        except BadInput:
            continue
        yield f"{what} is let in"


def _signed_with(key: SigningKey, asked: Mapping[str, Asked]) -> Replies:
    return {MINE: [asked[MINE].update(key=key)]}


def _counted(scratch: Scratch, what: str, lie: Lie, *liars: str) -> Iterator[str]:
    """Run one round in which `liars` must not count and the others must."""
    run = what.replace("'", "").replace(" ", "-")
    scratch.run(run, lie)
    for tenant, part in scratch.parts(run).items():
        if tenant in liars and part.trained:
            yield f"{what}: {tenant} counted"
        if tenant in LIVING and tenant not in liars and part.trained != 1:
            yield f"{what}: {tenant}, which was honest, did not count"


def _accepted(scratch: Scratch, what: str, envelope: Envelope) -> Iterator[str]:
    try:
        consents.accept(scratch.registry, envelope)
    except BadInput:
        return
    yield f"{what} is accepted"


def _resigned(envelope: Envelope, key: SigningKey) -> Envelope:
    signature = key.sign(b"something else")
    return Envelope(envelope.payload_type, envelope.payload, signature, key.public.text[:16])
