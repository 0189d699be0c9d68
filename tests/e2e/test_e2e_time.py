"""Time: what is silent for too long gets an error of its own, and a client of a stream is kept awake meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head, held, sse, stepped, whole
from tests.e2e.wire import content, payloads

FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
EVENTS = [chunk(sse(event)) for event in claude.HELLO]
BEGUN = head(200, EVENT_STREAM) + b"".join(EVENTS[:4])
PATIENCE = 10.0
"""No limit in this file comes near it, so what takes longer hung."""


def client_of(gateway: GatewayProcess) -> Iterator[Client]:
    client = Client(gateway)
    yield client
    client.http.close()


@pytest.fixture(scope="module")
def deaf() -> Iterator[int]:
    """A port where nobody ever accepts: its queue is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(server.getsockname())
        yield server.getsockname()[1]
        for each in waiting:
            each.close()


@pytest.fixture(scope="module")
def impatient(
    running_provider: Provider, deaf: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    settings = config(running_provider.url, timeouts={"connect": 0.4, "first-byte": 0.5, "idle": 0.6})
    settings["claude-api-key"].append(
        {"api-key": "k", "base-url": f"http://127.0.0.1:{deaf}", "models": [{"name": "claude-deaf"}]}
    )
    with GatewayProcess(tmp_path_factory.mktemp("impatient"), settings) as process:
        yield process


@pytest.fixture
def hasty(impatient: GatewayProcess) -> Iterator[Client]:
    yield from client_of(impatient)


@pytest.fixture(scope="module")
def limited(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    settings = config(running_provider.url, timeouts={"connect": 0, "first-byte": 0, "idle": 0, "total": 0.8})
    with GatewayProcess(tmp_path_factory.mktemp("limited"), settings) as process:
        yield process


@pytest.fixture
def bounded(limited: GatewayProcess) -> Iterator[Client]:
    yield from client_of(limited)


@pytest.fixture(scope="module")
def awake(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    settings = config(
        running_provider.url,
        streaming={"keepalive-seconds": 0.2},
        timeouts={"first-byte": 1, "idle": 1},
        on_loss="refuse",
    )
    with GatewayProcess(tmp_path_factory.mktemp("awake"), settings) as process:
        yield process


@pytest.fixture
def patient(awake: GatewayProcess) -> Iterator[Client]:
    yield from client_of(awake)


def timed_out(client: Client, streamed: bool, what: str, begun: bool = False, **fields: Any) -> str:
    """The text that the client received of a call that must end by the limit `what`."""
    started = time.monotonic()
    answer = client.chat(streamed, **fields)
    assert time.monotonic() - started < PATIENCE
    error = list(payloads(answer.text))[-1]["error"] if begun else answer.json()["error"]
    assert answer.status_code == (200 if begun else 504)
    assert (error["type"], error["code"]) == ("server_error", f"provider_{what.replace('-', '_')}_timeout")
    assert f"timeouts: {what}" in error["message"]
    record = client.record
    assert record["end"] == "failed"
    assert record["cause"].startswith("timeout")
    return answer.text


@FORMS
def test_connect(hasty: Client, streamed: bool) -> None:
    timed_out(hasty, streamed, "connect", model="claude-deaf")


@FORMS
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(held(), id="silence"),
        pytest.param(held(b"HTTP/1.1 200 OK\r\n"), id="half-a-head"),
        pytest.param(held(head(200, EVENT_STREAM)), id="head"),
        pytest.param(held(head(200, EVENT_STREAM) + chunk(b": hello\n\n")), id="comment"),
        pytest.param(held(head(529, EVENT_STREAM)), id="head-of-an-error"),
    ],
)
def test_first_byte(hasty: Client, provider: Provider, streamed: bool, script: Any) -> None:
    provider.default = script
    timed_out(hasty, streamed, "first-byte")
    assert provider.call().gone.wait(1)


@FORMS
def test_idle(hasty: Client, provider: Provider, streamed: bool) -> None:
    provider.default = held(BEGUN)
    text = timed_out(hasty, streamed, "idle", begun=streamed)
    assert content(text) == ("Hello " if streamed else "")
    assert provider.call().gone.wait(1)


def pinging(first: bytes, every: float, piece: bytes) -> Any:
    async def script(call: Call) -> None:
        await call.send(first)
        while not call.gone.is_set():
            await call.send(piece)
            await call.pause(every)

    return script


@FORMS
@pytest.mark.parametrize("piece", [sse(claude.PING), b": still here\n\n"], ids=["ping-events", "comments"])
def test_pings_are_no_life(hasty: Client, provider: Provider, streamed: bool, piece: bytes) -> None:
    provider.default = pinging(BEGUN, 0.05, chunk(piece))
    timed_out(hasty, streamed, "idle", begun=streamed)


@FORMS
def test_total(bounded: Client, provider: Provider, streamed: bool) -> None:
    provider.default = pinging(BEGUN, 0.05, EVENTS[2])
    timed_out(bounded, streamed, "total", begun=streamed)
    assert provider.call().gone.wait(1)


@FORMS
def test_total_before_anything_was_heard(bounded: Client, provider: Provider, streamed: bool) -> None:
    provider.default = held()
    timed_out(bounded, streamed, "total")


@FORMS
def test_a_gateway_goes_on_after_a_timeout(hasty: Client, provider: Provider, streamed: bool) -> None:
    provider.scripts = [held()]
    timed_out(hasty, streamed, "first-byte")
    assert hasty.chat(streamed).status_code == 200


# --- comments -----------------------------------------------------------------------------------------


def test_comments_before_the_head_and_in_the_stream(patient: Client, provider: Provider) -> None:
    head_, rest = threading.Event(), threading.Event()

    async def script(call: Call) -> None:
        await call.until(head_)
        await call.send(BEGUN)
        await call.until(rest)
        await call.send(b"".join(EVENTS[4:]) + LAST_CHUNK)

    provider.default = script
    with patient.streaming() as answer:
        assert answer.status_code == 200
        pieces = answer.iter_text()
        text = next(pieces)
        assert text.startswith(": ")
        head_.set()
        while "lo " not in text:
            text += next(pieces)
        length = len(text)
        while "\n: " not in text[length - 1 :]:
            text += next(pieces)
        rest.set()
        text += "".join(pieces)
    assert content(text) == "Hello there"
    assert list(payloads(text))[-1] == "[DONE]"
    assert patient.record["end"] == "complete"


def test_no_comments_where_they_are_off(client: Client, provider: Provider) -> None:
    go = threading.Event()
    provider.default = stepped(BEGUN, go, b"".join(EVENTS[4:]) + LAST_CHUNK)
    timer = threading.Timer(0.6, go.set)
    timer.start()
    text = client.chat(True).text
    timer.join()
    assert ": ping" not in text
    assert content(text) == "Hello there"


def test_no_comments_in_a_whole_answer(patient: Client, provider: Provider) -> None:
    go = threading.Event()
    provider.default = stepped(b"", go, BEGUN + b"".join(EVENTS[4:]) + LAST_CHUNK)
    timer = threading.Timer(0.6, go.set)
    timer.start()
    answer = patient.chat()
    timer.join()
    assert answer.json()["choices"][0]["message"]["content"] == "Hello there"


def test_comments_do_not_hide_a_dead_provider(patient: Client, provider: Provider) -> None:
    provider.default = held()
    text = timed_out(patient, True, "first-byte", begun=True)
    assert text.count(": ping") >= 3


def test_comments_do_not_hide_one_that_died_in_the_stream(patient: Client, provider: Provider) -> None:
    provider.default = held(BEGUN)
    text = timed_out(patient, True, "idle", begun=True)
    assert text.count(": ping") >= 3
    assert content(text) == "Hello "


def test_a_failure_after_a_comment_is_told_in_the_stream(patient: Client, provider: Provider) -> None:
    go = threading.Event()

    async def script(call: Call) -> None:
        await call.until(go)
        await whole(claude.error("overloaded_error"), 529)(call)

    provider.default = script
    with patient.streaming() as answer:
        pieces = answer.iter_text()
        text = next(pieces)
        go.set()
        text += "".join(pieces)
    assert [each["error"]["code"] for each in payloads(text)] == ["server_overloaded"]
    record = patient.record
    assert (record["status"], record["end"]) == (200, "failed")


def test_a_client_leaves_while_only_comments_came(patient: Client, provider: Provider) -> None:
    provider.default = held()
    with patient.streaming() as answer:
        next(answer.iter_text())
    assert provider.call().gone.wait(1)
    assert patient.record["end"] == "cancelled"


# --- on-loss ------------------------------------------------------------------------------------------


@FORMS
def test_a_loss_is_refused_where_the_configuration_says_so(patient: Client, provider: Provider, streamed: bool) -> None:
    answer = patient.chat(streamed, seed=7)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", "seed")
    assert provider.calls == []
