"""One answer on its way: a provider's bytes in any pieces become a client's bytes.

The machine of the provider dialect tells events, the writer of the client dialect renders them; between the two this
file keeps what the exchange wants to know of them (usage, notes, the end). Whether the provider streamed is decided
by what it sent, not by what it was asked, nor by what it calls it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from translators.dialects import MEDIA_TYPES, Answer, Framing, Writer
from translators.errors import BadAnswer, Failure, TranslationError
from translators.events import Event, Finished, Noted, Started, Usage, UsageReported
from translators.framing import compression, eventstream, json_text, ndjson, sse
from translators.masking import Mask
from translators.notes import Note

Tap = Callable[[str, bytes, bytes, tuple[Note, ...]], None]
"""Hears each payload of a stream: its event name, its bytes, the client bytes it became, the notes it left. What the
end of the bytes became is heard with no bytes of the provider's."""


class Frames(Protocol):
    """The payloads out of bytes that come in any pieces. Both methods raise `BadAnswer`."""

    waiting: int
    """Bytes of a payload that is not complete yet."""

    def feed(self, data: bytes) -> Iterable[tuple[str, bytes]]:
        """The name (perhaps empty) and the JSON text of every payload that `data` completes."""

    def close(self) -> Iterable[tuple[str, bytes]] | None:
        """The bytes are over: half a payload is an error. What their end completes is told."""


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

RECENT = 3
"""Payloads that are remembered for the case that the answer breaks."""
MOST_ITEMS = 10_000
"""Choices, messages, texts and calls of one payload. Nobody says more, and to put more together holds up others."""
_HOLDERS = ("candidates", "choices", "content", "delta", "message", "output", "parts", "response", "tool_calls")
"""The fields in which such items stand, and the fields which hold those."""
_LARGE = 128 * 1024
"""Bytes of a payload in which there may be too many."""
MAX_WHOLE = 32 * 1024 * 1024
"""Bytes of a whole answer, decoded."""


