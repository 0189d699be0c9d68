"""What the system has little of: connections, open files, room on a disk. Those who are served already stay so."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head, sse
from tests.e2e.wire import Wire, asking, question, request


@pytest.fixture
def go(provider: Provider) -> Iterator[threading.Event]:
    """Lets the provider finish the stream that it began."""
    event, events = threading.Event(), [chunk(sse(event)) for event in claude.HELLO]

    async def script(call: Call) -> None:
        await call.send(head(200, EVENT_STREAM) + b"".join(events[:4]))
        await call.until(event)
        await call.send(b"".join(events[4:]) + LAST_CHUNK)

    provider.default = script
    yield event
    event.set()


def taken(process: GatewayProcess, stack: contextlib.ExitStack) -> Wire:
    """A connection that the gateway serves: one that was closed just before may still count."""
    while True:
        wire = stack.enter_context(Wire(process.port))
        wire.send(request("/health", method="GET"))
        if wire.hear("GET").status == 200:
            return wire


def test_a_connection_too_many_is_told_so(tmp_path: Path, provider: Provider, go: threading.Event) -> None:
    with GatewayProcess(tmp_path, config(provider.url, max_connections=2)) as process, contextlib.ExitStack() as stack:
        first, second = stack.enter_context(Wire(process.port)), taken(process, stack)
        first.send(request(body=asking(True)))
        first.until(b'"lo "')
        third = stack.enter_context(Wire(process.port))
        heard = third.hear()
        assert (heard.status, heard.headers["retry-after"], heard.headers["connection"]) == (503, "5", "close")
        assert heard.json["error"]["code"] == "too_many_connections"
        assert third.end() == b""
        process.line(r"2 connections are open: a client is turned away \(max-connections in config\.yaml\)\.")
        second.send(request("/health", method="GET"))
        assert second.hear("GET").status == 200
        go.set()
        assert first.until(b"[DONE]")
        second.reset()
        process.ready()


def test_the_limit_of_open_files_is_raised_and_kept_to(tmp_path: Path, provider: Provider) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 300))"
    (tmp_path / "sitecustomize.py").write_text(limit)
    with GatewayProcess(tmp_path, config(provider.url), env={"PYTHONPATH": str(tmp_path)}) as process:
        process.line(r"Only 300 files may be open \(ulimit -n\): 100 connections are taken, not 2000\.")
        with contextlib.ExitStack() as stack:
            wires = [stack.enter_context(Wire(process.port)) for _ in range(100)]
            wires[-1].send(request(body=asking()))
            assert wires[-1].hear().status == 200
            assert stack.enter_context(Wire(process.port)).hear().status == 503


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk without room is Linux's /dev/full")
def test_flows_that_find_no_room_stop_nothing(tmp_path: Path, provider: Provider, go: threading.Event) -> None:
    with GatewayProcess(tmp_path, config(provider.url), "-w", "/dev/full") as process, Wire(process.port) as streamed:
        streamed.send(request(body=asking(True)))
        streamed.until(b'"lo "')
        with contextlib.closing(Client(process).http) as http:
            for _ in range(5):
                asked = question(user="u" * 100_000, model="nobody")
                assert http.post("/v1/chat/completions", json=asked).status_code == 400
        process.line(r"/dev/full cannot be written: No space left on device\. No more flows go there\.")
        go.set()
        assert streamed.until(b"[DONE]")
        process.ready()
    assert process.output.count("/dev/full") == 1
    assert "Traceback" not in process.output
