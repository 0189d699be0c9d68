"""Function calls of one candidate: each comes whole, in one part, perhaps without an id and without arguments."""

import hashlib
from collections.abc import Mapping
from typing import Any

from translators.events import Event, Noted, ToolCallDelta, ToolCallStarted
from translators.notes import Note
from translators.providers.gemini.answer_state import AnswerState
from translators.providers.gemini.signatures import memory_key
from translators.providers.shared import answer_arguments, custom_tools, signers


class CandidateCalls:
    """The function calls of one candidate."""

    def __init__(self, choice: int, state: AnswerState) -> None:
        self.count = 0
        self.doubts: list[Note] = []
        """Notes that hold unless the answer was cut at its length."""
        self._choice, self._state = choice, state
        self._ids: set[str] = set()

    def called(self, call: Mapping[str, Any], signature: Any) -> list[Event]:
        """Return the events of `{"name": ..., "args": {...}}`: a call under the client's name, with its arguments as
        JSON text."""
        on_wire = call.get("name")
        if not isinstance(on_wire, str) or not on_wire:
            return self._state.once("parts.functionCall.name", "A call without a name is no call.")
        recall, index = self._state.recall, self.count
        self.count += 1
        name = recall.names.get(on_wire, on_wire)
        custom = name in recall.custom
        signature = signature if isinstance(signature, str) and signature else None
        id = self._id(call.get("id"))
        issuer = None
        if signature:
            issuer = self._state.issuer
            recall.memory.put(memory_key(issuer, id), signature)
            signers.remember(recall.memory, id, issuer)
        kind: Any = "custom" if custom else "function"
        events: list[Event] = [ToolCallStarted(index, id, name, kind, signature, issuer, self._choice)]
        if call.get("partialArgs") is not None or call.get("willContinue"):
            events += self._state.once("parts.functionCall.partialArgs", "Arguments in pieces are not understood.")
        text, noted = self._arguments(call.get("args"), index)
        if custom:
            text = self._input(text, index)
        return [*events, *([ToolCallDelta(index, text, self._choice)] if text else []), *noted]

    def _id(self, given: Any) -> str:
        """Return the provider's own id, or a hash of what no other call has: an id must not come again in a later
        answer."""
        id = given if isinstance(given, str) else ""
        if not id or id in self._ids:
            place = f"{self._state.seed} {self._choice} {self.count}"
            id = "call_" + hashlib.sha256(place.encode("utf-8", "replace")).hexdigest()[:24]
        self._ids.add(id)
        return id

    def _arguments(self, args: Any, index: int) -> tuple[str, list[Event]]:
        if args is None:
            return "{}", []
        if not isinstance(args, dict):
            self.doubts.append(answer_arguments.no_object(index))
        if isinstance(args, str):
            return args, []
        text, bent = answer_arguments.written(args)
        return text, [Noted(answer_arguments.too_large(index))] if bent else []

    def _input(self, arguments: str, index: int) -> str:
        """Return the free text of a custom tool's call."""
        text, fits = custom_tools.unwrapped(arguments) or (arguments, False)
        if not fits:
            self.doubts.append(answer_arguments.no_single_text(index))
        return text
