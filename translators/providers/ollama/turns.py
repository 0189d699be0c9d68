"""Turns as Ollama's `messages`: a text, and beside it images, thinking and tool calls.

Reference: https://docs.ollama.com/api/chat, and `Message` in Ollama's api/types.go. Roles may follow each other in any
order; the `system` role may stand anywhere; a last message of the assistant's is continued where the model's template
allows it. What names a call (`id`, `tool_call_id`) is newer than `tool_name`; older versions skip it.
"""

from dataclasses import dataclass, field
from typing import Any, assert_never

from translators.conversation import (
    Audio,
    Cache,
    Conversation,
    Document,
    Foreign,
    Image,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.ollama import media
from translators.providers.shared import arguments
from translators.providers.shared.histories import nothing_sent, shown_by_user, unsent

_ROLES = {"developer": "system"}


@dataclass(slots=True)
class _Message:
    """A message in the making."""

    role: str
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    between: str = ""
    """Where an image stands that has a text before it: with one after it as well, its place is lost."""

    def written(self) -> dict[str, Any]:
        """The texts of an answer were one text; those of a client are lines of their own."""
        glue = "" if self.role == "assistant" else "\n"
        told: dict[str, Any] = {"role": self.role, "content": glue.join(self.texts)}
        if self.thoughts:
            told["thinking"] = "\n".join(self.thoughts)
        if self.images:
            told["images"] = self.images
        if self.calls:
            told["tool_calls"] = self.calls
        return told

    @property
    def empty(self) -> bool:
        return not (any(self.texts) or self.thoughts or self.images or self.calls)


def messages(asked: Conversation, notes: list[Note]) -> list[dict[str, Any]]:
    """Raises `BadRequest` for what cannot be carried."""
    writing = _Writing(notes)
    for turn in shown_by_user(asked.turns, notes):
        writing.turn(turn)
    writing.show()
    if not writing.messages:  # which Ollama would take as the wish to load the model
        raise BadRequest("There is no message with content.", param="messages")
    return writing.messages


class _Writing:
    """`messages` so far, the names of the calls in them, and images of tool results that still have no place."""

    def __init__(self, notes: list[Note]) -> None:
        self.messages: list[dict[str, Any]] = []
        self._notes = notes
        self._names: dict[str, str] = {}
        self._images: list[str] = []

    def turn(self, turn: Turn) -> None:
        if turn.name:
            self._notes.append(Note(f"{turn.at}.name", "dropped", detail="Messages have no name."))
        if turn.role != "tool":
            self.show()
        message = _Message(_ROLES.get(turn.role, turn.role))
        for part in turn.parts:
            if isinstance(part, ToolResult):
                self._result(part)
            else:
                self._part(part, message, turn)
        if not message.empty:
            self.messages.append(message.written())
        elif turn.role != "tool":
            self._notes.append(nothing_sent(turn.at))

    def show(self) -> None:
        """Images of tool results come in a message of the user's after all the results."""
        if self._images:
            self.messages.append({"role": "user", "content": "", "images": self._images})
            self._images = []

    def _part(self, part: Part, message: _Message, turn: Turn) -> None:
        match part:
            case Text(text, at, cache):
                self._text(text, message)
                self._uncached(cache, at)
            case Refusal(text):
                self._text(text, message)
            case Image():
                if any(message.texts):
                    message.between = part.at
                message.images.append(media.image(part, self._notes))
                self._uncached(part.cache, part.at)
            case Document():
                self._text(media.document(part, self._notes), message)
                self._uncached(part.cache, part.at)
            case Audio():
                raise BadRequest("This model does not take audio.", param=part.at or None, code="unsupported_content")
            case Reasoning():
                self._reasoning(part, message)
            case RedactedReasoning():
                self._notes.append(Note(part.at, "dropped", detail="Only its own provider can read it."))
            case ToolCall():
                message.calls.append(self._call(part))
            case Foreign():
                self._notes.append(Note(part.at, "dropped", detail="A block of another provider's."))
            case ToolResult():
                raise AssertionError("results are messages of their own")
            case _:
                assert_never(part)

    def _text(self, text: str, message: _Message) -> None:
        if message.between and text:
            why = "Images come before the text of their message."
            self._notes.append(Note(message.between, "moved", detail=why))
            message.between = ""
        message.texts.append(text)

    def _uncached(self, cache: Cache | None, at: str) -> None:
        if cache is not None:
            self._notes.append(Note(at, "dropped", detail="Ollama keeps its own prompt cache."))

    def _reasoning(self, part: Reasoning, message: _Message) -> None:
        """What this provider thought goes back; what another signed is that one's."""
        if part.signature or (part.issuer or "ollama").partition(":")[0] != "ollama":
            self._notes.append(unsent(part, "It is another model's."))
        elif part.text:
            message.thoughts.append(part.text)

    def _call(self, part: ToolCall) -> dict[str, Any]:
        given = arguments.of_call(part, self._notes)
        self._names[part.id] = part.name
        self._uncached(part.cache, part.at)
        return {"id": part.id, "function": {"name": part.name, "arguments": given}}

    def _result(self, part: ToolResult) -> None:
        name = self._names.get(part.call_id)
        if name is None:
            why = f"The tool result for the call '{part.call_id[:80]}' has no such call before it."
            raise BadRequest(why, param=part.at or "messages")
        if part.failed:
            self._notes.append(Note(part.at, "dropped", True, detail="Whether a tool failed is told by its text only."))
        self._uncached(part.cache, part.at)
        message = _Message("tool")
        for inner in part.parts:
            self._part(inner, message, Turn("tool", part.parts, at=part.at))
        if message.images:
            why = "The images of a tool's result follow in a message of the user's."
            self._notes.append(Note(part.at, "moved", detail=why))
            self._images += message.images
            message.images = []
        self.messages.append({**message.written(), "tool_name": name, "tool_call_id": part.call_id})
