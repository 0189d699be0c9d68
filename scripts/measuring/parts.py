"""The measurements of `scripts/bench`. Each part adds samples to a `Sheet`: one value a round and a program."""

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from scripts.measuring import others, running, wire, wrk
from scripts.measuring.providers import Providers
from scripts.measuring.running import Running
from translators.values import immutable

CONNECTIONS = 16
PACED_STREAMS = 8
OPEN_STREAMS = 1000
IDLE_CONNECTIONS = 10_000
SPARE_SOCKETS = 400
"""Those that a program, a provider and this process need besides the connections that are measured."""
OPENING_AT_ONCE = 50
ADDRESSES = [f"127.0.0.{number}" for number in range(1, 9)]
"""Those of the clients, for each has only some ten thousand ports."""
ANSWER_SECONDS = 30
FIRST_EVENT_SECONDS = 0.5
CLOSE = "connection: close\r\n"
WATCHED = ("mitmweb", "-w")
MODELS, KEYS = 1000, 200
MANY_ROW = f"{MODELS:,} models, {KEYS} keys, to one"
FAILOVER_ROW = "failover, refused, ms more"

Say = Callable[[str], None]


@dataclass
class Sheet:
    """Samples by row and program, in rounds: `samples[row][program][round]`."""

    samples: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    missing: list[str] = field(default_factory=list)
    """The measurements that could not be made, and why."""
    notes: list[str] = field(default_factory=list)
    """The ways in which this run is less than it could be."""

    def add(self, row: str, program: str, value: float) -> None:
        self.samples[row][program].append(value)

    def value(self, row: str, program: str) -> float | None:
        values = self.samples.get(row, {}).get(program)
        return statistics.median(values) if values else None

    def most(self, row: str, program: str) -> float | None:
        return max(self.samples.get(row, {}).get(program, ()), default=None)

    def ratios(self, row: str, program: str) -> list[float]:
        """Each round's ratio to bare mitmdump: what disturbs the machine for long disturbs both in a round."""
        return [ours / bare for ours, bare in self._rounds(row, program)]

    def excess(self, row: str, program: str) -> float | None:
        """By how much more it is than of bare mitmdump."""
        rounds = self._rounds(row, program)
        return statistics.median(ours - bare for ours, bare in rounds) if rounds else None

    def _rounds(self, row: str, program: str) -> list[tuple[float, float]]:
        samples = self.samples.get(row, {})
        return list(zip(samples.get(program, ()), samples.get("bare", ()), strict=False))

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
    providers: Providers
    sheet: Sheet
    rounds: int
    seconds: float
    say: Say
    with_others: bool
    sockets: int
    """The number that the system lets a process open."""

    def load(self, program: Running, kind: wire.Kind) -> tuple[wrk.Seen, float]:
        """Return what a load saw, and the processor seconds that it cost the program."""
        before = program.processor()
        seen = wrk.load(self.folder, program, kind, self.seconds, CONNECTIONS)
        spent = program.processor() - before
        program.rest()
        return seen, spent

    def counted_load(
        self,
        program: Running,
        kind: wire.Kind,
        connections: int = CONNECTIONS,
        *,
        seconds: float | None = None,
        headers: str = "",
    ) -> tuple[wrk.Seen, float]:
        """The same by the load in Python, which counts events, times the first and lets every answer end."""
        before, time_limit = program.processor(), self.seconds if seconds is None else seconds
        seen = wrk.python_load(self.folder, program, kind, time_limit, connections, headers=headers)
        spent = program.processor() - before
        program.rest()
        return seen, spent


def whole_requests(bench: Bench) -> None:
    """Measure whole answers: requests a second with 16 connections, latencies, processor time, memory at the end."""
    with ExitStack() as stack:
        programs = _programs(bench, stack, running.bare, bench.providers.whole, "whole")
        for program in _rounds(bench, programs, "whole answers"):
            seen, spent = bench.load(program, "whole")
            if not _any(bench, seen, program, "whole"):
                continue
            bench.sheet.add("requests/s", program.name, seen.answers / seen.seconds)
            bench.sheet.add("processor ms a request", program.name, spent / seen.answers * 1e3)
            bench.sheet.add("p50 ms", program.name, seen.p50 * 1e3)
            bench.sheet.add("p99 ms", program.name, seen.p99 * 1e3)
        for program in programs:
            bench.sheet.add("peak memory MB", program.name, program.memory("VmHWM"))


def streams(bench: Bench) -> None:
    """Events a second, and their processor time, of streams that arrive in large reads."""
    with ExitStack() as stack:
        programs = _programs(bench, stack, running.bare_streaming, bench.providers.bulk, "bulk")
        for program in _rounds(bench, programs, "streams in large reads"):
            seen, spent = bench.load(program, "bulk")
            if _any(bench, seen, program, "bulk"):
                bench.sheet.add("events/s, large reads", program.name, seen.events / seen.seconds)
                bench.sheet.add("processor us an event, large reads", program.name, spent / seen.events * 1e6)


