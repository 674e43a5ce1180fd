"""Flower's state when the disk is slow: who wants to write waits for whoever writes."""

import sqlite3
import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from flwr.common.constant import ErrorCode
from flwr.supercore.constant import SQLITE_PRAGMAS

from flowstate_flower.strategies.guarded_grid import NODE_UNAVAILABLE
from flowstate_flower.superlink.events import Tally
from flowstate_flower.superlink.linkstate import WRITERS_SECONDS, TenantLinkStateFactory, make_node

FLOWERS_SECONDS = int(dict(SQLITE_PRAGMAS)["busy_timeout"]) / 1000


class Nobody:
    """A registry without tenants."""

    def owners(self, node_keys: Collection[str]) -> Mapping[str, str]:
        return {}

    def active(self, tenants: Collection[str]) -> set[str]:
        return set()

    def members(self, flower_run: int, tenants: Collection[str]) -> set[str] | None:
        return None

    def most_nodes(self, tenant: str) -> int | None:
        return None


def test_flowers_state_and_its_objects_wait_for_writers(tmp_path: Path) -> None:
    factory = TenantLinkStateFactory(str(tmp_path / "state.db"), Nobody(), Tally(lambda _: None))
    for part in (factory.state(), factory.objectstore_factory.store()):
        with part.session() as session:
            assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == 1000 * WRITERS_SECONDS


@pytest.mark.long
def test_a_writer_who_takes_longer_than_flower_waits_for_costs_nobody_a_message(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    factory = TenantLinkStateFactory(str(database), Nobody(), Tally(lambda _: None))
    state, store = factory.state(), factory.objectstore_factory.store()
    holds, done = threading.Event(), threading.Event()

    def hold() -> None:
        with sqlite3.connect(database, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            holds.set()
            time.sleep(FLOWERS_SECONDS + 1)
            done.set()
            other.execute("COMMIT")

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait(10)
    deleting = threading.Thread(target=store.delete, args=("nothing",))  # the store of objects waits as well
    deleting.start()
    node = make_node(state, b"key", "clinic")
    assert done.is_set()
    assert [info.node_id for info in state.get_node_info(node_ids=[node])] == [node]
    for each in (thread, deleting):
        each.join(10)


def test_a_node_that_is_away_is_told_by_flowers_own_code() -> None:
    assert NODE_UNAVAILABLE == ErrorCode.NODE_UNAVAILABLE
