"""The measurements of `scripts/bench`. Each part adds samples to a `Sheet`: one value a round and a program."""

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.measuring import running, wire
from scripts.measuring.running import Running
from translators.values import immutable

CONNECTIONS = 16
OPEN_STREAMS = 1000
OPENING_AT_ONCE = 50
FIRST_EVENT_SECONDS = 0.5

Say = Callable[[str], None]


@dataclass
class Sheet:
    """Samples by row and program, in rounds: `samples[row][program][round]`."""

    samples: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    missing: list[str] = field(default_factory=list)
    """The measurements that could not be made, and why."""

    def add(self, row: str, program: str, value: float) -> None:
        self.samples[row][program].append(value)

    def value(self, row: str, program: str) -> float | None:
        values = self.samples.get(row, {}).get(program)
        return statistics.median(values) if values else None

    def ratios(self, row: str, program: str) -> list[float]:
        """Each round's ratio to bare mitmdump: what disturbs the machine for long disturbs both in a round."""
        samples = self.samples.get(row, {})
        return [a / b for a, b in zip(samples.get(program, ()), samples.get("bare", ()), strict=False)]

    def ratio(self, row: str, program: str) -> float | None:
        ratios = self.ratios(row, program)
        return statistics.median(ratios) if ratios else None

    def spread(self, row: str, program: str) -> tuple[float, float] | None:
        """Between which the middle half of the rounds' ratios lies; None for fewer than four rounds."""
        ratios = self.ratios(row, program)
        if len(ratios) < 4:
            return None
        low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return low, high


@immutable
class Bench:
    """The place where the measurements happen."""

    folder: Path
    provider: Running
    sheet: Sheet
    rounds: int
    seconds: float
    say: Say
    with_litellm: bool

    def load(self, program: Running, kind: wire.Kind, seconds: float, connections: int) -> tuple[dict[str, Any], float]:
        """Return what a load saw, and the processor seconds that it cost the program."""
        before = program.processor()
        seen = running.load(program.port, self.provider.port, kind, seconds, connections, chat=program.chat)
        return seen, program.processor() - before


def whole_requests(bench: Bench) -> None:
    """Requests a second with 16 connections, latencies, memory after the load."""
    with ExitStack() as stack:
        programs = _programs(bench, stack, running.bare)
        for program in _rounds(bench, programs, "whole answers"):
            seen, spent = bench.load(program, "whole", bench.seconds, CONNECTIONS)
            latencies = sorted(seen["latencies"])
            bench.sheet.add("requests/s", program.name, len(latencies) / seen["seconds"])
            bench.sheet.add("p50 ms", program.name, statistics.median(latencies) * 1e3)
            bench.sheet.add("p99 ms", program.name, latencies[int(len(latencies) * 0.99)] * 1e3)
            if program.name != "litellm" or spent:
                bench.sheet.add("processor ms a request", program.name, spent / len(latencies) * 1e3)
        for program in programs:
            bench.sheet.add("peak memory MB", program.name, program.memory("VmHWM"))
    straight = running.load(bench.provider.port, bench.provider.port, "whole", 1.0, CONNECTIONS, chat=False)
    bench.sheet.add("requests/s", "no proxy", len(straight["latencies"]) / straight["seconds"])


def streams(bench: Bench) -> None:
    """Events a second of streams, in the three ways in which events arrive, and the delay of the first one."""
    kinds: tuple[wire.Kind, ...] = ("each", "bulk", "chunks")
    with ExitStack() as stack:
        programs = _programs(bench, stack, running.bare_streaming)
        for program in _rounds(bench, programs, "streams"):
            for kind in kinds:
                seen, spent = bench.load(program, kind, bench.seconds, CONNECTIONS)
                bench.sheet.add(f"events/s {kind}", program.name, seen["events"] / seen["seconds"])
                bench.sheet.add(f"processor us an event {kind}", program.name, spent / seen["events"] * 1e6)
            seen, _ = bench.load(program, "bulk", FIRST_EVENT_SECONDS, 1)
            bench.sheet.add("first event ms", program.name, statistics.median(seen["first_events"]) * 1e3)
    straight = running.load(bench.provider.port, bench.provider.port, "each", 1.0, CONNECTIONS, chat=False)
    bench.sheet.add("events/s each", "no proxy", straight["events"] / straight["seconds"])


def starts(bench: Bench) -> None:
    """Measure from the start of a process to its first answer; then its memory with nothing and with 1,000 open
    streams."""
    for turn in range(max(2, min(bench.rounds, 3))):
        for make in _ordered([running.bare_streaming, running.gateway], turn):
            with make(bench.folder, bench.provider.port) as program:
                bench.say(f"start {turn + 1}: {program.name}")
                bench.sheet.add("first answer after s", program.name, program.first_answer())
                bench.sheet.add("idle memory MB", program.name, program.memory())
                if turn == 0:
                    asyncio.run(_open_streams(bench, program))


async def _open_streams(bench: Bench, program: Running) -> None:
    """Every stream has brought its first event and stays open while memory is read."""
    request = wire.request("hold", chat=program.chat)
    writers: list[asyncio.StreamWriter] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
        writers.append(writer)
        writer.write(request)
        await asyncio.wait_for(reader.readuntil(wire.MARK), 30)

    row = f"memory MB, {OPEN_STREAMS} open streams"
    try:
        for _ in range(0, OPEN_STREAMS, OPENING_AT_ONCE):
            await asyncio.gather(*(one() for _ in range(OPENING_AT_ONCE)))
        bench.sheet.add(row, program.name, program.memory("VmHWM"))
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        bench.sheet.missing.append(f"{row}, {program.name}: only {len(writers)} could be opened ({error!r})")
    finally:
        for writer in writers:
            writer.transport.abort()


def _programs(bench: Bench, stack: ExitStack, bare: Callable[[Path, int], Running]) -> list[Running]:
    """Bare mitmdump, the gateway and perhaps LiteLLM, each with a first answer behind it."""
    made = [bare(bench.folder, bench.provider.port), running.gateway(bench.folder, bench.provider.port)]
    if bench.with_litellm and (other := running.litellm(bench.folder, bench.provider.port)) is not None:
        made.append(other)
    for program in made:
        stack.enter_context(program)
    for program in made:
        program.first_answer()
    return made


def _rounds(bench: Bench, programs: Sequence[Running], what: str) -> "list[Running]":
    """Every round asks every program, in turned order: bare, ours, ours, bare, ..."""
    turns: list[Running] = []
    for turn in range(bench.rounds):
        turns.extend(_ordered(programs, turn))
    bench.say(f"{what}: {bench.rounds} rounds of {', '.join(program.name for program in programs)}")
    return turns


def _ordered[T](items: Sequence[T], turn: int) -> list[T]:
    return list(items) if turn % 2 == 0 else list(reversed(items))


@dataclass
class Stopwatch:
    """Microseconds of processor time of one thing done many times: the least of several rounds, which disturbances only
    make longer."""

    rounds: int = 7
    seconds: float = 0.15

    def of(self, action: Callable[[], object]) -> float:
        action()
        best = float("inf")
        for _ in range(self.rounds):
            count, started = 0, time.process_time()
            while (spent := time.process_time() - started) < self.seconds:
                action()
                count += 1
            best = min(best, spent / count)
        return best * 1e6
