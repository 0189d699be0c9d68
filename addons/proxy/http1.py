"""HTTP/1.1 as it is read from clients and providers, and written to them: bytes in, events out, within bounds.

llhttp parses (Node.js's parser, through httptools). It refuses what could be read in two ways: folded lines, bare CR or
LF, a length beside chunks, two lengths, spaces before a colon. Where it is lenient, this is strict: versions, transfer
codings, keys given twice, sizes. A fault is described in words of ours, without a byte of what was read: there may be a
key in it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Final, Protocol

import httptools

from translators.errors import Failure

LINE_BYTES = 64 * 1024
"""The most bytes of a head, and of a body without any content: chunk sizes with their extensions, trailers."""
HEADER_LINES = 200
"""The most lines of one head (beside its first line), and of trailers."""
INTERIM_ANSWERS = 20
"""The most heads of 1xx before an answer (RFC 9110 section 15.2)."""
VERSIONS = ("1.1", "1.0")
LAST_CHUNK = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_METHOD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ")
_FIRST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/(\d)\.(\d)")
_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
"""Stands before the path where a client takes the gateway for a proxy (RFC 9112 section 3.2.2)."""
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}

Fields = Sequence[tuple[bytes, bytes]]


class Unreadable(Exception):
    """Input that is not HTTP, too much of it, or late. `what` says so in words of ours; `remedy` is for a client."""

    def __init__(self, what: str, remedy: str, status: int = 400, code: str = "malformed_request") -> None:
        super().__init__(what)
        self.what, self._remedy, self._status, self._code = what, remedy, status, code

    @property
    def failure(self) -> Failure:
        """Return the failure for a client."""
        message = f"The request cannot be read: {self.what}. {self._remedy}"
        return Failure(self._status, message, "invalid_request_error", None, self._code, {"connection": "close"})


@dataclass
class RequestHead:
    """`method` as it was written, `target` without an origin, `version` without `HTTP/`, `fields` with their names in
    any case."""

    method: str
    target: str
    version: str
    fields: Fields = field(repr=False)
    keep_alive: bool

    @cached_property
    def headers(self) -> dict[str, str]:
        """Values by lower-case names; of several with one name the first."""
        return plain(self.fields)


@dataclass(slots=True)
class ResponseHead:
    status: int
    fields: Fields = field(repr=False)


class End:
    """The end of a message."""

    def __repr__(self) -> str:
        return "END"


END: Final = End()
Event = RequestHead | ResponseHead | bytes | End | Unreadable
"""`bytes` is a piece of a body. After `Unreadable` there are no more events."""


def plain(fields: Fields) -> dict[str, str]:
    """Return lower-case names to values; of several with one name the first. What is no UTF-8 is kept as escapes."""
    return {
        name.decode("utf-8", "surrogateescape").lower(): value.decode("utf-8", "surrogateescape")
        for name, value in reversed(fields)
    }


class _Parser(Protocol):
    """The part of httptools's two parsers that both readers use."""

    def feed_data(self, data: bytes) -> None: ...
    def get_http_version(self) -> str: ...


class _Reader:
    """The part of both readers: callbacks of llhttp, and bounds."""

    def __init__(self) -> None:
        self._parser = self._new_parser()
        self._events: list[Event] = []
        self._fields: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._in_head = self._in_body = False
        self._idle_bytes = 0
        """Bytes since something came of them: a head, content, an end."""
        self._field_bytes = 0
        self.dead = False
        """Nothing more can be read."""

    def feed(self, data: bytes) -> list[Event]:
        """Read what came. The last event is `Unreadable` where that is no HTTP, or beyond the bounds."""
        events = self._events = []
        if self.dead:
            return events
        try:
            self._parse(data)
            self._flush()
            self._bound(len(data))
        except Unreadable as error:
            self._fail(error)
        except httptools.HttpParserError as error:
            fault = error.__context__
            self._fail(fault if isinstance(fault, Unreadable) else self._blame(str(error)))
        return events

    @property
    def idle(self) -> bool:
        """Return whether nothing of a message has come."""
        return not self._in_head and not self._in_body

    @property
    def in_body(self) -> bool:
        return self._in_body

    def _new_parser(self) -> _Parser:
        raise NotImplementedError

    def _parse(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def _blame(self, reason: str) -> Unreadable:
        raise NotImplementedError

    def _fail(self, error: Unreadable) -> None:
        self.dead = True
        self._pieces.clear()
        self._events.append(error)

    def _flush(self) -> None:
        """Make one event of the pieces of a body, however small its chunks."""
        if self._pieces:
            self._events.append(self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces))
            self._pieces.clear()

    def _bound(self, size: int) -> None:
        """Count what has come since the last head or content. Raise `Unreadable` for too much of it."""
        if END in self._events:
            self._idle_bytes = 0
        elif self._events:
            self._idle_bytes = max(0, size - sum(map(_size, self._events)))
        else:
            self._idle_bytes += size
        if self._idle_bytes > LINE_BYTES:
            raise _endless()

    # --- called by llhttp ---

    def on_message_begin(self) -> None:
        self._in_head, self._fields, self._field_bytes = True, [], 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))
        self._field_bytes += len(name) + len(value) + len(b": \r\n")
        if self._field_bytes > LINE_BYTES:
            raise _endless()

    def on_headers_complete(self) -> None:
        if len(self._fields) > HEADER_LINES:
            raise Unreadable(f"it has more than {HEADER_LINES} lines of headers", "Send fewer of them.")
        self._in_head, self._in_body = False, True
        self._events.append(self._head())
        self._fields, self._field_bytes = [], 0  # from now these are trailers (RFC 9110 section 6.5.1)

    def on_body(self, data: bytes) -> None:
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._flush()
        self._events.append(END)

    def _head(self) -> Event:
        raise NotImplementedError

    def _values(self, name: bytes) -> list[bytes]:
        return [value for each, value in self._fields if each.lower() == name]


