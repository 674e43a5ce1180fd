"""A Grid that loses one reply, never the round.

Flower pulls all replies in one call: a malformed object raises there, before any strategy, and an object that was announced
and never uploaded stalls it for minutes. Here every reply is pulled alone, in a worker thread, until a deadline, and
every request gets exactly one answer, from the node that was asked.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from flwr.app import Error, Message, RecordDict
from flwr.serverapp import Grid

from flowstate_flower.admission import Reason
from flowstate_flower.errors import FlowstateError

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.002, 0.25
PAUSE_SHARE = 1 / 16  # of the time waited so far: looking again costs no round more than that

SLOWEST_BYTES_PER_SECOND = 1 << 24

NO_REPLY, UNREADABLE, WRONG_SENDER = 9001, 9002, 9003
SENT_BY = "sent by node "
REASON_OF_CODE = {NO_REPLY: Reason.NO_REPLY, UNREADABLE: Reason.UNREADABLE, WRONG_SENDER: Reason.WRONG_SENDER}

Pull = Future[list[Message]]


class GuardedGrid(Grid):
    """Wraps any Grid. `grace_seconds` is how long a single reply may take to be fetched once it has been announced; as long
    again as all replies together take at `SLOWEST_BYTES_PER_SECOND`, because they share the line.
    """

    def __init__(self, grid: Grid, *, grace_seconds: float = 20.0) -> None:
        self._grid = grid
        self._grace_seconds = self._patience = grace_seconds

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> list[Message]:
        """One answer per message, in the order of `messages`: the reply, or an error that says what became of it.

        Raises what the grid raises where it cannot go on: a `FlowstateError`, or what is no `Exception`.
        """
        requests = list(messages)
        if not requests:
            return []
        self._patience = self._grace_seconds + sum(map(_array_bytes, requests)) / SLOWEST_BYTES_PER_SECOND
        ids = list(self._grid.push_messages(requests))
        deadline = time.monotonic() + (timeout if timeout is not None else float("inf"))
        # as many workers as replies: however many uploads stall, the others are still fetched; idle workers are reused
        pool = ThreadPoolExecutor(len(requests), thread_name_prefix="pull")
        try:
            answers = self._collect(ids, requests, deadline, pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return [answers.get(i) or fault(request, NO_REPLY, "no reply") for i, request in enumerate(requests)]

    def _collect(
        self, ids: Sequence[str], requests: Sequence[Message], deadline: float, pool: ThreadPoolExecutor
    ) -> dict[int, Message]:
        """Answers by position, as far as they came before the deadline."""
        answers: dict[int, Message] = {}
        pulls: dict[int, tuple[Pull, float]] = {}
        begun = time.monotonic()
        while len(answers) < len(requests) and time.monotonic() < deadline:
            pause = min(max(FIRST_PAUSE_SECONDS, PAUSE_SHARE * (time.monotonic() - begun)), LONGEST_PAUSE_SECONDS)
            missing = [i for i in range(len(ids)) if i not in answers]
            for i in missing:
                if i not in pulls:
                    pulls[i] = (pool.submit(self._pull, ids[i]), time.monotonic())
            wait([pulls[i][0] for i in missing], max(0.0, min(pause, deadline - time.monotonic())))
            for i in missing:
                done = pulls[i][0].done()  # asked once: a pull that ends between two questions would be thrown away unread
                if (answer := self._answer(*pulls[i], requests[i], done=done)) is not None:
                    answers[i] = answer
                elif done:
                    del pulls[i]
            if len(answers) < len(requests):
                time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        return answers

    def _pull(self, message_id: str) -> list[Message]:
        return list(self._grid.pull_messages([message_id]))

    def _answer(self, pull: Pull, since: float, request: Message, *, done: bool) -> Message | None:
        """What the pull brought, or None where it has to be waited for or asked again."""
        if not done:
            stalled = pull.running() and time.monotonic() - since > self._patience
            return fault(request, UNREADABLE, "the upload stalled") if stalled else None
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
