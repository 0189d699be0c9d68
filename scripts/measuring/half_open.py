"""`scripts/bench --half-open`: what connections that never get to their end cost, and when they are over."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.measuring import running, wire
from translators.values import immutable

MOST_MB = 100.0
"""The memory by which the gateway may grow."""
DEADLINE = 10.0
"""Seconds, of all of its timeouts."""
SLACK = 3.0
"""Seconds by which a thousand of them may be late together."""
HALVES = 1000
APART = 0.005
"""Seconds between two that come, so that it is not their coming that is measured."""
ENDLESS = 50
ENDLESS_BYTES = 20 * 1024 * 1024
"""The bytes of one connection, unless it is closed before."""
PIECE = b"x" * 65536
HALF_BYTES = 4 * 1024
"""The bytes of a head or of a body, before nothing more comes."""
CONFIG = """\
api-keys: [{{key: {key}, name: bench}}]
drain-seconds: 0
timeouts: {{head: {deadline}, body: {deadline}, connect: {deadline}, first-byte: {deadline}, idle: {deadline}}}
claude-api-key: [{{api-key: provider-key, base-url: "http://127.0.0.1:{provider}"}}]
"""
Say = Callable[[str], None]

_ASKED = wire.request("bulk", chat=True)
_POST = _ASKED.partition(b"content-length")[0]
_NO_KEY = _POST.replace(wire.KEY.encode(), b"nobody")
_HALF_HEAD = b"x-long: " + b"x" * HALF_BYTES


@immutable
class Kind:
    """A number `count` of connections of a client, each of which sends `request`; its provider, if it gets it, answers
    with `answered`. The side that `endless` names then goes on without a line's end."""

    name: str
    request: bytes
    answered: bytes = b""
    count: int = HALVES
    endless: str = ""


def kinds() -> Iterator[Kind]:
    chunked = b"transfer-encoding: chunked\r\n\r\n"
    stream = wire.STREAM_HEAD + wire.OPENING
    yield Kind("clients' half heads", _POST + _HALF_HEAD)
    yield Kind("clients' half bodies", _POST + b"content-length: 1000000\r\n\r\n" + b"x" * HALF_BYTES)
    yield Kind("clients' endless chunk extensions", _POST + chunked + b"5;", b"", ENDLESS, "client")
    yield Kind("clients' endless trailers", _POST + chunked + b"0\r\nx: ", b"", ENDLESS, "client")
    yield Kind("endless chunk extensions without a key", _NO_KEY + chunked + b"5;", b"", ENDLESS, "client")
    yield Kind("providers' half heads", _ASKED, b"HTTP/1.1 200 OK\r\n" + _HALF_HEAD)
    yield Kind("providers' half bodies", _ASKED, stream + wire.chunk(b"data: " + b"x" * HALF_BYTES))
    yield Kind("providers' endless chunk extensions", _ASKED, stream + b"5;", count=ENDLESS, endless="provider")
    yield Kind("providers' endless trailers", _ASKED, stream + b"0\r\nx: ", count=ENDLESS, endless="provider")


async def report(folder: Path, say: Say) -> int:
    """One line a kind. The number of misses."""
    missed = 0
    for kind in kinds():
        grown, spent, ended = await _measured(folder, kind)
        met = grown < MOST_MB and spent <= DEADLINE + SLACK and ended == kind.count
        missed += not met
        verdict = "ok" if met else "MISSED"
        say(f"{kind.count:5} {kind.name:42}{grown:7.1f} MB  {spent:5.1f} s  {ended} ended  {verdict}")
    say(f"Deadlines are {DEADLINE:g} s. Targets missed (< {MOST_MB:g} MB, <= {DEADLINE + SLACK:g} s): {missed}.")
    return missed


async def _measured(folder: Path, kind: Kind) -> tuple[float, float, int]:
    """MB, seconds that one took at most until it had ended, and how many have."""

    async def provide(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(kind.answered)
            await _go_on(writer, kind.endless == "provider")
            await reader.read()
        writer.close()

    async with await asyncio.start_server(provide, "127.0.0.1", 0, backlog=HALVES) as server:
        provider: int = server.sockets[0].getsockname()[1]
        text = CONFIG.format(key=wire.KEY, deadline=DEADLINE, provider=provider)
        with running.gateway(folder, provider, text) as gateway:
            await asyncio.to_thread(gateway.listens)
            before, started = gateway.memory(), time.perf_counter()
            clients = [asyncio.create_task(_client(gateway.port, kind, APART * n)) for n in range(kind.count)]
            most = before
            while not all(client.done() for client in clients) and time.perf_counter() - started < 4 * DEADLINE:
                await asyncio.sleep(0.1)
                most = max(most, gateway.memory())
            ended = [client.result() for client in clients if client.done() and not client.exception()]
            for client in clients:
                client.cancel()
    return most - before, max(ended, default=0.0), len(ended)


async def _client(port: int, kind: Kind, wait: float) -> float:
    """The seconds from its request, after a `wait`, until the gateway had hung up, or reported an error."""
    await asyncio.sleep(wait)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(kind.request)
        since = time.perf_counter()
        sending = asyncio.create_task(_go_on(writer, kind.endless == "client"))
        received = b""
        with contextlib.suppress(OSError):
            while b'"error"' not in received and b"[DONE]" not in received and (data := await reader.read(65536)):
                received += data
        sending.cancel()
        return time.perf_counter() - since
    finally:
        writer.close()


async def _go_on(writer: asyncio.StreamWriter, endless: bool) -> None:
    with contextlib.suppress(OSError):
        for _ in range(ENDLESS_BYTES // len(PIECE) if endless else 0):
            writer.write(PIECE)
            await writer.drain()
