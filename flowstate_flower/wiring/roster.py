"""Who may take part in a run, as the registry says."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from flowstate_flower.admission import Fault
from flowstate_flower.privacy import Accountant
from flowstate_flower.registry import Registry, gate, releases, tenants
from flowstate_flower.strategies import Candidate, Node, RunTerms
from flowstate_flower.trust.bounds import Bounds

Owners = Callable[[Sequence[Node]], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class RegistryRoster:
    """`strategies.Roster` on a registry, for the run that `terms` describe. `owners` says which tenant a node acts for."""

    registry: Registry
    terms: RunTerms
    owners: Owners

    def candidates(self, nodes: Sequence[Node]) -> Sequence[Candidate]:
        """See `strategies.Roster`."""
        owners = self.owners(nodes)
        agreed = gate.candidates(self.registry, self.terms.ask, set(owners.values()))
        return [
            Candidate(owners[node.node_id], node.node_id, agreed[owners[node.node_id]])
            for node in nodes
            if owners.get(node.node_id) in agreed
        ]

    def dispatch(self, tenants: Collection[str], model_bytes: int) -> Mapping[str, Fault]:
        """See `strategies.Roster`."""
        return gate.dispatch(self.registry, self.terms.ask, tenants, model_bytes)

    def standing(self, received: Mapping[str, int]) -> Mapping[str, Bounds | Fault]:
        """See `strategies.Roster`."""
        return gate.standing(self.registry, self.terms.ask, received)

    def claimed(self, tenants: Collection[str]) -> Mapping[str, Mapping[str, Accountant]]:
        """See `strategies.Roster`."""
        return releases.claimed(self.registry, tenants) if self.terms.privacy else {}


def registered_owners(registry: Registry) -> Owners:
    """Owners by the public key with which a node registered: the way of a deployment."""

    def owners(nodes: Sequence[Node]) -> Mapping[int, str]:
        by_key = tenants.node_owners(registry, {node.public_key.hex() for node in nodes})
        return {node.node_id: by_key[node.public_key.hex()] for node in nodes if node.public_key.hex() in by_key}

    return owners
