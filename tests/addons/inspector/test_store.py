"""The ring of exchanges: what goes, what stays, what subscribers are told; and what it says of its memory."""

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import AsyncGenerator

import pytest

from addons.exchange.observers import Pair
from addons.inspector import subscription
from addons.inspector.recording import Change
from tests.addons.inspector.recordings import CHUNK, DELTA, Recorder, message, record, report


def ids(recorder: Recorder, query: str = "") -> list[str]:
    return [each["id"] for each in recorder.store.summaries(query).exchanges]


def filled(count: int, memory: int = 60_000) -> Recorder:
    recorder = Recorder(memory)
    for n in range(count):
        recorder.one(f"req_{n}", body=b'{"a":"%s"}' % (b"text " * 500))
    return recorder


def test_the_oldest_go_and_it_says_where() -> None:
    recorder = filled(20)
    page = recorder.store.summaries()
    assert recorder.store.used <= 60_000
    assert 0 < page.total < 20
    assert page.gone == 20 - page.total
    assert [each["id"] for each in page.exchanges] == [f"req_{19 - n}" for n in range(page.total)]
    assert [each["gone_before"] for each in page.exchanges] == [0] * (page.total - 1) + [page.gone]


def test_pinned_ones_go_last() -> None:
    recorder = filled(2)
    assert recorder.store.pin("req_0", pinned=True)
    for n in range(2, 20):
        recorder.one(f"req_{n}", body=b'{"a":"%s"}' % (b"text " * 500))
    found = recorder.store.summaries().exchanges
    assert found[-1]["id"] == "req_0"
    assert found[-1]["pinned"]
    assert [each["gone_before"] for each in found[-2:]] == [20 - len(found), 0]
    for each in ids(recorder):
        recorder.store.pin(each, pinned=True)
    recorder.one("later", body=b'{"a":"%s"}' % (b"text " * 500))
    assert "req_0" in ids(recorder)
    assert not recorder.store.pin("nobody", pinned=True)


def test_one_that_runs_goes_after_those_that_are_over() -> None:
    recorder = Recorder(60_000)
    running = record("running")
    recorder.begin(running, b'{"a":"%s"}' % (b"text " * 500))
    for n in range(20):
        recorder.one(f"req_{n}", body=b'{"a":"%s"}' % (b"text " * 500))
    assert ids(recorder)[-1] == "running"
    recorder.end(running)
    recorder.one("last", body=b'{"a":"%s"}' % (b"text " * 500))
    assert "running" not in ids(recorder)


def test_the_list_comes_in_parts() -> None:
    recorder = filled(7, 1 << 20)
    first = recorder.store.summaries("", 3)
    assert ([each["id"] for each in first.exchanges], first.total, first.more) == (["req_6", "req_5", "req_4"], 7, True)
    second = recorder.store.summaries("", 10, "req_4")
    assert [each["id"] for each in second.exchanges] == ["req_3", "req_2", "req_1", "req_0"]
    assert not second.more
    assert recorder.store.summaries("", 10, "nobody").exchanges == ()


def test_all_but_what_runs_can_be_forgotten() -> None:
    recorder = filled(3, 1 << 20)
    running = record("running")
    recorder.begin(running)
    recorder.store.clear()
    assert ids(recorder) == ["running"]
    recorder.end(running)
    recorder.store.clear()
    assert recorder.store.used == 0


