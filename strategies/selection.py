"""Which nodes are asked: those that act for tenants who agreed. The strategy sees a roster, never a database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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
    """Who may take part. Asked anew in every round, and once more when the replies are back."""

    def candidates(self, nodes: Sequence[Node]) -> Sequence[Candidate]:
        """Tenants among `nodes` that are active and agree to the run's purpose."""

    def consenting(self) -> frozenset[str]:
        """Tenants that agree at this moment."""


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
