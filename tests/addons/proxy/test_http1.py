"""HTTP/1.1 as it is read and written: hostile, cut anywhere, and too much of it.

Requests are also compared with what two other readers make of them, h11 and mitmproxy's own.
"""

import os
import random
import re
from collections.abc import Callable, Iterable, Mapping

import h11
import pytest
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.net.http import validate
from mitmproxy.net.http.http1 import expected_http_body_size, read_request_head

from addons.proxy import http1
from addons.proxy.http1 import (
    END,
    HEADER_LINES,
    INTERIM_ANSWERS,
    LINE_BYTES,
    RequestHead,
    RequestReader,
    ResponseHead,
    ResponseReader,
    Unreadable,
)

SEEDS = int(os.environ.get("SEEDS", "10"))
"""More of them are tried by hand."""
Fields = list[tuple[bytes, bytes]]
FIRST = b"POST /v1/chat/completions HTTP/1.1\r\n"
CHUNKED = FIRST + b"transfer-encoding: chunked\r\n\r\n"
CHUNKS = b"3\r\nhel\r\n2\r\nlo\r\n"
HELLO = b"content-length: 5\r\n\r\nhello"
UPGRADE = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"


def requests(*pieces: bytes) -> list[object]:
    return _events(RequestReader(), pieces)


def responses(*pieces: bytes) -> list[object]:
    return _events(ResponseReader(), pieces)


def _events(reader: RequestReader | ResponseReader, pieces: Iterable[bytes]) -> list[object]:
    """Return what was read, in short: `GET /` or `200`, whole contents, `end`, and what is wrong."""
    short: list[object] = []
    for event in [event for piece in pieces for event in reader.feed(piece)]:
        match event:
            case RequestHead():
                short.append(f"{event.method} {event.target}")
            case ResponseHead():
                short.append(event.status)
            case bytes() if short and isinstance(short[-1], bytes):
                short[-1] += event
            case Unreadable():
                short.append(event.what)
            case _:
                short.append("end" if event is END else event)
    return short


def cut(data: bytes) -> Iterable[list[bytes]]:
    """Cut in two anywhere, and all to pieces."""
    yield from ([data[:at], data[at:]] for at in range(1, len(data)))
    yield [data[at : at + 1] for at in range(len(data))]


# --- requests -------------------------------------------------------------------------------------------

