"""Bodies of requests: how they may travel, how large they may be, and how a wrong one is refused."""

import contextlib
import gzip
import json
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from tests.e2e.conftest import Client
from tests.e2e.provider import Provider
from tests.e2e.wire import Wire, asking, question, request

LIMIT = 256 * 1024
LONG = asking(messages=[{"role": "user", "content": "x" * (LIMIT + 1)}])


@pytest.mark.parametrize(
    ("body", "param", "text"),
    [
        pytest.param(b"", None, "JSON", id="empty"),
        pytest.param(b"{", None, "JSON", id="half"),
        pytest.param(b"\xff\xfe", None, "JSON", id="not-utf8"),
        pytest.param(b'{"model": NaN}', None, "JSON", id="nan"),
        pytest.param(b"[" * 100_000, None, "JSON", id="deep"),
        pytest.param(b"[]", None, "object", id="list"),
        pytest.param(b'"hello"', None, "object", id="string"),
        pytest.param(b"null", None, "object", id="null"),
        pytest.param(b"{}", "model", "messages is required", id="nothing-in-it"),
        pytest.param(b'{"model": "sonnet"}', "messages", "required", id="no-messages"),
        pytest.param(asking(model=None), "model", "string", id="model-null"),
        pytest.param(asking(model=7), "model", "string", id="model-a-number"),
        pytest.param(asking(messages=[]), "messages", "empty", id="messages-empty"),
        pytest.param(asking(messages="hi"), "messages", "list", id="messages-a-string"),
        pytest.param(asking(temperature="hot"), "temperature", "number", id="temperature"),
        pytest.param(asking(stream_options=7), "stream_options", "object", id="stream-options"),
        pytest.param(asking(max_tokens=1.5), "max_tokens", "integer", id="max-tokens"),
        pytest.param(asking(messages=[{"role": "nobody"}]), "messages[0].role", "", id="role"),
        pytest.param(
            asking(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": 7}]}]),
            "messages[0].content[0].image_url",
            "object",
            id="image-url",
        ),
        pytest.param(asking(input="hi"), "input", "/v1/responses", id="responses-input"),
        pytest.param(asking(instructions="hi"), "instructions", "/v1/responses", id="responses-instructions"),
        pytest.param(
            asking(previous_response_id="r"), "previous_response_id", "/v1/responses", id="responses-previous"
        ),
    ],
)
def test_a_wrong_body_is_told_with_its_place(
    client: Client, provider: Provider, body: bytes, param: str | None, text: str
) -> None:
    answer = client.raw(body)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert text in error["message"]
    assert provider.calls == []


def test_all_problems_are_told_at_once(client: Client) -> None:
    message = client.chat(temperature="hot", top_p="much", messages=[{"role": "user", "content": 7}]).json()
    assert all(name in message["error"]["message"] for name in ("temperature", "top_p", "messages[0].content"))


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("GZIP", gzip.compress, id="capitals"),
        pytest.param("zstd", zstandard.compress, id="zstd"),
        pytest.param("br", brotli.compress, id="br"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("identity", bytes, id="identity"),
        pytest.param("gzip, br", lambda body: brotli.compress(gzip.compress(body)), id="two"),
    ],
)
def test_compressed_bodies(client: Client, provider: Provider, coding: str, compress: Callable[[bytes], bytes]) -> None:
    answer = client.raw(compress(asking()), content_type="application/json", content_encoding=coding)
    assert answer.status_code == 200
    assert provider.call().json["messages"][-1]["role"] == "user"
    assert "content-encoding" not in provider.call().headers


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        pytest.param("gzip", asking(), id="not-compressed"),
        pytest.param("gzip", gzip.compress(asking())[:-9], id="cut"),
        pytest.param("zstd", zstandard.compress(asking())[:-3], id="zstd-cut"),
        pytest.param("br", brotli.compress(asking())[:-1], id="br-cut"),
        pytest.param("snappy", asking(), id="unknown"),
    ],
)
def test_a_coding_that_cannot_be_undone(client: Client, provider: Provider, coding: str, body: bytes) -> None:
    answer = client.raw(body, content_encoding=coding)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_content_encoding")
    assert provider.calls == []


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_too_large_once_it_is_decompressed(client: Client, provider: Provider, coding: str) -> None:
    compress: Callable[[bytes], bytes] = {
        "gzip": gzip.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
    }[coding]
    answer = client.raw(compress(LONG), content_encoding=coding)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    assert provider.calls == []


def test_too_large_by_its_own_word(wire: Wire, provider: Provider) -> None:
    wire.send(request(content_type="application/json", content_length=str(LIMIT + 1)))
    received = wire.receive()
    assert (received.status, received.json["error"]["code"]) == (413, "request_too_large")
    assert provider.calls == []


