"""HTTP/1 as it comes in, from clients and from providers, within bounds and with a deadline.

mitmproxy's own readers collect a line until it ends, wait for it for ever, log the bytes of a head that cannot be read
and answer it with a page of HTML. These keep its writers and its states, read with h11 and mitmproxy's functions, and
say what is wrong without a byte of what they read: there may be a key in it.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import h11
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import http
from mitmproxy.connection import Connection
from mitmproxy.net.http.http1 import expected_http_body_size, read_request_head, read_response_head
from mitmproxy.net.http.validate import validate_headers
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpClient, RegisterHttpConnection
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestHeaders,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Connection, Http1Server, make_body_reader
from mitmproxy.proxy.layers.http._http2 import Http2Client

from routing.settings import Timeouts
from translators.errors import Failure

Commands = layer.CommandGenerator[None]

LINE_BYTES = 64 * 1024
"""The most bytes of a head, of a chunk's size with its extensions, of trailers."""
HEADER_LINES = 200
"""The most lines of one head (beside its first line), and of trailers."""
INTERIM_ANSWERS = 20
"""Heads of 1xx before an answer (RFC 9110 section 15.2)."""
UNREAD_BYTES = 1024 * 1024
"""The most bytes that a client may send before their turn."""
VERSIONS = ("HTTP/1.1", "HTTP/1.0")


class Unreadable(Exception):
    """Raised for input that is no HTTP, too much of it, or late. `what` says so in words of ours; `remedy` is for a
    client."""

    def __init__(self, what: str, remedy: str, status: int = 400, code: str = "malformed_request") -> None:
        super().__init__(what)
        self.what, self._remedy, self._status, self._code = what, remedy, status, code

    @property
    def failure(self) -> Failure:
        """Return the failure for a client."""
        message = f"The request cannot be read: {self.what}. {self._remedy}"
        return Failure(self._status, message, "invalid_request_error", None, self._code, {"connection": "close"})


@dataclass
class UnreadableHead(RequestHeaders):
    """A head that cannot be read: nothing in `request` is what the client sent."""

    failure: Failure = field(kw_only=True)


@dataclass
class UnreadableBody(HttpEvent):
    failure: Failure


class UnreadableAnswer(ResponseProtocolError):
    """`message` begins with "it"."""


class Buffer(ReceiveBuffer):
    """Bytes that wait for the end of their line, or of their lines; not for more than `LINE_BYTES`."""

    def maybe_extract_next_line(self) -> bytearray | None:
        before = len(self)
        line = super().maybe_extract_next_line()
        self._bound(before if line is None else len(line))
        return line

    def maybe_extract_lines(self) -> list[bytearray] | None:
        before = len(self)
        lines = super().maybe_extract_lines()
        self._bound(before - len(self) if lines is not None else before)
        if lines is not None and len(lines) > HEADER_LINES + 1:
            raise Unreadable(f"it has more than {HEADER_LINES} lines of headers", "Send fewer of them.")
        return lines

    def heads(self) -> Iterator[list[bytes]]:
        """Yield every head that is complete; empty lines before one are none (RFC 9112 section 2.2)."""
        while (lines := self.maybe_extract_lines()) is not None:
            if lines:
                yield [bytes(line) for line in lines]

    @staticmethod
    def _bound(size: int) -> None:
        if size > LINE_BYTES:
            raise Unreadable(
                f"a head, a chunk's size or trailers have no end within {LINE_BYTES} bytes", "Send shorter ones."
            )


