"""One tool call of an answer, as it grows."""

from collections.abc import Mapping
from typing import Any, Literal

from translators.dialects import Recall
from translators.events import Event, Noted, ToolCallDelta, ToolCallStarted
from translators.notes import Note
from translators.providers.openai.answer_calls import CallIdentity, CallRegistry, arguments_of
from translators.providers.shared import answer_arguments
from translators.providers.shared.custom_tools import Unwrapper


class Call:
    """A call, which is emitted once its name and its id are known; pieces that came before wait for that."""

    def __init__(
        self, call: CallIdentity, calls: CallRegistry, recall: Recall, issuer: str | None, choice: int, answer: str
    ) -> None:
        self._call = call
        self._calls = calls
        self._index = -1
        self._recall = recall
        self._issuer = issuer
        self._answer = answer
        self._choice = choice
        self._started = False
        self._kind: Literal["function", "custom"] = "function"
        self._unwrapper: Unwrapper | None = None
        self._signature: str | None = None
        self._waiting: list[str] = []  # pieces of a call that has not started yet
        self._pieces: list[str] = []
        self._blank = True  # nothing but white space so far

    @property
    def is_one(self) -> bool:
        """Return whether it is a call at all: one without a name is none. Some servers fill its place with nothing."""
        return self._started or bool(self._call.name)

    def fragment(self, fragment: Mapping[str, Any]) -> list[Event]:
        """Return the events of a fragment: `{"id": ..., "function": {"name": ..., "arguments": ...}}`."""
        inner = fragment.get("function")
        if not isinstance(inner, dict) and isinstance(inner := fragment.get("custom"), dict):
            self._kind = "custom"
        match fragment.get("extra_content"):
            case {"google": {"thought_signature": str(signature)}}:
                self._signature = signature
        piece = arguments_of(inner) if isinstance(inner, dict) else ""
        if self._started:
            return self._deltas(piece)
        self._waiting.append(piece)
        return self._start() if self._call.known(begun=any(self._waiting)) else []

    def close(self, *, certain: bool) -> list[Event]:
        """Return the rest of the events. Oddities are only `certain` where the answer was not cut at its length."""
        if not self.is_one:
            why = "A call without a name cannot be told."
            not_empty = self._call.id or "".join(self._waiting).strip() not in ("", "{}")
            return [Noted(Note("tool_calls.function.name", "dropped", detail=why))] if not_empty else []
        events: list[Event] = [] if self._started else self._start()
        doubt: Note | None = None
        if self._kind == "function" and self._unwrapper is None:
            if self._blank:
                events.append(ToolCallDelta(self._index, "{}", self._choice))
            elif answer_arguments.parsed("".join(self._pieces)) is None:
                doubt = answer_arguments.no_object(self._index)
        elif self._unwrapper is not None:
            if text := self._unwrapper.close():
                events.append(ToolCallDelta(self._index, text, self._choice))
            if not self._unwrapper.fits:
                doubt = answer_arguments.no_single_text(self._index)
        if doubt is not None and certain:
            events.append(Noted(doubt))
        return events

    def _start(self) -> list[Event]:
        self._started = True
        call = self._call
        self._index, id, note = self._calls.open(call, self._answer)
        noted: list[Event] = [Noted(note)] if note else []
        name = self._recall.names.get(call.name, call.name)
        if self._kind == "function" and name in self._recall.custom:
            self._unwrapper = Unwrapper()
        kind: Literal["function", "custom"] = "custom" if self._unwrapper else self._kind
        issuer = self._issuer if self._signature else None
        started = ToolCallStarted(self._index, id, name, kind, self._signature, issuer, self._choice)
        pieces, self._waiting = self._waiting, []
        return [started, *noted, *(event for piece in pieces for event in self._deltas(piece))]

    def _deltas(self, piece: str) -> list[Event]:
        """Return the events of a piece. White space before a function's arguments waits for them."""
        if not piece or (self._blank and self._kind == "function" and not piece.strip()):
            return []
        self._blank = False
        if self._unwrapper is not None:
            piece = self._unwrapper.feed(piece)
        elif self._kind == "function":
            self._pieces.append(piece)
        return [ToolCallDelta(self._index, piece, self._choice)] if piece else []
