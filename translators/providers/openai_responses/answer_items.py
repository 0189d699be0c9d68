"""The other items of an answer, each a small machine of its own: added, then in pieces, then done.

Reference: https://platform.openai.com/docs/api-reference/responses-streaming.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from translators.events import (
    Event,
    ForeignBlock,
    ImageMade,
    ReasoningDelta,
    ReasoningSigned,
    ToolCallDelta,
    ToolCallStarted,
)
from translators.providers.openai_responses.answer_message import MessageItem, places_of
from translators.providers.openai_responses.answer_state import AnswerState, entries, kind_of
from translators.providers.openai_responses.signatures import DIALECT, packed, remember
from translators.providers.shared import answer_arguments, signers
from translators.providers.shared.answers import text_field

_BETWEEN = "\n\n"
"""Parts of a reasoning summary are paragraphs."""
_PICTURES = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml"}


class Item(Protocol):
    """The machine of one item, which returns events: `added` takes the item as it begins, `on` the payloads of type
    `kind` between, `done` the complete item (empty, if that never came)."""

    def added(self, item: Mapping[str, Any]) -> list[Event]: ...

    def on(self, kind: str, payload: Mapping[str, Any]) -> list[Event]: ...

    def done(self, item: Mapping[str, Any]) -> list[Event]: ...


def _part(payload: Mapping[str, Any], name: str) -> tuple[str, int]:
    """Return the name and the place of a payload's part of the reasoning."""
    index = payload.get(f"{name}_index")
    return name, index if isinstance(index, int) else 0


