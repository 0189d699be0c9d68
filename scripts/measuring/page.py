"""The part `page` of `scripts/bench`: what the inspector costs while its page is open, and how quick it is."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from scripts.measuring import running, wire, wrk
from scripts.measuring.parts import CONNECTIONS, PACED_STREAMS, Bench, in_turn
from scripts.measuring.running import Running

KEY = "bench-page-key"
LIMIT = 64 << 20
EXCHANGES = 50_000
"""Those under which memory has to stay within its bound."""
PROMPT_BYTES = 16 * 1024
SEARCHED = 5000
SEARCHES = ("parcel", '"no such word"', "status:2xx duration>1ms", "-status:200 zebra")
TIMES = 9
"""How often each search is asked."""
LONG_SECONDS = 60.0
PAGE_SECONDS = 30.0

REQUESTS_ROW = "page, requests/s to without"
STREAMS_ROW = "page, events/s to without"
EVENTS_ROW = "page, us an event alone to without"
USED_ROW = f"page, memory.used MiB, {EXCHANGES:,}"
RESIDENT_ROW = "page, resident MiB more"
SEARCH_ROW = f"page, search of {SEARCHED:,} ms"
LONG_ROW = f"page, {wire.LONG_EVENTS:,} events, API s"
OPENS_ROW = f"page, {wire.LONG_EVENTS:,} events, opens s"


class Page:
    """The page of a gateway: its API, and a subscriber that reads as an open page does."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._headers = {"authorization": f"Bearer {KEY}"}
        self._http = httpx.Client(base_url=self.url, headers=self._headers, timeout=LONG_SECONDS, trust_env=False)

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON of an endpoint. Raises RuntimeError for any answer but a 200."""
        answer = self._http.get(path, params=query)
        if answer.status_code != 200:
            raise RuntimeError(f"GET {path} of the page was answered {answer.status_code}")
        return answer.json()

    def seconds(self, path: str, **query: str) -> float:
        started = time.perf_counter()
        self.get(path, **query)
        return time.perf_counter() - started

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read what happens, in a thread, until the end of the `with`."""
        url, ending = f"{self.url}/api/live", threading.Event()
        with httpx.stream("GET", url, headers=self._headers, timeout=None, trust_env=False) as answer:
            pieces = answer.iter_raw()
            next(pieces)
            threading.Thread(target=_read, args=(pieces, ending), daemon=True).start()
            yield
            ending.set()


def _read(pieces: Iterator[bytes], ending: threading.Event) -> None:
    try:
        while not ending.is_set():
            next(pieces)
    except (httpx.HTTPError, httpx.StreamError, StopIteration):
        return


def page(bench: Bench) -> None:
    """Measure the same gateway without the inspector and with its page open; then what it holds and how quick it is."""
    for provider, measure in (
        (bench.providers.whole, _requests),
        (bench.providers.bulk, _streams),
        (bench.providers.any, _events),
    ):
        _beside(bench, provider, measure)
    _memory(bench)
    _search(bench)
    _long(bench)


def with_page(folder: Path, provider: int, memory: int = LIMIT) -> tuple[Running, Page]:
    """Start a gateway with an inspector of so many bytes."""
    port = running.free_port()
    section = f"inspector: {{port: {port}, key: {KEY}, memory: {memory}}}\n"
    gateway = running.gateway(folder, provider, running.configuration(provider) + section, name="page")
    return gateway, Page(port)


# --- what it costs ------------------------------------------------------------------------------

Measure = Callable[[Bench, Running], dict[str, float]]


def _beside(bench: Bench, provider: int, measure: Measure) -> None:
    """Add the figures of a gateway without an inspector and of one whose page is open, and the ratios of each round."""
    without = running.gateway(bench.folder, provider, name="without")
    watched, its_page = with_page(bench.folder, provider)
    with ExitStack() as stack:
        for program in (without, watched):
            stack.enter_context(program)
        for program in (without, watched):
            program.first_answer()
        stack.enter_context(its_page.watched())
        for turn in range(bench.rounds):
            bench.say(f"page: round {turn + 1} of {measure.__name__.strip('_')} without and with the page open")
            found = {program.name: measure(bench, program) for program in in_turn((without, watched), turn)}
            for row, value in found["without"].items():
                bench.sheet.add(f"{row}, no inspector", "gateway", value)
                bench.sheet.add(f"{row}, page open", "gateway", found["page"][row])
                bench.sheet.add(f"page, {row} to without", "gateway", found["page"][row] / value)


def _requests(bench: Bench, program: Running) -> dict[str, float]:
    seen, spent = bench.load(program, "whole")
    return {"requests/s": seen.answers / seen.seconds, "ms a request": spent / seen.answers * 1e3}


def _streams(bench: Bench, program: Running) -> dict[str, float]:
    seen, spent = bench.load(program, "bulk")
    return {"events/s": seen.events / seen.seconds, "us an event": spent / seen.events * 1e6}


def _events(bench: Bench, program: Running) -> dict[str, float]:
    seen, spent = bench.counted_load(program, "paced", PACED_STREAMS)
    return {"us an event alone": spent / seen.events * 1e6}


