"""SIGTERM and Ctrl-C: what runs may finish, what is new goes elsewhere; and it ends."""

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e import claude
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, LAST_CHUNK, Call, Provider, chunk, head, sse
from tests.e2e.wire import Wire, asking, request

EVENTS = [chunk(sse(event)) for event in claude.HELLO]


@pytest.fixture
def go(provider: Provider) -> Iterator[threading.Event]:
    """Lets the provider finish what it began."""
    event = threading.Event()

    async def script(call: Call) -> None:
        await call.send(head(200, EVENT_STREAM) + b"".join(EVENTS[:4]))
        await call.until(event)
        await call.send(b"".join(EVENTS[4:]) + LAST_CHUNK)

    provider.default = script
    yield event
    event.set()


def gateway(tmp_path: Any, provider: Provider, seconds: float) -> GatewayProcess:
    return GatewayProcess(tmp_path, config(provider.url, drain_seconds=seconds))


def begun(gateway: GatewayProcess, wire: Wire, number: signal.Signals) -> None:
    """A stream is open, and the gateway has heard its signal."""
    wire.send(request(body=asking(True)))
    wire.until(b'"lo "')
    gateway.process.send_signal(number)
    while httpx.get(f"{gateway.url}/health", trust_env=False).status_code != 503:
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stream_finishes_and_new_calls_go_elsewhere(
    tmp_path: Any, provider: Provider, go: threading.Event, number: signal.Signals
) -> None:
    with gateway(tmp_path, provider, 20) as process:
        with Wire(process.port) as wire, Wire(process.port) as late:
            begun(process, wire, number)
            process.line(r"shutting down: what runs has 20 s to finish\. A second Ctrl-C or SIGTERM ends it now")
            late.send(request(body=asking()))
            received = late.receive()
            assert (received.status, received.headers["retry-after"]) == (503, "5")
            assert received.json["error"]["code"] == "shutting_down"
            late.send(request("/v1/models", method="GET", key="wrong"))
            assert late.receive("GET").status == 401
            go.set()
            assert wire.until(b"[DONE]")
        assert process.wait() == 0
    assert len(provider.calls) == 1


def test_an_idle_gateway_ends_at_once(tmp_path: Any, provider: Provider) -> None:
    with gateway(tmp_path, provider, 20) as process, Wire(process.port) as idle:
        idle.send(request("/health", method="GET"))
        assert idle.receive("GET").status == 200
        process.process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert process.wait() == 0
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("seconds", "signals"),
    [
        pytest.param(0.5, [signal.SIGTERM], id="drain-seconds are over"),
        pytest.param(60, [signal.SIGTERM, signal.SIGTERM], id="a second SIGTERM"),
        pytest.param(60, [signal.SIGINT, signal.SIGINT], id="a second Ctrl-C"),
        pytest.param(60, [signal.SIGINT, signal.SIGTERM], id="two of a kind are not needed"),
        pytest.param(0, [signal.SIGTERM], id="without draining"),
    ],
)
def test_who_is_cut_off_hears_that_it_was_the_gateway(
    tmp_path: Any, provider: Provider, go: threading.Event, seconds: float, signals: list[signal.Signals]
) -> None:
    """In the stream, as a whole answer, and in the log; not that the provider failed."""
    with gateway(tmp_path, provider, seconds) as process, Wire(process.port) as streamed, Wire(process.port) as whole:
        streamed.send(request(body=asking(True), x_request_id="streamed"))
        streamed.until(b'"lo "')
        whole.send(request(body=asking(), x_request_id="whole"))
        provider.call(1)
        for number in signals:
            process.process.send_signal(number)
            if len(signals) > 1:
                process.line("shutting down")
        started = time.monotonic()
        rest = streamed.end()
        received = whole.receive()
        assert process.wait() == 0
        assert time.monotonic() - started < 5
    assert b'"code":"gateway_shutting_down"' in rest
    assert rest.endswith(b"0\r\n\r\n")
    assert b"[DONE]" not in rest
    assert (received.status, received.headers["retry-after"]) == (503, "5")
    assert received.json["error"]["code"] == "gateway_shutting_down"
    for id in ("streamed", "whole"):
        record = process.record(id)
        assert (record["end"], record["error"]) == ("failed", "gateway_shutting_down")
        assert record["cause"] == "the gateway shut down"
    assert provider.call().gone.wait(1)


def test_without_draining_it_ends_at_once(tmp_path: Any, provider: Provider, go: threading.Event) -> None:
    with gateway(tmp_path, provider, 0) as process, httpx.Client(trust_env=False) as http:
        assert (
            http.get(f"{process.url}/v1/models", headers={"authorization": f"Bearer {CLIENT_KEY}"}).status_code == 200
        )
        process.process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
