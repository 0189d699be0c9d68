"""A client that leaves: its provider's connection is closed within a second, and the log has one line of it."""

import threading
import uuid

import pytest

from tests.e2e import claude
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.provider import EVENT_STREAM, Call, Provider, chunk, head, held, sse
from tests.e2e.wire import Wire, asking, request

START = head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.HELLO[:4])
SILENT = held()
BEGUN = held(START)
JSON = held(head(200, {"content-type": "application/json", "content-length": "900"}) + b'{"type": "message", ')


@pytest.fixture
def request_id() -> str:
    """The id of a request."""
    return f"leaver-{uuid.uuid4().hex}"


@pytest.mark.parametrize(
    ("script", "streamed", "status"),
    [
        pytest.param(SILENT, True, 499, id="stream-before-the-head"),
        pytest.param(SILENT, False, 499, id="whole-before-the-head"),
        pytest.param(held(head(200, EVENT_STREAM)), True, 499, id="stream-after-the-head"),
        pytest.param(BEGUN, True, 200, id="in-the-stream"),
        pytest.param(BEGUN, False, 499, id="whole-in-a-stream"),
        pytest.param(JSON, False, 499, id="whole-in-the-body"),
        pytest.param(held(head(500, EVENT_STREAM)), False, 499, id="in-an-error"),
    ],
)
@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_client_leaves(
    gateway: GatewayProcess, provider: Provider, request_id: str, script: object, streamed: bool, status: int, how: str
) -> None:
    provider.default = script  # type: ignore[assignment]
    with Wire(gateway.port) as wire:
        wire.send(request(body=asking(streamed), x_request_id=request_id))
        call = provider.call()
        if status == 200:
            wire.until(b'"lo "')
        if how == "rst":
            wire.reset()
    assert call.gone.wait(1)
    record = gateway.record(request_id)
    assert (record["end"], record["status"], record["stream"]) == ("cancelled", status, streamed)
    assert record["cause"] == "the client left"
    assert sum(request_id in line for line in gateway.lines) == 1


def test_a_client_leaves_before_its_body_is_complete(
    gateway: GatewayProcess, provider: Provider, request_id: str
) -> None:
    with Wire(gateway.port) as wire:
        wire.send(request(body=asking(), x_request_id=request_id)[:-10])
        wire.send(asking()[:1])
    record = gateway.record(request_id)
    assert record["end"] == "cancelled"
    assert provider.calls == []


def test_a_client_that_leaves_takes_no_other_with_it(
    gateway: GatewayProcess, provider: Provider, request_id: str
) -> None:
    go = threading.Event()

    async def waits(call: Call) -> None:
        await call.send(START)
        await call.until(go)
        await call.send(b"".join(chunk(sse(event)) for event in claude.HELLO[4:]) + b"0\r\n\r\n")

    provider.scripts = [waits, BEGUN]
    with Wire(gateway.port) as stays:
        stays.send(request(body=asking(True)))
        stays.until(b'"lo "')
        with Wire(gateway.port) as leaves:
            leaves.send(request(body=asking(True), x_request_id=request_id))
            leaves.until(b'"lo "')
        assert provider.call(1).gone.wait(1)
        assert not provider.call(0).gone.is_set()
        go.set()
        stays.until(b"[DONE]")