class ReasoningItem:
    """Reasoning: summaries, raw text, or neither and only what the provider can read."""

    def __init__(self, state: AnswerState) -> None:
        self._state = state
        self._number: int | None = None  # its place among the reasoning blocks, once it says something
        self._emitted: dict[tuple[str, int], int] = {}  # by part, the characters of it so far
        self._open: tuple[str, int] | None = None

    def added(self, item: Mapping[str, Any]) -> list[Event]:
        return []

    def on(self, kind: str, payload: Mapping[str, Any]) -> list[Event]:
        match kind:
            case "response.reasoning_summary_text.delta":
                return self._text(_part(payload, "summary"), text_field(payload, "delta"))
            case "response.reasoning_text.delta":
                return self._text(_part(payload, "content"), text_field(payload, "delta"))
            case "response.reasoning_summary_text.done":
                return self._rest(_part(payload, "summary"), text_field(payload, "text"))
            case "response.reasoning_text.done":
                return self._rest(_part(payload, "content"), text_field(payload, "text"))
            case "response.reasoning_summary_part.done" if isinstance(payload.get("part"), Mapping):
                return self._rest(_part(payload, "summary"), text_field(payload["part"], "text"))
        return []

    def done(self, item: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        for name in ("summary", "content"):
            parts = entries(item, name)
            begun = [place for kind, place in self._emitted if kind == name]
            for place, part in zip(places_of(begun, len(parts)), parts, strict=True):
                events += self._rest((name, place), text_field(part, "text"))
        if (signature := packed(item)) is not None:
            self._state.thoughts.append(signature)
            events.append(ReasoningSigned(self._block(), signature, self._state.issuer))
        return events

    def _block(self) -> int:
        if self._number is None:
            self._number = self._state.reasoning
            self._state.reasoning += 1
        return self._number

    def _text(self, part: tuple[str, int], text: str) -> list[Event]:
        if not text:
            return []
        block = self._block()
        self._emitted[part] = self._emitted.get(part, 0) + len(text)
        if part != self._open:
            if self._open is not None:
                text = _BETWEEN + text
            self._open = part
        return [ReasoningDelta(block, text)]

    def _rest(self, part: tuple[str, int], text: str) -> list[Event]:
        return self._text(part, text[self._emitted.get(part, 0) :])


class CallItem:
    """A call of one of the client's tools, under the client's name. Pieces that come before its name wait for it."""

    _FIELD = "arguments"
    _KIND: Literal["function", "custom"] = "function"

    def __init__(self, state: AnswerState) -> None:
        self._state = state
        self._index: int | None = None
        self._seen = 0  # characters that came
        self._held = ""  # of them, those that wait: for the name, or for more than white space
        self._pieces: list[str] = []
        self._id = ""

    def added(self, item: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        if self._index is None and (on_wire := text_field(item, "name")):
            self._index = self._state.calls
            self._state.calls += 1
            self._id, noted = self._state.unique_id(text_field(item, "call_id") or text_field(item, "id"), self._index)
            name = self._state.recall.names.get(on_wire, on_wire)
            events = [ToolCallStarted(self._index, self._id, name, self._KIND), *noted]
            if item.get("namespace") is not None:
                events += self._state.once("output.namespace", "A chat's tools have no namespace.")
        return events + self._rest(self._whole(item))

    def on(self, kind: str, payload: Mapping[str, Any]) -> list[Event]:
        if kind.endswith(".delta"):
            return self._deltas(text_field(payload, "delta"))
        return self._rest(self._whole(payload)) if kind.endswith(".done") else []

    def done(self, item: Mapping[str, Any]) -> list[Event]:
        events = self.added(item)
        if self._index is None:
            return self._state.once("output.function_call.name", "A call without a name is no call.")
        if self._state.thoughts:
            remember(self._state.recall.memory, self._id, self._state.thoughts)
            if self._state.issuer:
                signers.remember(self._state.recall.memory, self._id, self._state.issuer)
            self._state.thoughts = []
        return events + self._validate(self._index)

    def _whole(self, holder: Mapping[str, Any]) -> str:
        """Return the arguments as a text: some servers send an object, which counts where no piece came before."""
        arguments = holder.get(self._FIELD)
        if not isinstance(arguments, dict):
            return text_field(holder, self._FIELD)
        return json.dumps(arguments, ensure_ascii=False) if arguments and not self._seen else ""

    def _validate(self, index: int) -> list[Event]:
        """Return the end of a function's arguments: `{}` where there were none; note text that is no object."""
        if not self._pieces:
            self._pieces.append("{}")
            return [ToolCallDelta(index, "{}")]
        if answer_arguments.parsed("".join(self._pieces)) is None:
            self._state.doubts.append(answer_arguments.no_object(index))
        return []

    def _rest(self, whole: str) -> list[Event]:
        return self._deltas(whole[self._seen :])

    def _deltas(self, piece: str) -> list[Event]:
        self._seen += len(piece)
        if self._held:
            piece, self._held = self._held + piece, ""
        if self._index is None or not (self._pieces or self._begins(piece)):
            self._held = piece
            return []
        if not piece:
            return []
        self._pieces.append(piece)
        return [ToolCallDelta(self._index, piece)]

    def _begins(self, piece: str) -> bool:
        return bool(piece.strip())


class CustomCallItem(CallItem):
    """A call of a custom tool: free text, in which white space counts and nothing is nothing."""

    _FIELD = "input"
    _KIND = "custom"

    def _validate(self, index: int) -> list[Event]:
        return []

    def _begins(self, piece: str) -> bool:
        return True


class ImageItem:
    """A picture. Unfinished ones that may come before it are left out."""

    def __init__(self, state: AnswerState) -> None:
        self._state = state

    def added(self, item: Mapping[str, Any]) -> list[Event]:
        return []

    def on(self, kind: str, payload: Mapping[str, Any]) -> list[Event]:
        return []

    def done(self, item: Mapping[str, Any]) -> list[Event]:
        if data := text_field(item, "result"):
            return [ImageMade(_PICTURES.get(text_field(item, "output_format"), "image/png"), data)]
        return self._state.once("output.image_generation_call", "A picture was begun and not made.")


class ServerItem:
    """A call that the provider runs itself, or its result, stored for replay."""

    def __init__(self, state: AnswerState) -> None:
        self._state = state

    def added(self, item: Mapping[str, Any]) -> list[Event]:
        return []

    def on(self, kind: str, payload: Mapping[str, Any]) -> list[Event]:
        return []

    def done(self, item: Mapping[str, Any]) -> list[Event]:
        if not item:
            return self._state.once("output", "The provider's own tool was called, and nothing came of it.")
        return [ForeignBlock(DIALECT, dict(item))]


class UnknownItem(ServerItem):
    """One without a type, which cannot be sent back."""

    def done(self, item: Mapping[str, Any]) -> list[Event]:
        return self._state.once(f"output.{kind_of(item)}", "An item of this type is not known.")


_KINDS: dict[str, Callable[[AnswerState], Item]] = {
    "message": MessageItem,
    "reasoning": ReasoningItem,
    "function_call": CallItem,
    "custom_tool_call": CustomCallItem,
    "image_generation_call": ImageItem,
    "untyped": UnknownItem,
}
ITEM_OF_PIECE: dict[str, str] = {
    "response.output_text.delta": "message",
    "response.output_text.done": "message",
    "response.output_text.annotation.added": "message",
    "response.refusal.delta": "message",
    "response.refusal.done": "message",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_summary_text.done": "reasoning",
    "response.reasoning_summary_part.done": "reasoning",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_text.done": "reasoning",
    "response.function_call_arguments.delta": "function_call",
    "response.function_call_arguments.done": "function_call",
    "response.custom_tool_call_input.delta": "custom_tool_call",
    "response.custom_tool_call_input.done": "custom_tool_call",
}
"""By type of payload, the type of item that it is a piece of."""


def item_of(kind: str, state: AnswerState) -> Item:
    """Return the machine for an item of this type. Tools that the provider runs are many, and none of them is ours."""
    return _KINDS.get(kind, ServerItem)(state)
