"""Who is let into a round: checks in a fixed order, each on one reply, each a sentence.

A check returns a `Rejection` or None. Nothing here raises for a client's fault, reads a clock or keeps state.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from math import isclose

import numpy as np

from flowstate_flower.aggregation.engine import squared_distances
from flowstate_flower.aggregation.updates import Arrays, Layout, Updates
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import PublicKey
from flowstate_flower.trust.statements import RefusalStatement, UpdateStatement
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

WORTH_A_THREAD = 1 << 20
"""Models of fewer bytes are checked one after the other."""


class Reason(StrEnum):
    """Why a reply was turned away. Written to the ledger: add, never rename."""

    NO_REPLY = "no-reply"
    CLIENT_ERROR = "client-error"
    UNREADABLE = "unreadable-reply"
    WRONG_SENDER = "wrong-sender"
    WRONG_RECORDS = "wrong-records"
    WRONG_LAYERS = "wrong-layers"
    WRONG_SHAPE = "wrong-shape"
    WRONG_DTYPE = "wrong-dtype"
    BAD_ARRAY = "bad-array"
    BAD_METRICS = "bad-metrics"
    BAD_STATEMENT = "bad-statement"
    NOT_INVITED = "not-invited"
    SUSPENDED = "tenant-suspended"
    NO_CONSENT = "no-consent"
    OUTSIDE_BOUNDS = "outside-bounds"
    QUOTA = "quota-exceeded"
    RATE = "rate-limited"
    BAD_SIGNATURE = "bad-signature"
    DUPLICATE = "duplicate"
    STALE_NONCE = "stale-nonce"
    STALE_BASE = "stale-base"
    OTHER_BYTES = "other-bytes"
    NOT_FINITE = "not-finite"
    TOO_FAR = "update-too-large"
    EXAMPLES = "examples-out-of-range"
    NOT_PRIVATE = "not-private-enough"


@dataclass(frozen=True, slots=True)
class Invitation:
    """One tenant's place in one round. `nonce` was sent to it alone."""

    tenant: str
    node: int
    key: PublicKey
    nonce: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What policy allows a single reply. `None` for `largest_update_norm` sets no bound.

    `accept_seeded_noise` is for simulations: a claim of privacy by seeded noise is otherwise no privacy.
    """

    most_examples: int = 1_000_000
    largest_update_norm: float | None = None
    accept_seeded_noise: bool = False


@dataclass(frozen=True, slots=True)
class RoundTerms:
    """What the server sent out, and how each tenant stands when the replies are back: the bounds within which it agrees, or
    what speaks against it. A tenant that is not in `standing` does not agree.
    """

    run: str
    number: int
    base_digest: str
    layout: Layout
    base: Arrays
    privacy: PrivacyTerms | None
    work: LocalWork
    limits: Limits
    invitations: Mapping[int, Invitation]  # by node
    standing: "Mapping[str, Bounds | Fault]"


@dataclass(frozen=True, slots=True)
class Submission:
    """A decoded update: arrays in canonical order, viewed where they lie, and the tenant's statement about them."""

    node: int
    envelope: Envelope
    statement: UpdateStatement
    arrays: Arrays


@dataclass(frozen=True, slots=True)
class Refusal:
    """A tenant's signed no."""

    node: int
    envelope: Envelope
    statement: RefusalStatement


@dataclass(frozen=True, slots=True)
class Rejection:
    """The server's no to one reply. `tenant` is the one that was asked, where the node is known.

    `concerns` names other tenants that it touches: the one in whose name the reply spoke, the one whose node sent it.
    `envelope` is kept where somebody else's key may have signed it.
    """

    node: int
    tenant: str | None
    reason: Reason
    detail: str = ""
    concerns: frozenset[str] = frozenset()
    envelope: Envelope | None = None


Reply = Submission | Refusal
Fault = tuple[Reason, str]


@dataclass(frozen=True, slots=True)
class Admitted:
    """The replies of a round, sorted by tenant: what counts, who refused, what was turned away."""

    submissions: tuple[Submission, ...]
    refusals: tuple[Refusal, ...]
    rejections: tuple[Rejection, ...]


