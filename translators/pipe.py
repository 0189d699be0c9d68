"""One answer on its way: a provider's bytes in any pieces become a client's bytes.

`framing.cutting` cuts the bytes into payloads, the machine of the provider dialect emits events for each, and the
writer of the client dialect renders them. In between this file keeps what the exchange wants to know of the events
(usage, notes, the end).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from translators.dialects import Answer, Framing, Writer
from translators.errors import BadAnswer, Failure, TranslationError
from translators.events import Event, Finished, Noted, PassedThrough, Started, Usage, UsageReported
from translators.framing import json_text, sse
from translators.framing.cutting import Cutter
from translators.masking import Mask
from translators.notes import Note

Tapped = tuple[str, bytes, bytes, tuple[Note, ...]]
"""A payload of a stream: its event name, its bytes, the client bytes it became, the notes on it. The end of the bytes,
if it becomes anything, comes with no bytes of the provider's; what came together with the answer's end and behind it,
which nobody reads, becomes nothing."""
Tap = Callable[[Sequence[Tapped], bool], None]
"""A listener to the payloads that came together, and whether the last of them broke the answer."""

RECENT = 3
"""Payloads that are remembered for the case that the answer breaks."""
MOST_ITEMS = 10_000
"""Choices, messages, texts and calls of one payload. Nobody says more, and to put more together holds up others."""
_HOLDERS = ("candidates", "choices", "content", "delta", "message", "output", "parts", "response", "tool_calls")
"""The fields in which such items stand, and the fields which hold those."""
_LARGE = 128 * 1024
"""Bytes of a payload in which there may be too many."""


class Pipe:
    """The way of one answer: `feed` bytes, `close` at their end; both return bytes for the client and never raise for
    what a provider sent: `failure` is set instead, after the bytes of everything that came before it.

    `before_end` is called, as soon as the answer is complete, for bytes that the client gets before its end.

    `mask` knows the secrets that a provider may repeat; it sees each payload before anybody else.

    `omitted` are the notes on events that the client does not get: each is made once.

    `framing`, `content_type`, `coding` and `limit` are those of `Cutter`.

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
        self._answer = answer
        self.writer = writer
        self._cutter = Cutter(framing, content_type, coding, limit)
        self._mask = mask
        self._omitted = dict(omitted or {})
        self._tap = tap
        self._tapped: list[Tapped] = []
        self._before_end = before_end
        self.events = 0
        """The number of events that the provider sent; a ping is not counted."""
        self.content = False
        """True once one of them is more than the beginning of the answer, its usage and its end."""
        self.failure: Failure | None = None
        self.done = False
        self.started = Started()
        self.finished: Finished | None = None
        """The end of the first choice."""
        self.usage: Usage | None = None
        """The usage so far; None also where the provider says what cannot be."""
        self.notes: list[Note] = []
        self.whole_body: bytes | None = None
        """The provider's answer, decoded, where it came whole."""
        self._recent: deque[bytes] = deque(maxlen=RECENT)

    # --- what is known of the answer ------------------------------------------------------------------

    @property
    def streams(self) -> bool:
        """Return whether the provider is known to stream."""
        return self._cutter.streams

    @property
    def compressed(self) -> bool:
        """Return whether the bytes are compressed: few may be many."""
        return self._cutter.compressed

    @property
    def taken(self) -> int:
        """Return the bytes of the answer so far, decoded."""
        return self._cutter.taken

    @property
    def waiting(self) -> int:
        """Return the bytes of a stream's payload that is not complete yet."""
        return self._cutter.waiting

    @property
    def recent(self) -> tuple[bytes, ...]:
        """Return the last payloads of a stream, a whole answer, or else the last bytes."""
        if self.whole_body is not None:
            return (self.whole_body,)
        return tuple(self._recent) or (self._cutter.newest,)

    # --- bytes ----------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> bytes:
        """Return the client's bytes for the provider's."""
        return b"" if self.done or self.failure else self._all(self._cutter.feed(data))

    def close(self) -> bytes:
        """Return the client's bytes for the end of the provider's, which came without an error of the connection. An
        answer that is not complete by then is a failure."""
        if self.done or self.failure:
            return b""
        out = self._all(self._cutter.close())
        if self.done or self.failure:
            return out
        noted = len(self.notes)
        end = self._end()
        if self._tap is not None and self.streams and end:
            self._tap([("", b"", end, tuple(self.notes[noted:]))], self.failure is not None)
        return out + end

    def release(self) -> None:
        """Drop all bytes: the answer is over, and nobody looks at them any more."""
        self._cutter.release()
        self.whole_body = None
        self._recent.clear()

    # --- payloads -------------------------------------------------------------------------------------

    def _all(self, payloads: Iterator[tuple[str, bytes]]) -> bytes:
        """Return what `payloads` become, as far as they can be cut and read, and until the answer is complete."""
        out: list[bytes] = []
        broken = False
        try:
            for name, data in payloads:
                out.append(self._payload(name, data) if self._cutter.streams else self._whole(data))
                if self.failure or self.done:
                    broken = self.failure is not None
                    break
        except TranslationError as error:
            self.failure = error.failure
        finally:
            if self._tap is not None and self._tapped:
                if self.done:
                    self._pass_over(payloads)
                tapped, self._tapped = self._tapped, []
                self._tap(tapped, broken)
        return b"".join(out)

    def _pass_over(self, payloads: Iterator[tuple[str, bytes]]) -> None:
        """Tap the payloads behind the end, as far as they can be cut."""
        with suppress(TranslationError):
            for name, data in payloads:
                self._tapped.append((name, data, b"", ()))

    def _payload(self, name: str, data: bytes) -> bytes:
        """Return what one payload of a stream becomes."""
        noted = len(self.notes)
        self._recent.append(data)
        out = self._run(self._answer.on, data)
        if self._answer.done and not self.failure:
            out += self._end()
        if self._tap is not None:
            notes = tuple(self.notes[noted:]) if len(self.notes) > noted else ()
            self._tapped.append((name, data, out, notes))
        return out

    def _whole(self, data: bytes) -> bytes:
        """Return what a whole answer becomes, but for its end."""
        self.whole_body = data
        return self._run(self._answer.whole, data)

    def _end(self) -> bytes:
        """Return the end of the client's answer. The machine of a stream says whether that was all; a failure is set
        unless the first choice has an end."""
        out = self._run(self._answer.close) if self._cutter.streams else b""
        if self.failure:
            return out
        if self.finished is None:
            self.failure = BadAnswer.unreadable("The provider's answer ended without saying why.").failure
            return out
        self.done = True
        before = self._before_end(self.notes) if self._before_end is not None else b""
        return out + before + self.writer.close()

    # --- events ---------------------------------------------------------------------------------------

    def _run(self, machine: Callable[..., Iterable[Event]], *payloads: bytes) -> bytes:
        """Return the client's bytes for the events of `machine`, a method of the provider dialect's answer."""
        pieces: list[bytes] = []
        try:
            for event in machine(*map(self._parsed, payloads)):
                kind = type(event)
                if kind is Noted:
                    self.notes.append(event.note)  # type: ignore[union-attr]
                    continue
                self.events += 1
                if kind in self._omitted:
                    self.notes.append(self._omitted.pop(kind))
                if kind is UsageReported:
                    self._count(event.usage)  # type: ignore[union-attr]
                elif kind is Started:
                    self.started = event  # type: ignore[assignment]
                    self._count(self.started.usage or self.usage)
                elif kind is not Finished and (kind is not PassedThrough or not event.begins):  # type: ignore[union-attr]
                    self.content = True
                if kind is Finished and (self.finished is None or event.choice < self.finished.choice):  # type: ignore[union-attr]
                    self.finished = event  # type: ignore[assignment]
                pieces.append(self.writer.on(event))
        except TranslationError as error:
            self.failure = error.failure
        return b"".join(pieces)

    def _count(self, usage: Usage | None) -> None:
        """Take the usage so far; none where it cannot be."""
        self.usage = usage if usage is not None and usage.possible else None

    def _parsed(self, data: bytes) -> Any:
        """Return the JSON value without secrets. `[DONE]` stands for itself in a stream: a machine that knows no such
        end fails at it."""
        if self._cutter.streams and data.strip() == sse.DONE:
            return sse.DONE
        value = _parse(data)
        return value if self._mask is None or not self._mask.finds(data) else self._mask.value(value)


def _parse(data: bytes) -> Any:
    """Return the JSON value. Raises `BadAnswer`."""
    try:
        value = json_text.parsed(data)[0]
    except json_text.TooManyValues as error:
        raise BadAnswer.unreadable(f"The provider's answer has {error}.") from error
    except ValueError as error:
        raise BadAnswer.unreadable("The provider's answer is not JSON where JSON belongs.") from error
    if len(data) > _LARGE and (items := _items(value)) > MOST_ITEMS:
        raise BadAnswer.unreadable(
            f"The provider's answer has {items} choices, texts and calls; {MOST_ITEMS} are read."
        )
    return value


def _items(value: Any) -> int:
    if isinstance(value, list):
        return len(value) + sum(map(_items, value))
    return sum(_items(value[name]) for name in _HOLDERS if name in value) if isinstance(value, dict) else 0
