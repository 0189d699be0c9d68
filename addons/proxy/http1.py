"""HTTP/1.1 as it is read from clients and providers, and written to them: bytes in, events out, within bounds.

llhttp parses (Node.js's parser, through httptools). It refuses what could be read in two ways: folded lines, bare CR or
LF, a length beside chunks, two lengths, spaces before a colon. Where it is lenient, this is strict: versions, transfer
codings, keys given twice, sizes. A fault is described in words of ours, without a byte of what was read: there may be a
key in it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Final

import httptools

from translators.errors import Failure

LINE_BYTES = 64 * 1024
"""The most bytes of a head, and of a body without any content: chunk sizes with their extensions, trailers."""
HEADER_LINES = 200
"""The most lines of one head (beside its first line), and of trailers."""
INTERIM_ANSWERS = 20
"""The most heads of 1xx before an answer (RFC 9110 section 15.2)."""
VERSIONS = ("1.1", "1.0")
HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_FIRST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/(\d\.\d)\r\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")
"""Ends a head; one that is not of CRLF ends it too, to be refused at once."""
_ORIGIN = re.compile(r"^https?://[^/?#]*", re.IGNORECASE)
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


def unframed(fields: Fields) -> list[tuple[bytes, bytes]]:
    """Return the fields that do not say where a body ends, or whether the connection does."""
    return [each for each in fields if each[0].lower() not in (b"content-length", b"transfer-encoding", b"connection")]


class _Lines:
    """Lines of a head or of trailers as llhttp calls them out, within bounds."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.head_complete = False
        self._bytes = 0

    def on_headers_complete(self) -> None:
        self.head_complete = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value.rstrip(b" \t")))
        self._bytes += len(name) + len(value) + len(b": \r\n")
        if self._bytes > LINE_BYTES:
            raise _endless()
        if len(self.fields) > HEADER_LINES:
            raise Unreadable(f"it has more than {HEADER_LINES} lines of headers", "Send fewer of them.")

    def by_name(self) -> defaultdict[bytes, list[bytes]]:
        """Return lower-case names to all their values."""
        values: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for name, value in self.fields:
            values[name.lower()].append(value)
        return values


class _Chunks(_Lines):
    """The chunks of a request's body, and the trailers behind them."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.complete = False
        self._last = b""
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        self.fields.clear()

    def feed(self, data: bytes) -> bytes:
        """Read as far as the body goes. Return what is behind it: the parser does not say, but there are always two
        line ends before it."""
        start, data = len(self._last), self._last + data
        while start < len(data):
            end = data.find(HEAD_END, max(0, start - 3)) + len(HEAD_END)
            if end < len(HEAD_END):
                end = len(data)
            self._parser.feed_data(data[start:end])
            if self.complete:
                return data[end:]
            start = end
        self._last = data[-3:]
        return b""

    # --- called by llhttp ---

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        self.complete = True


class _Reader:
    """The part of both readers: events, and bounds."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._in_body = False
        self._idle_bytes = 0
        """Bytes since something came of them: a head, content, an end."""
        self.dead = False
        """Nothing more can be read."""

    def feed(self, data: bytes) -> list[Event]:
        """Read what came. The last event is `Unreadable` where that is no HTTP, or beyond the bounds."""
        if self.dead:
            return []
        try:
            self._parse(data)
            self._bound(len(data))
        except Unreadable as error:
            self._fail(error)
        except httptools.HttpParserError as error:
            fault = error.__context__
            self._fail(fault if isinstance(fault, Unreadable) else self._blame())
        events, self._events = self._events, []  # whoever waits for the next message does not keep the last one
        return events

    @property
    def idle(self) -> bool:
        """Return whether nothing of a message has come."""
        raise NotImplementedError

    @property
    def in_body(self) -> bool:
        return self._in_body

    def _parse(self, data: bytes) -> None:
        raise NotImplementedError

    def _blame(self) -> Unreadable:
        raise NotImplementedError

    def _fail(self, error: Unreadable) -> None:
        self.dead = True
        self._events.append(error)

    def _content(self, pieces: list[bytes]) -> None:
        """Make one event of the pieces of a body, however small its chunks."""
        if pieces:
            self._events.append(pieces[0] if len(pieces) == 1 else b"".join(pieces))
            pieces.clear()

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