def invited(reply: Reply, terms: RoundTerms) -> Fault | None:
    """The node was asked in this round, and speaks for the tenant that was asked there."""
    invitation = terms.invitations.get(reply.node)
    if invitation is None:
        return Reason.NOT_INVITED, f"node {reply.node} was not asked"
    if reply.statement.tenant != invitation.tenant:
        return Reason.NOT_INVITED, f"speaks for {reply.statement.tenant}"
    return None


def signed(reply: Reply, terms: RoundTerms) -> Fault | None:
    """The tenant's own key signed the statement."""
    if not reply.envelope.is_signed_by(terms.invitations[reply.node].key):
        return Reason.BAD_SIGNATURE, "not signed by the tenant's registered key"
    return None


def about_this_round(reply: Reply, terms: RoundTerms) -> Fault | None:
    """It answers this message: run, round and nonce are those that were sent to this tenant."""
    statement, invitation = reply.statement, terms.invitations[reply.node]
    if (statement.run, statement.round, statement.nonce) != (terms.run, terms.number, invitation.nonce):
        return Reason.STALE_NONCE, f"answers round {statement.round} of {statement.run}"
    return None


def consenting(reply: Reply, terms: RoundTerms) -> Fault | None:
    """The tenant is active, agrees and is within its quotas, now that the reply is here."""
    standing = terms.standing.get(reply.statement.tenant, (Reason.NO_CONSENT, "no consent stands"))
    return None if isinstance(standing, Bounds) else standing


def trained_from_this_model(submission: Submission, terms: RoundTerms) -> Fault | None:
    """The base is the model that was sent."""
    if submission.statement.base != terms.base_digest:
        return Reason.STALE_BASE, f"trained from {submission.statement.base[:12]}…"
    return None


def the_signed_bytes(submission: Submission, terms: RoundTerms) -> Fault | None:
    """The arrays are those that the tenant signed for."""
    if model_digest(zip(terms.layout.names, submission.arrays, strict=True)) != submission.statement.update:
        return Reason.OTHER_BYTES, "the arrays are not those of the signed digest"
    return None


def of_bounded_length(submission: Submission, terms: RoundTerms) -> Fault | None:
    """No NaN, no infinity, and an L2 norm within policy. One pass: where the norm is finite, so is every coordinate."""
    norm, bound = _update_norm(terms, submission), terms.limits.largest_update_norm
    if np.isfinite(norm) and (bound is None or norm <= bound):
        return None
    for layer, array in zip(terms.layout.layers, submission.arrays, strict=True):
        if layer.is_floating and not np.isfinite(array).all():
            return Reason.NOT_FINITE, f"layer {layer.name}"
    return Reason.TOO_FAR, f"norm {norm:.4g}, at most {bound if bound is not None else 'finite'}"


def plausible_examples(submission: Submission, terms: RoundTerms) -> Fault | None:
    """The number of examples is at least 1 and at most what policy lets anybody claim."""
    if not 1 <= submission.statement.examples <= terms.limits.most_examples:
        return Reason.EXAMPLES, f"{submission.statement.examples} claimed, at most {terms.limits.most_examples}"
    return None


def private_enough(submission: Submission, terms: RoundTerms) -> Fault | None:
    """Where the terms ask tenants for privacy, the statement claims at least that much, for the work that was asked."""
    asked, claim = terms.privacy, submission.statement.privacy
    if asked is None or asked.noise_at_server:
        return None
    if claim is None:
        return Reason.NOT_PRIVATE, "no privacy claim"
    if claim.noise_multiplier < asked.noise_multiplier or claim.clip_norm > asked.clip_norm:
        return Reason.NOT_PRIVATE, f"noise {claim.noise_multiplier}, clip {claim.clip_norm}"
    if claim.randomness == "seeded" and not terms.limits.accept_seeded_noise:
        return Reason.NOT_PRIVATE, "seeded noise"
    rate = min(1.0, terms.work.batch_size / submission.statement.examples)
    if claim.steps != terms.work.steps or not isclose(claim.sample_rate, rate, rel_tol=1e-9):
        return Reason.NOT_PRIVATE, f"{claim.steps} steps at rate {claim.sample_rate:g}: not the work that was asked"
    return None


