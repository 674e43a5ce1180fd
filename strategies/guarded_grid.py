"""A Grid that loses one reply, never the round.

Flower pulls all replies in one call: a malformed object raises there, before any strategy, and an object that was announced
and never uploaded stalls it for minutes. Here every reply is pulled alone, in a worker thread, until a deadline, and
every request gets exactly one answer, from the node that was asked. A node that was killed and comes back is asked again.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from flwr.app import Error, Message, RecordDict
from flwr.serverapp import Grid

from flowstate_flower.admission import Reason
from flowstate_flower.errors import FlowstateError

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.002, 0.25
PAUSE_SHARE = 1 / 16  # of the time waited so far: looking again costs no round more than that

SLOWEST_BYTES_PER_SECOND = 1 << 24

RETURN_SECONDS, ROLL_SECONDS = 60.0, 2.0
"""How long a node that went away while it was asked or answered is waited for, and how often is looked who began anew."""
MOST_TIMES = 3  # in a round is one node asked again, however often it begins anew
NODE_UNAVAILABLE = 5  # Flower's code for a node that stopped to report
NO_REPLY, UNREADABLE, WRONG_SENDER, STALLED = 9001, 9002, 9003, 9004
SENT_BY = "sent by node "
REASON_OF_CODE = {
    NO_REPLY: Reason.NO_REPLY,
    UNREADABLE: Reason.UNREADABLE,
    WRONG_SENDER: Reason.WRONG_SENDER,
    STALLED: Reason.UNREADABLE,
}

Pull = Future[list[Message]]


class GuardedGrid(Grid):
    """Wraps any Grid. `grace_seconds` is how long a single reply may take to be fetched once it has been announced; as long
    again as all replies together take at `SLOWEST_BYTES_PER_SECOND`, because they share the line.
    """

    def __init__(self, grid: Grid, *, grace_seconds: float = 20.0) -> None:
        self._grid = grid
        self._grace_seconds = self._patience = grace_seconds
        self._gone: set[int] = set()  # nodes that were waited for in vain: once is enough

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> list[Message]:
        """One answer per message, in the order of `messages`: the reply, or an error that says what became of it.

        Raises what the grid raises where it cannot go on: a `FlowstateError`, or what is no `Exception`.
        """
        requests = list(messages)
        if not requests:
            return []
        self._patience = self._grace_seconds + sum(map(_array_bytes, requests)) / SLOWEST_BYTES_PER_SECOND
        restarts = _Restarts(self._grid, self._gone)
        ids = list(self._grid.push_messages(requests))
        deadline = time.monotonic() + (timeout if timeout is not None else float("inf"))
        # a worker for each pull there may be: however many uploads stall, the others are still fetched; idle workers are reused
        pool = ThreadPoolExecutor(len(requests) * (1 + MOST_TIMES), thread_name_prefix="pull")
        try:
            answers = self._collect(ids, requests, restarts, deadline, pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return [answers.get(i) or fault(request, NO_REPLY, "no reply") for i, request in enumerate(requests)]

    def _collect(
        self, ids: Sequence[str], requests: Sequence[Message], restarts: "_Restarts", deadline: float, pool: ThreadPoolExecutor
    ) -> dict[int, Message]:
        """Answers by position, as far as they came before the deadline."""
        answers: dict[int, Message] = {}
        pulls: dict[int, tuple[Pull, float]] = {}
        sent, begun = dict(enumerate(ids)), time.monotonic()
        while len(answers) < len(requests) and time.monotonic() < deadline:
            pause = min(max(FIRST_PAUSE_SECONDS, PAUSE_SHARE * (time.monotonic() - begun)), LONGEST_PAUSE_SECONDS)
            sent |= restarts.asked_again({i: requests[i] for i in sent if i not in answers and i not in pulls})
            answers |= restarts.given_up(time.monotonic())
            missing = [i for i in sent if i not in answers and i not in restarts.held]
            for i in missing:
                if i not in pulls:
                    pulls[i] = (pool.submit(self._pull, sent[i]), time.monotonic())
            wait([pulls[i][0] for i in missing], max(0.0, min(pause, deadline - time.monotonic())))
            for i in missing:
                done = pulls[i][0].done()  # asked once: a pull that ends between two questions would be thrown away unread
                answer = self._answer(*pulls[i], requests[i], done=done)
                if answer is not None and not restarts.hold(i, answer):
                    answers[i] = answer
                elif done or answer is not None:
                    del pulls[i]
            if len(answers) < len(requests):
                time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        return answers | restarts.given_up(float("inf"))

    def _pull(self, message_id: str) -> list[Message]:
        return list(self._grid.pull_messages([message_id]))

    def _answer(self, pull: Pull, since: float, request: Message, *, done: bool) -> Message | None:
        """What the pull brought, or None where it has to be waited for or asked again."""
        if not done:
            stalled = pull.running() and time.monotonic() - since > self._patience
            return fault(request, STALLED, "the upload stalled") if stalled else None
        if (error := pull.exception()) is not None:
            if isinstance(error, FlowstateError) or not isinstance(error, Exception):
                raise error  # the server itself is gone, or the run was stopped: no tenant's fault
            return fault(request, UNREADABLE, f"{type(error).__name__}: {error}")
        replies = pull.result()
        return sender_checked(replies[0], request) if replies else None

    def set_run(self, run: Any) -> None:
        """Passed on."""
        self._grid.set_run(run)

    @property
    def run(self) -> Any:
        """Passed on."""
        return self._grid.run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """Passed on."""
        return self._grid.create_message(content, message_type, dst_node_id, group_id, ttl)

    def get_node_ids(self) -> Iterable[int]:
        """Passed on."""
        return self._grid.get_node_ids()

    def get_nodes(self) -> Iterable[Any]:
        """Passed on."""
        return self._grid.get_nodes()

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Passed on."""
        return self._grid.push_messages(messages)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Passed on."""
        return self._grid.pull_messages(message_ids)


class _Restarts:
    """Requests whose nodes began anew, or went away, after they were asked. What a node was sent goes with it, and Flower sends
    nothing twice: so it is asked again, once it is there again, if that is soon. Who did not come back is added to `gone`.
    """

    def __init__(self, grid: Grid, gone: set[int]) -> None:
        self.held: dict[int, Message] = {}  # what is known in place of an answer, by position
        self._grid, self._gone = grid, gone
        self._until: dict[int, float] = {}
        self._times: Counter[int] = Counter()
        self._begun, self._looked_at = self._roll(), time.monotonic()

    def hold(self, i: int, answer: Message) -> bool:
        """Keep an answer that says that the node may be away. Returns False for any other, and once the node's time is over."""
        if not answer.has_error() or answer.error.code not in {NODE_UNAVAILABLE, STALLED}:
            return False
        now, node = time.monotonic(), answer.metadata.src_node_id
        if now >= self._until.setdefault(i, now + RETURN_SECONDS):
            self._gone.add(node)
        if node in self._gone:
            return False
        self.held[i] = answer
        return True

    def given_up(self, now: float) -> dict[int, Message]:
        """Answers that are final, because their nodes did not come back in time."""
        final = {i: self.held.pop(i) for i in list(self.held) if now >= self._until[i]}
        self._gone |= {answer.metadata.src_node_id for answer in final.values()}
        return final

    def asked_again(self, unanswered: Mapping[int, Message]) -> Mapping[int, str]:
        """Under which ids the requests were sent again whose nodes have begun anew, by position."""
        if time.monotonic() - self._looked_at < ROLL_SECONDS:
            return {}
        self._looked_at, now = time.monotonic(), self._roll()
        nodes = {i: request.metadata.dst_node_id for i, request in unanswered.items()}
        anew = [i for i, node in nodes.items() if node in now and now[node] != self._begun.get(node)]
        anew = [i for i in anew if self._times[i] < MOST_TIMES]
        self._begun |= {nodes[i]: now[nodes[i]] for i in anew}
        ids = list(self._grid.push_messages([_again(unanswered[i]) for i in anew])) if anew else []
        self._times.update(anew)
        for i in anew:
            self.held.pop(i, None)
        return dict(zip(anew, ids, strict=True))

    def _roll(self) -> dict[int, str]:
        """When each node that is online began, as Flower knows it; in a simulation nodes do not say."""
        return {node.node_id: getattr(node, "last_activated_at", "") for node in self._grid.get_nodes()}


def _again(request: Message) -> Message:
    """The same request as a new message: one that was stored before is not stored again."""
    about = request.metadata
    return Message(request.content, about.dst_node_id, about.message_type, ttl=about.ttl, group_id=about.group_id)


def sender_checked(reply: Message, request: Message) -> Message:
    """The reply, if the node that was asked sent it. Flower does not authenticate this field. Errors that the SuperLink
    makes are its own, and are laid at the door of the node that was asked.
    """
    if reply.has_error():
        return fault(request, reply.error.code, reply.error.reason or "")
    if reply.metadata.src_node_id != request.metadata.dst_node_id:
        return fault(request, WRONG_SENDER, f"{SENT_BY}{reply.metadata.src_node_id}")
    return reply


def fault(request: Message, code: int, reason: str) -> Message:
    """An error reply in the name of the node that was asked."""
    return Message(Error(code=code, reason=reason), reply_to=request)


def _array_bytes(message: Message) -> int:
    """How much a request carries, and its reply will."""
    return sum(len(array.data) for record in message.content.array_records.values() for array in record.values())
