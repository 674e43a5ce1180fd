"""Flower's state with the registry's say in it: which nodes exist for a run, what is delivered to them, what is taken back.

Flower asks a `FederationManager` whether a node belongs, without saying for which run. So that answers for the tenant alone,
and what depends on the run's purpose is decided here, where Flower lists, stores and delivers messages.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from threading import Lock

from flwr.app import Message
from flwr.common.constant import NOOP_ACCOUNT_NAME, NOOP_FLWR_AID, SUPERLINK_NODE_ID
from flwr.server.superlink.linkstate import LinkState, LinkStateFactory
from flwr.server.superlink.linkstate.sql_linkstate import SqlLinkState
from flwr.supercore.object_store import ObjectStoreFactory
from flwr.supercore.object_store.object_store import ObjectStore
from flwr.superlink.federation import NoOpFederationManager

from flowstate_flower.superlink import internals
from flowstate_flower.superlink.events import Kind, Tally
from flowstate_flower.superlink.roll import Roll

CLEANING_SECONDS = 1.0
WRITERS_SECONDS = 120  # for whoever writes to the database: a message whose delivery failed half-way is delivered to nobody


class NodeBook:
    """Which tenant each of Flower's nodes acts for, by the key under which it was made. A node never changes its key."""

    def __init__(self, roll: Roll) -> None:
        self._roll = roll
        self._keys: dict[int, str] = {}
        self.linkstate: LinkState | None = None

    def tenants(self, node_ids: Iterable[int]) -> Mapping[int, str]:
        """Of these nodes those that act for a tenant, with its name."""
        wanted = set(node_ids) - {SUPERLINK_NODE_ID}
        unknown = sorted(wanted - self._keys.keys())
        if unknown and self.linkstate is not None:
            self._keys.update((info.node_id, info.public_key.hex()) for info in self.linkstate.get_node_info(node_ids=unknown))
        keys = {node: self._keys[node] for node in wanted if node in self._keys}
        owners = self._roll.owners(set(keys.values()))
        return {node: owners[key] for node, key in keys.items() if key in owners}


class TenantFederation(NoOpFederationManager):
    """Nodes of active tenants belong to the federation, and the SuperLink itself, without which no message moves."""

    def __init__(self, roll: Roll, book: NodeBook) -> None:
        super().__init__(simulation=False)
        self._roll, self._book = roll, book

    def filter_nodes(self, node_ids: set[int], federation_id: str) -> set[int]:
        """See `flwr.superlink.federation.FederationManager`."""
        super().filter_nodes(node_ids, federation_id)
        tenants = self._book.tenants(node_ids)
        active = self._roll.active(set(tenants.values()))
        return {node for node in node_ids if node == SUPERLINK_NODE_ID or tenants.get(node) in active}

    def has_node(self, node_id: int, federation_id: str) -> bool:
        """See `flwr.superlink.federation.FederationManager`."""
        return node_id in self.filter_nodes({node_id}, federation_id)


class TenantLinkState(SqlLinkState):
    """Flower's link state, in which a run exists for those nodes alone whose tenants agreed to its purpose."""

    def __init__(self, database: str, federation: TenantFederation, store: ObjectStore, doorkeeper: "Doorkeeper") -> None:
        super().__init__(database, federation, store)
        self._doorkeeper = doorkeeper
        self._cleaned_at = float("-inf")

    def _cleanup_expired_task_tokens(self) -> None:
        """Flower's, which takes the database's lock for writing, at most once in a while: it is called for every request."""
        if time.monotonic() - self._cleaned_at >= CLEANING_SECONDS:
            self._cleaned_at = time.monotonic()
            super()._cleanup_expired_task_tokens()

    def get_nodes(self, run_id: int) -> set[int]:
        """See `flwr.server.superlink.linkstate.LinkState`."""
        return self._doorkeeper.may_take_part(run_id, super().get_nodes(run_id))

    def store_message_ins(self, message: Message) -> str | None:
        """See `flwr.server.superlink.linkstate.LinkState`."""
        asked = message.metadata.dst_node_id
        if asked != SUPERLINK_NODE_ID and not self._doorkeeper.may_take_part(message.metadata.run_id, {asked}):
            return None
        return super().store_message_ins(message)

    def get_message_ins(self, node_id: int, limit: int | None, *, run_id: int | None = None) -> list[Message]:
        """See `flwr.server.superlink.linkstate.LinkState`. What must not be delivered any more is deleted."""
        messages = super().get_message_ins(node_id, limit, run_id=run_id)
        if node_id == SUPERLINK_NODE_ID:
            return messages
        kept = [message for message in messages if self._doorkeeper.may_take_part(message.metadata.run_id, {node_id})]
        dropped = {message.metadata.message_id for message in messages} - {message.metadata.message_id for message in kept}
        if dropped:
            self.delete_messages(dropped)
        return kept


class Doorkeeper:
    """Says which nodes a run of Flower's may have."""

    def __init__(self, roll: Roll, book: NodeBook, tally: Tally) -> None:
        self._roll, self._book, self._tally = roll, book, tally

    def may_take_part(self, run_id: int, node_ids: Collection[int]) -> set[int]:
        """Those of the nodes whose tenants may be asked in this run; nobody where no purpose is recorded."""
        tenants = self._book.tenants(node_ids)
        members = self._roll.members(run_id, set(tenants.values())) if tenants else set()
        if members is None:
            self._tally.note(Kind.RUN_WITHOUT_PURPOSE, None, f"run {run_id} of Flower's is nobody's business")
            return set()
        return {node for node, tenant in tenants.items() if tenant in members}


class TenantLinkStateFactory(LinkStateFactory):
    """Makes the one link state of this process."""

    def __init__(self, database: str, roll: Roll, tally: Tally) -> None:
        self.book = NodeBook(roll)
        self._tenant_federation = TenantFederation(roll, self.book)
        internals.wait_for_writers(WRITERS_SECONDS)
        super().__init__(database, self._tenant_federation, ObjectStoreFactory(database))
        self._doorkeeper = Doorkeeper(roll, self.book, tally)
        self._making = Lock()

    def state(self) -> LinkState:
        """See `flwr.server.superlink.linkstate.LinkStateFactory`."""
        with self._making:
            if self.state_instance is None:
                store = self.objectstore_factory.store()
                state = TenantLinkState(self.database, self._tenant_federation, store, self._doorkeeper)
                state.initialize()
                self.book.linkstate = self.state_instance = state
            return self.state_instance


def make_node(state: LinkState, public_key: bytes, tenant: str) -> int:
    """A node of Flower's for a tenant's key, named after the tenant. Raises `ValueError` where the key was used up."""
    return state.create_node(NOOP_FLWR_AID, NOOP_ACCOUNT_NAME, public_key, 0, name=tenant)
