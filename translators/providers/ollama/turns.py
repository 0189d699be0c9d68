"""Turns as Ollama's `messages`: a text, and beside it images, thinking and tool calls.

Reference: https://docs.ollama.com/api/chat, and `Message` in Ollama's api/types.go. Roles may follow each other in any
order; the `system` role may stand anywhere; a last message of the assistant's is continued where the model's template
allows it. What names a call (`id`, `tool_call_id`) is newer than `tool_name`; older versions skip it.
"""

from dataclasses import dataclass, field
from typing import Any, assert_never

from translators.conversation import (
    Audio,
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
from translators.providers.shared.histories import foreign_block, nothing_sent, shown_by_user, unsent
from translators.providers.shared.turns import note_name
from translators.providers.shared.wire_names import no_call

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
        """Return the message as JSON. The texts of an answer were one text; those of a client are lines of their
        own."""
        glue = "" if self.role == "assistant" else "\n"
        written: dict[str, Any] = {"role": self.role, "content": glue.join(self.texts)}
        if self.thoughts:
            written["thinking"] = "\n".join(self.thoughts)
        if self.images:
            written["images"] = self.images
        if self.calls:
            written["tool_calls"] = self.calls
        return written

    @property
    def empty(self) -> bool:
        return not (any(self.texts) or self.thoughts or self.images or self.calls)


class Turns:
    """The messages of one request, the names of the calls in them, and images of tool results that wait for a place."""

    def __init__(self, notes: list[Note]) -> None:
        self._messages: list[dict[str, Any]] = []
        self._notes = notes
        self._names: dict[str, str] = {}
        self._images: list[str] = []

    def written(self, turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
        """Return the messages (`{"role": ..., "content": ..., "images": [...], "tool_calls": [...]}`). Raises
        `BadRequest` for what cannot be carried."""
        for turn in shown_by_user(turns, self._notes):
            self._turn(turn)
        self._show_images()
        if not self._messages:  # which Ollama would take as the wish to load the model
            raise BadRequest("There is no message with content.", param="messages")
        return self._messages

    def _turn(self, turn: Turn) -> None:
        note_name(turn, self._notes)
        if turn.role != "tool":
            self._show_images()
        message = _Message(_ROLES.get(turn.role, turn.role))
        for part in turn.parts:
            if isinstance(part, ToolResult):
                self._result(part)
            else:
                self._part(part, message)
        if not message.empty:
            self._messages.append(message.written())
        elif turn.role != "tool":
            self._notes.append(nothing_sent(turn.at))

    def _show_images(self) -> None:
        """Put images of tool results into a message of the user's after all the results."""
        if self._images:
            self._messages.append({"role": "user", "content": "", "images": self._images})
            self._images = []

    def _part(self, part: Part, message: _Message) -> None:
        match part:
            case Text() | Refusal():
                self._text(part.text, message)
            case Image():
                if any(message.texts):
                    message.between = part.at
                message.images.append(media.image(part, self._notes))
            case Document():
                self._text(media.document(part, self._notes), message)
            case Audio():
                raise BadRequest("This model does not take audio.", param=part.at or None, code="unsupported_content")
            case Reasoning():
                self._reasoning(part, message)
            case ToolCall():
                message.calls.append(self._call(part))
            case RedactedReasoning() | Foreign():
                self._notes.append(_not_sent(part))
            case ToolResult():
                raise AssertionError("results are messages of their own")
            case _:
                assert_never(part)
        self._note_cache(part)

    def _text(self, text: str, message: _Message) -> None:
        if message.between and text:
            why = "Images come before the text of their message."
            self._notes.append(Note(message.between, "moved", detail=why))
            message.between = ""
        message.texts.append(text)

    def _note_cache(self, part: Part) -> None:
        if isinstance(part, Text | Image | Document | ToolCall | ToolResult) and part.cache is not None:
            self._notes.append(Note(part.at, "dropped", detail="Ollama keeps its own prompt cache."))

    def _reasoning(self, part: Reasoning, message: _Message) -> None:
        """Add thoughts of this provider's, which go back; those that another signed are that one's."""
        if part.signature or (part.issuer or "ollama").partition(":")[0] != "ollama":
            self._notes.append(unsent(part, "It is another model's."))
        elif part.text:
            message.thoughts.append(part.text)

    def _call(self, part: ToolCall) -> dict[str, Any]:
        input = arguments.of_call(part, self._notes)
        self._names[part.id] = part.name
        return {"id": part.id, "function": {"name": part.name, "arguments": input}}

    def _result(self, part: ToolResult) -> None:
        name = self._names.get(part.call_id)
        if name is None:
            raise no_call(part.call_id, part.at)
        if part.failed:
            self._notes.append(Note(part.at, "dropped", True, detail="Whether a tool failed is told by its text only."))
        self._note_cache(part)
        message = _Message("tool")
        for inner in part.parts:
            self._part(inner, message)
        if message.images:
            why = "The images of a tool's result follow in a message of the user's."
            self._notes.append(Note(part.at, "moved", detail=why))
            self._images += message.images
            message.images = []
        self._messages.append({**message.written(), "tool_name": name, "tool_call_id": part.call_id})


def _not_sent(part: RedactedReasoning | Foreign) -> Note:
    if isinstance(part, Foreign):
        return foreign_block(part.at)
    return Note(part.at, "dropped", detail="Only its own provider can read it.")