class RequestReader(_Reader):
    """Requests of a client, one after another. Empty lines before a head are skipped (RFC 9112 section 2.2).

    llhttp gets a head when it is whole, with another method, since it does not know them all; and no body but chunks:
    that of a request which wants another protocol it would take for that protocol's.
    """

    def __init__(self) -> None:
        super().__init__()
        self._raw = b""
        """The head that is being read, as it came."""
        self._rest = 0
        """Bytes that are still to come of a body of known length."""
        self._chunks: _Chunks | None = None

    @property
    def idle(self) -> bool:
        return not self._raw and not self._in_body

    def _parse(self, data: bytes) -> None:
        while data:
            if not self._in_body:
                data = self._parse_head(data)
            elif self._chunks is not None:
                data = self._parse_chunks(self._chunks, data)
            else:
                data = self._parse_content(data)

    def _parse_head(self, data: bytes) -> bytes:
        """Collect a head, and read it once it is whole. Return what is behind it."""
        raw = self._raw + data if self._raw else data.lstrip(b"\r\n")
        end = _BLANK_LINE.search(raw, max(0, len(self._raw) - 2))
        size = end.end() if end is not None else len(raw)
        if size > LINE_BYTES:
            raise _endless()
        self._raw = raw[:size]
        if end is not None:
            self._events.append(self._head(self._raw))
            self._raw = b""
            if not self._in_body:
                self._events.append(END)
        return raw[size:]

    def _head(self, raw: bytes) -> RequestHead:
        """Return the head; its body is then to come. Raise `Unreadable` also for what llhttp lets pass."""
        line = _FIRST_LINE.match(raw)
        if line is None or line[3].decode() not in VERSIONS:
            raise self._blame()
        lines = _Lines()
        known = b"CONNECT " if line[1] == b"CONNECT" else b"POST "  # only that one has a target of its own form
        with suppress(httptools.HttpParserUpgrade):
            httptools.HttpRequestParser(lines).feed_data(known + raw[line.start(2) :])
        if not lines.head_complete:
            raise self._blame()
        method, target, version = line[1].decode(), _ORIGIN.sub("", line[2].decode()), line[3].decode()
        values = lines.by_name()
        codings = values[b"transfer-encoding"]
        if codings and (version == "1.0" or [coding.lower() for coding in codings] != [b"chunked"]):
            raise self._blame()
        if (count := len(values[b"authorization"])) > 1:
            raise Unreadable(f"it has {count} Authorization headers", "Send one.", code="malformed_headers")
        if len(values[b"host"]) > 1:
            raise Unreadable("it has several Host headers", "Send one.", code="malformed_headers")
        self._rest = sum(map(int, values[b"content-length"]))
        self._chunks = _Chunks() if codings else None
        self._in_body = bool(self._rest or codings)
        keep_alive = _keeps_alive(version, values[b"connection"])
        target = target if target[:1] not in ("", "?", "#") else "/" + target
        return RequestHead(method, target, version, tuple(lines.fields), keep_alive)

    def _parse_content(self, data: bytes) -> bytes:
        """Take what belongs to a body of known length. Return what is behind it."""
        content, rest = data[: self._rest], data[self._rest :]
        self._events.append(content)
        self._rest -= len(content)
        if not self._rest:
            self._end()
        return rest

    def _parse_chunks(self, chunks: _Chunks, data: bytes) -> bytes:
        rest = chunks.feed(data)
        self._content(chunks.pieces)
        if chunks.complete:
            self._end()
        return rest

    def _end(self) -> None:
        self._in_body = False
        self._events.append(END)

    def _blame(self) -> Unreadable:
        """Return the fault of a head, naming its line, or of a body."""
        if self._in_body:
            return Unreadable("its body's chunks are malformed", "Send them as RFC 9112 section 7.1 has them.")
        match = _FIRST_LINE.match(self._raw)
        if match is None:
            return Unreadable(
                "its first line is malformed", "It must be as `POST /v1/chat/completions HTTP/1.1`, and end in CRLF."
            )
        if match[3].decode() not in VERSIONS:
            return Unreadable(
                "its version of HTTP is not spoken here", "Use HTTP/1.1.", 505, "unsupported_http_version"
            )
        lines = self._raw.partition(HEAD_END)[0].split(b"\r\n")
        for number, line in enumerate(lines[1:], 2):
            if line[:1] not in (b" ", b"\t") and line.find(b":") < 1:
                what = f"line {number} of its head is malformed"
                return Unreadable(what, "Every header is of the form `name: value`.")
        what = "its headers are malformed (RFC 9112): they could be read as more than one request"
        return Unreadable(what, "Correct them.", code="malformed_headers")


