"""Many exchanges of every kind against a running gateway, and its memory while they go by."""

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice

from scripts.measuring import wire
from scripts.measuring.running import Running

WORKERS = 8
EXCHANGES_A_CONNECTION = 25
SAMPLES = 80
ANSWER_SECONDS = 30.0
LARGEST_ANSWER = 1024 * 1024
CYCLE = (
    *["whole"] * 11,
    *["bulk"] * 5,
    *["chunks"] * 2,
    *["several-whole", "several-bulk"],
    *["leave-stream", "leave-whole"],
    *["error", "cut", "no-key", "no-json", "no-path"],
)
"""One turn of what clients do, shuffled by its stride; `leave-...` closes the connection before the answer is over,
`several-...` becomes several calls to the provider."""
STRIDE = 7
CHOICES = 3

ANSWERS = {
    "whole": b" 200 ",
    "bulk": b" 200 ",
    "chunks": b" 200 ",
    "several-whole": b" 200 ",
    "several-bulk": b" 200 ",
    "error": b" 503 ",
    "cut": b" 200 ",
    "no-key": b" 401 ",
    "no-json": b" 400 ",
    "no-path": b" 404 ",
}
EVENTS = {"bulk": wire.EVENTS, "chunks": wire.EVENTS, "several-bulk": CHOICES * wire.EVENTS}


@dataclass
class Memory:
    """MB of the gateway, sampled at even distances."""

    exchanges: int
    samples: list[float] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def first(self) -> float:
        return statistics.median(self.samples[: len(self.samples) // 4])

    @property
    def last(self) -> float:
        return statistics.median(self.samples[-(len(self.samples) // 4) :])

    @property
    def growth(self) -> float:
        """KB that 1,000 exchanges leave behind: from the middle of the first quarter to the middle of the last."""
        return (self.last - self.first) * 1024 / (self.exchanges * 0.75 / 1000)


async def soak(
    gateway: Running, exchanges: int, *, warm_up: int = 0, say: Callable[[str], None] = lambda _: None
) -> Memory:
    """`warm_up` exchanges go before and are not counted: caches and the allocator's pools fill in them."""
    await _spend(gateway, Memory(warm_up), islice(_kinds(), warm_up))
    memory, kinds = Memory(exchanges), islice(_kinds(), exchanges)
    step = -(-exchanges // SAMPLES)
    while portion := list(islice(kinds, step)):
        await _spend(gateway, memory, iter(portion))
        memory.samples.append(gateway.memory())
        if len(memory.samples) % (SAMPLES // 8) == 0:
            say(f"{memory.seen.total():,} exchanges, {memory.samples[-1]:.1f} MB")
    return memory


def _kinds() -> Iterator[str]:
    return cycle(CYCLE[at * STRIDE % len(CYCLE)] for at in range(len(CYCLE)))


async def _spend(gateway: Running, memory: Memory, kinds: Iterator[str]) -> None:
    await asyncio.gather(*(_client(gateway.port, memory, kinds) for _ in range(WORKERS)))


async def _client(port: int, memory: Memory, kinds: Iterator[str]) -> None:
    """Take the next kind as long as there are any; a new connection for every few."""
    while portion := list(islice(kinds, EXCHANGES_A_CONNECTION)):
        while portion:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LARGEST_ANSWER)
            try:
                await _talk(reader, writer, memory, portion)
            finally:
                writer.close()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, memory: Memory, portion: list[str]) -> None:
    """Work off `portion`, until the connection has to be given up."""
    while portion:
        kind = portion.pop()
        memory.seen[kind] += 1
        writer.write(_request(kind))
        try:
            await asyncio.wait_for(_answer(kind, reader, memory), ANSWER_SECONDS)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            memory.wrong.append(f"{kind}: {error!r}")
            return
        if kind.startswith("leave-"):
            return


def _request(kind: str) -> bytes:
    match kind:
        case "leave-stream":
            return wire.request("hold", chat=True)
        case "leave-whole":
            return wire.request("silent", chat=True)
        case "no-key":
            return wire.request("whole", chat=True).replace(b"Bearer " + wire.KEY.encode(), b"Bearer other-key")
        case "no-json":
            return wire.request("whole", chat=True).replace(b'"messages"', b"'messages'")
        case "no-path":
            return wire.request("whole", chat=True).replace(b"/v1/chat/completions", b"/v1/chat/complete")
        case "several-whole":
            return wire.request("whole", chat=True, n=CHOICES)
        case "several-bulk":
            return wire.request("bulk", chat=True, n=CHOICES)
        case "whole" | "bulk" | "chunks" | "error" | "cut":
            return wire.request(kind, chat=True)
        case _:
            raise ValueError(kind)


async def _answer(kind: str, reader: asyncio.StreamReader, memory: Memory) -> None:
    if kind == "leave-whole":
        await asyncio.sleep(0.02)
        return
    if kind == "leave-stream":
        await reader.readuntil(wire.MARK)
        return
    head = await reader.readuntil(b"\r\n\r\n")
    body = await _body(reader, head.lower())
    if ANSWERS[kind] not in head.partition(b"\r\n")[0] + b" ":
        memory.wrong.append(f"{kind}: {(head + body)[:200]!r}")
    elif kind in EVENTS and body.count(wire.MARK) != EVENTS[kind]:
        memory.wrong.append(f"{kind}: {body.count(wire.MARK)} events")
    elif kind == "several-whole" and body.count(b'"finish_reason":"stop"') != CHOICES:
        memory.wrong.append(f"{kind}: {body[:200]!r}")
    elif kind == "cut" and b'"error"' not in body:
        memory.wrong.append(f"{kind}: no error in the stream")


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    """The answer's body; of a chunked one with its chunk lines."""
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    if length:
        return await reader.readexactly(int(length))
    return await reader.readuntil(b"\r\n" + wire.LAST_CHUNK)
