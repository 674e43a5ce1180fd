"""What the server turned away and what operators did, counted where it happens and handed on in batches.

A flood must cost its victim little: an event is one addition in memory. Of each kind and tenant a batch holds one count and
a few samples, so that the record grows with time and not with the flood.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

SAMPLES, DETAIL_CHARACTERS = 3, 200
log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What happened. Written to the registry under these names: add, never rename."""

    FORGED_SENDER = "forged-sender"
    WRONG_CERTIFICATE = "wrong-certificate"
    REVOKED_CERTIFICATE = "revoked-certificate"
    EXPIRED_CERTIFICATE = "expired-certificate"
    SUSPENDED_TENANT = "suspended-tenant"
    OVERSIZE_BODY = "oversize-body"
    OVERSIZE_HEADERS = "oversize-headers"
    RATE_LIMITED = "rate-limited"
    TOO_MANY_IN_FLIGHT = "too-many-in-flight"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    BAD_HANDSHAKE = "bad-handshake"
    BAD_SIGNATURE = "bad-signature"
    MALFORMED = "malformed"
    SLOW_UPLOAD = "slow-upload"
    FORBIDDEN_PATH = "forbidden-path"
    UNASKED_REPLY = "unasked-reply"
    FOREIGN_RUN = "foreign-run"
    RUN_WITHOUT_PURPOSE = "run-without-purpose"
    TOO_MANY_NODES = "too-many-nodes"
    NODE_ACTIVATED = "node-activated"
    CONTROL_DENIED = "control-denied"
    CONTROL_ACTION = "control-action"
    UNREADABLE_REVOCATIONS = "unreadable-revocations"
    UNREADABLE_REGISTRY = "unreadable-registry"


@dataclass(frozen=True, slots=True)
class Event:
    """`count` times something of one kind by one tenant, since the batch before. `at` is in seconds since 1970."""

    kind: Kind
    tenant: str | None
    count: int
    detail: str
    at: float


Sink = Callable[[Sequence[Event]], None]


@dataclass(slots=True)
class _Count:
    count: int = 0
    samples: list[str] = field(default_factory=list)


class Tally:
    """Counts events from any thread until `flush` hands them to `sink`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._counts: dict[tuple[Kind, str | None], _Count] = {}
        self._actions: list[Event] = []

    def note(self, kind: Kind, tenant: str | None = None, detail: str = "") -> None:
        """One more of them. `detail` may come from a stranger: it is cut, and stripped of what a terminal would obey."""
        with self._lock:
            found = self._counts.setdefault((kind, tenant), _Count())
            found.count += 1
            if detail and len(found.samples) < SAMPLES:
                found.samples.append(plain(detail))

    def action(self, detail: str) -> None:
        """Something that an operator did, each an event of its own."""
        with self._lock:
            self._actions.append(Event(Kind.CONTROL_ACTION, None, 1, plain(detail), time.time()))

    def flush(self) -> None:
        """Hand on what was counted. Where the sink fails, it is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, {}
            actions, self._actions = self._actions, []
        now = time.time()
        found = [Event(kind, tenant, c.count, "; ".join(c.samples), now) for (kind, tenant), c in counts.items()]
        if not (found or actions):
            return
        try:
            self._sink([*actions, *found])
        except Exception:
            log.exception("%d server events could not be recorded and are kept", len(found) + len(actions))
            self._put_back(counts, actions)

    def _put_back(self, counts: dict[tuple[Kind, str | None], _Count], actions: list[Event]) -> None:
        with self._lock:
            self._actions = actions + self._actions
            for key, lost in counts.items():
                found = self._counts.setdefault(key, _Count())
                found.count += lost.count
                found.samples = (lost.samples + found.samples)[:SAMPLES]


def plain(text: str) -> str:
    """Text that a terminal can be shown."""
    return "".join(c if c.isprintable() else "?" for c in text[:DETAIL_CHARACTERS])
