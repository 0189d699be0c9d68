"""A load in Python, a process of its own: `python -m scripts.measuring.load PORT REQUEST_FILE SECONDS CONNECTIONS`.

Keeps that many connections busy for that long with the request that the file holds, and prints one JSON line. wrk loads
a program with far less processor time; this one stays because it times a stream's first event, counts and checks events
(by `MARK`), lets every stream end, and is there where wrk is not.
"""

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from scripts.measuring import wire

STUCK_SECONDS = 20.0
"""An answer that takes this much longer than the load ends the measurement."""


@dataclass
class Counts:
    """The counts of what a load saw."""

    deadline: float = 0.0
    latencies: list[float] = field(default_factory=list)
    first_events: list[float] = field(default_factory=list)
    events: int = 0
    wrong: str = ""
    """The head of an answer that was not a 200."""
    running: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def going_on(self) -> bool:
        return not self.wrong and time.perf_counter() < self.deadline


class Asking(asyncio.Protocol):
    """One connection: a request, its answer, the next request; with `connection: close` that is on a new one."""

    def __init__(self, counts: Counts, port: int, request: bytes) -> None:
        self._counts = counts
        self._port = port
        self._request = request
        self._closes = b"connection: close" in request
        self._reset()

    def _reset(self) -> None:
        self._head = b""
        self._length: int | None = None
        self._received = 0
        self._tail = b""
        self._seen = 0
        self._answered = False
        self._since = time.perf_counter()

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._counts.going_on and self._closes and self._answered:
            self._connecting = asyncio.ensure_future(self.connect())
            return
        if self._counts.going_on:
            self._counts.wrong = "the connection was closed"
        self._counts.running -= 1
        if self._counts.running == 0:
            self._counts.over.set()

    def _ask(self) -> None:
        self._reset()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._head.endswith(b"\r\n\r\n"):
            head, end, data = (self._head + data).partition(b"\r\n\r\n")
            self._head = head + end
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self._counts.wrong = self._counts.wrong or (head + data)[:300].decode("latin-1")
                self._transport.close()
                return
            length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            self._length = int(length) if length else None
        self._received += len(data)
        self._count_events(data)
        ended = self._tail.endswith(wire.LAST_CHUNK) if self._length is None else self._received >= self._length
        if ended:
            self._done()

    def _count_events(self, data: bytes) -> None:
        data = self._tail + data
        seen = data.count(wire.MARK)
        self._tail = data[-len(wire.MARK) + 1 :]
        if seen and not self._seen:
            self._counts.first_events.append(time.perf_counter() - self._since)
        self._seen += seen
        self._counts.events += seen

    def _done(self) -> None:
        self._answered = True
        self._counts.latencies.append(time.perf_counter() - self._since)
        if b"text/event-stream" in self._head.lower() and self._seen != wire.EVENTS:
            self._counts.wrong = f"a stream of {self._seen} events, not {wire.EVENTS}"
        if self._counts.going_on and not self._closes:
            self._ask()
        else:
            self._transport.close()


async def run(port: int, request: bytes, seconds: float, connections: int) -> Counts:
    counts = Counts(deadline=time.perf_counter() + seconds, running=connections)
    for _ in range(connections):
        await Asking(counts, port, request).connect()
    try:
        await asyncio.wait_for(counts.over.wait(), seconds + STUCK_SECONDS)
    except TimeoutError:
        counts.wrong = counts.wrong or "an answer never ended"
    return counts


def main() -> None:
    port, request, seconds, connections = sys.argv[1:]
    started = time.perf_counter()
    counts = asyncio.run(run(int(port), Path(request).read_bytes(), float(seconds), int(connections)))
    latencies = sorted(counts.latencies) or [0.0]
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - started,
                "answers": len(counts.latencies),
                "events": counts.events,
                "p50": statistics.median(latencies),
                "p99": latencies[int(len(latencies) * 0.99)],
                "first_event": statistics.median(counts.first_events or [0.0]),
                "wrong": counts.wrong,
            }
        )
    )


if __name__ == "__main__":
    main()