class Reader(Http1Connection):
    """The part of both sides: a bounded buffer, bodies. Trailers are read and forgotten (RFC 9110 section 6.5.1)."""

    def __init__(self, context: Context, conn: Connection) -> None:
        super().__init__(context, conn)
        self.buf: Buffer = Buffer()

    def _handle_event(self, event: events.Event) -> Commands:
        try:
            yield from super()._handle_event(event)
        except Unreadable as error:
            self.buf = Buffer()
            self.state = self.done
            yield from self.unreadable(error)

    def unreadable(self, error: Unreadable) -> Commands:
        raise NotImplementedError

    def read_body(self, event: events.Event) -> Commands:
        if not isinstance(event, events.DataReceived):
            yield from super().read_body(event)
            return
        data, ended = self._body_data()
        assert self.stream_id is not None
        if data:
            yield ReceiveHttp(self.ReceiveData(self.stream_id, data))
        if ended:
            yield ReceiveHttp(self.ReceiveEndOfMessage(self.stream_id))
            is_request = isinstance(self, Http1Server)
            yield from self.mark_done(request=is_request, response=not is_request)

    def _body_data(self) -> tuple[bytes, bool]:
        """Return all that has come of the body, however small its chunks, and whether that is its end."""
        pieces: list[bytes] = []
        try:
            while isinstance(part := self.body_reader(self.buf), h11.Data):
                pieces.append(bytes(part.data))
        except h11.ProtocolError:
            raise Unreadable("its body's chunks are malformed", "Send them as RFC 9112 section 7.1 has them.") from None
        return b"".join(pieces), part is not None

    def done(self, event: events.ConnectionEvent) -> Commands:
        if isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(self.conn)


class ClientReader(Reader, Http1Server):
    """Requests. A head gets `timeouts.head` from its first byte to its last, a body `timeouts.body` for each piece."""

    def __init__(self, context: Context, timeouts: Timeouts) -> None:
        Http1Server.__init__(self, context)
        self.buf: Buffer = Buffer()
        self._timeouts = timeouts
        self._since = time.monotonic()

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup):
            if (at := self.deadline()) is not None and at <= time.monotonic():
                yield from self._late()
            return
        if isinstance(event, events.DataReceived) and (self.state == self.read_body or not self.buf):
            self._since = time.monotonic()
        yield from super()._handle_event(event)
        if self.state == self.wait and len(self.buf) > UNREAD_BYTES:
            yield commands.CloseConnection(self.conn)

    def deadline(self) -> float | None:
        """Return when what is being read must have gone on, on the monotonic clock."""
        patience = 0.0
        if self.state == self.read_body:
            patience = self._timeouts.body
        elif self.state == self.read_headers and self.buf:
            patience = self._timeouts.head
        return self._since + patience if patience else None

    def _late(self) -> Commands:
        """The deadline has come."""
        if self.state == self.read_body:
            what = f"nothing of its body came for {self._timeouts.body:g} s (timeouts: body in config.yaml)"
        else:
            what = f"its head was not complete within {self._timeouts.head:g} s (timeouts: head in config.yaml)"
        self.state = self.done
        yield from self.unreadable(Unreadable(what, "Send it again, faster.", 408, "request_timeout"))

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        if not isinstance(event, events.DataReceived):
            yield commands.CloseConnection(self.conn)
            return
        if (lines := next(self.buf.heads(), None)) is None:
            return
        self.request = request = _request(lines)
        size = expected_http_body_size(request)
        yield ReceiveHttp(RequestHeaders(self.stream_id, request, size == 0))
        self.body_reader = make_body_reader(size)
        self._since = time.monotonic()
        self.state = self.read_body
        yield from self.state(event)

    def unreadable(self, error: Unreadable) -> Commands:
        if self.response_done:
            yield commands.CloseConnection(self.conn)
        elif self.request is None:
            self.request = _nothing()
            yield ReceiveHttp(UnreadableHead(self.stream_id, self.request, False, failure=error.failure))
        else:
            yield ReceiveHttp(UnreadableBody(self.stream_id, error.failure))


