"""What nobody sends by accident: bombs, heads without end, lines in headers, another protocol than was offered."""

import gzip
import ssl
import zlib

import brotli
import httpx
import pytest
import zstandard

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.provider import EVENT_STREAM, Call, Provider, chunk, head, sse, whole
from tests.e2e.wire import Wire, asking, question, request

ZEROS = bytes(64 * 1024 * 1024)
BOMBS = {
    "gzip": gzip.compress(ZEROS),
    "gzip, gzip": gzip.compress(gzip.compress(ZEROS)),
    "deflate": zlib.compress(ZEROS),
    "br": brotli.compress(ZEROS),
    "zstd": zstandard.ZstdCompressor().compress(ZEROS),
}


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_from_a_client_is_too_large(wire: Wire, provider: Provider, coding: str) -> None:
    wire.send(request(body=BOMBS[coding], content_encoding=coding))
    heard = wire.hear()
    assert (heard.status, heard.json["error"]["code"]) == (413, "request_too_large")
    assert provider.calls == []


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_from_a_provider_is_no_answer(client: Client, provider: Provider, coding: str, status: int) -> None:
    provider.default = whole(BOMBS[coding], status, {"content-encoding": coding})
    answer = client.chat()
    assert answer.status_code in (404, 502)
    assert len(answer.content) < 3000


def test_a_head_without_end(wire: Wire) -> None:
    wire.send(b"GET /health HTTP/1.1\r\nx: ")
    with pytest.raises(ConnectionError):  # noqa: PT012 - which piece is the first to fail is the kernel's choice
        for _ in range(1000):
            wire.send(b"a" * 65536)


def test_a_head_of_a_provider_without_end(client: Client, provider: Provider) -> None:
    async def script(call: Call) -> None:
        await call.send(b"HTTP/1.1 200 OK\r\nx: ")
        for _ in range(1000):
            await call.send(b"a" * 65536)

    provider.default = script
    assert client.chat().status_code == 502


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"traceparent: a\r\n transfer-encoding: chunked\r\n", id="a folded line"),
        pytest.param(b"traceparent: a\rtransfer-encoding: chunked\r\n", id="a bare CR"),
        pytest.param(b"x-tenant: a\0b\r\n", id="a NUL"),
    ],
)
def test_no_line_is_smuggled_in_a_header(wire: Wire, provider: Provider, line: bytes) -> None:
    body = asking()
    start = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CLIENT_KEY}\r\n".encode()
    wire.send(start + line + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert wire.hear().status == 400
    assert wire.end() == b""
    assert provider.calls == []


def test_tls_clients_get_http_1(gateway: GatewayProcess, provider: Provider) -> None:
    """With mitmproxy's certificate; HTTP/2 is not offered, because its streams would share a provider's connection."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with httpx.Client(verify=context, trust_env=False) as client:
        url = gateway.url.replace("http:", "https:") + "/v1/chat/completions"
        answer = client.post(url, json=question(False), headers={"authorization": f"Bearer {CLIENT_KEY}"})
    assert (answer.status_code, answer.http_version) == (200, "HTTP/1.1")


def test_a_stream_without_end_is_not_put_together_without_bound(client: Client, provider: Provider) -> None:
    async def script(call: Call) -> None:
        await call.send(head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.HELLO[:2]))
        event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 2**20}}
        piece = chunk(sse(event))
        for _ in range(100):
            await call.send(piece)

    provider.default = script
    answer = client.chat(False)
    assert answer.status_code == 502
