"""Closing a round: admission, aggregation, attribution, as one pure function.

Flower's strategy, the in-process engine, the tests and the re-run of a recorded round all call `close`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from flowstate_flower.admission import Admitted, Invitation, Rejection, Reply, RoundTerms, Submission, admit
from flowstate_flower.aggregation import Aggregate, Rule, Updates
from flowstate_flower.aggregation.updates import Arrays, Vector
from flowstate_flower.attribution import NONE, Share, cosine_shares

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
    """What the server itself brings to a round: a model that it trained on its own data, and what the rule left behind
    before.
    """

    root: Arrays | None = None
    memory: Mapping[str, Vector] = field(default_factory=dict)


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
    """What is recorded of a round: who was asked, what became of it, the model before and after."""

    run: str
    number: int
    invitations: tuple[Invitation, ...]
    outcome: Outcome
    base_digest: str
    names: tuple[str, ...]
    model: Arrays


def close(terms: RoundTerms, replies: Sequence[Reply | Rejection], closing: Closing, server: OfTheServer = NOTHING) -> Outcome:
    """Admit `replies`, aggregate what remains, attribute the result.

    The order of `replies` does not matter. Too few updates for the quorum or the rule give no aggregate, never a weaker
    one.
    """
    admitted = admit(replies, terms)
    problem = _why_not(len(admitted.submissions), closing)
    if problem:
        unused = tuple(Contribution(submission, None, NONE) for submission in admitted.submissions)
        return Outcome(admitted, unused, None, problem)
    updates = _updates(terms, admitted.submissions, closing.weighting, server)
    aggregate = closing.rule(updates, byzantine=closing.byzantine)
    shares = cosine_shares(updates, aggregate)
    return Outcome(admitted, _contributions(admitted, aggregate, shares), aggregate.update, "", aggregate.memory)


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