class ResponseReader(_Reader):
    """Answers of a provider. Interim ones are passed over."""

    def __init__(self) -> None:
        super().__init__()
        self._parser = httptools.HttpResponseParser(self)
        self._lines = _Lines()
        self._pieces: list[bytes] = []
        self._in_head = False
        self._interim = 0
        self._passing_over = False
        self._until_close = False
        self.reusable = True
        """Another request may be sent after this answer."""

    @property
    def idle(self) -> bool:
        return not self._in_head and not self._in_body

    def eof(self) -> bool:
        """Take the end of the connection. Return whether that is the end of the answer: it has no other."""
        return self._in_body and self._until_close and not self.dead

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise Unreadable("its head is malformed", "") from None
        finally:
            self._content(self._pieces)

    def _blame(self) -> Unreadable:
        what = "its body's chunks are malformed" if self._in_body else "its head is malformed"
        return Unreadable(what, "")

    # --- called by llhttp ---

    def on_message_begin(self) -> None:
        self._in_head, self._lines = True, _Lines()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.on_header(name, value)

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._passing_over = 100 <= status < 200
        if self._passing_over:
            self._pass_over(status)
            return
        self._interim = 0
        self._events.append(self._head(status))
        self._in_head, self._in_body = False, True
        self._lines = _Lines()  # of trailers (RFC 9110 section 6.5.1)

    def on_body(self, data: bytes) -> None:
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        self._in_head = self._in_body = False
        if not self._passing_over:
            self._content(self._pieces)
            self._events.append(END)

    def _pass_over(self, status: int) -> None:
        self._interim += 1
        if self._interim > INTERIM_ANSWERS:
            raise Unreadable(f"it has more than {INTERIM_ANSWERS} interim heads", "")
        if status == HTTPStatus.SWITCHING_PROTOCOLS:  # nobody has asked for another protocol
            raise Unreadable("its head is malformed", "")

    def _head(self, status: int) -> ResponseHead:
        version, values = self._parser.get_http_version(), self._lines.by_name()
        codings = [coding.lower() for coding in values[b"transfer-encoding"]]
        known = ([],) if version == "1.0" else ([], [b"chunked"], [b"identity"])
        if status < 200 or version not in VERSIONS or codings not in known:
            raise Unreadable("its head is malformed", "")
        has_end = codings == [b"chunked"] or bool(values[b"content-length"]) or status in (204, 304)
        self._until_close = not has_end
        self.reusable = has_end and _keeps_alive(version, values[b"connection"])
        return ResponseHead(status, tuple(self._lines.fields))


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


def connect(authority: str, fields: Fields) -> bytes:
    """Write a request for a way through a proxy."""
    start = f"CONNECT {authority} HTTP/1.1\r\n".encode()
    return start + _lines([(b"host", authority.encode()), *fields]) + b"\r\n"


def response_head(status: int, fields: Fields) -> bytes:
    """Write the head of an answer."""
    return f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n".encode() + _lines(fields) + b"\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