def events(bench: Bench) -> None:
    """Processor time of events that arrive each by itself, and the delay of a stream's first."""
    with ExitStack() as stack:
        programs = _programs(bench, stack, running.bare_streaming, bench.providers.any, "paced")
        for program in _rounds(bench, programs, "one event a read"):
            seen, spent = bench.counted_load(program, "paced", PACED_STREAMS)
            bench.sheet.add("processor us an event, one a read", program.name, spent / seen.events * 1e6)
            seen, _ = bench.counted_load(program, "first", 1, seconds=FIRST_EVENT_SECONDS)
            bench.sheet.add("first event ms", program.name, seen.first_event * 1e3)
            seen, _ = bench.counted_load(program, "bulk", 1, seconds=FIRST_EVENT_SECONDS)
            bench.sheet.add("first event ms, large reads", program.name, seen.first_event * 1e3)


def watched(bench: Bench) -> None:
    """Measure whole answers while mitmweb shows the flows, without a browser, and while `-w` writes them to a file."""
    folder, port = bench.folder, bench.providers.whole
    web = ("--set", "web_open_browser=false", "--set", f"web_port={running.free_port()}")
    programs = [
        running.bare(folder, port),
        running.gateway(folder, port),
        running.gateway(folder, port, "", *web, name="mitmweb", program="mitmweb"),
        running.gateway(folder, port, "", "-w", str(folder / "flows"), name="-w"),
    ]
    with ExitStack() as stack:
        _start(stack, programs, "whole")
        for turn in range(bench.rounds):
            rates: dict[str, float] = {}
            bench.say(f"watched: round {turn + 1} of {', '.join(program.name for program in programs)}")
            for program in in_turn(programs, turn):
                seen, _ = bench.load(program, "whole")
                rates[program.name] = seen.answers / seen.seconds
            for name in WATCHED:
                bench.sheet.add(f"requests/s, {name}", "bare", rates["bare"])
                bench.sheet.add(f"requests/s, {name}", "gateway", rates[name])
                bench.sheet.add(f"{name}, to the gateway unwatched", "gateway", rates[name] / rates["gateway"])


def connections(bench: Bench) -> None:
    """Processor time of requests on kept connections, and of those each on one of its own; without and with TLS to the
    provider. To wrk it is an error that a connection is closed unless the answer announced it, so it is not used."""
    folder, providers = bench.folder, bench.providers
    plain = [running.bare(folder, providers.whole), running.gateway(folder, providers.whole)]
    _kept_and_closed(bench, plain, "")
    trusting = ("--set", f"ssl_verify_upstream_trusted_ca={providers.authority}")
    text = running.configuration(providers.tls, "https")
    with_tls = [
        running.bare(folder, providers.tls, *trusting, scheme="https"),
        running.gateway(folder, providers.tls, text, *trusting),
    ]
    _kept_and_closed(bench, with_tls, ", TLS")


def _kept_and_closed(bench: Bench, programs: Sequence[Running], suffix: str) -> None:
    with ExitStack() as stack:
        _start(stack, programs, "whole")
        for program in _rounds(bench, programs, f"kept and closed connections{suffix}"):
            for row, headers in {"kept": "", "closed": CLOSE}.items():
                seen, spent = bench.counted_load(program, "whole", headers=headers)
                bench.sheet.add(f"processor ms, {row}{suffix}", program.name, spent / seen.answers * 1e3)


def starts(bench: Bench) -> None:
    """Measure from the start of a process to its first answer; then its memory with nothing and with 1,000 open
    streams."""
    for turn in range(max(2, min(bench.rounds, 3))):
        for make in in_turn([running.bare_streaming, running.gateway], turn):
            with make(bench.folder, bench.providers.any) as program:
                bench.say(f"start {turn + 1}: {program.name}")
                bench.sheet.add("first answer after s", program.name, program.first_answer())
                bench.sheet.add("idle memory MB", program.name, program.memory())
                if turn == 0:
                    asyncio.run(_open_streams(bench, program))


async def _open_streams(bench: Bench, program: Running) -> None:
    """Every stream has brought its first event and stays open while memory is read."""
    row = f"memory MB, {OPEN_STREAMS:,} open streams"
    async with _Clients(program.port, program.request("hold"), wire.MARK) as clients:
        if await _opened(bench, clients, OPEN_STREAMS, f"{row}, {program.name}"):
            bench.sheet.add(row, program.name, program.memory("VmHWM"))


