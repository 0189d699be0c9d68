"""What nobody sends by accident: bombs, heads without end, lines in headers, another protocol than was offered."""

import gzip
import ssl
import zlib
from pathlib import Path

import brotli
import httpx
import pytest
import zstandard
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import EVENT_STREAM, Call, Provider, chunk, head, sse, whole
from tests.e2e.wire import Wire, asking, payloads, question, request

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
    received = wire.receive()
    assert (received.status, received.json["error"]["code"]) == (413, "request_too_large")
    assert provider.calls == []


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_from_a_provider_is_no_answer(client: Client, provider: Provider, coding: str, status: int) -> None:
    provider.default = whole(BOMBS[coding], status, {"content-encoding": coding})
    answer = client.chat()
    assert answer.status_code in (404, 502)
    assert len(answer.content) < 3000


CHUNKED = request(transfer_encoding="chunked", content_type="application/json")
ENDLESS = {
    "head": b"GET /health HTTP/1.1\r\nx: ",
    "head of lines": b"GET /health HTTP/1.1\r\n",
    "first line": b"GET /",
    "chunk size": CHUNKED,
    "chunk extension": CHUNKED + b"5;",
    "second chunk": CHUNKED + b"1\r\n{\r\n5;",
    "trailer": CHUNKED + b"1\r\n{\r\n0\r\nx: ",
    "after a 401": request(key="wrong", transfer_encoding="chunked") + b"5;",
    "trailer after a 401": request(key="wrong", transfer_encoding="chunked") + b"0\r\nx: ",
    "at /health": request("/health", method="GET", transfer_encoding="chunked") + b"5;",
    "trailer at /health": request("/health", method="GET", transfer_encoding="chunked") + b"0\r\nx: ",
}
"""Each begins a line that never ends."""