class RequestReader(_Reader):
    """Requests of a client, one after another. Empty lines before a head are skipped (RFC 9112 section 2.2)."""

    _parser: httptools.HttpRequestParser

    def __init__(self) -> None:
        super().__init__()
        self._target: list[bytes] = []
        self._method = ""
        """The method as it was written, where llhttp does not know it."""
        self._raw = b""
        """The head that is being read, as it came, as long as that is all that came."""

    def _new_parser(self) -> httptools.HttpRequestParser:
        return httptools.HttpRequestParser(self)

    def _parse(self, data: bytes) -> None:
        if not self._in_body:
            self._raw += data[: LINE_BYTES + 1]
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserInvalidMethodError:
            self._other_method()
        if not self._in_head:
            self._raw = b""

    def _without_upgrade(self, rest: bytes) -> None:
        """Read the body of a request that would like another protocol, which llhttp takes for that protocol's."""
        *_, head, _ = self._events
        assert isinstance(head, RequestHead)
        del self._events[-2:]  # its end came too early
        at = len(self._events)
        framing = [(k, v) for k, v in head.fields if k.lower() in (b"content-length", b"transfer-encoding")]
        self._parser = self._new_parser()
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + _lines(framing) + b"\r\n")
        self._events[at] = head
        if rest:
            self._parser.feed_data(rest)

    def _other_method(self) -> None:
        """Read a head whose method llhttp does not know as if it were POST: whoever answers names the methods."""
        raw = self._raw.lstrip(b"\r\n")
        match = _METHOD.match(raw)
        if match is None:
            raise self._blame("")
        self._method = match[1].decode()
        self._parser = self._new_parser()
        self._parser.feed_data(b"POST " + raw[match.end() :])

    def _blame(self, reason: str) -> Unreadable:
        """Return the fault of a head, naming its line, or of a body."""
        if self._in_body:
            return Unreadable("its body's chunks are malformed", "Send them as RFC 9112 section 7.1 has them.")
        lines = self._raw.lstrip(b"\r\n").partition(b"\r\n\r\n")[0].split(b"\r\n")
        match = _FIRST_LINE.fullmatch(lines[0])
        if self._raw and match is None:
            return Unreadable(
                "its first line is malformed", "It must be as `POST /v1/chat/completions HTTP/1.1`, and end in CRLF."
            )
        if match is not None and match[3] + match[4] not in (b"11", b"10"):
            return Unreadable(
                "its version of HTTP is not spoken here", "Use HTTP/1.1.", 505, "unsupported_http_version"
            )
        for number, line in enumerate(lines[1:], 2):
            if line[:1] not in (b" ", b"\t") and line.find(b":") < 1:
                what = f"line {number} of its head is malformed"
                return Unreadable(what, "Every header is of the form `name: value`.")
        what = "its headers are malformed (RFC 9112): they could be read as more than one request"
        return Unreadable(what, "Correct them.", code="malformed_headers")

    # --- called by llhttp ---

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._target = []

    def on_url(self, url: bytes) -> None:
        self._target.append(url)

    def _head(self) -> RequestHead:
        """Return the head. Raise `Unreadable` for what llhttp lets pass."""
        version = self._parser.get_http_version()
        codings = self._values(b"transfer-encoding")
        if version not in VERSIONS:
            self._in_body = False
            raise self._blame("")
        if codings and (version == "1.0" or [coding.lower() for coding in codings] != [b"chunked"]):
            self._in_body = False
            raise self._blame("")
        if (count := len(self._values(b"authorization"))) > 1:
            raise Unreadable(f"it has {count} Authorization headers", "Send one.", code="malformed_headers")
        if len(self._values(b"host")) > 1:
            raise Unreadable("it has several Host headers", "Send one.", code="malformed_headers")
        method, self._method = self._method or self._parser.get_method().decode(), ""
        target = _ORIGIN.sub("", b"".join(self._target).decode())
        keep_alive = _keeps_alive(version, self._values(b"connection"))
        return RequestHead(method, target or "/", version, tuple(self._fields), keep_alive)