READ = {
    "no body": (b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n", ["GET /health", "end"]),
    "a length": (FIRST + HELLO, ["POST /v1/chat/completions", b"hello", "end"]),
    "no length": (FIRST + b"content-length: 0\r\n\r\n", ["POST /v1/chat/completions", "end"]),
    "chunks": (CHUNKED + CHUNKS + b"0\r\n\r\n", ["POST /v1/chat/completions", b"hello", "end"]),
    "no chunk": (CHUNKED + b"0\r\n\r\n", ["POST /v1/chat/completions", "end"]),
    "line ends in chunks": (
        CHUNKED + b"4\r\n\r\n\r\n\r\n9\r\n0\r\n\r\nGET \r\n0\r\n\r\n",
        ["POST /v1/chat/completions", b"\r\n\r\n0\r\n\r\nGET ", "end"],
    ),
    "extensions": (CHUNKED + b'5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n', ["POST /v1/chat/completions", b"hello", "end"]),
    "trailers": (CHUNKED + CHUNKS + b"0\r\nx: 1\r\ny: 2\r\n\r\n", ["POST /v1/chat/completions", b"hello", "end"]),
    "HTTP/1.0": (b"POST / HTTP/1.0\r\n" + HELLO, ["POST /", b"hello", "end"]),
    "Expect": (b"POST / HTTP/1.1\r\nexpect: 100-continue\r\n" + HELLO, ["POST /", b"hello", "end"]),
    "empty lines": (b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", ["GET /", "end"]),
    "two": ((FIRST + HELLO) * 2, ["POST /v1/chat/completions", b"hello", "end"] * 2),
    "two of chunks": (
        (CHUNKED + CHUNKS + b"0\r\nx: 1\r\n\r\n") * 2 + b"GET / HTTP/1.1\r\n\r\n",
        ["POST /v1/chat/completions", b"hello", "end"] * 2 + ["GET /", "end"],
    ),
    "behind a close": (
        b"GET /1 HTTP/1.1\r\nconnection: close\r\n\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
        ["GET /1", "end", "GET /2", "end"],
    ),
    "an upgrade": ((b"GET / HTTP/1.1\r\n" + UPGRADE + b"\r\n") * 3, ["GET /", "end"] * 3),
    "an upgrade with a length": ((FIRST + UPGRADE + HELLO) * 2, ["POST /v1/chat/completions", b"hello", "end"] * 2),
    "an upgrade with chunks": (
        (FIRST + UPGRADE + b"transfer-encoding: chunked\r\n\r\n" + CHUNKS + b"0\r\n\r\n") * 2,
        ["POST /v1/chat/completions", b"hello", "end"] * 2,
    ),
    "a websocket": (
        b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n" + FIRST + HELLO,
        ["GET /", "end", "POST /v1/chat/completions", b"hello", "end"],
    ),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", ["CONNECT a:443", "end", "GET /", "end"]),
    "CONNECT with a body": (b"CONNECT a:443 HTTP/1.1\r\n" + HELLO, ["CONNECT a:443", b"hello", "end"]),
    "other methods": (
        b"post /1 HTTP/1.1\r\n" + HELLO + b"BREW /2 HTTP/1.1\r\n" + UPGRADE + HELLO + b"POSTS /3 HTTP/1.1\r\n\r\n",
        ["post /1", b"hello", "end", "BREW /2", b"hello", "end", "POSTS /3", "end"],
    ),
    "another method behind another request": (
        FIRST + HELLO + b"post /2 HTTP/1.1\r\n\r\n",
        ["POST /v1/chat/completions", b"hello", "end", "post /2", "end"],
    ),
    "a whole URL": (b"POST http://me:secret@gateway:8080/v1?a HTTP/1.1\r\n" + HELLO, ["POST /v1?a", b"hello", "end"]),
    "a URL without a path": (b"GET HTTPS://gateway?q HTTP/1.1\r\n\r\n", ["GET /?q", "end"]),
    "a URL in a query": (b"GET /a?b=http://c/d HTTP/1.1\r\n\r\n", ["GET /a?b=http://c/d", "end"]),
    "a URL in a path": (b"GET /http://a/b HTTP/1.1\r\n\r\n", ["GET /http://a/b", "end"]),
}


@pytest.mark.parametrize(("data", "events"), READ.values(), ids=READ)
def test_requests_are_the_same_wherever_they_are_cut(data: bytes, events: list[object]) -> None:
    assert requests(data) == events
    for pieces in cut(data):
        assert requests(*pieces) == events


BODY_OF_CHUNKS = "its body's chunks are malformed"
HEADERS = "its headers are malformed (RFC 9112): they could be read as more than one request"
START = "its first line is malformed"
VERSION = "its version of HTTP is not spoken here"


def line(number: int) -> str:
    return f"line {number} of its head is malformed"


REFUSED = {
    "no version": (b"GET /health\r\n\r\n", START),
    "no path": (b"GET\r\n\r\n", START),
    "words": (b"hello you there gateway\r\n\r\n", START),
    "binary": (bytes(range(14, 30)) + b"\r\n\r\n", START),
    "two spaces": (b"GET  / HTTP/1.1\r\n\r\n", START),
    "a space behind": (b"GET / HTTP/1.1 \r\n\r\n", START),
    "a tab": (b"GET\t/ HTTP/1.1\r\n\r\n", START),
    "a space before": (b" GET / HTTP/1.1\r\n\r\n", START),
    "http": (b"GET / http/1.1\r\n\r\n", START),
    "RTSP": (b"POST / RTSP/1.0\r\n\r\n", START),
    "ICE": (b"SOURCE / ICE/1.0\r\n\r\n", START),
    "a method that is none": (b"P\xd6ST / HTTP/1.1\r\n\r\n", START),
    "a target beyond ASCII": (b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n", START),
    "a target with a NUL": (b"GET /\0 HTTP/1.1\r\n\r\n", START),
    "a target of two words": (b"GET /a b HTTP/1.1\r\n\r\n", START),
    "a target without a slash": (b"GET a HTTP/1.1\r\n\r\n", HEADERS),
    "HTTP/9.9": (b"GET / HTTP/9.9\r\n\r\n", VERSION),
    "HTTP/2.0": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n\r\n", VERSION),
    "HTTP/0.9": (b"GET / HTTP/0.9\r\n\r\n", VERSION),
    "HTTP/1.10": (b"GET / HTTP/1.10\r\n\r\n", START),
    "LF": (b"GET / HTTP/1.1\nhost: a\n\n", START),
    "LF behind a header": (FIRST + b"x: a\nhost: a\r\n\r\n", HEADERS),
    "LF at the end": (FIRST + b"x: a\r\n\n", line(3)),
    "a bare CR": (FIRST + b"traceparent: a\rtransfer-encoding: chunked\r\n\r\n", HEADERS),
    "a CR at the end": (FIRST + b"x: a\r\r\n\r\n", HEADERS),
    "no colon": (FIRST + b"host: a\r\nsecret\r\n\r\n", line(3)),
    "no name": (FIRST + b": secret\r\n\r\n", line(2)),
    "a folded first line": (FIRST + b" secret\r\n\r\n", HEADERS),
    "a folded line": (FIRST + b"traceparent: a\r\n transfer-encoding: chunked\r\n\r\n", HEADERS),
    "a space before the colon": (FIRST + b"Authorization : Bearer secret\r\n\r\n", HEADERS),
    "a space in a name": (FIRST + b"x y: 1\r\n\r\n", HEADERS),
    "a name beyond ASCII": (FIRST + b"x\xff: 1\r\n\r\n", HEADERS),
    "a NUL": (FIRST + b"x-tenant: a\0b\r\n\r\n", HEADERS),
    "a control character": (FIRST + b"x: a\x01b\r\n\r\n", HEADERS),
    "two lengths": (FIRST + b"content-length: 1\r\ncontent-length: 2\r\n\r\n", HEADERS),
    "a length twice": (FIRST + b"content-length: 5\r\n" + HELLO, HEADERS),
    "a list of lengths": (FIRST + b"content-length: 5, 5\r\n\r\nhello", HEADERS),
    "a signed length": (FIRST + b"content-length: +5\r\n\r\nhello", HEADERS),
    "no length in it": (FIRST + b"content-length:\r\n\r\nhello", HEADERS),
    "a length in hexadecimal": (FIRST + b"content-length: 0x5\r\n\r\nhello", HEADERS),
    "a length beyond 64 bits": (FIRST + b"content-length: 18446744073709551621\r\n\r\nhello", HEADERS),
    "a length and chunks": (FIRST + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", HEADERS),
    "chunks and a length": (FIRST + b"transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n", HEADERS),
    "another coding": (FIRST + b"transfer-encoding: gzip, chunked\r\n\r\n", HEADERS),
    "identity": (FIRST + b"transfer-encoding: identity\r\n\r\n", HEADERS),
    "chunked twice": (FIRST + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n", HEADERS),
    "chunked, chunked": (FIRST + b"transfer-encoding: chunked, chunked\r\n\r\n", HEADERS),
    "xchunked": (FIRST + b"transfer-encoding: xchunked\r\n\r\n", HEADERS),
    "chunks of HTTP/1.0": (b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n", HEADERS),
    "two keys": (
        FIRST + b"authorization: Bearer secret\r\nAuthorization: Bearer secret\r\n\r\n",
        "it has 2 Authorization headers",
    ),
    "two hosts": (FIRST + b"host: a\r\nHost: b\r\n\r\n", "it has several Host headers"),
}


@pytest.mark.parametrize(("data", "what"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_head_is_refused_wherever_it_is_cut(data: bytes, what: str) -> None:
    for pieces in ([data], *cut(data)):
        assert requests(*pieces) == [what]
    assert requests(FIRST + HELLO + data)[-1] == what
    assert "secret" not in what
    reader = RequestReader()
    reader.feed(data)
    assert (reader.dead, reader.feed(FIRST + HELLO)) == (True, [])


REFUSED_CHUNKS = {
    "no size": b"secret\r\n",
    "a bad end": b"1\r\n{secret\r\n",
    "a sign": b"-5\r\nhello\r\n",
    "hexadecimal as C writes it": b"0x5\r\nhello\r\n",
    "a space before": b" 5\r\nhello\r\n",
    "a space behind": b"5 \r\nhello\r\n",
    "LF": b"5\nhello\n0\n\n",
    "LF behind content": b"5\r\nhello\n0\r\n\r\n",
    "LF at the end": b"0\r\n\n",
    "a size beyond 64 bits": b"10000000000000005\r\nhello\r\n",
    "a bare CR in an extension": b"5;a\rb\r\nhello\r\n",
    "a quote without its end": b'5;a="b\r\nhello\r\n',
    "no name in a trailer": b"0\r\nx y: 1\r\n\r\n",
    "a length in trailers": b"0\r\ncontent-length: 5\r\n\r\n",
    "a coding in trailers": b"0\r\ntransfer-encoding: chunked\r\n\r\n",
    "a folded trailer": b"0\r\nx: 1\r\n y\r\n\r\n",
}


@pytest.mark.parametrize("data", REFUSED_CHUNKS.values(), ids=REFUSED_CHUNKS)
def test_chunks_that_are_none_are_refused_wherever_they_are_cut(data: bytes) -> None:
    for pieces in ([data], *cut(data)):
        assert requests(CHUNKED, *pieces)[-1] == BODY_OF_CHUNKS


def test_a_head_is_as_it_was_written() -> None:
    data = b"GET /v1/models?a=b HTTP/1.0\r\nHost: a\r\nX-Name:  b \t\r\nx-name: \xc3\xa9\xff\r\nx:\r\n\r\n"
    head, _ = RequestReader().feed(data)
    assert isinstance(head, RequestHead)
    assert (head.method, head.target, head.version) == ("GET", "/v1/models?a=b", "1.0")
    assert list(head.fields) == [(b"Host", b"a"), (b"X-Name", b"b"), (b"x-name", b"\xc3\xa9\xff"), (b"x", b"")]
    assert head.headers == {"host": "a", "x-name": "b", "x": ""}
    assert "X-Name" not in repr(head)


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("1.1", b"", True),
        ("1.1", b"connection: Close\r\n", False),
        ("1.1", b"connection: te, close\r\n", False),
        ("1.1", b"connection: te\r\nconnection: close\r\n", False),
        ("1.0", b"", False),
        ("1.0", b"connection: Keep-Alive\r\n", True),
    ],
)
def test_whether_a_client_keeps_its_connection(version: str, connection: bytes, kept: bool) -> None:
    head, _ = RequestReader().feed(f"GET / HTTP/{version}\r\n".encode() + connection + b"\r\n")
    assert isinstance(head, RequestHead)
    assert head.keep_alive is kept


# --- answers --------------------------------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "a length": (OK + HELLO, [200, b"hello", "end"]),
    "chunks": (OK + b"transfer-encoding: Chunked\r\n\r\n" + CHUNKS + b"0\r\n\r\n", [200, b"hello", "end"]),
    "trailers": (OK + b"transfer-encoding: chunked\r\n\r\n" + CHUNKS + b"0\r\nx: 1\r\n\r\n", [200, b"hello", "end"]),
    "no reason": (b"HTTP/1.1 200\r\n" + HELLO, [200, b"hello", "end"]),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n" + HELLO, [200, b"hello", "end"]),
    "until the end": (OK + b"\r\nhello", [200, b"hello"]),
    "identity": (OK + b"transfer-encoding: identity\r\n\r\nhello", [200, b"hello"]),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", [204, "end"]),
    "304": (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", [304, "end"]),
    "100": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + HELLO, [200, b"hello", "end"]),
    "103": (b"HTTP/1.1 103 X\r\nlink: a\r\n\r\n" * INTERIM_ANSWERS + OK + HELLO, [200, b"hello", "end"]),
    "an upgrade that nobody wants": (OK + UPGRADE + HELLO, [200, b"hello", "end"]),
    "two": ((OK + HELLO) * 2, [200, b"hello", "end"] * 2),
}


@pytest.mark.parametrize(("data", "events"), ANSWERS.values(), ids=ANSWERS)
def test_answers_are_the_same_wherever_they_are_cut(data: bytes, events: list[object]) -> None:
    for pieces in ([data], *cut(data)):
        assert responses(*pieces) == events


HEAD = "its head is malformed"
REFUSED_ANSWERS = {
    "junk": (b"junk\r\n\r\n", HEAD),
    "a request": (FIRST + b"\r\n", HEAD),
    "TLS": (b"\x15\x03\x01\x00\x02\x02\x46", HEAD),
    "101": (b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", HEAD),
    "a bare 101": (b"HTTP/1.1 101 X\r\n\r\n", HEAD),
    "too many 103": (b"HTTP/1.1 103 X\r\n\r\n" * (INTERIM_ANSWERS + 1), "it has more than 20 interim heads"),
    "HTTP/2.0": (b"HTTP/2.0 200 OK\r\n\r\n", HEAD),
    "no status": (b"HTTP/1.1 OK\r\n\r\n", HEAD),
    "status 42": (b"HTTP/1.1 42 OK\r\n\r\n", HEAD),
    "a folded line": (OK + b"x: 1\r\n y\r\n\r\n", HEAD),
    "a space before the colon": (OK + b"x : 1\r\n\r\n", HEAD),
    "no colon": (OK + b"x\r\n\r\n", HEAD),
    "a NUL": (OK + b"x: a\0b\r\n\r\n", HEAD),
    "a bare CR": (OK + b"x: a\rb: c\r\n\r\n", HEAD),
    "two lengths": (OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\n", HEAD),
    "a length and chunks": (OK + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", HEAD),
    "a length that is none": (OK + b"content-length: x\r\n\r\n", HEAD),
    "another coding": (OK + b"transfer-encoding: gzip, chunked\r\n\r\n", HEAD),
    "chunks of HTTP/1.0": (b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", HEAD),
}


@pytest.mark.parametrize(("data", "what"), REFUSED_ANSWERS.values(), ids=REFUSED_ANSWERS)
def test_what_is_no_answer_is_refused_wherever_it_is_cut(data: bytes, what: str) -> None:
    for pieces in ([data], *cut(data)):
        assert responses(*pieces) == [what]


@pytest.mark.parametrize("data", [each for name, each in REFUSED_CHUNKS.items() if name != "a coding in trailers"])
def test_chunks_of_an_answer_that_are_none_are_refused(data: bytes) -> None:
    assert responses(OK + b"transfer-encoding: chunked\r\n\r\n" + data)[-1] == BODY_OF_CHUNKS


@pytest.mark.parametrize(
    ("data", "ended", "reusable"),
    [
        (OK + HELLO, False, True),
        (OK + b"connection: close\r\n" + HELLO, False, False),
        (b"HTTP/1.0 200 OK\r\n" + HELLO, False, False),
        (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n" + HELLO, False, True),
        (OK + HELLO[:-1], False, True),
        (OK + b"\r\nhel", True, False),
        (OK + b"transfer-encoding: identity\r\n\r\nhel", True, False),
        (OK + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", False, True),
        (OK, False, True),
        (b"", False, True),
        (b"HTTP/1.1 103 X\r\n\r\n", False, True),
    ],
)
def test_what_the_end_of_a_connection_means(data: bytes, ended: bool, reusable: bool) -> None:
    reader = ResponseReader()
    reader.feed(data)
    assert (reader.eof(), reader.reusable) == (ended, reusable)


# --- bounds ---------------------------------------------------------------------------------------------

ENDLESS = f"a head, a chunk's size or trailers have no end within {LINE_BYTES} bytes"
LINES = f"it has more than {HEADER_LINES} lines of headers"
BEGUN = {
    "first line": b"GET /",
    "head": b"GET / HTTP/1.1\r\nx: ",
    "chunk size": CHUNKED,
    "extension": CHUNKED + b"5;",
    "second chunk": CHUNKED + b"1\r\n{\r\n5;",
    "trailer": CHUNKED + b"1\r\n{\r\n0\r\nx: ",
}
ANSWER_CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
BEGUN_ANSWERS = {
    "status line": b"HTTP/1.1 200 ",
    "head": OK + b"x: ",
    "chunk size": ANSWER_CHUNKED,
    "extension": ANSWER_CHUNKED + b"5;",
    "trailer": ANSWER_CHUNKED + b"0\r\nx: ",
}


@pytest.mark.parametrize("size", [100, 8000, 65535])
@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
def test_no_line_of_a_request_goes_on_without_end(begun: bytes, size: int) -> None:
    assert requests(begun, *[b"0" * size] * (LINE_BYTES // size + 1))[-1] == ENDLESS


@pytest.mark.parametrize("size", [100, 8000, 65535])
@pytest.mark.parametrize("begun", BEGUN_ANSWERS.values(), ids=BEGUN_ANSWERS)
def test_no_line_of_an_answer_goes_on_without_end(begun: bytes, size: int) -> None:
    assert responses(begun, *[b"0" * size] * (LINE_BYTES // size + 1))[-1] == ENDLESS


def test_empty_lines_have_an_end() -> None:
    assert requests(*[b"\r\n" * 1000] * 32) == []
    assert requests(*[b"\r\n" * 1000] * 33) == [ENDLESS]


@pytest.mark.parametrize("begun", [FIRST, CHUNKED + b"0\r\n"], ids=["head", "trailers"])
def test_lines_of_a_request_are_counted(begun: bytes) -> None:
    assert requests(begun + b"x: 1\r\n" * HEADER_LINES + b"\r\n")[-1] == "end"
    assert requests(begun + b"x: 1\r\n" * (HEADER_LINES + 1) + b"\r\n")[-1] == LINES


@pytest.mark.parametrize("begun", [OK, ANSWER_CHUNKED + b"0\r\n"], ids=["head", "trailers"])
def test_lines_of_an_answer_are_counted(begun: bytes) -> None:
    assert LINES not in responses(begun + b"x: 1\r\n" * HEADER_LINES + b"\r\n")
    assert responses(begun + b"x: 1\r\n" * (HEADER_LINES + 1) + b"\r\n")[-1] == LINES


@pytest.mark.parametrize("size", [1, 7, 65535, 1_000_000])
def test_a_body_may_come_in_many_tiny_chunks(size: int) -> None:
    chunks = b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"
    pieces = [chunks[at : at + size] for at in range(0, len(chunks), size)]
    assert requests(CHUNKED, *pieces) == ["POST /v1/chat/completions", b"x" * 100_000, "end"]
    assert responses(ANSWER_CHUNKED, *pieces) == [200, b"x" * 100_000, "end"]


def test_what_comes_in_one_read_is_one_piece() -> None:
    assert RequestReader().feed(CHUNKED + b"1\r\nx\r\n" * 1000)[1:] == [b"x" * 1000]
    assert ResponseReader().feed(ANSWER_CHUNKED + b"1\r\nx\r\n" * 1000)[1:] == [b"x" * 1000]


# --- writers --------------------------------------------------------------------------------------------


def test_what_is_written() -> None:
    request = http1.request("POST", "/v1", [(b"host", b"a")], b"hello")
    assert requests(request) == ["POST /v1", b"hello", "end"]
    answer = http1.response_head(200, [(b"transfer-encoding", b"chunked")]) + http1.chunk(b"hello") + http1.LAST_CHUNK
    assert responses(answer) == [200, b"hello", "end"]


@pytest.mark.parametrize("text", ["a\r\nb: c", "a\nb", "a\rb", "a\r\n\r\n", "\n", "\r"])
def test_no_header_and_no_target_is_two_lines(text: str) -> None:
    data = text.encode()
    for fields in ([(b"x", data)], [(data, b"x")], [(b"x", b""), (b"y", data)]):
        with pytest.raises(ValueError, match="line break"):
            http1.request("POST", "/", fields, b"")
        with pytest.raises(ValueError, match="line break"):
            http1.response_head(200, fields)
    for method, target in (("POST", "/" + text), ("POST" + text, "/")):
        with pytest.raises(ValueError, match="line break"):
            http1.request(method, target, [], b"")


# --- beside other readers -------------------------------------------------------------------------------

Request = tuple[bytes, bytes, bytes, Fields, bytes]
"""Method, target, version, fields with names in lower case, and body, of the first request; None of what is refused."""


def ours(data: bytes) -> Request | None:
    head, *rest = RequestReader().feed(data) or [None]
    if not isinstance(head, RequestHead) or END not in rest:
        return None
    body = b"".join(event for event in rest[: rest.index(END)] if isinstance(event, bytes))
    fields = [(name.lower(), value) for name, value in head.fields]
    return head.method.encode(), head.target.encode(), head.version.encode(), fields, body


def of_h11(data: bytes) -> Request | None:
    connection, body = h11.Connection(h11.SERVER, max_incomplete_event_size=LINE_BYTES), b""
    connection.receive_data(data)
    try:
        head = connection.next_event()
        if not isinstance(head, h11.Request):
            return None
        while isinstance(event := connection.next_event(), h11.Data):
            body += event.data
    except h11.RemoteProtocolError:
        return None
    if not isinstance(event, h11.EndOfMessage):
        return None
    target = re.sub(rb"(?i)^https?://[^/?]*/?", b"/", head.target)
    return head.method, target, head.http_version, list(head.headers), body


def of_mitmproxy(data: bytes) -> Request | None:
    buffer = ReceiveBuffer()
    buffer += data
    try:
        while (lines := buffer.maybe_extract_lines()) == []:
            pass
        if not lines:
            return None
        request = read_request_head([bytes(each) for each in lines])
        validate.validate_headers(request)
        size = expected_http_body_size(request)
        body = _chunks(buffer) if size is None else bytes(buffer.maybe_extract_at_most(size) or b"") if size else b""
    except (ValueError, h11.RemoteProtocolError):
        return None
    if body is None or (size is not None and len(body) < size):
        return None
    fields = [(name.lower(), value) for name, value in request.headers.fields]
    data_ = request.data
    return data_.method, data_.path or data_.authority, data_.http_version.removeprefix(b"HTTP/"), fields, body


def _chunks(buffer: ReceiveBuffer) -> bytes | None:
    reader, body = ChunkedReader(), b""
    while (event := reader(buffer)) is not None:
        if isinstance(event, h11.EndOfMessage):
            return body
        body += event.data
    return None


LENIENT: Mapping[str, Callable[[bytes, Request], bool]] = {
    "empty lines before a head (RFC 9112 section 2.2)": lambda data, _: data[:1] in b"\r\n",
    "zeros before a length: they change nothing, and no length is passed on": lambda _, mine: (
        dict(mine[3]).get(b"content-length", b"")[:1] == b"0"
    ),
    "a target that is no path: it is served to nobody, or its origin is cut off": lambda data, _: (
        re.match(rb"[\r\n]*\S+ /", data) is None
    ),
}
"""What this reader takes and one of the others refuses, and why."""
HOST = (b"host", b"a")


def agree(data: bytes) -> None:
    """What others refuse is refused, and what they take is the same to all."""
    mine = ours(data)
    if mine is None:
        return
    if b"host" not in dict(mine[3]):  # all names are served alike, and none; h11 wants one
        empty, start, rest = re.split(rb"^([\r\n]*[^\r\n]*\r\n)", data, maxsplit=1)
        data = empty + start + b"%b: %b\r\n" % HOST + rest
        mine = (*mine[:3], [HOST, *mine[3]], mine[4])
    theirs = [of_h11(data), of_mitmproxy(data)]
    assert [other for other in theirs if other not in (None, mine)] == [], data
    assert None not in theirs or any(holds(data, mine) for holds in LENIENT.values()), data


HEADS = [data for data, _ in READ.values()] + [data for data, _ in REFUSED.values()]
PARTS = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b",", b";", b"0", b"5", b"HTTP/1.1", b"chunked", b"\xff"]
PARTS += [b"content-length: 5\r\n", b"transfer-encoding: chunked\r\n", b"connection: close\r\n", b"\r\n\r\n", b""]


@pytest.mark.parametrize("data", HEADS)
def test_other_readers_agree(data: bytes) -> None:
    agree(data)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_other_readers_agree_on_what_is_nearly_right(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(200):
        data = bytearray(draw.choice(HEADS))
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(data) + 1)
            data[at : at + draw.choice((0, 0, 1, 1, 4))] = draw.choice([*PARTS, bytes([draw.randrange(256)])])
        agree(bytes(data))


WORDS = st.binary(max_size=8) | st.sampled_from([b"chunked", b"5", b"close", b"a"])
NAMES = st.binary(max_size=4) | st.sampled_from(
    [b"host", b"content-length", b"transfer-encoding", b"connection", b"x", b"X "]
)


@given(
    st.sampled_from([b"POST", b"GET", b"get", b"CONNECT", b""]) | st.binary(max_size=4),
    st.sampled_from([b"/", b"*", b"http://a/b", b"a:1", b""]) | st.binary(max_size=6),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2"]) | st.binary(max_size=9),
    st.lists(st.tuples(NAMES, WORDS), max_size=4),
    st.sampled_from([b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n"]) | st.binary(max_size=12),
)
def test_other_readers_agree_on_anything(
    method: bytes, target: bytes, version: bytes, lines: Fields, body: bytes
) -> None:
    head = b" ".join((method, target, version)) + b"\r\n" + b"".join(b"%b: %b\r\n" % each for each in lines)
    agree(head + b"\r\n" + body)
