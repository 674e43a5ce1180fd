"""How fast one tenant may go. Who is too fast waits: its socket is not read, so that its own queue grows and not ours."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

MOST_DEBT_SECONDS = 10.0


class Bucket:
    """Tokens that come at a steady rate, and may be owed: who takes more than there is waits until it is paid."""

    def __init__(self, per_second: float, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._most, self._clock = per_second, most, clock
        self._tokens, self._at = most, clock()

    def take(self, amount: float) -> float:
        """Take tokens. Returns how many seconds to wait until they are paid for, 0 where they were there.

        Debt is bounded: nobody waits longer than `MOST_DEBT_SECONDS`, whatever was taken before.
        """
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        self._tokens = max(self._tokens - amount, -MOST_DEBT_SECONDS * self._per_second)
        return max(0.0, -self._tokens / self._per_second)

    @property
    def is_full(self) -> bool:
        """Nothing was taken for as long as matters."""
        return self._tokens + (self._clock() - self._at) * self._per_second >= self._most


@dataclass(slots=True)
class Pace:
    """What one tenant uses at this moment. `slots` are requests whose bodies are in memory or at work."""

    requests: Bucket
    received: Bucket
    slots: asyncio.Semaphore
    connections: int = 0