class ResponseReader(_Reader):
    """Answers of a provider. Interim ones are passed over."""

    _parser: httptools.HttpResponseParser

    def __init__(self) -> None:
        super().__init__()
        self._interim = 0
        self._passing_over = False
        self._until_close = False
        self.reusable = True
        """Another request may be sent after this answer."""

    def _new_parser(self) -> httptools.HttpResponseParser:
        return httptools.HttpResponseParser(self)

    def eof(self) -> bool:
        """Take the end of the connection. Return whether that is the end of the answer: it has no other."""
        return self._in_body and self._until_close and not self.dead

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise Unreadable("its head is malformed", "") from None

    def _blame(self, reason: str) -> Unreadable:
        what = "its body's chunks are malformed" if self._in_body else "its head is malformed"
        return Unreadable(what, "")

    # --- called by llhttp ---

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._passing_over = 100 <= status < 200
        if not self._passing_over:
            self._interim = 0
            super().on_headers_complete()
            return
        self._interim += 1
        if self._interim > INTERIM_ANSWERS:
            raise Unreadable(f"it has more than {INTERIM_ANSWERS} interim heads", "")
        if status == HTTPStatus.SWITCHING_PROTOCOLS:  # nobody has asked for another protocol
            raise Unreadable("its head is malformed", "")

    def on_message_complete(self) -> None:
        if self._passing_over:
            self._in_head = False
        else:
            super().on_message_complete()

    def _head(self) -> ResponseHead:
        status, version = self._parser.get_status_code(), self._parser.get_http_version()
        codings = [coding.lower() for coding in self._values(b"transfer-encoding")]
        if status < 200 or version not in VERSIONS or codings not in ([], [b"chunked"], [b"identity"]):
            self._in_body = False
            raise Unreadable("its head is malformed", "")
        has_end = codings == [b"chunked"] or bool(self._values(b"content-length")) or status in (204, 304)
        self._until_close = not has_end
        self.reusable = has_end and _keeps_alive(version, self._values(b"connection"))
        return ResponseHead(status, tuple(self._fields))


def _endless() -> Unreadable:
    what = f"a head, a chunk's size or trailers have no end within {LINE_BYTES} bytes"
    return Unreadable(what, "Send shorter ones.")


def _size(event: Event) -> int:
    """Return the bytes of a head, or of content."""
    if isinstance(event, bytes):
        return len(event)
    if isinstance(event, RequestHead | ResponseHead):
        return sum(len(name) + len(value) + len(b": \r\n") for name, value in event.fields)
    return 0


def _keeps_alive(version: str, connection: Iterable[bytes]) -> bool:
    tokens = {token.strip().lower() for value in connection for token in value.split(b",")}
    return b"close" not in tokens if version == "1.1" else b"keep-alive" in tokens


def _lines(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write the lines of a head. Raise `ValueError` for what would be more than one."""
    lines = [b"%b: %b\r\n" % each for each in fields]
    out = b"".join(lines)
    if not out.count(b"\r") == out.count(b"\n") == len(lines):
        raise ValueError("a header has a line break in it")
    return out


def request(method: str, target: str, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Write a whole request."""
    start = f"{method} {target} HTTP/1.1\r\n".encode()
    if start.count(b"\r") != 1 or start.count(b"\n") != 1:
        raise ValueError("a target has a line break in it")
    return start + _lines(fields) + b"content-length: %d\r\n\r\n" % len(body) + body


def response_head(status: int, fields: Fields) -> bytes:
    """Write the head of an answer."""
    return f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n".encode() + _lines(fields) + b"\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
