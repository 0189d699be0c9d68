"""What clients begin and do not end: it costs them their connection, and nobody else anything."""

from collections.abc import Iterator

import pytest

from tests.e2e import claude
from tests.e2e.gateway_process import GatewayProcess, config
from tests.e2e.provider import Provider, whole
from tests.e2e.wire import Wire, asking, request

BODY = asking()
CHUNKED = request(transfer_encoding="chunked", content_type="application/json")
UNFINISHED = {
    "head": (request()[:-2], "head"),
    "head in pieces": (request()[:20], "head"),
    "body": (request(body=BODY)[:-1], "body"),
    "no byte of a body": (request(content_length="5"), "body"),
    "chunk": (CHUNKED + b"5\r\nab", "body"),
    "chunk size": (CHUNKED + b"5", "body"),
    "trailer": (CHUNKED + b"0\r\nx: ", "body"),
}


@pytest.fixture(scope="module")
def hasty(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    settings = config(running_provider.url, timeouts={"head": 0.3, "body": 0.3})
    with GatewayProcess(tmp_path_factory.mktemp("hasty"), settings) as process:
        yield process


@pytest.mark.parametrize(("sent", "limit"), UNFINISHED.values(), ids=UNFINISHED)
def test_what_does_not_come_is_not_waited_for(
    hasty: GatewayProcess, provider: Provider, sent: bytes, limit: str
) -> None:
    with Wire(hasty.port) as wire:
        wire.send(sent)
        received = wire.receive()
        assert (received.status, received.headers["connection"]) == (408, "close")
        assert received.json["error"]["code"] == "request_timeout"
        assert f"timeouts: {limit} in config.yaml" in received.json["error"]["message"]
        assert wire.end() == b""
    assert hasty.record(received.headers["x-request-id"])["status"] == 408
    assert provider.calls == []


@pytest.mark.parametrize("status", [401, 200], ids=["after a 401", "at /health"])
def test_a_body_that_nobody_wants_is_not_waited_for_either(hasty: GatewayProcess, status: int) -> None:
    with Wire(hasty.port) as wire:
        wire.send(request("/health" if status == 200 else "/v1/models", method="GET", key="wrong", content_length="5"))
        assert wire.receive("GET").status == status
        assert wire.end() == b""


def test_silence_between_requests_is_no_fault(hasty: GatewayProcess, provider: Provider) -> None:
    """The provider takes longer than a client may, and the connection is used again."""
    provider.default = whole(claude.message())
    with Wire(hasty.port) as waiting, Wire(hasty.port) as busy:
        busy.send(request("/health", method="GET"))
        assert busy.receive("GET").status == 200
        waiting.send(request()[:-2])
        assert waiting.receive().status == 408
        busy.send(request(body=BODY))
        assert busy.receive().status == 200