def test_a_refused_body_without_end_is_hung_up_on(wire: Wire, provider: Provider) -> None:
    wire.send(request(key="wrong", transfer_encoding="chunked"))
    assert wire.receive().status == 401
    with pytest.raises(ConnectionError):
        wire.send((b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 1000)
    assert provider.calls == []


def test_too_large_in_chunks(wire: Wire, provider: Provider) -> None:
    wire.send(request(transfer_encoding="chunked"))
    for _ in range(5):
        wire.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
    assert wire.receive().status == 413
    assert provider.calls == []


def test_exactly_as_large_as_allowed(client: Client) -> None:
    body = asking()
    assert client.raw(body + b" " * (LIMIT - len(body))).status_code == 200


@pytest.mark.parametrize("size", [1, 7, 100_000], ids=["bytes", "sevens", "at-once"])
def test_chunked_bodies(wire: Wire, provider: Provider, size: int) -> None:
    body = asking()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    wire.send(request(transfer_encoding="chunked", content_type="application/json"))
    wire.send(b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")
    assert wire.receive().status == 200
    assert provider.call().json["model"] == "claude-sonnet-4-5"


def test_trailers_after_chunks(wire: Wire, provider: Provider) -> None:
    body = asking()
    wire.send(request(transfer_encoding="chunked", trailer="x-sum"))
    wire.send(b"%x\r\n%b\r\n0\r\nx-sum: 1\r\n\r\n" % (len(body), body))
    assert wire.receive().status in (200, 400, 501)
    with contextlib.suppress(ConnectionError):
        wire.send(request("/health", method="GET", connection="close"))
        assert wire.end()[:12] in (b"", b"HTTP/1.1 200")


def test_expect_100_continue(wire: Wire) -> None:
    body = asking()
    wire.send(request(content_length=str(len(body)), expect="100-continue"))
    assert wire.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
    wire.send(body)
    assert wire.receive().status == 200


@pytest.mark.parametrize(
    ("key", "length", "status"), [("wrong", 100, 401), (None, 100, 401)], ids=["wrong-key", "no-key"]
)
def test_expect_100_continue_of_what_is_refused(wire: Wire, key: str | None, length: int, status: int) -> None:
    wire.send(request(key=key, content_length=str(length), expect="100-continue"))
    assert wire.until(b"\r\n\r\n").startswith(b"HTTP/1.1 %d" % status)


def test_expect_100_continue_of_what_is_too_large(wire: Wire) -> None:
    wire.send(request(content_length=str(LIMIT + 1), expect="100-continue"))
    assert wire.until(b"\r\n\r\n").startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_client_of_http_1_0(wire: Wire, provider: Provider, stream: bool) -> None:
    wire.send(request(body=asking(stream), version="HTTP/1.0"))
    head, _, body = wire.end().partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"200"
    assert b"transfer-encoding" not in head.lower()
    if stream:
        assert body.endswith(b"data: [DONE]\n\n")
    else:
        assert json.loads(body)["choices"][0]["message"]["content"] == "Hello there"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(request("/v1/nothing", asking()), 404, id="404"),
        pytest.param(request("/v1/models", asking()), 405, id="405"),
        pytest.param(request(body=asking(), key="wrong"), 401, id="401"),
        pytest.param(request(body=b"{"), 400, id="400"),
        pytest.param(request(body=b"x" * (LIMIT + 100)), 413, id="413"),
        pytest.param(request(body=asking()), 200, id="200"),
        pytest.param(request(body=asking(True)), 200, id="200-stream"),
    ],
)
def test_a_connection_goes_on_after_any_answer(wire: Wire, sent: bytes, status: int, provider: Provider) -> None:
    for _ in range(2):
        wire.send(sent)
        assert wire.receive().status == status
        wire.send(request(body=asking()))
        assert wire.receive().json["choices"][0]["message"]["content"] == "Hello there"


def test_two_requests_sent_at_once_are_answered_in_order(wire: Wire, provider: Provider) -> None:
    wire.send(request(body=asking(), x_request_id="one") + request("/v1/models", method="GET", x_request_id="two"))
    head = wire.until(b'"list"')
    assert head.index(b"one") < head.index(b"two")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("content-length: 5\r\ntransfer-encoding: chunked\r\n", id="length-and-chunked"),
        pytest.param("content-length: 5\r\ncontent-length: 6\r\n", id="two-lengths"),
        pytest.param("content-length: +5\r\n", id="signed-length"),
        pytest.param("transfer-encoding: xchunked\r\n", id="unknown-coding"),
        pytest.param("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", id="two-codings"),
    ],
)
def test_a_head_that_could_be_two_requests_is_refused(wire: Wire, provider: Provider, head: str) -> None:
    smuggled = request(body=asking())
    wire.send(request()[:-2] + head.encode() + b"\r\n" + b"0\r\n\r\n" + smuggled)
    answer = wire.end()
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert provider.calls == []


def test_a_request_names_its_model_and_question(client: Client, provider: Provider) -> None:
    client.raw(json.dumps(question()).encode(), content_type="text/plain")
    body = provider.call().json
    assert (body["model"], body["messages"]) == (
        "claude-sonnet-4-5",
        [{"role": "user", "content": [{"type": "text", "text": "Say hello"}]}],
    )
