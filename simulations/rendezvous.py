"""Where clients that take part in one round meet, so that one of them trains for all.

A client that has got as far as training waits until every other client under way has got there too, or has come to its end: it
refused, crashed, or trains by itself. Who notices first trains everybody who waits. A client that is stuck holds the others up
for `patience_seconds`, once.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Condition, local

from flowstate_flower.clients import LocalJob
from flowstate_flower.clients.training.together import Joint, SomeStopped, train_together

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
TrainAll = Callable[[Sequence[LocalJob]], Sequence[Joint]]
Waiting = tuple[LocalJob, "Future[None]"]


class Rendezvous:
    """Knows who is under way by the ids of messages. One thread for each client, all at once."""

    def __init__(self, *, patience_seconds: float = PATIENCE_SECONDS, train_all: TrainAll = train_together) -> None:
        self._patience, self._train_all = patience_seconds, train_all
        self._changed = Condition()
        self._coming: set[str] = set()
        self._waiting: list[Waiting] = []
        self._last_news = time.monotonic()
        self._here = local()

    def expect(self, messages: Iterable[str]) -> None:
        """These are about to be handed to clients."""
        with self._changed:
            self._coming.update(messages)

    @contextmanager
    def under_way(self, message: str) -> Iterator[None]:
        """A client works on a message, in this thread. Whatever becomes of it, nobody waits for it afterwards."""
        self._here.message = message
        try:
            yield
        finally:
            self._not_coming(message)

    def train(self, job: LocalJob) -> None:
        """A `Trainer`: returns when the job is trained. Raises what training raised."""
        mine: Waiting = (job, Future())
        with self._changed:
            self._waiting.append(mine)
            self._not_coming(getattr(self._here, "message", ""))
            everybody = self._everybody(mine)
        if everybody:
            self._train(everybody)
        mine[1].result()

    def _not_coming(self, message: str) -> None:
        with self._changed:
            self._coming.discard(message)
            self._last_news = time.monotonic()
            self._changed.notify_all()

    def _everybody(self, mine: Waiting) -> list[Waiting]:
        """All who wait, if it falls to this thread to train them; nobody, if another took them."""
        while mine in self._waiting and self._coming:
            left = self._last_news + self._patience - time.monotonic()
            if left <= 0:
                log.warning("%d clients keep the others waiting, who now train without them", len(self._coming))
                self._coming.clear()
            else:
                self._changed.wait(left)
        if mine not in self._waiting:
            return []
        everybody, self._waiting = self._waiting, []
        self._changed.notify_all()
        return everybody

    def _train(self, everybody: Sequence[Waiting]) -> None:
        errors: dict[int, Exception] = {}
        try:
            for joint in self._train_all([job for job, _ in everybody]):
                log.info("%d clients trained: %s %s", len(joint.tenants), joint.engine, joint.why)
        except SomeStopped as stopped:
            errors = stopped.errors
        except Exception as error:  # raised in the threads of all
            errors = dict.fromkeys(range(len(everybody)), error)
        for place, (_, done) in enumerate(everybody):
            if place in errors:
                done.set_exception(errors[place])
            else:
                done.set_result(None)
