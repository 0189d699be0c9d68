"""The content blocks of an answer, each a small machine of its own: it opens, takes deltas, and closes.

Reference: https://platform.claude.com/docs/en/build-with-claude/streaming.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from translators.dialects import Recall
from translators.events import (
    Annotation,
    Event,
    ForeignBlock,
    Noted,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from translators.notes import Note
from translators.providers.claude.thoughts import Recorder
from translators.providers.shared import answers
from translators.providers.shared.answers import words
from translators.providers.shared.custom_tools import Unwrapper


class Tally(answers.Tally):
    """What the blocks of one answer count together, and the thoughts before its calls."""

    def __init__(self, recall: Recall) -> None:
        super().__init__(recall)
        self.thoughts = Recorder(recall.memory)


class Block:
    """Any block: `deltas` maps a delta's type to the method that takes it. This one is of an unknown kind."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def opened(self, start: Mapping[str, Any]) -> list[Event]:
        """The block as it was begun: in a whole answer, all of it."""
        return self.tally.once(f"content.{_kind(start)}", "A block of this type is not known.")

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        return self.tally.once(f"delta.{_kind(delta)}", "A delta of this type does not belong to this block.")

    def closed(self) -> list[Event]:
        return []


class TextBlock(Block):
    """Text; its citations are told when its end is known."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._start = tally.text
        self._citations: list[Mapping[str, Any]] = []

    def opened(self, start: Mapping[str, Any]) -> list[Event]:
        citations = start.get("citations")
        if isinstance(citations, list):
            self._citations += [found for found in citations if isinstance(found, Mapping)]
        return self._text(words(start, "text"))

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        kind = delta.get("type")
        if kind == "text_delta":
            return self._text(words(delta, "text"))
        if kind == "citations_delta" and isinstance(delta.get("citation"), Mapping):
            self._citations.append(delta["citation"])
            return []
        return super().delta(delta)

    def closed(self) -> list[Event]:
        events: list[Event] = []
        for citation in self._citations:
            match citation:
                case {"type": "web_search_result_location", "url": str(url)}:
                    title = citation.get("title")
                    title = title if isinstance(title, str) else ""
                    events.append(Annotation(self._start, self.tally.text, title, url))
                case _:
                    events += self.tally.once(f"citations.{_kind(citation)}", "A citation without a web address.")
        return events

    def _text(self, text: str) -> list[Event]:
        if not text:
            return []
        self.tally.text += len(text)
        return [TextDelta(text)]


class ThinkingBlock(Block):
    """Reasoning; the signature comes last and is told whole. Its text may be omitted altogether."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._number = tally.reasoning
        tally.reasoning += 1
        self._pieces: list[str] = []
        self._signature = ""

    def opened(self, start: Mapping[str, Any]) -> list[Event]:
        self._signature = words(start, "signature")
        return self._text(words(start, "thinking"))

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        match delta.get("type"):
            case "thinking_delta":
                return self._text(words(delta, "thinking"))
            case "signature_delta":
                self._signature = words(delta, "signature")
                return []
        return super().delta(delta)

    def closed(self) -> list[Event]:
        if not self._signature:
            return []
        self.tally.thoughts.thought("".join(self._pieces), self._signature)
        return [ReasoningSigned(self._number, self._signature, self.tally.issuer)]

    def _text(self, text: str) -> list[Event]:
        self._pieces.append(text)
        return [ReasoningDelta(self._number, text)] if text else []


class RedactedBlock(Block):
    """Reasoning that only the provider can read."""

    def opened(self, start: Mapping[str, Any]) -> list[Event]:
        number = self.tally.reasoning
        self.tally.reasoning += 1
        data = words(start, "data")
        self.tally.thoughts.redacted(data)
        return [ReasoningRedacted(number, data, self.tally.issuer)]


class Pieces:
    """The JSON text of an input that comes in pieces, or whole with the block."""

    def __init__(self, start: Mapping[str, Any]) -> None:
        self._whole = start.get("input")
        self.bent = False
        """A number beyond every float was read as infinity, which JSON cannot say: it is null."""
        self._pieces: list[str] = []
        self._blank = True

    def add(self, piece: str) -> str:
        """What can be passed on: leading white space waits for something to lead to."""
        if self._blank and not piece.strip():
            return ""
        self._blank = False
        self._pieces.append(piece)
        return piece

    def rest(self) -> str:
        """What is still to be passed on at the end: everything, if there was no piece."""
        if not self._blank:
            return ""
        if isinstance(self._whole, str) and self._whole.strip():
            return self.add(self._whole)  # the text of the object
        try:
            return self.add(json.dumps(self._whole or {}, ensure_ascii=False, allow_nan=False))
        except ValueError:
            self.bent = True
            return self.add(to_json(self._whole, inf_nan_mode="null").decode())

    def parsed(self) -> dict[str, Any] | None:
        """The object, or None where it is none."""
        try:
            parsed = json.loads("".join(self._pieces))
        except (ValueError, RecursionError):
            return None
        return parsed if isinstance(parsed, dict) else None


