"""The content blocks of an answer, each a small machine of its own: it opens, takes deltas, and closes.

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
from translators.providers.claude.calls import Call, Pieces, Tally
from translators.providers.shared.answers import words


class Block:
    """Any block: `delta` takes the one member that a delta's union has. This one is of an unknown kind."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def opened(self, start: Any) -> list[Event]:
        """The block as it was begun; `start` is what stands under its kind."""
        return []

    def delta(self, kind: str, value: Any) -> list[Event]:
        return self.tally.once(f"delta.{kind[:60]}", "A delta of this kind is not known, or not in such a block.")

    def closed(self) -> list[Event]:
        return []


class TextBlock(Block):
    """Text; its citations are told when its end is known."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._start = tally.text
        self._citations: list[Mapping[str, Any]] = []

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind == "text" and type(value) is str:
            if not value:
                return []
            self.tally.text += len(value)
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
                    events.append(Annotation(self._start, self.tally.text, title, url))
                case _:
                    events += self.tally.once("citations", "A citation without a web address.")
        return events


class ReasoningBlock(Block):
    """Reasoning: text and its signature, or what only the provider can read. Both are told whole, at the end."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._number = tally.reasoning
        tally.reasoning += 1
        self._pieces: list[str] = []
        self._signature: list[str] = []
        self._redacted: list[str] = []

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind != "reasoningContent" or not isinstance(value, Mapping):
            return super().delta(kind, value)
        if signature := words(value, "signature"):
            self._signature.append(signature)
        if redacted := words(value, "redactedContent"):
            self._redacted.append(redacted)
        text = words(value, "text")
        self._pieces.append(text)
        return [ReasoningDelta(self._number, text)] if text else []

    def closed(self) -> list[Event]:
        issuer = self.tally.issuer
        events: list[Event] = []
        if self._signature:
            signature = "".join(self._signature)
            self.tally.thoughts.thought("".join(self._pieces), signature)
            events.append(ReasoningSigned(self._number, signature, issuer))
        if self._redacted:
            data = _joined(self._redacted)
            self.tally.thoughts.redacted(data)
            events.append(ReasoningRedacted(self._number, data, issuer))
        return events


class ToolBlock(Block):
    """A call of one of the client's tools."""

    def opened(self, start: Any) -> list[Event]:
        self._call = Call(self.tally)
        return self._call.opened(start, "toolUseId")

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind != "toolUse" or not isinstance(value, Mapping):
            return super().delta(kind, value)
        return self._call.add(words(value, "input"))

    def closed(self) -> list[Event]:
        return self._call.closed()


class ServerCallBlock(Block):
    """A call that the provider runs itself: no tool call of the client's, but kept for replay."""

    def opened(self, start: Any) -> list[Event]:
        self._call = dict(start)
        self._pieces = Pieces(start)
        return []

    def delta(self, kind: str, value: Any) -> list[Event]:
        if kind != "toolUse" or not isinstance(value, Mapping):
            return super().delta(kind, value)
        self._pieces.add(words(value, "input"))
        return []

    def closed(self) -> list[Event]:
        self._call["input"] = self._pieces.of_server("content.toolUse.input", self.tally)
        return [ForeignBlock("bedrock", {"toolUse": self._call})]


class ServerResultBlock(Block):
    """What came of such a call."""

    def opened(self, start: Any) -> list[Event]:
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


class ImageBlock(Block):
    """A picture, told whole at its end."""

    def opened(self, start: Any) -> list[Event]:
        self._format = words(start, "format") or "png"
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


_OF_START: dict[str, type[Block]] = {"toolUse": ToolBlock, "toolResult": ServerResultBlock, "image": ImageBlock}
_OF_DELTA: dict[str, type[Block]] = {
    "text": TextBlock,
    "citation": TextBlock,
    "reasoningContent": ReasoningBlock,
}
"""Blocks that nothing announces: their first delta begins them."""


def block_of_start(kind: str, start: Mapping[str, Any], tally: Tally) -> Block | None:
    """The machine for a block that was announced; None for a kind that is not known."""
    if (
        kind == "toolUse" and start.get("type") == "server_tool_use"
    ):  # of a client's call it says "tool_use", or nothing
        return ServerCallBlock(tally)
    made = _OF_START.get(kind)
    return made(tally) if made else None


def block_of_delta(kind: str, tally: Tally) -> Block:
    """The machine for a block that begins with its first delta. A call without its name is no call."""
    return _OF_DELTA.get(kind, Block)(tally)


def begins_another(kind: str, block: Block) -> bool:
    """Whether a delta of this kind cannot be the open block's, and begins one of its own."""
    return kind in _OF_DELTA and not isinstance(block, _OF_DELTA[kind])


def _joined(pieces: list[str]) -> str:
    """Pieces that are each in base64, as one."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece) for piece in pieces)).decode()
    except ValueError:
        return "".join(pieces)