def idle(bench: Bench) -> None:
    """Memory of 10,000 connections of clients that have had an answer and are kept, each with one to the provider."""
    number = min(IDLE_CONNECTIONS, (bench.sockets - SPARE_SOCKETS) // 2)
    if number < IDLE_CONNECTIONS:
        needed = IDLE_CONNECTIONS * 2 + SPARE_SOCKETS
        bench.sheet.notes.append(
            f"{number:,} idle connections, not {IDLE_CONNECTIONS:,}: the system lets a process open {bench.sockets:,} "
            f"files (ulimit -n), and {needed:,} are needed"
        )
    for make in (running.bare, running.gateway):
        with make(bench.folder, bench.providers.whole) as program:
            program.first_answer()
            bench.say(f"{number:,} idle connections: {program.name}")
            asyncio.run(_idle_connections(bench, program, number))


async def _idle_connections(bench: Bench, program: Running, number: int) -> None:
    row, before = f"memory MB, {number:,} idle connections", program.memory()
    async with _Clients(program.port, program.request("whole"), b"}") as clients:
        if await _opened(bench, clients, number, f"{row}, {program.name}"):
            bench.sheet.add(row, program.name, program.memory())
            bench.sheet.add("KB of an idle connection", program.name, (program.memory() - before) * 1024 / number)


async def _opened(bench: Bench, clients: "_Clients", number: int, row: str) -> bool:
    """Return whether that many could be opened; else the row is missing."""
    try:
        await clients.open(number)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        bench.sheet.missing.append(f"{row}: only {len(clients.writers):,} could be opened ({error!r})")
        return False
    return True


def routing(bench: Bench) -> None:
    """Measure whole answers of a gateway with many models and keys, all of them targets, beside one with one model and
    one key; and the time that it costs when the first target refuses the connection."""
    folder, port = bench.folder, bench.providers.whole
    one, many, failing = (
        running.gateway(folder, port, text, name=name)
        for name, text in (
            ("one", running.one_target(port)),
            ("many", running.many_targets(port, MODELS, KEYS)),
            ("failing", running.failing_target(port)),
        )
    )
    with ExitStack() as stack:
        _start(stack, (one, many, failing), "whole")
        for turn in range(bench.rounds):
            bench.say(f"routing: round {turn + 1}")
            costs: dict[str, float] = {}
            for program in in_turn([one, many], turn):
                seen, spent = bench.load(program, "whole")
                costs[program.name] = spent / seen.answers
            bench.sheet.add(MANY_ROW, "gateway", costs["many"] / costs["one"])
            times: dict[str, float] = {}
            for program in in_turn([one, failing], turn):
                seen, _ = bench.counted_load(program, "whole", 1, seconds=FIRST_EVENT_SECONDS)
                times[program.name] = seen.p50
            bench.sheet.add(FAILOVER_ROW, "gateway", (times["failing"] - times["one"]) * 1e3)


class _Clients:
    """Connections to one port that stay open until the end of an `async with`."""

    def __init__(self, port: int, request: bytes, until: bytes) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self._port, self._request, self._until = port, request, until

    async def __aenter__(self) -> "_Clients":
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self.writers:
            writer.transport.abort()

    async def open(self, number: int) -> None:
        """Open that many, each with its request, and read of each answer as much as ends with `until`."""
        for _ in range(0, number, OPENING_AT_ONCE):
            await asyncio.gather(*(self._open(ADDRESSES[at % len(ADDRESSES)]) for at in range(OPENING_AT_ONCE)))

    async def _open(self, address: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(address, 0))
        self.writers.append(writer)
        writer.write(self._request)
        await asyncio.wait_for(reader.readuntil(self._until), ANSWER_SECONDS)


def _programs(
    bench: Bench, stack: ExitStack, bare: Callable[[Path, int], Running], provider: int, kind: wire.Kind
) -> list[Running]:
    """Bare mitmdump, the gateway and perhaps other gateways, each with a right answer of that kind behind it."""
    programs = [bare(bench.folder, provider), running.gateway(bench.folder, provider)]
    _start(stack, programs, kind)
    for make in (others.litellm, others.portkey) if bench.with_others else ():
        program = make(bench.folder, provider)
        if program is None:
            continue
        try:
            _start(stack, [program], kind)
            bench.counted_load(program, kind, 1, seconds=0)
        except RuntimeError as error:
            bench.sheet.notes.append(f"{program.name} is left out of {kind}: {' '.join(str(error).split())[:200]}")
        else:
            programs.append(program)
    for program in programs[:2]:
        bench.counted_load(program, kind, 1, seconds=0)
    return programs


def _start(stack: ExitStack, programs: Sequence[Running], kind: wire.Kind) -> None:
    for program in programs:
        stack.enter_context(program)
    for program in programs:
        program.first_answer(kind)


def _any(bench: Bench, seen: wrk.Seen, program: Running, kind: wire.Kind) -> bool:
    """Return whether there was an answer within the time of the load."""
    if not seen.answers:
        bench.sheet.notes.append(f"{program.name} ended no answer ({kind}) within {bench.seconds:g} s")
    return seen.answers > 0


def _rounds(bench: Bench, programs: Sequence[Running], what: str) -> Iterator[Running]:
    """Every round asks every program, in turned order: bare, ours, ours, bare, ..."""
    for turn in range(bench.rounds):
        bench.say(f"{what}: round {turn + 1} of {', '.join(program.name for program in programs)}")
        yield from in_turn(programs, turn)


def in_turn[T](items: Sequence[T], turn: int) -> list[T]:
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