# --- what it holds ------------------------------------------------------------------------------


def _memory(bench: Bench) -> None:
    """Measure the memory of many exchanges with prompts of real size."""
    gateway, its_page = with_page(bench.folder, bench.providers.whole)
    with gateway, ExitStack() as stack:
        gateway.first_answer()
        stack.enter_context(its_page.watched())
        before, recorded = gateway.memory(), 0
        while recorded < EXCHANGES:
            bench.say(f"page: {recorded:,} of {EXCHANGES:,} exchanges")
            _ask_large(bench, gateway)
            used = its_page.get("/api/status")["memory"]["used"]
            bench.sheet.add(USED_ROW, "gateway", used / 2**20)
            listed = its_page.get("/api/exchanges", limit="1")
            recorded = listed["total"] + listed["gone"]
        bench.sheet.add(RESIDENT_ROW, "gateway", gateway.memory("VmHWM") - before)


def _ask_large(bench: Bench, gateway: Running) -> None:
    prompt = [
        {"role": "user", "content": "Where is my parcel? " * (PROMPT_BYTES // 20)},
        {"role": "assistant", "content": "It is on its way."},
        {"role": "user", "content": "bench whole 0"},
    ]
    request = wire.request("whole", chat=True, messages=prompt)
    wrk.load(bench.folder, gateway, "whole", max(5.0, bench.seconds), CONNECTIONS, request)


# --- how quick it is ----------------------------------------------------------------------------


def _search(bench: Bench) -> None:
    gateway, its_page = with_page(bench.folder, bench.providers.whole, 4 * LIMIT)
    with gateway:
        gateway.first_answer()
        while (listed := its_page.get("/api/exchanges", limit="1"))["total"] < SEARCHED and not listed["gone"]:
            wrk.load(bench.folder, gateway, "whole", 1.0, CONNECTIONS)
        first = its_page.seconds("/api/exchanges", q="parcel")
        bench.sheet.add(f"{SEARCH_ROW}, at once", "gateway", first * 1e3)
        gateway.rest()
        bench.say(f"page: searches of {listed['total']:,} exchanges")
        for query in SEARCHES:
            times = [its_page.seconds("/api/exchanges", q=query) for _ in range(TIMES)]
            bench.sheet.add(SEARCH_ROW, "gateway", median(times) * 1e3)


def _long(bench: Bench) -> None:
    """Measure how long it takes until an exchange of very many events is there: from the API, and at the page."""
    gateway, its_page = with_page(bench.folder, bench.providers.any)
    with gateway:
        gateway.first_answer()
        answered = httpx.post(
            f"http://127.0.0.1:{gateway.port}/v1/chat/completions",
            json=wire.question("long", 0, chat=True),
            headers={"authorization": f"Bearer {wire.KEY}"},
            timeout=LONG_SECONDS,
            trust_env=False,
        )
        if answered.content.count(wire.MARK) != wire.LONG_EVENTS:
            raise RuntimeError(f"a stream of {answered.content.count(wire.MARK)} events, not {wire.LONG_EVENTS}")
        gateway.rest()
        id = its_page.get("/api/exchanges", limit="1")["exchanges"][0]["id"]
        left_out = its_page.get(f"/api/exchanges/{id}")["events_left_out"]
        if left_out:
            bench.sheet.notes.append(f"{left_out} of {wire.LONG_EVENTS:,} events were not kept")
        for turn in range(bench.rounds):
            bench.say(f"page: {wire.LONG_EVENTS:,} events, opened for the {turn + 1}. time")
            bench.sheet.add(LONG_ROW, "gateway", _all_events(its_page, id))
        for seconds in _openings(bench, its_page.url, id):
            bench.sheet.add(OPENS_ROW, "gateway", seconds)


def _all_events(its_page: Page, id: str) -> float:
    started = time.perf_counter()
    detail = its_page.get(f"/api/exchanges/{id}")
    last, stored = detail["events"][-1]["n"], len(detail["events"])
    while more := its_page.get(f"/api/exchanges/{id}/events", **{"from": str(last + 1)})["events"]:
        last, stored = more[-1]["n"], stored + len(more)
    if stored + detail["events_left_out"] != detail["event_count"]:
        raise RuntimeError(f"the page has {stored} events of {detail['event_count']}")
    return time.perf_counter() - started


def _openings(bench: Bench, url: str, id: str) -> Iterator[float]:
    """Yield seconds from the navigation until the first events show, in Chromium."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        bench.sheet.notes.append("no page was opened: chromium (Debian) and playwright (pip) are needed for that")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context()
        context.new_page().goto(f"{url}/?token={KEY}")
        for turn in range(bench.rounds):
            bench.say(f"page: Chromium opens it for the {turn + 1}. time")
            tab = context.new_page()
            started = time.perf_counter()
            tab.goto(f"{url}/#/x/{id}/events", wait_until="commit")
            tab.wait_for_selector(".event-row", timeout=PAGE_SECONDS * 1e3)
            yield time.perf_counter() - started
            tab.close()
        browser.close()
