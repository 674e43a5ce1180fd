"""A grid that loses one reply and never the round, and asks again who was away."""

import time
from concurrent.futures import Future
from dataclasses import dataclass

import pytest
from flwr.app import Message, RecordDict

from flowstate_flower.simulations.in_process import FIRST_NODE, InProcessGrid
from flowstate_flower.strategies import GuardedGrid, guarded_grid
from flowstate_flower.strategies.guarded_grid import NODE_UNAVAILABLE, fault


class _Owned(InProcessGrid):
    """Remembers which node each message was for."""

    def __init__(self, nodes: int) -> None:
        super().__init__(lambda request, _: Message(RecordDict(), reply_to=request), nodes)
        self.owner: dict[str, int] = {}

    def push_messages(self, messages):
        ids = list(super().push_messages(messages))
        self.owner |= zip(ids, (m.metadata.dst_node_id for m in messages), strict=True)
        return ids


def test_a_malformed_object_costs_one_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull that raises inside Flower, as a malformed object does, and one that never comes back."""

    class Broken(_Owned):
        def pull_messages(self, message_ids):
            (message_id,) = message_ids
            node = self.owner[message_id]
            if node == FIRST_NODE:
                raise ValueError("unexpected end of object")
            if node == FIRST_NODE + 1:
                time.sleep(1.5)
            return super().pull_messages([message_id])

    grid = Broken(4)
    requests = [Message(RecordDict(), FIRST_NODE + i, "train") for i in range(4)]
    monkeypatch.setattr(guarded_grid, "RETURN_SECONDS", 0.2)
    replies = GuardedGrid(grid, grace_seconds=0.3).send_and_receive(requests, timeout=10)
    grid.close()
    assert [r.metadata.src_node_id for r in replies] == [FIRST_NODE + i for i in range(4)]
    assert [r.error.reason if r.has_error() else "" for r in replies] == [
        "ValueError: unexpected end of object",
        "the upload stalled",
        "",
        "",
    ]


def test_many_stalled_uploads_do_not_starve_the_honest() -> None:
    """Twenty nodes announce an upload and never send it; the two that do are heard all the same."""

    class Stalling(_Owned):
        def pull_messages(self, message_ids):
            (message_id,) = message_ids
            if self.owner[message_id] < FIRST_NODE + 20:
                time.sleep(2)
            return super().pull_messages([message_id])

    grid = Stalling(22)
    requests = [Message(RecordDict(), FIRST_NODE + i, "train") for i in range(22)]
    replies = GuardedGrid(grid, grace_seconds=30).send_and_receive(requests, timeout=1)
    grid.close()
    assert [reply.has_error() for reply in replies] == [True] * 20 + [False] * 2


@dataclass
class _Seen:
    """As much of what Flower knows of a node as matters here."""

    node_id: int
    last_activated_at: str


class _Restarted(InProcessGrid):
    """One node loses what it is sent first. Flower says that it is gone, where `is_noticed`, or nothing. It begins anew when it
    was looked for so many times, and is away until then.
    """

    def __init__(self, node: int, looks: int, *, is_noticed: bool) -> None:
        super().__init__(lambda request, _: Message(RecordDict(), reply_to=request), 3)
        self.node, self.looks, self.is_noticed = node, looks, is_noticed
        self.pushed: list[list[int]] = []
        self.lost: dict[str, Message] = {}

    def get_nodes(self):
        self.looks -= 1
        there = [node for node in self.get_node_ids() if node != self.node or not self.pushed or self.looks < 0]
        return [_Seen(node, "later" if node == self.node and self.pushed else "first") for node in there]

    def push_messages(self, messages):
        ids = list(super().push_messages(messages))
        self.pushed.append([message.metadata.dst_node_id for message in messages])
        if len(self.pushed) == 1:
            self.lost = {i: m for i, m in zip(ids, messages, strict=True) if m.metadata.dst_node_id == self.node}
        return ids

    def pull_messages(self, message_ids):
        (message_id,) = message_ids
        if message_id in self.lost:
            return [fault(self.lost[message_id], NODE_UNAVAILABLE, "no heartbeat")] if self.is_noticed else []
        return super().pull_messages([message_id])


@pytest.mark.parametrize("is_noticed", [True, False])
def test_a_node_that_begins_anew_is_asked_again(is_noticed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_grid, "ROLL_SECONDS", 0.05)
    grid = _Restarted(FIRST_NODE + 1, 3, is_noticed=is_noticed)
    requests = [Message(RecordDict(), FIRST_NODE + i, "train") for i in range(3)]
    replies = GuardedGrid(grid).send_and_receive(requests, timeout=20)
    grid.close()
    assert [reply.has_error() for reply in replies] == [False] * 3
    assert [reply.metadata.src_node_id for reply in replies] == [FIRST_NODE + i for i in range(3)]
    assert grid.pushed == [[FIRST_NODE, FIRST_NODE + 1, FIRST_NODE + 2], [FIRST_NODE + 1]]


def test_a_node_that_was_killed_while_it_answered_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class HalfSent(_Restarted):
        def pull_messages(self, message_ids):
            if message_ids[0] in self.lost:
                time.sleep(3)  # for objects that nobody will send
            return super().pull_messages(message_ids)

    monkeypatch.setattr(guarded_grid, "ROLL_SECONDS", 0.05)
    grid = HalfSent(FIRST_NODE + 1, 8, is_noticed=False)
    requests = [Message(RecordDict(), FIRST_NODE + i, "train") for i in range(3)]
    replies = GuardedGrid(grid, grace_seconds=0.3).send_and_receive(requests, timeout=20)
    grid.close()
    assert [reply.has_error() for reply in replies] == [False] * 3
    assert grid.pushed == [[FIRST_NODE, FIRST_NODE + 1, FIRST_NODE + 2], [FIRST_NODE + 1]]


@pytest.mark.parametrize(("patience", "timeout"), [(1, 20), (60, 1)])
def test_who_did_not_come_back_is_not_waited_for_in_later_rounds(
    patience: float, timeout: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(_Restarted):
        def push_messages(self, messages):
            ids = super().push_messages(messages)
            self.lost |= {i: m for i, m in zip(ids, messages, strict=True) if m.metadata.dst_node_id == self.node}
            return ids

    waited: list[bool] = []
    hold = guarded_grid._Restarts.hold

    def noted(self, i, answer):
        waited.append(hold(self, i, answer))
        return waited[-1]

    monkeypatch.setattr(guarded_grid._Restarts, "hold", noted)
    monkeypatch.setattr(guarded_grid, "RETURN_SECONDS", patience)
    grid = Gone(FIRST_NODE + 1, 10**6, is_noticed=True)
    guarded = GuardedGrid(grid)
    for is_first in (True, False):
        waited.clear()
        replies = guarded.send_and_receive([Message(RecordDict(), FIRST_NODE + i, "train") for i in range(3)], timeout=timeout)
        assert [reply.has_error() for reply in replies] == [False, True, False]
        assert any(waited) == is_first
    grid.close()


def test_a_node_that_begins_anew_for_ever_is_asked_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Restless(_Restarted):
        def get_nodes(self):
            return [_Seen(node, f"{time.monotonic()}") for node in self.get_node_ids()]

        def pull_messages(self, message_ids):
            return []

    monkeypatch.setattr(guarded_grid, "ROLL_SECONDS", 0.02)
    grid = Restless(FIRST_NODE, 0, is_noticed=False)
    (reply,) = GuardedGrid(grid).send_and_receive([Message(RecordDict(), FIRST_NODE, "train")], timeout=1)
    grid.close()
    assert reply.error.code == guarded_grid.NO_REPLY
    assert grid.pushed == [[FIRST_NODE]] * (1 + guarded_grid.MOST_TIMES)


@pytest.mark.parametrize(("patience", "timeout"), [(0.3, 600), (600, 0.5)])
def test_a_node_that_stays_away_costs_its_own_reply(patience: float, timeout: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_grid, "ROLL_SECONDS", 0.05)
    monkeypatch.setattr(guarded_grid, "RETURN_SECONDS", patience)
    grid = _Restarted(FIRST_NODE + 1, 10**6, is_noticed=True)
    requests = [Message(RecordDict(), FIRST_NODE + i, "train") for i in range(3)]
    replies = GuardedGrid(grid).send_and_receive(requests, timeout=timeout)
    grid.close()
    assert [reply.error.reason if reply.has_error() else "" for reply in replies] == ["", "no heartbeat", ""]
    assert len(grid.pushed) == 1


def test_a_pull_that_ends_while_it_is_looked_at_is_not_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flower hands a reply out once: a pull that is done at the second look only must not be dropped and asked again."""

    class Late(Future):
        looks = 0

        def done(self) -> bool:
            self.looks += 1
            return self.looks > 1 and super().done()

    class Pool(guarded_grid.ThreadPoolExecutor):
        def submit(self, work, *arguments):
            late = Late()
            super().submit(lambda: late.set_result(work(*arguments)))
            return late

    monkeypatch.setattr(guarded_grid, "ThreadPoolExecutor", Pool)
    grid = InProcessGrid(lambda request, _: Message(RecordDict(), reply_to=request), 1)
    (reply,) = GuardedGrid(grid).send_and_receive([Message(RecordDict(), FIRST_NODE, "train")], timeout=2)
    grid.close()
    assert not reply.has_error()
