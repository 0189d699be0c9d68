"""A provider's bytes, in any pieces, cut into payloads.

The framing is decided by the bytes that came, not by the request, nor by the content type:
servers and proxies call streams JSON and JSON streams.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from translators.dialects import MEDIA_TYPES, Framing
from translators.errors import BadAnswer
from translators.framing import compression, eventstream, json_text, ndjson, sse


class Frames(Protocol):
    """A reader of one framing. Both methods raise `BadAnswer`."""

    waiting: int
    """Bytes of a payload that is not complete yet."""

    def feed(self, data: bytes) -> Iterable[tuple[str, bytes]]:
        """Return the name (perhaps empty) and the JSON text of every payload that `data` completes."""

    def close(self) -> Iterable[tuple[str, bytes]] | None:
        """End the bytes, and return the payloads that their end completes. Half a payload is an error."""


READERS: Mapping[Framing, Callable[[], Frames]] = {
    "sse": sse.SseReader,
    "ndjson": ndjson.NdjsonReader,
    "eventstream": eventstream.EventStreamReader,
}
_CONTENT_TYPES: Mapping[str, Framing] = {media_type: framing for framing, media_type in MEDIA_TYPES.items()}
_JSON = "application/json"
_BOM = b"\xef\xbb\xbf"
_SSE_BEGINS = b":deir"
"""The letters that a line of server-sent events begins with (a comment, data, event, id, retry), and no JSON that is an
answer."""
MAX_WHOLE = 32 * 1024 * 1024
"""Bytes of a whole answer, decoded."""


class Cutter:
    """The payloads of one answer: `feed` bytes, `close` at their end; both yield the name and the text of each payload
    as soon as it is complete, and raise `BadAnswer`.

    `framing` is the usual one of the provider; `coding` its `content-encoding`. `limit` is how many bytes the answer
    may have, decoded; a stream that is handed on as it comes needs none.
    """

    def __init__(self, framing: Framing, content_type: str = "", coding: str = "", limit: int | None = None) -> None:
        self._usual = framing
        self._content_type = content_type.partition(";")[0].strip().lower()
        self._coding = coding
        self._decoder: compression.Decoder | None = None
        self._limit = limit
        self._frames: Frames | None = None
        """The reader of what comes, once the framing is known; a whole answer is one payload."""
        self._head = b""
        """The first bytes, until they are enough to tell the framing."""
        self.streams = False
        """True once the answer is known to be a stream."""
        self.taken = 0
        """Bytes of the answer so far, decoded."""
        self.newest = b""
        """The bytes that came last, decoded."""

    @property
    def compressed(self) -> bool:
        """Return whether the bytes are compressed: few may be many."""
        return self._coding.strip().lower() not in ("", "identity")

    @property
    def waiting(self) -> int:
        """Return the bytes of a stream's payload that is not complete yet."""
        return self._frames.waiting if self.streams and self._frames is not None else 0

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the payloads that end in `data`."""
        self.newest = data = self._decoded(data)
        self.taken += len(data)
        if self._limit is not None and self.taken > self._limit:
            raise BadAnswer.unreadable("The provider's answer is too long to be put together.")
        if self._frames is not None:
            yield from self._frames.feed(data)
            return
        self._head += data
        start = self._head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if len(start) >= 2:
            yield from self._begin(_framing_of(start, self._content_type, self._usual))

    def close(self) -> Iterator[tuple[str, bytes]]:
        """End the bytes, and yield the payloads that their end completes."""
        self._check_decoded()
        if self._frames is None:
            yield from self._begin(_CONTENT_TYPES.get(self._content_type))
        assert self._frames is not None
        payloads = self._frames.close() or ()
        if self.streams:
            yield from payloads
            return
        for name, data in payloads:
            whole = data.removeprefix(_BOM)
            if self._is_lines(whole):
                self._head = whole
                yield from self._begin("ndjson")
                yield from self._frames.close() or ()
            else:
                yield name, whole

    def release(self) -> None:
        """Drop all bytes."""
        self._frames = None
        self._head = self.newest = b""

    def _begin(self, framing: Framing | None) -> Iterable[tuple[str, bytes]]:
        """Return the payloads of the first bytes, and cut what follows in the same `framing`; None: in one piece."""
        self.streams = framing is not None
        self._frames = WholeReader() if framing is None else READERS[framing]()
        data, self._head = self._head, b""
        return self._frames.feed(data)

    def _is_lines(self, whole: bytes) -> bool:
        """Return whether what seemed to be a whole answer is a stream of lines."""
        may_be = "ndjson" in (self._usual, _CONTENT_TYPES.get(self._content_type))
        return may_be and b"\n" in whole.strip() and not json_text.is_json(whole)

    def _decoded(self, data: bytes) -> bytes:
        try:
            if self._decoder is None:
                self._decoder = compression.decoder(self._coding)
            return self._decoder.feed(data)
        except compression.Undecodable as error:
            raise _undecodable(error) from error

    def _check_decoded(self) -> None:
        try:
            if self._decoder is not None:
                self._decoder.close()
        except compression.Undecodable as error:
            raise _undecodable(error) from error


class WholeReader:
    """The reader of a whole answer: its end completes the one payload."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.waiting = 0

    def feed(self, data: bytes) -> Iterable[tuple[str, bytes]]:
        self.waiting += len(data)
        if self.waiting > MAX_WHOLE:
            raise BadAnswer.unreadable(f"The provider's answer is larger than {MAX_WHOLE} bytes.")
        self._pieces.append(data)
        return ()

    def close(self) -> Iterable[tuple[str, bytes]]:
        return (("", b"".join(self._pieces)),)


def _framing_of(start: bytes, content_type: str, usual: Framing) -> Framing | None:
    """Return the framing of an answer that begins with `start`; None where it is whole, as is a page of somebody in
    between. The content type is believed only where the bytes leave it open, and the dialect's `usual` framing where
    that says nothing."""
    framing = _CONTENT_TYPES.get(content_type, usual)
    first = start[:1]
    if first in b"<[":
        return None
    if first == b"{":
        return "ndjson" if usual == "ndjson" and content_type != _JSON and start[1:2] not in b"\r\n" else None
    if framing == "eventstream" and (first == b"\0" or content_type in _CONTENT_TYPES):
        return framing
    if first in _SSE_BEGINS:
        return "sse"
    return None if content_type == _JSON else framing


def _undecodable(error: compression.Undecodable) -> BadAnswer:
    return BadAnswer.unreadable(f"The provider's compressed answer cannot be read: {error}.")
