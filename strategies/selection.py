"""Which nodes are asked: those that act for tenants who agreed. The strategy sees a roster, never a database."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from flowstate_flower.admission import Fault, Rejection
from flowstate_flower.privacy import Accountant
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.keys import PublicKey


class Node(Protocol):
    """What Flower knows of a node."""

    @property
    def node_id(self) -> int:
        """Flower's number for it."""

    @property
    def public_key(self) -> bytes:
        """The key it registered with; random in a simulation."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tenant that may be asked, and the node to ask it at."""

    tenant: str
    node: int
    key: PublicKey


class Roster(Protocol):
    """Who may take part. Asked three times in every round: to choose, before messages leave, and when replies are back."""

    def candidates(self, nodes: Sequence[Node]) -> Sequence[Candidate]:
        """Tenants among `nodes` that are active and agree to what the run asks."""

    def dispatch(self, tenants: Collection[str], model_bytes: int) -> Mapping[str, Fault]:
        """What stands against asking these now. The others are about to be sent a model, and it counts for their quotas."""

    def standing(self, received: Mapping[str, int]) -> Mapping[str, Bounds | Fault]:
        """Of those that were asked: the bounds within which each agrees at this moment, or what stands against it.

        `received` is how many bytes of each reply were more than the model.
        """

    def claimed(self, tenants: Collection[str]) -> Mapping[str, Mapping[str, Accountant]]:
        """What these signed for in all rounds before, by tenant and account."""


def one_per_tenant(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Sorted by tenant; of a tenant's nodes the one with the smallest id, whatever number it runs."""
    best: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: (c.tenant, c.node)):
        best.setdefault(candidate.tenant, candidate)
    return list(best.values())


def sampled(candidates: Sequence[Candidate], cohort: int | None, rng: random.Random) -> list[Candidate]:
    """A uniform sample of `cohort` candidates without replacement, in order; all of them where there is no limit."""
    if cohort is None or cohort >= len(candidates):
        return list(candidates)
    return sorted(rng.sample(list(candidates), cohort), key=lambda c: c.tenant)


def chosen(
    candidates: Sequence[Candidate], cohort: int | None, rng: random.Random, roster: Roster, model_bytes: int
) -> tuple[list[Candidate], list[Rejection]]:
    """A sample that the roster lets go out, and who was turned away. Others take their places while there are any."""
    asked: list[Candidate] = []
    turned_away: list[Rejection] = []
    left = list(candidates)
    while left and (cohort is None or len(asked) < cohort):
        drawn = sampled(left, None if cohort is None else cohort - len(asked), rng)
        left = [candidate for candidate in left if candidate not in drawn]
        faults = roster.dispatch([candidate.tenant for candidate in drawn], model_bytes)
        asked += [candidate for candidate in drawn if candidate.tenant not in faults]
        turned_away += [Rejection(c.node, c.tenant, *faults[c.tenant]) for c in drawn if c.tenant in faults]
    return sorted(asked, key=lambda c: c.tenant), turned_away