class ProviderReader(Reader, Http1Client):
    """Answers. Interim ones are passed over."""

    def __init__(self, context: Context) -> None:
        Http1Client.__init__(self, context)
        self.buf: Buffer = Buffer()
        self._interim = 0

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        if not isinstance(event, events.DataReceived):
            yield from super().read_headers(event)
            return
        if self.request is None:
            yield commands.CloseConnection(self.conn)  # there is no request
            return
        assert self.stream_id is not None
        if (response := self._answer()) is None:
            return
        self.response, self._interim = response, 0
        size = expected_http_body_size(self.request, response)
        yield ReceiveHttp(ResponseHeaders(self.stream_id, response, size == 0))
        self.body_reader = make_body_reader(size)
        self.state = self.read_body
        yield from self.state(event)

    def _answer(self) -> http.Response | None:
        for lines in self.buf.heads():
            response = _response(lines)
            if response.status_code >= 200:
                return response
            self._interim += 1
            if self._interim > INTERIM_ANSWERS:
                raise Unreadable(f"it has more than {INTERIM_ANSWERS} interim heads", "")
        return None

    def unreadable(self, error: Unreadable) -> Commands:
        yield commands.CloseConnection(self.conn)
        if self.stream_id is not None:
            message = f"its answer cannot be read: {error.what}"
            yield ReceiveHttp(UnreadableAnswer(self.stream_id, message, ErrorCode.GENERIC_SERVER_ERROR))


class ProviderConnection(HttpClient):
    """A connection to a provider, there or on its way; the same as mitmproxy's, with a reader of ours."""

    def _handle_event(self, event: events.Event) -> Commands:
        error = None
        if not self.context.server.connected:
            error = yield commands.OpenConnection(self.context.server)
        if not error:
            http2 = self.context.server.alpn == b"h2"
            self.child_layer = Http2Client(self.context) if http2 else ProviderReader(self.context)
            self._handle_event = self.child_layer.handle_event  # type: ignore[method-assign]
            yield from self._handle_event(event)
        yield RegisterHttpConnection(self.context.server, error)


def _request(lines: list[bytes]) -> http.Request:
    """Read a request's head. Raise `Unreadable` where it is malformed, or could be read as more than one request."""
    try:
        request = read_request_head(lines)
    except (ValueError, IndexError):
        raise Unreadable(*_blame(lines)) from None
    if request.http_version not in VERSIONS:
        raise Unreadable("its version of HTTP is not spoken here", "Use HTTP/1.1.", 505, "unsupported_http_version")
    try:
        validate_headers(request)
        expected_http_body_size(request)
        _no_line_in(request)
    except ValueError:
        what = "its headers are malformed (RFC 9112): they could be read as more than one request"
        raise Unreadable(what, "Correct them.", code="malformed_headers") from None
    if (count := len(request.headers.get_all("authorization"))) > 1:
        raise Unreadable(f"it has {count} Authorization headers", "Send one.", code="malformed_headers")
    return request


def _blame(lines: list[bytes]) -> tuple[str, str]:
    """Return what is wrong with a head, naming its line, and what belongs there."""
    try:
        read_request_head(lines[:1])
    except ValueError:
        return "its first line is malformed", "It must be as `POST /v1/chat/completions HTTP/1.1`."
    for number, line in enumerate(lines[1:], 2):
        if line[:1] not in (b" ", b"\t") and line.find(b":") < 1:
            return f"line {number} of its head is malformed", "Every header is of the form `name: value`."
    return "its headers are malformed", "Every header is of the form `name: value`."


def _no_line_in(request: http.Request) -> None:
    """Raise `ValueError` for a folded line, or worse."""
    for _, value in request.headers.fields:
        if any(byte in value for byte in (b"\0", b"\r", b"\n")):
            raise ValueError


def _response(lines: list[bytes]) -> http.Response:
    """Read an answer's head. Raise `Unreadable`. `101` is no interim answer: no request is for another protocol."""
    try:
        response = read_response_head(lines)
        status = response.status_code
        if response.http_version not in VERSIONS or not 100 <= status <= 999 or status == 101:
            raise ValueError
        validate_headers(response)
    except (ValueError, IndexError):
        raise Unreadable("its head is malformed", "") from None
    return response


def _nothing() -> http.Request:
    """Return what stands for a request that could not be read."""
    now = time.time()
    return http.Request("", 0, b"?", b"http", b"", b"/", b"HTTP/1.1", http.Headers(), b"", None, now, now)
