"""`scripts/bench --fairness`: how long one client's stream is silent while another sends the largest that it may."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from scripts.measuring import largest, running, wire

MOST = 0.5
"""Seconds that nobody else's stream may be silent."""
EVERY = 0.02
LATE_SECONDS = 0.2
"""The time after a request in which it may still have effects: bodies that are let go of."""
Say = Callable[[str], None]


class Victim:
    """A stream whose provider says something every `EVERY` seconds; it knows the longest time without."""

    def __init__(self) -> None:
        self.last_data = 0.0
        self.longest = 0.0

    async def provide(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The provider's side of it."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(wire.STREAM_HEAD + wire.OPENING)
            while True:
                writer.write(wire.DELTA)
                await asyncio.sleep(EVERY)

    async def listen(self, port: int) -> None:
        """The client's side; until it is cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        asking = wire.request("hold", chat=True, model="victim").replace(wire.KEY.encode(), b"victim-key")
        writer.write(asking)
        await reader.readuntil(wire.MARK)
        self.last_data = time.perf_counter()
        while await reader.read(65536):
            now = time.perf_counter()
            self.longest = max(self.longest, now - self.last_data)
            self.last_data = now
        raise RuntimeError("the victim's stream ended")

    def since(self) -> float:
        """The longest time of silence since the last call of this."""
        longest = max(self.longest, time.perf_counter() - self.last_data)
        self.longest = 0.0
        return longest


async def report(folder: Path, word: str, say: Say) -> int:
    """One line a kind of request or answer whose name has `word`. The number of misses."""
    victim, provider = Victim(), running.free_port()
    async with await asyncio.start_server(victim.provide, "127.0.0.1", 0) as server:
        configuration = largest.config(server.sockets[0].getsockname()[1], provider)
        with running.gateway(folder, provider, configuration) as gateway:
            await asyncio.to_thread(gateway.listens)
            listening = asyncio.create_task(victim.listen(gateway.port))
            gaps: dict[str, float] = {}
            async for name, seconds, seen in _largest(gateway.port, provider, word, victim):
                gap = gaps[name] = seen["gap"]
                verdict = "ok" if gap < MOST else "MISSED"
                size = seen["bytes"] / 1024 / 1024
                say(f"{name:60}{gap:7.3f} s  {verdict:8}{size:5.1f} MB {seconds:5.1f} s  {seen['status']}")
                if listening.done():
                    listening.result()
            listening.cancel()
    if not gaps:
        say(f"Nothing has {word!r} in its name.")
        return 0
    name = max(gaps, key=lambda each: gaps[each])
    missed = sum(gap >= MOST for gap in gaps.values())
    say(f"The longest of {len(gaps)}: {gaps[name]:.3f} s, by: {name}. Targets missed (< {MOST:g} s): {missed}.")
    return missed


async def _largest(
    port: int, provider: int, word: str, victim: Victim
) -> AsyncIterator[tuple[str, float, dict[str, Any]]]:
    """Yield the name of a request that another process sent, how long it took, and its outcome."""
    words = ["-m", "scripts.measuring.largest", str(port), str(provider), word]
    child = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=running.ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        while line := await child.stdout.readline():
            name, started = json.loads(line)["kind"], time.perf_counter()
            victim.since()
            seen = json.loads(await child.stdout.readline())
            spent = time.perf_counter() - started
            await asyncio.sleep(LATE_SECONDS)
            yield name, spent, {**seen, "gap": victim.since()}
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