@pytest.mark.parametrize(
    ("count", "events", "body"),
    [
        pytest.param(200, 0, 200, id="short ones"),
        pytest.param(100, 50, 3000, id="streams"),
        pytest.param(3, 3000, 200, id="long streams"),
        pytest.param(20, 0, 200_000, id="long prompts"),
    ],
)
def test_what_it_counts_is_what_it_takes(count: int, events: int, body: int) -> None:
    recorder = Recorder(1 << 28, 1 << 23)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for n in range(count):
        told = record(f"req_{n}")
        for phase in ("client_request", "provider_request", "provider_response", "client_response"):
            headers = tuple((f"header-{each}", f"{phase} {n}") for each in range(8))
            whole = b'{"a":"%s"}' % (b"%d " % n * (body // 5)) if phase.endswith("request") else None
            recorder.watcher.message(told, message(phase, whole, headers=headers))
        for each in range(events):
            word = b"word %d" % each
            recorder.watcher.pairs(
                told, [Pair(each / 100, "content_block_delta", DELTA % word, CHUNK % word, attempt=1)]
            )
        told.reports.append(report())
        recorder.watcher.ended(told)
        del told
    recorder.background.idle()
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert 0.7 < recorder.store.used / taken < 1.3


def test_events_can_be_read_in_another_thread_while_they_come() -> None:
    recorder = Recorder(1 << 28, 1 << 23)
    told = record()
    recorder.begin(told)
    over, failures = threading.Event(), []

    def read() -> None:
        while not over.is_set():
            found = recorder.store.get("req_1")
            assert found is not None
            if [event.n for event in found.events] != list(range(len(found.events))):
                failures.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(5000):
        recorder.watcher.pairs(told, [Pair(n / 100, "", DELTA % b"sk-ant-api03-aaaaaaaaaaaaaaaaaaaa", b"", attempt=1)])
    over.set()
    reader.join()
    recorder.end(told)
    assert not failures
    assert b"sk-ant" not in b"".join(event.provider for event in recorder.store.get("req_1").events)  # type: ignore[union-attr]


async def told(changes: AsyncGenerator[list[Change]], kind: str) -> Change:
    async for together in changes:
        for change in together:
            if change.kind == kind:
                return change
    raise AssertionError


async def started(
    recorder: Recorder, *follow: str
) -> tuple[AsyncGenerator[list[Change]], "asyncio.Future[list[Change]]"]:
    changes = recorder.store.subscribe(follow)
    first = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    return changes, first


@pytest.mark.asyncio
async def test_a_subscriber_hears_of_beginnings_events_and_ends() -> None:
    recorder = Recorder()
    changes, first = await started(recorder, "req_1")
    one = record()
    recorder.begin(one)
    (begun,) = await first
    assert (begun.kind, begun.id, begun.summary["end"]) == ("exchange", "req_1", "running")  # type: ignore[index]
    recorder.stream(one, "hello", "sk-ant-api03-" + "a" * 30)
    events = await told(changes, "events")
    assert [event.n for event in events.events] == [0, 1]
    assert b"sk-ant" not in events.events[1].client
    await asyncio.to_thread(recorder.end, one)
    ended = await told(changes, "exchange")
    assert ended.summary["end"] == "complete"  # type: ignore[index]
    recorder.store.clear()
    assert (await told(changes, "gone")).ids == ("req_1",)


@pytest.mark.asyncio
async def test_events_of_others_are_not_told() -> None:
    recorder = Recorder()
    _, first = await started(recorder, "req_2")
    recorder.one("req_1", "a", "b")
    recorder.one("req_2", "c")
    assert [change.id for change in await first if change.kind == "events"] == ["req_2"]


@pytest.mark.asyncio
@pytest.mark.parametrize("bound", ["MOST_CHANGED", "MOST_EVENTS", "MOST_BYTES"])
async def test_a_slow_subscriber_is_told_to_read_everything_anew(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, bound, 5)
    recorder = Recorder()
    _, first = await started(recorder, *(f"req_{n}" for n in range(7)))
    for n in range(7):
        recorder.one(f"req_{n}", "word")
    assert (await first)[0].kind == "resync"


@pytest.mark.asyncio
async def test_who_has_left_is_told_nothing() -> None:
    recorder = Recorder()
    changes, first = await started(recorder)
    recorder.begin(record())
    await first
    await changes.aclose()
    assert recorder.store._subscriptions == []


@pytest.mark.parametrize("id", [".", "..", "last"])
def test_an_id_that_cannot_be_asked_for_becomes_another(id: str) -> None:
    recorder = Recorder()
    recorder.one(id, "blue", "whale")
    recorder.one(id, "red", "fox")
    assert [each["id"] for each in recorder.store.summaries().exchanges] == [f"{id}~3", f"{id}~2"]