class ToolBlock(Block):
    """A call of one of the client's tools, under the client's name, with its arguments as they come."""

    def opened(self, start: Mapping[str, Any]) -> list[Event]:
        self._index = self.tally.calls
        self.tally.calls += 1
        self._pieces = Pieces(start)
        recall = self.tally.recall
        on_wire = words(start, "name")
        name = recall.names.get(on_wire, on_wire)
        self._custom = Unwrapper() if name in recall.custom else None
        kind: Any = "function" if self._custom is None else "custom"
        id, noted = self.tally.identified(words(start, "id"), self._index)
        self.tally.thoughts.called(id)
        return [ToolCallStarted(self._index, id, name, kind), *noted]

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        if delta.get("type") != "input_json_delta":
            return super().delta(delta)
        return self._told(self._pieces.add(words(delta, "partial_json")))

    def closed(self) -> list[Event]:
        events = self._told(self._pieces.rest())
        path = f"tool_calls[{self._index}].arguments"
        if self._pieces.bent:
            why = "A number is too large for any float: it is told as null."
            events.append(Noted(Note(path, "approximated", detail=why)))
        if self._custom is not None:
            if text := self._custom.close():
                events.append(ToolCallDelta(self._index, text))
            if not self._custom.fits:
                why = "The input of a custom tool did not come as one string: it is passed on as it came."
                self.tally.doubts.append(Note(path, "approximated", detail=why))
        elif self._pieces.parsed() is None:
            self.tally.doubts.append(Note(path, "approximated", detail="These arguments are no JSON object."))
        return events

    def _told(self, piece: str) -> list[Event]:
        text = piece if self._custom is None else self._custom.feed(piece)
        return [ToolCallDelta(self._index, text)] if text else []


class ServerBlock(Block):
    """A call that the provider runs itself, or what came of it: no tool call of the client's, but kept for replay."""

    def opened(self, start: Mapping[str, Any]) -> list[Event]:
        self._payload = dict(start)
        self._pieces = Pieces(start)
        return []

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        if delta.get("type") != "input_json_delta":
            return super().delta(delta)
        self._pieces.add(words(delta, "partial_json"))
        return []

    def closed(self) -> list[Event]:
        if "input" in self._payload or self._payload.get("type") == "server_tool_use":
            self._pieces.rest()
            parsed = self._pieces.parsed()
            if parsed is None:
                why = "The input of a server's tool is no JSON object."
                self.tally.doubts.append(Note("content.server_tool_use.input", "dropped", detail=why))
            self._payload["input"] = parsed or {}
        return [ForeignBlock("anthropic", self._payload)]


_KINDS: dict[str, type[Block]] = {
    "text": TextBlock,
    "thinking": ThinkingBlock,
    "redacted_thinking": RedactedBlock,
    "tool_use": ToolBlock,
}
_KIND_OF_DELTA: dict[str, type[Block]] = {
    "text_delta": TextBlock,
    "citations_delta": TextBlock,
    "thinking_delta": ThinkingBlock,
    "signature_delta": ThinkingBlock,
}


def is_servers(kind: Any) -> bool:
    """Whether a block of this kind belongs to a tool that the provider runs."""
    return isinstance(kind, str) and (kind.endswith(("_tool_use", "_tool_result")) or kind == "container_upload")


def block_of(start: Mapping[str, Any], tally: Tally) -> Block:
    """The machine for a block that begins with `start`."""
    kind = _kind(start)
    if is_servers(kind):
        return ServerBlock(tally)
    return _KINDS.get(kind, Block)(tally)


def block_of_delta(delta: Mapping[str, Any], tally: Tally) -> tuple[Block, Iterable[Event]]:
    """The machine for a block whose beginning was never told. A call without its name is no call."""
    block = _KIND_OF_DELTA.get(_kind(delta), Block)(tally)
    return block, () if type(block) is Block else block.opened({})


def _kind(holder: Mapping[str, Any]) -> str:
    kind = holder.get("type")
    return kind[:60] if isinstance(kind, str) else "untyped"