class Pipe:
    """The way of one answer: `feed` bytes, `close` at their end; both give bytes for the client and never raise for
    what a provider sent: `failure` is set instead, after the bytes of everything that came before it.

    `before_end` is asked, as soon as the answer is complete, for what the client is to read before its end.

    `mask` knows the secrets that a provider may say back; it sees each payload before anybody else.

    `omitted` are the notes on events that the client does not hear of: each is made once.

    `limit` is how many bytes an answer may have, decoded; a stream that is handed on as it comes needs none.

    `done` is true once the client's answer is complete, which may be before the provider's bytes end.
    """

    def __init__(
        self,
        answer: Answer,
        writer: Writer,
        *,
        framing: Framing = "sse",
        content_type: str = "",
        coding: str = "",
        tap: Tap | None = None,
        before_end: Callable[[Sequence[Note]], bytes] | None = None,
        mask: Mask | None = None,
        limit: int | None = None,
        omitted: Mapping[type[Event], Note] | None = None,
    ) -> None:
        self._mask = mask
        self._room = limit
        self._omitted = dict(omitted or {})
        self._answer = answer
        self.writer = writer
        self._tap = tap
        self._before_end = before_end
        self._coding = coding
        self._decoder: compression.Decoder | None = None
        self._framing = framing
        self._called = content_type.partition(";")[0].strip().lower()
        self._frames: Frames | None = None
        """Cuts what comes, once it is known how; a whole answer is one piece."""
        self.streams = False
        """The provider is known to stream."""
        self._head = b""
        self.events = 0
        """The number of events that the provider has told; a ping is not counted."""
        self.content = False
        """Any of them was more than that the answer begins, and what it costs."""
        self.failure: Failure | None = None
        self.done = False
        self.started = Started()
        self.finished: Finished | None = None
        """The end of the first choice."""
        self.usage: Usage | None = None
        self.notes: list[Note] = []
        self.whole_body: bytes | None = None
        """The provider's answer, decoded, where it came whole."""
        self._recent: deque[bytes] = deque(maxlen=RECENT)
        self._fed = b""
        self.taken = 0
        """Bytes of the answer so far, decoded."""

    @property
    def compressed(self) -> bool:
        """Return whether the bytes are compressed: few may be many."""
        return self._coding.strip().lower() not in ("", "identity")

    @property
    def waiting(self) -> int:
        """Return the bytes of a stream's payload that is not complete yet."""
        return self._frames.waiting if self.streams and self._frames is not None else 0

    @property
    def recent(self) -> tuple[bytes, ...]:
        """Return what was read last: the last payloads of a stream, a whole answer, or else the last bytes."""
        if self.whole_body is not None:
            return (self.whole_body,)
        return tuple(self._recent) or (self._fed,)

    def feed(self, data: bytes) -> bytes:
        if self.done or self.failure:
            return b""
        try:
            if self._decoder is None:
                self._decoder = compression.decoder(self._coding)
            self._fed = data = self._decoder.feed(data)
            self.taken += len(data)
            if self._room is not None:
                self._room -= len(data)
                if self._room < 0:
                    raise BadAnswer.unreadable("The provider's answer is too long to be put together.")
            return self._sniffed(data)
        except compression.Undecodable as error:
            return self._fail(BadAnswer.unreadable(f"The provider's compressed answer cannot be read: {error}."))
        except TranslationError as error:
            return self._fail(error)

    def close(self) -> bytes:
        """The provider's bytes ended cleanly. What is missing then is a failure."""
        if self.done or self.failure:
            return b""
        try:
            if self._decoder is not None:
                self._decoder.close()
            out = self._cut(_CONTENT_TYPES.get(self._called)) if self._frames is None else b""
            assert self._frames is not None
            out += self._all(self._frames.close() or ())
            return out if self.failure or self.done else out + self._ending()
        except compression.Undecodable as error:
            return self._fail(BadAnswer.unreadable(f"The provider's compressed answer cannot be read: {error}."))
        except TranslationError as error:
            return self._fail(error)

    def let_go(self) -> None:
        """Forget all bytes: the answer is over, and who wanted to see them has."""
        self._frames = self.whole_body = None
        self._head = self._fed = b""
        self._recent.clear()

    def _all(self, payloads: Iterable[tuple[str, bytes]]) -> bytes:
        """Return what `payloads` become, as far as they can be cut and read, and until the answer is complete."""
        out: list[bytes] = []
        try:
            for name, data in payloads:
                out.append(self._payload(name, data) if self.streams else self._whole(data))
                if self.failure or self.done:
                    break
        except TranslationError as error:
            self.failure = error.failure
        return b"".join(out)

    def _payload(self, name: str, data: bytes) -> bytes:
        """Put one payload of a stream through the machine."""
        notes = len(self.notes)
        self._recent.append(data)
        try:
            out = self._run(self._answer.on(self._masked(data, _payload(data))))
        except TranslationError as error:
            out = self._fail(error)
        if self._answer.done and not self.failure:
            out += self._ended()
            if not self.failure:
                out += self._finish()
        if self._tap is not None:
            self._tap(name, data, out, tuple(self.notes[notes:]))
        return out

    def _ended(self) -> bytes:
        """A stream's payloads are over: the machine says whether that was all."""
        return self._run(self._answer.close())

    def _whole(self, data: bytes) -> bytes:
        """Put a whole answer through the same machine; or lines that are a stream all the same."""
        data = data.removeprefix(_BOM)
        lines = "ndjson" in (self._framing, _CONTENT_TYPES.get(self._called)) and b"\n" in data.strip()
        if lines and not json_text.is_json(data):
            self._head = data
            out = self._cut("ndjson")
            assert self._frames is not None
            return out + self._all(self._frames.close() or ())
        self.whole_body = data
        return self._run(self._answer.whole(self._masked(data, _parsed(data))))

    def _masked(self, data: bytes, told: Any) -> Any:
        return told if self._mask is None or not self._mask.finds(data) else self._mask.value(told)

    def _run(self, events: Iterable[Event]) -> bytes:
        pieces: list[bytes] = []
        try:
            for event in events:
                kind = type(event)
                if kind is Noted:
                    self.notes.append(event.note)  # type: ignore[union-attr]
                    continue
                self.events += 1
                if kind in self._omitted:
                    self.notes.append(self._omitted.pop(kind))
                if kind is UsageReported:
                    self.usage = event.usage  # type: ignore[union-attr]
                elif kind is Started:
                    self.started = event  # type: ignore[assignment]
                    self.usage = self.started.usage or self.usage
                else:
                    self.content = True
                if kind is Finished and (self.finished is None or event.choice < self.finished.choice):  # type: ignore[union-attr]
                    self.finished = event  # type: ignore[assignment]
                pieces.append(self.writer.on(event))
        except TranslationError as error:
            self.failure = error.failure
        return b"".join(pieces)

    def _ending(self) -> bytes:
        """Return what the end of the bytes brings. If a stream has no end marker, its end is heard as an empty
        payload."""
        notes = len(self.notes)
        out = self._ended() if self.streams else b""
        if not self.failure:
            out += self._finish()
        if self._tap is not None and self.streams and out:
            self._tap("", b"", out, tuple(self.notes[notes:]))
        return out

    def _finish(self) -> bytes:
        if self.finished is None:
            return self._fail(BadAnswer.unreadable("The provider's answer ended without saying why."))
        self.done = True
        before = self._before_end(self.notes) if self._before_end is not None else b""
        return before + self.writer.close()

    def _sniffed(self, data: bytes) -> bytes:
        if self._frames is not None:
            return self._all(self._frames.feed(data))
        self._head += data
        start = self._head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if len(start) < 2:
            return b""
        return self._cut(_framing_of(start, self._called, self._framing))

    def _cut(self, framing: Framing | None) -> bytes:
        """Cut what is here, and what comes, as `framing` says; None: in one piece."""
        self.streams = framing is not None
        self._frames = Whole() if framing is None else READERS[framing]()
        data, self._head = self._head, b""
        return self._all(self._frames.feed(data))

    def _fail(self, error: TranslationError) -> bytes:
        self.failure = error.failure
        return b""


