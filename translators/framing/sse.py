"""Cuts server-sent events out of bytes that come in any pieces (https://html.spec.whatwg.org/multipage/server-sent-events.html).

Bytes are searched once: what has no blank line yet waits in a list of pieces, and is joined when the blank line comes.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from translators.errors import BadAnswer
from translators.framing import json_text
from translators.framing.pieces import PiecesReader

LARGEST_EVENT = 64 * 1024 * 1024
DONE = b"[DONE]"
"""The data of OpenAI's last event, which is no JSON. As a payload it is these bytes, which JSON never gives."""
_BOM = b"\xef\xbb\xbf"
_BLANK_LINE = b"\n\n"
_LONG_NAME = 100
# What nearly all events look like, read in one step: perhaps a name, then one line of data.
_USUAL = re.compile(rb"(?:event: ?([^\n]*)\n)?data: ?([^\n]*)").fullmatch


class SseEvent(NamedTuple):
    """An event. `name` is empty where the stream gave none; `data` are the joined `data:` lines, not yet decoded."""

    name: str
    data: bytes


class SseReader(PiecesReader):
    """A reader: `feed` bytes, get the events that they complete; `close` at their end. `id:` and `retry:` mean nothing
    here."""

    unit = "event"

    def __init__(self, largest: int = LARGEST_EVENT) -> None:
        super().__init__(largest)  # what waits has its line ends as `\n` already
        self._after_cr = False  # the last byte fed was a CR: an LF right after it belongs to it

    def feed(self, data: bytes) -> list[SseEvent]:
        """Return the events that end in `data`. Raises `BadAnswer` for one that is too large."""
        if self._after_cr or b"\r" in data:
            data = self._with_plain_line_ends(data)
        if not data:
            return []
        last = data.rfind(_BLANK_LINE)
        if last >= 0:
            complete, rest = data[:last], data[last + 2 :]
        elif data[0] == 10 and self._waiting and self._waiting[-1][-1] == 10:
            complete, rest = b"", data[1:]  # the blank line itself was cut in two
        else:
            self._wait(data)
            return []
        if self._waiting:
            complete = b"".join((*self._waiting, complete))
            self._waiting.clear()
            self.waiting = 0
        if self._at_start:
            self._at_start = False
            complete = complete.removeprefix(_BOM)
        if rest:
            self._wait(rest)
        return self._events(complete)

    def close(self) -> list[SseEvent]:
        """End the bytes. Servers leave out the last event's blank line, so that it counts if its data is whole: the
        end, or JSON; any other is half an event: raises `BadAnswer`."""
        rest = b"".join(self._waiting)
        self._waiting.clear()
        if self._at_start:
            rest = rest.removeprefix(_BOM)
        event = _event(rest)
        if event is not None and _is_whole(event.data.strip()):
            return [event]
        if any(line and not line.startswith(b":") for line in rest.split(b"\n")):
            raise BadAnswer.unreadable(
                "The provider's stream ended in the middle of an event.", code="incomplete_answer"
            )
        return []

    def _with_plain_line_ends(self, data: bytes) -> bytes:
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _events(self, complete: bytes) -> list[SseEvent]:
        blocks = complete.split(_BLANK_LINE)
        if len(complete) > self._largest and len(max(blocks, key=len)) > self._largest:
            raise self._too_large()
        return [event for block in blocks if (event := _event(block)) is not None]


@lru_cache(64)
def _known_name(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _name(name: bytes) -> str:
    """Return an event's name: one text for all events of that name."""
    return _known_name(name) if len(name) < _LONG_NAME else name.decode("utf-8", "replace")


def _is_whole(data: bytes) -> bool:
    """Return whether an event's data is complete. A half of a number looks whole; but no dialect's event is a
    number."""
    return data == DONE or (data[:1] in (b"{", b"[") and json_text.is_json(data))


def _event(block: bytes) -> SseEvent | None:
    """Return a block of lines as an event if it has data, even empty data."""
    if usual := _USUAL(block):
        name, data = usual.groups()
        return SseEvent(_name(name) if name else "", data)
    name, lines = b"", []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            lines.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return SseEvent(name.decode("utf-8", "replace"), b"\n".join(lines)) if lines else None
