"""The content blocks of an answer, each of them a small machine: it opens, takes deltas, and closes.

Reference: `ContentBlockStart`, `ContentBlockDelta` of
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
"""

import base64
from collections.abc import Mapping
from typing import Any

from translators.events import (
    Annotation,
    Event,
    ForeignBlock,
    ImageMade,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    TextDelta,
)
from translators.providers.claude.answer_calls import Call, InputPieces
from translators.providers.claude.answer_state import AnswerState, BaseBlock
from translators.providers.shared.answers import text_field


class AnswerBlock(BaseBlock):
    """A block of unknown kind, and the base of all others. `delta` takes the one member that a delta's union has."""

    def begin(self, start: Any) -> list[Event]:
        """Return the events of the block as it begins; `start` is the value under its kind."""
        return []

    def delta(self, kind: str, value: Any) -> list[Event]:
        return self.state.once(f"delta.{kind[:60]}", "A delta of this kind is not known, or not in such a block.")


class TextBlock(AnswerBlock):
    """A text; its citations are emitted when its end is known."""

    def __init__(self, state: AnswerState) -> None:
        super().__init__(state)
        self._start = state.text
        self._citations: list[Mapping[str, Any]] = []

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind == "text" and type(value) is str:
            if not value:
                return []
            self.state.text += len(value)
            return [TextDelta(value)]
        if kind == "citation" and isinstance(value, Mapping):
            self._citations.append(value)
            return []
        return super().delta(kind, value)

    def closed(self) -> list[Event]:
        events: list[Event] = []
        for citation in self._citations:
            match citation.get("location"):
                case {"web": {"url": str(url)}} if url:
                    title = citation.get("title")
                    title = title if isinstance(title, str) else ""
                    events.append(Annotation(self._start, self.state.text, title, url))
                case location:
                    kind = next(iter(location), "untyped") if isinstance(location, Mapping) else "untyped"
                    events += self.state.once(f"citations.{kind[:60]}", "A citation without a web address.")
        return events


class ReasoningBlock(AnswerBlock):
    """Reasoning: a text and its signature, or data that only the provider can read. Signature and data are emitted
    whole, at the end."""

    def __init__(self, state: AnswerState) -> None:
        super().__init__(state)
        self._number = state.reasoning
        state.reasoning += 1
        self._pieces: list[str] = []
        self._signature: list[str] = []
        self._redacted: list[str] = []

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind != "reasoningContent" or not isinstance(value, Mapping):
            return super().delta(kind, value)
        if signature := text_field(value, "signature"):
            self._signature.append(signature)
        if redacted := text_field(value, "redactedContent"):
            self._redacted.append(redacted)
        text = text_field(value, "text")
        self._pieces.append(text)
        return [ReasoningDelta(self._number, text)] if text else []

    def closed(self) -> list[Event]:
        issuer = self.state.issuer
        events: list[Event] = []
        if self._signature:
            signature = "".join(self._signature)
            self.state.thoughts.thought("".join(self._pieces), signature)
            events.append(ReasoningSigned(self._number, signature, issuer))
        if self._redacted:
            data = _joined(self._redacted)
            self.state.thoughts.redacted(data)
            events.append(ReasoningRedacted(self._number, data, issuer))
        return events


class ToolBlock(AnswerBlock):
    """A call of one of the client's tools."""

    def begin(self, start: Any) -> list[Event]:
        self._call = Call(self.state)
        return self._call.begin(start, "toolUseId")

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind != "toolUse" or not isinstance(value, Mapping):
            return super().delta(kind, value)
        return self._call.add(text_field(value, "input"))

    def closed(self) -> list[Event]:
        return self._call.closed()


class ServerCallBlock(AnswerBlock):
    """A call that the provider runs itself: no tool call of the client's, but replayed by it."""

    def begin(self, start: Any) -> list[Event]:
        self._call = dict(start)
        self._pieces = InputPieces(start)
        return []

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind != "toolUse" or not isinstance(value, Mapping):
            return super().delta(kind, value)
        self._pieces.add(text_field(value, "input"))
        return []

    def closed(self) -> list[Event]:
        self._call["input"] = self._pieces.of_server("content.toolUse.input", self.state)
        return [ForeignBlock("bedrock", {"toolUse": self._call})]


class ServerResultBlock(AnswerBlock):
    """The result of such a call."""

    def begin(self, start: Any) -> list[Event]:
        self._result = dict(start)
        content = self._result.get("content")
        self._result["content"] = list(content) if isinstance(content, list) else []
        return []

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind != "toolResult" or not isinstance(value, list):
            return super().delta(kind, value)
        self._result["content"] += value
        return []

    def closed(self) -> list[Event]:
        return [ForeignBlock("bedrock", {"toolResult": self._result})]


class ImageBlock(AnswerBlock):
    """A picture, emitted whole at its end."""

    def begin(self, start: Any) -> list[Event]:
        self._format = text_field(start, "format") or "png"
        self._pieces: list[str] = []
        return []

    def delta(self, kind: str, value: Any) -> list[Event]:
        match value:
            case {"source": {"bytes": str(piece)}} if kind == "image":
                self._pieces.append(piece)
                return []
        return super().delta(kind, value)

    def closed(self) -> list[Event]:
        if not self._pieces:
            return []
        return [ImageMade(f"image/{self._format}", _joined(self._pieces))]


_OF_START: dict[str, type[AnswerBlock]] = {"toolUse": ToolBlock, "toolResult": ServerResultBlock, "image": ImageBlock}
_OF_DELTA: dict[str, type[AnswerBlock]] = {
    "text": TextBlock,
    "citation": TextBlock,
    "reasoningContent": ReasoningBlock,
}
"""Blocks that begin with their first delta, unannounced."""


def block_of_start(kind: str, start: Mapping[str, Any], state: AnswerState) -> AnswerBlock | None:
    """Return the machine for a block that was announced; None for a kind that is not known."""
    # the type of a client's call is "tool_use", or is not there
    if kind == "toolUse" and start.get("type") == "server_tool_use":
        return ServerCallBlock(state)
    block = _OF_START.get(kind)
    return block(state) if block else None


def block_of_delta(kind: str, state: AnswerState) -> AnswerBlock:
    """Return the machine for a block that begins with its first delta. A call without its name is no call."""
    return _OF_DELTA.get(kind, AnswerBlock)(state)


def begins_another(kind: str, block: AnswerBlock) -> bool:
    """Return whether a delta of this kind cannot be the open block's, and begins one of its own."""
    return kind in _OF_DELTA and not isinstance(block, _OF_DELTA[kind])


def _joined(pieces: list[str]) -> str:
    """InputPieces that are each in base64, as one."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece) for piece in pieces)).decode()
    except ValueError:
        return "".join(pieces)