def within_bounds(submission: Submission, terms: RoundTerms) -> Fault | None:
    """The total ε that the tenant signs for is one that it agreed to."""
    bounds, claim = terms.standing[submission.statement.tenant], submission.statement.privacy
    most = bounds.largest_epsilon if isinstance(bounds, Bounds) else None
    if most is not None and (claim is None or claim.epsilon > most):
        return Reason.OUTSIDE_BOUNDS, f"ε of at most {most:g} was agreed to" + (f", {claim.epsilon:g} claimed" if claim else "")
    return None


# In order: each may rely on those before it (signed on invited, of_bounded_length on the_signed_bytes).
OF_EVERY_REPLY: Sequence[Callable[[Reply, RoundTerms], Fault | None]] = (invited, signed, about_this_round, consenting)
OF_UPDATES: Sequence[Callable[[Submission, RoundTerms], Fault | None]] = (
    trained_from_this_model,
    the_signed_bytes,
    of_bounded_length,
    plausible_examples,
    private_enough,
    within_bounds,
)


def admit(replies: Sequence[Reply | Rejection], terms: RoundTerms) -> Admitted:
    """Run every reply through the checks, in an order that does not depend on their arrival.

    A tenant counts once: a second valid reply is a duplicate.
    """
    submissions: dict[str, Submission] = {}
    refusals: dict[str, Refusal] = {}
    rejections = [reply for reply in replies if isinstance(reply, Rejection)]
    readable = [reply for reply in replies if not isinstance(reply, Rejection)]
    ordered = sorted(readable, key=lambda r: (r.node, r.envelope.signature))
    for reply, fault in zip(ordered, _first_faults(ordered, terms), strict=True):
        tenant = reply.statement.tenant
        if fault is None and (tenant in submissions or tenant in refusals):
            rejections.append(_rejection(reply, terms, (Reason.DUPLICATE, "one reply of a tenant counts")))
        elif fault is not None:
            rejections.append(_rejection(reply, terms, fault))
        elif isinstance(reply, Submission):
            submissions[tenant] = reply
        else:
            refusals[tenant] = reply
    return Admitted(
        tuple(submissions[tenant] for tenant in sorted(submissions)),
        tuple(refusals[tenant] for tenant in sorted(refusals)),
        tuple(sorted(rejections, key=lambda r: (r.tenant or "", r.node, r.reason))),
    )


def _first_faults(replies: Sequence[Reply], terms: RoundTerms) -> list[Fault | None]:
    """Each reply's first fault, in order. Hashing and reading models is most of the work, and leaves the interpreter alone."""
    if sum(layer.nbytes for layer in terms.layout.layers) < WORTH_A_THREAD:
        return [_first_fault(reply, terms) for reply in replies]
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="admit") as pool:
        return list(pool.map(lambda reply: _first_fault(reply, terms), replies))


def _first_fault(reply: Reply, terms: RoundTerms) -> Fault | None:
    fault = next(filter(None, (check(reply, terms) for check in OF_EVERY_REPLY)), None)
    if fault is None and isinstance(reply, Submission):
        fault = next(filter(None, (check(reply, terms) for check in OF_UPDATES)), None)
    return fault


def _rejection(reply: Reply, terms: RoundTerms, fault: Fault) -> Rejection:
    asked = terms.invitations[reply.node].tenant if reply.node in terms.invitations else None
    evidence = reply.envelope if fault[0] is Reason.BAD_SIGNATURE else None
    return Rejection(reply.node, asked, *fault, frozenset({reply.statement.tenant}) - {asked}, evidence)


def _update_norm(terms: RoundTerms, submission: Submission) -> float:
    """L2 norm of what came back minus what was sent, over the floating layers; not finite where a coordinate is not."""
    update = Updates(terms.layout, terms.base, (submission.arrays,), np.ones(1), threads=1)
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(squared_distances(update.with_origin())[0, 1]))