@pytest.mark.parametrize("begun", ENDLESS.values(), ids=ENDLESS)
def test_no_line_is_collected_without_end(wire: Wire, begun: bytes) -> None:
    fill = b"x: 1\r\n" if begun.endswith(b"\n") and begun is not CHUNKED else b"0"
    wire.send(begun)
    with pytest.raises(ConnectionError):  # noqa: PT012 - which piece is the first to fail is the kernel's choice
        for _ in range(1000):
            wire.send(fill * (65536 // len(fill)))


@pytest.mark.parametrize("begun", [each for each in ENDLESS if "401" not in each and "/health" not in each])
def test_a_line_that_is_too_long_is_refused(wire: Wire, begun: str) -> None:
    """Of as many bytes as are too many, the client hears why."""
    fill = b"x: 1\r\n" if begun == "head of lines" else b"0"
    wire.send(ENDLESS[begun])
    wire.send((fill * 65536)[:65535] + b"0000")
    received = wire.receive()
    assert (received.status, received.headers["connection"], received.json["error"]["code"]) == (
        400,
        "close",
        "malformed_request",
    )
    assert "65536 bytes" in received.json["error"]["message"]
    assert wire.end() == b""


def test_a_head_has_so_many_lines(wire: Wire) -> None:
    sent = request("/health", method="GET")[:-2]
    wire.send(sent + b"x: 1\r\n" * 198 + b"\r\n")
    assert wire.receive("GET").status == 200
    wire.send(sent + b"x: 1\r\n" * 199 + b"\r\n")
    received = wire.receive("GET")
    assert (received.status, received.json["error"]["code"]) == (400, "malformed_request")
    assert "200 lines" in received.json["error"]["message"]
    assert wire.end() == b""


STREAMED = head(200, EVENT_STREAM) + b"".join(chunk(sse(event)) for event in claude.HELLO[:4])
ENDLESS_ANSWERS = {
    "head": (b"HTTP/1.1 200 OK\r\nx: ", b"a"),
    "head of lines": (b"HTTP/1.1 200 OK\r\n", b"x: 1\r\n"),
    "status line": (b"HTTP/1.1 200 ", b"a"),
    "interim heads": (b"", b"HTTP/1.1 103 X\r\n\r\n"),
    "chunk size": (STREAMED, b"0"),
    "chunk extension": (STREAMED + b"5;", b"a"),
    "trailer": (STREAMED + b"0\r\nx: ", b"a"),
}


@pytest.mark.parametrize(("begun", "fill"), ENDLESS_ANSWERS.values(), ids=ENDLESS_ANSWERS)
def test_no_line_of_a_provider_is_collected_without_end(
    client: Client, provider: Provider, begun: bytes, fill: bytes
) -> None:
    async def script(call: Call) -> None:
        await call.send(begun)
        for _ in range(1000):
            await call.send(fill * (65536 // len(fill)))

    provider.default = script
    answer = client.chat(True)
    assert answer.status_code in (200, 502) if begun.startswith(STREAMED) else answer.status_code == 502
    error = answer.json()["error"] if answer.status_code == 502 else list(payloads(answer.text))[-1]["error"]
    assert error["code"] == "provider_connection_failed"
    assert "its answer cannot be read" in error["message"]


MALFORMED = {
    "no version": (b"GET /health\r\n\r\n", "first line"),
    "no path": (b"GET\r\n\r\n", "first line"),
    "words": (b"hello you there gateway\r\n\r\n", "first line"),
    "binary": (bytes(range(14, 30)) + b"\r\n\r\n", "first line"),
    "no colon": (b"GET /health HTTP/1.1\r\nhost: a\r\nsecret\r\n\r\n", "line 3"),
    "no name": (b"GET /health HTTP/1.1\r\n: secret\r\n\r\n", "line 2"),
    "a folded first line": (b"GET /health HTTP/1.1\r\n secret\r\n\r\n", "headers"),
    "a space before the colon": (b"GET /health HTTP/1.1\r\nAuthorization : Bearer secret\r\n\r\n", "headers"),
    "two lengths": (b"GET /health HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "headers"),
    "a length and chunks": (
        b"GET /health HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "headers",
    ),
    "two keys": (
        b"GET /v1/models HTTP/1.1\r\nauthorization: Bearer secret\r\nAuthorization: Bearer secret\r\n\r\n",
        "2 Authorization headers",
    ),
    "bad chunks": (CHUNKED + b"secret\r\n", "chunks"),
    "a bad end of a chunk": (CHUNKED + b"1\r\n{secret\r\n", "chunks"),
}


@pytest.mark.parametrize(("sent", "blamed"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_request_is_told_so(
    gateway: GatewayProcess, wire: Wire, provider: Provider, sent: bytes, blamed: str
) -> None:
    """In OpenAI's form, with a line in the log, and without a byte of it anywhere."""
    since = len(gateway.lines)
    wire.send(sent)
    received = wire.receive()
    assert (received.status, received.headers["connection"]) == (400, "close")
    assert received.json["error"]["type"] == "invalid_request_error"
    assert received.json["error"]["code"] in ("malformed_request", "malformed_headers")
    assert blamed in received.json["error"]["message"]
    assert wire.end() == b""
    line = gateway.record(received.headers["x-request-id"])
    assert (line["status"], line["end"], line["error"]) == (400, "refused", received.json["error"]["code"])
    assert "secret" not in "".join(gateway.lines[since:]) + received.body.decode()
    assert provider.calls == []


@pytest.mark.parametrize("version", ["HTTP/9.9", "HTTP/2.0", "HTTP/1.2", "HTTP/0.9"])
def test_another_version_of_http(wire: Wire, version: str) -> None:
    wire.send(request("/health", method="GET", version=version))
    received = wire.receive("GET")
    assert (received.status, received.json["error"]["code"]) == (505, "unsupported_http_version")
    assert wire.end() == b""


@pytest.mark.parametrize("method", ["post", "Post"])
def test_a_method_in_other_letters(wire: Wire, provider: Provider, method: str) -> None:
    wire.send(request(body=asking(), method=method))
    assert wire.receive().status == 405
    assert provider.calls == []


def test_empty_lines_before_a_request(wire: Wire) -> None:
    wire.send(b"\r\n\r\n" + request("/health", method="GET"))
    assert wire.receive("GET").status == 200


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
    assert wire.receive().status == 400
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


def test_what_could_not_be_decoded_is_left_to_nobody(tmp_path: Path, provider: Provider) -> None:
    """mitmproxy's views would undo it without bounds."""
    flows = tmp_path / "flows"
    with GatewayProcess(tmp_path, config(provider.url), "-w", str(flows)) as process, Wire(process.port) as wire:
        wire.send(request(body=BOMBS["zstd"], content_encoding="zstd"))
        assert wire.receive().status == 413
    with flows.open("rb") as opened:
        (flow,) = (flow for flow in FlowReader(opened).stream() if isinstance(flow, HTTPFlow))
    assert flow.request.raw_content == b""
