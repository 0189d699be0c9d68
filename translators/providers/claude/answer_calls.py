"""The calls of an answer, whose input comes in pieces or whole, in Messages as in Converse."""

from collections.abc import Mapping
from typing import Any

from translators.events import Event, Noted, ToolCallDelta, ToolCallStarted
from translators.notes import Note
from translators.providers.claude.answer_state import AnswerState
from translators.providers.shared import answer_arguments
from translators.providers.shared.answers import text_field
from translators.providers.shared.custom_tools import Unwrapper


class InputPieces:
    """The JSON text of an input that comes in pieces, or whole with the block."""

    def __init__(self, start: Mapping[str, Any]) -> None:
        self._whole = start.get("input")
        self.bent = False
        """A number beyond every float became infinity, which JSON cannot say: it is null."""
        self._pieces: list[str] = []
        self._blank = True

    def add(self, piece: str) -> str:
        """Return the text that can be passed on: leading white space waits for something to lead to."""
        if self._blank and not piece.strip():
            return ""
        self._blank = False
        self._pieces.append(piece)
        return piece

    def rest(self) -> str:
        """Return the text that is still to be passed on at the end: everything, if there was no piece."""
        if not self._blank:
            return ""
        if isinstance(self._whole, str) and self._whole.strip():
            return self.add(self._whole)  # the text of the object
        text, self.bent = answer_arguments.written(self._whole or {})
        return self.add(text)

    def parsed(self) -> dict[str, Any] | None:
        """Return the object, or None where it is none."""
        return answer_arguments.parsed("".join(self._pieces))

    def of_server(self, path: str, state: AnswerState) -> dict[str, Any]:
        """Return the whole input of a tool that the provider runs."""
        self.rest()
        parsed = self.parsed()
        if parsed is None:
            state.doubts.append(Note(path, "dropped", detail="The input of a server's tool is no JSON object."))
        return parsed or {}


class Call:
    """A call of one of the client's tools, under the client's name, with its arguments as they come."""

    def __init__(self, state: AnswerState) -> None:
        self._state, self._index = state, state.calls
        state.calls += 1

    def begin(self, start: Mapping[str, Any], id_field: str) -> list[Event]:
        self._pieces = InputPieces(start)
        recall = self._state.recall
        on_wire = text_field(start, "name")
        name = recall.names.get(on_wire, on_wire)
        self._custom = Unwrapper() if name in recall.custom else None
        kind: Any = "function" if self._custom is None else "custom"
        id, noted = self._state.unique_id(text_field(start, id_field), self._index)
        self._state.thoughts.called(id)
        return [ToolCallStarted(self._index, id, name, kind), *noted]

    def add(self, piece: str) -> list[Event]:
        return self._deltas(self._pieces.add(piece))

    def closed(self) -> list[Event]:
        events = self._deltas(self._pieces.rest())
        if self._pieces.bent:
            events.append(Noted(answer_arguments.too_large(self._index)))
        if self._custom is not None:
            if text := self._custom.close():
                events.append(ToolCallDelta(self._index, text))
            if not self._custom.fits:
                self._state.doubts.append(answer_arguments.no_single_text(self._index))
        elif self._pieces.parsed() is None:
            self._state.doubts.append(answer_arguments.no_object(self._index))
        return events

    def _deltas(self, piece: str) -> list[Event]:
        text = piece if self._custom is None else self._custom.feed(piece)
        return [ToolCallDelta(self._index, text)] if text else []
