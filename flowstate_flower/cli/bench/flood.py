"""A hostile tenant in a process of its own: so many requests a second, whatever becomes of them.

`python -m flowstate_flower.cli.bench.flood SPEC` prints one JSON object: of each kind of attack, how many requests were due,
how many could be sent, and what the server said. What is due while the server holds every connection back is not sent.
"""

import asyncio
import itertools
import json
import ssl
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from flowstate_flower.cli.bench.fleet import Member, read_node_key
from flowstate_flower.documents import Document
from flowstate_flower.superlink.hostile import Attack, hostile_requests
from flowstate_flower.superlink.scripted import ScriptedNode, node_tls

CONNECTIONS, MOST_UPLOADS, TICK_SECONDS = 24, 200, 0.01
ANSWER_SECONDS, UPLOAD_SECONDS, DROP_SECONDS = 15.0, 20.0, 0.5
DUE, SENT, HUNG_UP = "due", "sent", "hung up"


class FloodSpec(Document):
    """Who floods what: a `member` of a fleet, its node there, and a run of Flower's that it was asked in."""

    address: str
    ca: Path
    member: Member
    node_id: int
    run_id: int
    oversize_bytes: int
    per_second: float
    seconds: float


class Flood:
    """All connections of one hostile tenant."""

    def __init__(self, spec: FloodSpec, requests: Mapping[Attack, bytes], tls: ssl.SSLContext) -> None:
        self._spec, self._requests, self._tls = spec, requests, tls
        self._counts: defaultdict[Attack, Counter[str]] = defaultdict(Counter)
        self._due: asyncio.Queue[Attack] = asyncio.Queue(maxsize=CONNECTIONS)
        self._uploads: set[asyncio.Task[None]] = set()

    async def run(self) -> dict[str, dict[str, int]]:
        """For as long as the spec says. Returns the counts of each kind."""
        workers = [asyncio.create_task(self._works()) for _ in range(CONNECTIONS)]
        attacks, loop = itertools.cycle(Attack), asyncio.get_running_loop()
        begun, made = loop.time(), 0
        while (passed := loop.time() - begun) < self._spec.seconds:
            while made < passed * self._spec.per_second:
                self._offer(next(attacks))
                made += 1
            await asyncio.sleep(TICK_SECONDS)
        for task in [*workers, *self._uploads]:
            task.cancel()
        await asyncio.gather(*workers, *self._uploads, return_exceptions=True)
        return {str(attack): dict(counts) for attack, counts in self._counts.items()}

    def _offer(self, attack: Attack) -> None:
        self._counts[attack][DUE] += 1
        if attack is not Attack.SLOW_UPLOAD:
            with suppress(asyncio.QueueFull):
                self._due.put_nowait(attack)
        elif len(self._uploads) < MOST_UPLOADS:
            task = asyncio.create_task(self._upload())
            self._uploads.add(task)
            task.add_done_callback(self._uploads.discard)

    async def _works(self) -> None:
        """One connection after the other, each for as many requests as the server takes on it."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                reader, writer = await self._connection()
                try:
                    while await self._one(await self._due.get(), reader, writer):
                        pass
                finally:
                    writer.close()

    async def _one(self, attack: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection can be used again."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                writer.write(self._requests[attack])
                await writer.drain()
                self._counts[attack][SENT] += 1
                status, stays = await _status(reader)
                self._counts[attack][status] += 1
                return stays
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            self._counts[attack][HUNG_UP] += 1
            raise

    async def _upload(self) -> None:
        """A body that comes in drops, until the server has had enough."""
        counts = self._counts[Attack.SLOW_UPLOAD]
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                reader, writer = await self._connection()
                answer = asyncio.create_task(_status(reader))
                try:
                    writer.write(self._requests[Attack.SLOW_UPLOAD])
                    counts[SENT] += 1
                    while not answer.done():
                        writer.write(b"\0")
                        await writer.drain()
                        await asyncio.wait([answer], timeout=DROP_SECONDS)
                    counts[answer.result()[0]] += 1
                finally:
                    writer.close()
                    answer.cancel()
                    await asyncio.gather(answer, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            counts[HUNG_UP] += 1

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self._spec.address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port), ssl=self._tls)


async def _status(reader: asyncio.StreamReader) -> tuple[str, bool]:
    """The status of an answer, whose body is read away, and whether another may follow. `ValueError` for what is no HTTP."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
    await reader.readexactly(length)
    return head.split(" ", 2)[1], "connection: close" not in head


def main(path: Path) -> None:
    """Flood as the spec in `path` says."""
    spec = FloodSpec.model_validate_json(path.read_text(encoding="utf-8"))
    if spec.member.node_key is None:
        raise ValueError("who floods needs a key")
    tls = node_tls(spec.ca, spec.member.certificate, spec.member.certificate_key)
    node = ScriptedNode(spec.address, read_node_key(spec.member.node_key), tls)
    node.node_id = spec.node_id  # its fleet has brought it online
    requests = hostile_requests(node, spec.run_id, spec.node_id ^ 1, spec.oversize_bytes)
    json.dump(asyncio.run(Flood(spec, requests, tls).run()), sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
