"""Cuts newline-delimited JSON out of bytes that come in any pieces: one JSON text a line (https://github.com/ndjson/ndjson-spec).

Bytes are searched once: what has no line end yet waits in a list of pieces, and is joined when the line end comes.
"""

from translators.errors import BadAnswer
from translators.framing import json_text
from translators.framing.pieces import PiecesReader

LARGEST_LINE = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class NdjsonReader(PiecesReader):
    """A reader: `feed` bytes, get the lines that they complete; `close` at their end. Blank lines are skipped; no line
    has a name."""

    unit = "line"

    def __init__(self, largest: int = LARGEST_LINE) -> None:
        super().__init__(largest)

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """Return the lines that end in `data`. Raises `BadAnswer` for one that is too large."""
        last = data.rfind(b"\n")
        if last < 0:
            self._wait(data)
            return []
        complete, rest = data[:last], data[last + 1 :]
        if self._waiting:
            complete = b"".join((*self._waiting, complete))
            self._waiting.clear()
            self.waiting = 0
        if self._at_start:
            self._at_start = False
            complete = complete.removeprefix(_BOM)
        if rest:
            self._wait(rest)
        lines = complete.split(b"\n")
        if len(complete) > self._largest and len(max(lines, key=len)) > self._largest:
            raise self._too_large()
        return [("", stripped) for line in lines if (stripped := line.strip())]

    def close(self) -> list[tuple[str, bytes]]:
        """End the bytes. The last line may lack its end; if it is half a line, raises `BadAnswer`."""
        rest = b"".join(self._waiting)
        self._waiting.clear()
        if self._at_start:
            rest = rest.removeprefix(_BOM)
        rest = rest.strip()
        if not rest:
            return []
        if not json_text.is_json(rest):
            message = "The provider's stream ended in the middle of a line."
            raise BadAnswer.unreadable(message, code="incomplete_answer")
        return [("", rest)]
