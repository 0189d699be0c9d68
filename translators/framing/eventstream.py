"""Cuts Amazon's event stream out of bytes that come in any pieces (application/vnd.amazon.eventstream,
https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html).

A message: its length, that of its headers, the CRC of these two; headers; a payload; the CRC of all before it. Only
the headers have the type of an event, so payloads are handed on inside of the union that botocore's models make of
them: `{"contentBlockDelta": <payload>}`. An error is `{"exception": {"type": ..., "message": ...}}`.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from zlib import crc32

from translators.errors import BadAnswer

LARGEST_EVENT = 64 * 1024 * 1024
_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_LEAST = 16  # a message without headers and payload
_MOST_KINDS = 64
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value, by its type: true, false, byte, short, integer, long, timestamp, UUID."""
_BYTES, _STRING = 6, 7


class EventMessage(NamedTuple):
    """A message of the stream. `name` is the event's (or the exception's) type, `data` the JSON text of both it and
    its payload."""

    name: str
    data: bytes


class _Kind(NamedTuple):
    """The meaning of a message's headers. The headers of one stream's events hardly differ: they are parsed once."""

    name: str
    opening: bytes
    failed: bool
    message: str


class EventStreamReader:
    """A reader: `feed` bytes, get the messages that they complete; `close` at their end. Both raise `BadAnswer`."""

    def __init__(self, largest: int = LARGEST_EVENT) -> None:
        self._largest = largest
        self._waiting: list[bytes] = []  # a message that is not whole yet; joined when there is enough of it
        self.waiting = 0
        self._total = 0  # its length; 0 while its prelude is not whole
        self._headers = 0  # the length of its headers
        self._kinds: dict[bytes, _Kind] = {}

    def feed(self, data: bytes) -> Iterator[EventMessage]:
        """Yield the messages that end in `data`, each before what comes after it is looked at."""
        if self._waiting:
            self._wait(data)
            if self.waiting < (self._total or _PRELUDE.size):
                return
            data = b"".join(self._waiting)
            self._waiting.clear()
            self.waiting = 0
        at, size = 0, len(data)
        try:
            while size - at >= (self._total or _PRELUDE.size):
                if not self._total:
                    self._total, self._headers = self._prelude(data[at : at + _PRELUDE.size])
                    continue
                whole = data[at : at + self._total]
                at += self._total
                self._total = 0
                yield self._message(whole, self._headers)
        finally:
            if at < size:
                self._wait(data[at:])

    def close(self) -> None:
        """End the bytes. Raises `BadAnswer` for half a message."""
        if self._waiting:
            raise BadAnswer.unreadable(
                "The provider's stream ended in the middle of an event.", code="incomplete_answer"
            )

    def _wait(self, piece: bytes) -> None:
        if piece:
            self._waiting.append(piece)
            self.waiting += len(piece)

    def _prelude(self, prelude: bytes) -> tuple[int, int]:
        """Return the lengths of a message and of its headers. Raises `BadAnswer` for impossible ones."""
        total, headers, crc = _PRELUDE.unpack(prelude)
        if crc32(prelude[:8]) != crc:
            raise BadAnswer.unreadable("The provider's stream is no event stream, or was damaged on its way.")
        if total < _LEAST or headers > total - _LEAST:
            raise BadAnswer.unreadable("The provider's stream has an event of an impossible length.")
        if total > self._largest:
            raise BadAnswer.unreadable(f"The provider sent a single event of more than {self._largest} bytes.")
        return total, headers

    def _message(self, whole: bytes, headers: int) -> EventMessage:
        if crc32(whole[:-4]) != _CRC.unpack_from(whole, len(whole) - 4)[0]:
            raise BadAnswer.unreadable("The provider's stream was damaged on its way.")
        head = whole[12 : 12 + headers]
        kind = self._kinds.get(head)
        if kind is None:
            kind = _kind(_strings(head))
            if len(self._kinds) < _MOST_KINDS:
                self._kinds[head] = kind
        payload = whole[12 + headers : -4]
        if kind.failed:
            return EventMessage(kind.name, _exception(kind, payload))
        return EventMessage(kind.name, b"%b%b}" % (kind.opening, payload or b"{}"))


def _kind(headers: Mapping[str, str]) -> _Kind:
    message_type = headers.get(":message-type", "event")
    if message_type not in ("exception", "error"):
        name = headers.get(":event-type", "")
        return _Kind(name, b"{%b:" % json.dumps(name).encode(), False, "")
    name = headers.get(":exception-type") or headers.get(":error-code") or message_type
    return _Kind(name, b"", True, headers.get(":error-message", ""))


def _exception(kind: _Kind, payload: bytes) -> bytes:
    """Return an error as JSON: `{"exception": {"type": ..., "message": ...}}`. Its payload is mostly an object with a
    message; any other text is the message."""
    value: Any = None
    try:
        value = json.loads(payload) if payload else {}
    except (ValueError, RecursionError):
        value = payload.decode("utf-8", "replace")
    error: dict[str, Any] = value if isinstance(value, dict) else {"message": value if isinstance(value, str) else ""}
    if kind.message:
        error = {"message": kind.message, **error}
    return json.dumps({"exception": {**error, "type": kind.name}}).encode()


def _strings(head: bytes) -> dict[str, str]:
    """Return the headers whose values are strings; the others are skipped. Raises `BadAnswer`."""
    strings: dict[str, str] = {}
    at = 0
    try:
        while at < len(head):
            end = at + 1 + head[at]
            name, kind = head[at + 1 : end], head[end]
            at = end + 1
            if kind in (_BYTES, _STRING):
                size = int.from_bytes(head[at : at + 2])
                at += 2
            else:
                size = _FIXED[kind]
            if at + size > len(head):
                raise IndexError(at)
            if kind == _STRING:
                strings[name.decode("utf-8", "replace")] = head[at : at + size].decode("utf-8", "replace")
            at += size
    except LookupError:
        raise BadAnswer.unreadable("The provider's stream has an event whose headers cannot be read.") from None
    return strings
