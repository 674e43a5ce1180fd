"""Closing a round: admission, aggregation, attribution, as one pure function.

Flower's strategy, the in-process engine, the tests and the re-run of a recorded round all call `close`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from flowstate_flower.admission import Admitted, Invitation, Rejection, Reply, RoundTerms, Submission, admit
from flowstate_flower.aggregation import Aggregate, Rule, Updates
from flowstate_flower.aggregation.engine import moments, weighted_sum
from flowstate_flower.aggregation.updates import Arrays, Vector
from flowstate_flower.attribution import NONE, Share, cosine_shares
from flowstate_flower.errors import RunImpossible
from flowstate_flower.privacy import BudgetExhausted
from flowstate_flower.privacy.tenant_level import ALMOST
from flowstate_flower.trust.terms import PrivacyTerms

Weighting = Literal["uniform", "examples"]


@dataclass(frozen=True, slots=True)
class Closing:
    """How a round is closed: the rule, how many hostile tenants it withstands, and how many updates it takes at least."""

    rule: Rule
    byzantine: int
    quorum: int
    weighting: Weighting = "uniform"


@dataclass(frozen=True, slots=True)
class OfTheServer:
    """What the server itself brings to a round: a model that it trained on its own data, what the rule left behind before,
    and, for tenant-level privacy, standard normal draws. Asking for draws charges the round; it raises `BudgetExhausted`
    where that cannot be paid.
    """

    root: Arrays | None = None
    memory: Mapping[str, Vector] = field(default_factory=dict)
    noise: Callable[[int], Vector] | None = None


NOTHING = OfTheServer()


@dataclass(frozen=True, slots=True)
class Contribution:
    """One accepted update, the rule's weight for it, and its share of the outcome.

    `weight` is None where the rule has none or the round did not happen.
    """

    submission: Submission
    weight: float | None
    share: Share


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a round. `update` is None and `skipped` says why where the model stays as it was. `memory` is what the
    rule wants to be given in the next one.
    """

    admitted: Admitted
    contributions: tuple[Contribution, ...]
    update: Vector | None
    skipped: str
    memory: Mapping[str, Vector] = field(default_factory=dict)

    @classmethod
    def nobody_asked(cls, why: str, turned_away: tuple[Rejection, ...] = ()) -> "Outcome":
        """The outcome of a round for which there were too few tenants to ask."""
        return cls(Admitted((), (), turned_away), (), None, why)


@dataclass(frozen=True, slots=True)
class ClosedRound:
    """What is recorded of a round: who was asked, what became of it, the model before and after.

    `carried` is what the next round needs of this one beside the model, as named arrays.
    """

    run: str
    number: int
    invitations: tuple[Invitation, ...]
    outcome: Outcome
    base_digest: str
    names: tuple[str, ...]
    model: Arrays
    carried: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def close(terms: RoundTerms, replies: Sequence[Reply | Rejection], closing: Closing, server: OfTheServer = NOTHING) -> Outcome:
    """Admit `replies`, aggregate what remains, attribute the result.

    The order of `replies` does not matter. Too few updates for the quorum or the rule give no aggregate, never a weaker
    one.
    """
    admitted = admit(replies, terms)
    problem = _why_not(len(admitted.submissions), closing)
    if problem:
        return _skipped(admitted, problem)
    updates = _updates(terms, admitted.submissions, closing.weighting, server)
    if terms.privacy is not None and terms.privacy.noise_at_server:
        return _with_noise(admitted, updates, terms.privacy, len(terms.invitations), server.noise)
    aggregate = closing.rule(updates, byzantine=closing.byzantine)
    shares = cosine_shares(updates, aggregate)
    return Outcome(admitted, _contributions(admitted, aggregate, shares), aggregate.update, "", aggregate.memory)


def mean_of_clipped(updates: Updates, clip_norm: float, asked: int) -> Vector:
    """(d,) sum of the updates, each shortened to `clip_norm`, divided by the number of tenants that were `asked`.

    Without one of the updates it differs by at most `clip_norm / asked` in L2, whatever that update is.
    """
    nowhere = np.zeros(updates.layout.dimension, updates.layout.working_dtype)
    norms = np.sqrt(moments(updates, nowhere, 1)[1][:, 0])
    factors = np.minimum(1.0, np.divide(ALMOST * clip_norm, norms, out=np.ones_like(norms), where=norms > 0))
    weights = factors / asked
    weights[weights < np.finfo(nowhere.dtype).tiny] = 0.0  # what is so far off counts as nothing, rather than imprecisely
    return weighted_sum(updates, weights)


def _with_noise(
    admitted: Admitted, updates: Updates, privacy: PrivacyTerms, asked: int, noise: Callable[[int], Vector] | None
) -> Outcome:
    """The round under tenant-level privacy. Nothing else that follows from single updates leaves it: no norms, no shares."""
    if noise is None:
        raise RunImpossible("tenant-level privacy without noise", hint="give the strategy `noise`")
    mean = mean_of_clipped(updates, privacy.clip_norm, asked)
    try:
        draws = noise(len(mean))
    except BudgetExhausted as error:
        return _skipped(admitted, str(error))
    noisy = draws * (privacy.noise_multiplier * privacy.clip_norm / asked)
    noisy += mean
    contributions = tuple(Contribution(submission, 1 / asked, NONE) for submission in admitted.submissions)
    return Outcome(admitted, contributions, noisy.astype(mean.dtype), "")


def _skipped(admitted: Admitted, why: str) -> Outcome:
    return Outcome(admitted, tuple(Contribution(submission, None, NONE) for submission in admitted.submissions), None, why)


def _why_not(n: int, closing: Closing) -> str:
    if n < closing.quorum:
        return f"quorum: {n} of at least {closing.quorum} updates"
    return closing.rule.refusal(n, closing.byzantine) or ""


def _updates(terms: RoundTerms, submissions: Sequence[Submission], weighting: Weighting, server: OfTheServer) -> Updates:
    examples = np.array([s.statement.examples if weighting == "examples" else 1 for s in submissions], dtype=np.float64)
    return Updates(
        terms.layout,
        terms.base,
        tuple(s.arrays for s in submissions),
        examples / examples.sum(),
        senders=tuple(s.statement.tenant for s in submissions),
        root=server.root,
        memory=server.memory,
    )


def _contributions(admitted: Admitted, aggregate: Aggregate, shares: Sequence[Share]) -> tuple[Contribution, ...]:
    weights = [None] * len(shares) if aggregate.weights is None else [float(w) for w in aggregate.weights]
    return tuple(Contribution(*row) for row in zip(admitted.submissions, weights, shares, strict=True))
