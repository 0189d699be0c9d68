"""The tool calls of one choice, each as it grows."""

from collections.abc import Mapping
from typing import Any, Literal

from translators.events import Event, Noted, ToolCallDelta, ToolCallStarted
from translators.notes import Note
from translators.providers.openai.answer_calls import CallIdentity, CallRegistry, arguments_of, says_nothing
from translators.providers.openai.answer_state import MISSHAPEN, AnswerState
from translators.providers.shared import answer_arguments
from translators.providers.shared.answers import text_or_empty
from translators.providers.shared.custom_tools import Unwrapper


class ChoiceCalls:
    """The calls of one choice in order of appearance."""

    def __init__(self, choice: int, state: AnswerState) -> None:
        self._choice, self._state = choice, state
        self._registry = CallRegistry(choice)
        self._calls: list[Call] = []
        self._legacy = False  # the calls are a `function_call`

    @property
    def are_any(self) -> bool:
        """Return whether any of them is a call at all."""
        return any(call.is_one for call in self._calls)

    def tool_calls(self, fragments: list[Any]) -> list[Event]:
        """Return the events of a delta's `tool_calls`."""
        events: list[Event] = []
        placed = self._registry.placed(fragments)
        if len(placed) < len(fragments):
            events += self._state.once("delta.tool_calls", MISSHAPEN)
        for identity, fragment in placed:
            if identity.index == len(self._calls):
                self._calls.append(Call(identity, self._registry, self._state, self._choice))
            events += self._calls[identity.index].fragment(fragment)
        return events

    def function_call(self, value: dict[str, Any]) -> list[Event]:
        """Return the events of the call of 2023, of which there is one, without an id. Beside other calls it is one of
        them."""
        if self._registry.seen and not self._legacy:
            return []
        if not self._registry.seen and not text_or_empty(value, "name"):
            if says_nothing({"function": value}):
                return []
            return self._state.once("delta.function_call", "A call without a name is no call.")
        self._legacy = True
        return self.tool_calls([{"index": 0, "function": value}])

    def close(self, *, certain: bool) -> list[Event]:
        """Return the rest of all calls. Oddities are only `certain` where the answer was not cut at its length."""
        return [event for call in self._calls for event in call.close(certain=certain)]


class Call:
    """A call, which is emitted once its name and its id are known; pieces that came before wait for that."""

    def __init__(self, identity: CallIdentity, registry: CallRegistry, state: AnswerState, choice: int) -> None:
        self._identity = identity
        self._registry = registry
        self._index = -1
        self._state = state
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
        return self._started or bool(self._identity.name)

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
        return self._start() if self._identity.known(begun=any(self._waiting)) else []

    def close(self, *, certain: bool) -> list[Event]:
        """Return the rest of the events. Oddities are only `certain` where the answer was not cut at its length."""
        if not self.is_one:
            why = "A call without a name cannot be told."
            not_empty = self._identity.id or "".join(self._waiting).strip() not in ("", "{}")
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
        identity = self._identity
        self._index, id, note = self._registry.open(identity, self._state.prefix)
        noted: list[Event] = [Noted(note)] if note else []
        name = self._state.recall.names.get(identity.name, identity.name)
        if self._kind == "function" and name in self._state.recall.custom:
            self._unwrapper = Unwrapper()
        kind: Literal["function", "custom"] = "custom" if self._unwrapper else self._kind
        issuer = self._state.issuer if self._signature else None
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
