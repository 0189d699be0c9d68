"""The content blocks of an answer, each of them a small machine: it opens, takes deltas, and closes.

Reference: https://platform.claude.com/docs/en/build-with-claude/streaming.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from translators.events import (
    Annotation,
    Event,
    ForeignBlock,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    TextDelta,
)
from translators.providers.claude.answer_calls import Call, InputPieces
from translators.providers.claude.answer_state import AnswerState, BaseBlock
from translators.providers.shared.answers import text_field


class AnswerBlock(BaseBlock):
    """A block of unknown type, and the base of all others."""

    def begin(self, start: Mapping[str, Any]) -> list[Event]:
        """Return the events of the block as it begins: in a whole answer, `start` is all of it."""
        return self.state.once(f"content.{_kind(start)}", "A block of this type is not known.")

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        return self.state.once(f"delta.{_kind(delta)}", "A delta of this type does not belong to this block.")


class TextBlock(AnswerBlock):
    """A text; its citations are emitted when its end is known."""

    def __init__(self, state: AnswerState) -> None:
        super().__init__(state)
        self._start = state.text
        self._citations: list[Mapping[str, Any]] = []

    def begin(self, start: Mapping[str, Any]) -> list[Event]:
        citations = start.get("citations")
        if isinstance(citations, list):
            self._citations += [each for each in citations if isinstance(each, Mapping)]
        return self._text(text_field(start, "text"))

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        kind = delta.get("type")
        if kind == "text_delta":
            return self._text(text_field(delta, "text"))
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
                    events.append(Annotation(self._start, self.state.text, title, url))
                case _:
                    events += self.state.once(f"citations.{_kind(citation)}", "A citation without a web address.")
        return events

    def _text(self, text: str) -> list[Event]:
        if not text:
            return []
        self.state.text += len(text)
        return [TextDelta(text)]


class ThinkingBlock(AnswerBlock):
    """Reasoning, whose signature is emitted whole, at the end. Its text may be omitted altogether."""

    def __init__(self, state: AnswerState) -> None:
        super().__init__(state)
        self._number = state.reasoning
        state.reasoning += 1
        self._pieces: list[str] = []
        self._signature = ""

    def begin(self, start: Mapping[str, Any]) -> list[Event]:
        self._signature = text_field(start, "signature")
        return self._text(text_field(start, "thinking"))

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        match delta.get("type"):
            case "thinking_delta":
                return self._text(text_field(delta, "thinking"))
            case "signature_delta":
                self._signature = text_field(delta, "signature")
                return []
        return super().delta(delta)

    def closed(self) -> list[Event]:
        if not self._signature:
            return []
        self.state.thoughts.thought("".join(self._pieces), self._signature)
        return [ReasoningSigned(self._number, self._signature, self.state.issuer)]

    def _text(self, text: str) -> list[Event]:
        self._pieces.append(text)
        return [ReasoningDelta(self._number, text)] if text else []


class RedactedBlock(AnswerBlock):
    """Reasoning that only the provider can read."""

    def begin(self, start: Mapping[str, Any]) -> list[Event]:
        number = self.state.reasoning
        self.state.reasoning += 1
        data = text_field(start, "data")
        self.state.thoughts.redacted(data)
        return [ReasoningRedacted(number, data, self.state.issuer)]


class ToolBlock(AnswerBlock):
    """A call of one of the client's tools."""

    def begin(self, start: Mapping[str, Any]) -> list[Event]:
        self._call = Call(self.state)
        return self._call.begin(start, "id")

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        if delta.get("type") != "input_json_delta":
            return super().delta(delta)
        return self._call.add(text_field(delta, "partial_json"))

    def closed(self) -> list[Event]:
        return self._call.closed()


class ServerBlock(AnswerBlock):
    """A call that the provider runs itself, or its result: no tool call of the client's, but replayed by it."""

    def begin(self, start: Mapping[str, Any]) -> list[Event]:
        self._payload = dict(start)
        self._pieces = InputPieces(start)
        return []

    def delta(self, delta: Mapping[str, Any]) -> list[Event]:
        if delta.get("type") != "input_json_delta":
            return super().delta(delta)
        self._pieces.add(text_field(delta, "partial_json"))
        return []

    def closed(self) -> list[Event]:
        if "input" in self._payload or self._payload.get("type") == "server_tool_use":
            self._payload["input"] = self._pieces.of_server("content.server_tool_use.input", self.state)
        return [ForeignBlock("anthropic", self._payload)]


_BY_TYPE: dict[str, type[AnswerBlock]] = {
    "text": TextBlock,
    "thinking": ThinkingBlock,
    "redacted_thinking": RedactedBlock,
    "tool_use": ToolBlock,
}
_BY_DELTA: dict[str, type[AnswerBlock]] = {
    "text_delta": TextBlock,
    "citations_delta": TextBlock,
    "thinking_delta": ThinkingBlock,
    "signature_delta": ThinkingBlock,
}


def is_server_block(kind: Any) -> bool:
    """Return whether a block of the type `kind` belongs to a tool that the provider runs."""
    return isinstance(kind, str) and (kind.endswith(("_tool_use", "_tool_result")) or kind == "container_upload")


def block_of(start: Mapping[str, Any], state: AnswerState) -> AnswerBlock:
    """Return the machine for a block that begins with `start`, such as `{"type": "text", "text": ""}`."""
    kind = _kind(start)
    if is_server_block(kind):
        return ServerBlock(state)
    return _BY_TYPE.get(kind, AnswerBlock)(state)


def block_of_delta(delta: Mapping[str, Any], state: AnswerState) -> tuple[AnswerBlock, Iterable[Event]]:
    """Return the machine for a block that begins with a delta. A call without its name is no call."""
    block = _BY_DELTA.get(_kind(delta), AnswerBlock)(state)
    return block, () if type(block) is AnswerBlock else block.begin({})


def _kind(holder: Mapping[str, Any]) -> str:
    kind = holder.get("type")
    return kind[:60] if isinstance(kind, str) else "untyped"
