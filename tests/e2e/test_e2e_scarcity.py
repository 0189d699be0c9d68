"""What the system has little of: connections, open files, room on a disk. Those who are served already stay so."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head, sse, whole
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
        if wire.receive("GET").status == 200:
            return wire


def test_a_connection_too_many_is_told_so(tmp_path: Path, provider: Provider, go: threading.Event) -> None:
    with GatewayProcess(tmp_path, config(provider.url, max_connections=2)) as process, contextlib.ExitStack() as stack:
        first, second = stack.enter_context(Wire(process.port)), taken(process, stack)
        first.send(request(body=asking(True)))
        first.until(b'"lo "')
        third = stack.enter_context(Wire(process.port))
        received = third.receive()
        assert (received.status, received.headers["retry-after"], received.headers["connection"]) == (503, "5", "close")
        assert received.json["error"]["code"] == "too_many_connections"
        assert third.end() == b""
        process.line(r"2 connections are open: a client is turned away \(max-connections in config\.yaml\)\.")
        second.send(request("/health", method="GET"))
        assert second.receive("GET").status == 200
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
            for _ in range(99):
                stack.enter_context(Wire(process.port))
            last = taken(process, stack)
            last.send(request(body=asking()))
            assert last.receive().status == 200
            assert stack.enter_context(Wire(process.port)).receive().status == 503


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk without room is Linux's /dev/full")
def test_flows_that_find_no_room_stop_nothing(tmp_path: Path, provider: Provider, go: threading.Event) -> None:
    with GatewayProcess(tmp_path, config(provider.url), "-w", "/dev/full") as process, Wire(process.port) as streamed:
        streamed.send(request(body=asking(True)))
        streamed.until(b'"lo "')
        with contextlib.closing(Client(process).http) as http:
            for _ in range(5):
                wrong = question(user="u" * 100_000, model="nobody")
                assert http.post("/v1/chat/completions", json=wrong).status_code == 400
        process.line(r"/dev/full cannot be written: No space left on device\. No more flows go there\.")
        go.set()
        assert streamed.until(b"[DONE]")
        process.ready()
    assert process.output.count("/dev/full") == 1
    assert "Traceback" not in process.output


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_bodies_that_nobody_will_look_at_are_let_go_of_at_once(tmp_path: Path, provider: Provider) -> None:
    """They do not wait for Python's collector of cycles, which here does not run."""
    (tmp_path / "sitecustomize.py").write_text("import gc; gc.disable()")
    long = [{"role": "user", "content": "x" * 2_000_000}]
    provider.default = whole(claude.message(claude.text("x" * 2_000_000)))
    with (
        GatewayProcess(tmp_path, config(provider.url), env={"PYTHONPATH": str(tmp_path)}) as process,
        contextlib.closing((client := Client(process)).http),
    ):
        memory = []
        for _ in range(60):
            assert client.chat(messages=long).status_code == 200
            memory.append(resident(process.process.pid))
        assert memory[-1] - memory[9] < 120  # what is not let go of is six times that


def resident(process: int) -> float:
    """MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
