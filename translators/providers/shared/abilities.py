"""Abilities that a small model lacks: a request is refused, or sent without what it cannot do."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from translators.conversation import Conversation, Document, Image, Part, Text, ToolCall, ToolResult, Turn
from translators.errors import BadRequest
from translators.notes import Note


def refuse_media(conversation: Conversation) -> None:
    """Raise `BadRequest` for the first image or file, for a model that reads text only."""
    medium = next(media_of(conversation), None)
    if medium is not None:
        what = "images" if isinstance(medium, Image) else "files"
        raise BadRequest(f"This model reads no {what}.", param=medium.at or None, code="unsupported_content")


def media_of(conversation: Conversation) -> Iterator[Image | Document]:
    """Yield the images and files of all turns, also those in results of tools."""
    return _media(part for turn in conversation.turns for part in turn.parts)


def _media(parts: Iterable[Part]) -> Iterator[Image | Document]:
    for part in parts:
        if isinstance(part, Image | Document):
            yield part
        elif isinstance(part, ToolResult):
            yield from _media(part.parts)


def without_tools(conversation: Conversation, notes: list[Note]) -> Conversation:
    """Return `conversation` without tools, noted, for a model that calls none; earlier calls and their results become
    text. Raises `BadRequest` where a tool must be called."""
    choice = conversation.tool_choice
    if choice is not None and choice.mode == "required":
        why = "This model calls no tools, so none can be required of it."
        raise BadRequest(why, param=choice.at, code="unsupported_parameter")
    if conversation.tools:
        at = conversation.tools[0].at.partition("[")[0] or "tools"
        notes.append(Note(at, "dropped", detail="This model calls no tools."))
    turns = tuple(_without_calls(turn, notes) for turn in conversation.turns)
    return replace(conversation, turns=turns, tools=(), tool_choice=None)


def _without_calls(turn: Turn, notes: list[Note]) -> Turn:
    parts = tuple(text for part in turn.parts for text in _as_text(part, notes))
    return replace(turn, role="user" if turn.role == "tool" else turn.role, parts=parts)


def _as_text(part: Part, notes: list[Note]) -> Iterable[Part]:
    if not isinstance(part, ToolCall | ToolResult):
        return (part,)
    notes.append(Note(part.at, "approximated", detail="This model knows no tools: it reads of the call as text."))
    if isinstance(part, ToolResult):
        return part.parts
    return (Text(f"{part.name}: {part.arguments}", at=part.at),)