class Whole:
    """A whole answer as the one payload that its end completes."""

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


def _framing_of(start: bytes, called: str, usual: Framing) -> Framing | None:
    """Return how an answer is cut that begins with `start`; None where it is whole, as is a page of somebody in
    between. Servers and proxies call streams JSON and JSON streams: the content type `called` is believed only where
    the bytes leave it open, and the dialect's `usual` framing where that says nothing."""
    framing = _CONTENT_TYPES.get(called, usual)
    first = start[:1]
    if first in b"<[":
        return None
    if first == b"{":
        return "ndjson" if usual == "ndjson" and called != _JSON and start[1:2] not in b"\r\n" else None
    if framing == "eventstream" and (first == b"\0" or called in _CONTENT_TYPES):
        return framing
    if first in _SSE_BEGINS:
        return "sse"
    return None if called == _JSON else framing


def _payload(data: bytes) -> Any:
    """A payload of a stream. `[DONE]` stands for itself: a machine that knows no such end fails at it."""
    try:
        return _parsed(data)
    except BadAnswer:
        if data.strip() == sse.DONE:
            return sse.DONE
        raise


def _parsed(data: bytes) -> Any:
    try:
        told = json_text.parsed(data)[0]
    except json_text.TooManyValues as error:
        raise BadAnswer.unreadable(f"The provider's answer has {error}.") from error
    except ValueError as error:
        raise BadAnswer.unreadable("The provider's answer is not JSON where JSON belongs.") from error
    if len(data) > _LARGE and (items := _items(told)) > MOST_ITEMS:
        raise BadAnswer.unreadable(
            f"The provider's answer has {items} choices, texts and calls; {MOST_ITEMS} are read."
        )
    return told


def _items(told: Any) -> int:
    if isinstance(told, list):
        return len(told) + sum(map(_items, told))
    return sum(_items(told[name]) for name in _HOLDERS if name in told) if isinstance(told, dict) else 0
