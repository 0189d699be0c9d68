"""A load: `python -m scripts.measuring.load PORT PROVIDER_PORT KIND SECONDS CONNECTIONS FORMAT`, a process of its own.

Keeps that many connections busy for that long and prints one JSON line. Reads of an answer only where it ends, and how
often `MARK` occurs in it. For streams of the kind `each` it acknowledges every event to the provider, which sends none
before that: so every event travels by itself, whatever the speed of what is measured.
"""

import asyncio
import functools
import json
import sys
import time
from dataclasses import dataclass, field

from scripts.measuring import wire

STUCK_SECONDS = 20.0
"""An answer that takes this much longer than the load ends the measurement."""


@dataclass
class Counts:
    """The counts of what a load saw."""

    deadline: float = 0.0
    acknowledge: asyncio.WriteTransport | None = None
    latencies: list[float] = field(default_factory=list)
    first_events: list[float] = field(default_factory=list)
    events: int = 0
    wrong: str = ""
    """The head of an answer that was not a 200."""
    running: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Asking(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, counts: Counts, request: bytes, number: int, *, streamed: bool) -> None:
        self._counts = counts
        self._request = request
        self._number = b"%d\n" % number
        self._streamed = streamed
        self._head = b""
        self._left = 0
        self._tail = b""
        self._seen = 0
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counts.running += 1
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self._counts.deadline and not self._counts.wrong:
            self._counts.wrong = "the connection was closed"
        self._stop()

    def _ask(self) -> None:
        self._head, self._tail, self._seen, self._left = b"", b"", 0, 0
        self._since = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._left == 0 and not self._head.endswith(b"\r\n\r\n"):
            head, end, data = (self._head + data).partition(b"\r\n\r\n")
            self._head = head + end
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self._counts.wrong = self._counts.wrong or (head + data)[:300].decode("latin-1")
                self._transport.close()
                return
            if not self._streamed:
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                self._left = int(length)
        if self._streamed:
            self._events(data)
        else:
            self._left -= len(data)
            if self._left <= 0:
                self._done()

    def _events(self, data: bytes) -> None:
        seen = (self._tail + data).count(wire.MARK)
        self._tail = (self._tail + data)[-len(wire.MARK) + 1 :]
        if seen:
            if not self._seen:
                self._counts.first_events.append(time.perf_counter() - self._since)
            self._seen += seen
            self._counts.events += seen
            if self._counts.acknowledge is not None:
                self._counts.acknowledge.write(self._number * seen)
        if data.endswith(wire.LAST_CHUNK) or self._tail == wire.LAST_CHUNK:
            self._done()

    def _done(self) -> None:
        now = time.perf_counter()
        self._counts.latencies.append(now - self._since)
        if self._streamed and self._seen != wire.EVENTS:
            self._counts.wrong = f"a stream of {self._seen} events, not {wire.EVENTS}"
        if now < self._counts.deadline and not self._counts.wrong:
            self._ask()
        else:
            self._transport.close()

    def _stop(self) -> None:
        self._counts.running -= 1
        if self._counts.running == 0:
            self._counts.over.set()


def _given(protocol: asyncio.Protocol) -> asyncio.Protocol:
    return protocol


async def run(port: int, provider: int, kind: wire.Kind, seconds: float, connections: int, *, chat: bool) -> Counts:
    loop, counts = asyncio.get_running_loop(), Counts()
    if kind == "each":
        counts.acknowledge, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", provider)
    counts.deadline = time.perf_counter() + seconds
    for number in range(connections):
        asking = Asking(counts, wire.request(kind, number, chat=chat), number, streamed=kind != "whole")
        await loop.create_connection(functools.partial(_given, asking), "127.0.0.1", port)
    try:
        await asyncio.wait_for(counts.over.wait(), seconds + STUCK_SECONDS)
    except TimeoutError:
        counts.wrong = counts.wrong or "an answer never ended"
    return counts


def main() -> None:
    port, provider, kind, seconds, connections, form = sys.argv[1:]
    started = time.perf_counter()
    chat = form == "chat"
    counts = asyncio.run(run(int(port), int(provider), kind, float(seconds), int(connections), chat=chat))  # type: ignore[arg-type]
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - started,
                "latencies": counts.latencies,
                "first_events": counts.first_events,
                "events": counts.events,
                "wrong": counts.wrong,
            }
        )
    )


if __name__ == "__main__":
    main()
