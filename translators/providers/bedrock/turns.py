"""Turns as Converse wants them: `system` apart, user and assistant in turn, tool results first and all together.

Reference: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (`messages`, `system`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from translators.conversation import (
    Audio,
    Conversation,
    Document,
    Image,
    Part,
    Reasoning,
    RedactedReasoning,
    Turn,
)
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.bedrock.caching import Block
from translators.providers.bedrock.parts import Parts
from translators.providers.bedrock.profiles import Profile
from translators.providers.shared.histories import CONTINUE, continued, led_to_nothing, nothing_sent, shown_by_user

_SYSTEM_MARK = "<system_message>\n{}\n</system_message>"
_OPENER = "(The conversation begins with the assistant.)"
_ATTACHED = "(A document is attached.)"
_SYSTEM = ("system", "developer")
_MOST_DOCUMENTS = 5
_FILES = (Document, Audio)
_MEDIA = (Image, Document, Audio)


@dataclass(slots=True)
class _Message:
    """A message in the making; `at` is where its first turn was written."""

    role: str
    at: str
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class History:
    """`system` and `messages`, and what other parts of the request must know of them."""

    system: list[Block]
    messages: list[dict[str, Any]]
    prefill_at: str | None
    """Where the assistant's last message was written, if the model is to continue it."""
    loop_without_thinking: bool
    """The calls whose results come last were sent without the thinking that led to them."""


def history(asked: Conversation, profile: Profile, parts: Parts, notes: list[Note], *, schema: bool) -> History:
    """`schema`: the answer is held to one, and cannot go on from what was begun. Raises `BadRequest` for what cannot be
    carried."""
    turns = shown_by_user(asked.turns, notes, made=_MEDIA if profile.claude else _FILES)
    lead = next((place for place, turn in enumerate(turns) if turn.role not in _SYSTEM), len(turns))
    system = [block for turn in turns[:lead] for block in _blocks(turn, parts, notes)]
    messages = _merged([_message(turn, parts, notes) for turn in turns[lead:]])
    if any(message.role == "system" for message in messages):
        messages = _merged(_with_system_settled(messages, profile, notes))
    messages = _merged([_without_last_thoughts(message, notes) for message in messages])
    if not messages and system:
        notes.append(Note(turns[0].at, "moved", detail="Without other messages, the system's is sent as the user's."))
        messages, system = [_Message("user", turns[0].at, system)], []
    if not messages:
        raise BadRequest("There is no message with content.", param="messages")
    if parts.paths:
        for message in messages:
            _put_results_first(message, parts, notes)
        _check_pairs(messages, parts)
    if parts.documents:
        for message in messages:
            _settle_documents(message, parts, notes)
    _settle_start(messages, notes)
    _settle_end(messages, notes, prefill=profile.facts.prefill, schema=schema)
    last = messages[-1]
    return History(
        system,
        [{"role": message.role, "content": message.blocks} for message in messages],
        last.at if last.role == "assistant" else None,
        _loop_without_thinking(messages),
    )


def _message(turn: Turn, parts: Parts, notes: list[Note]) -> _Message:
    role = "system" if turn.role in _SYSTEM else "assistant" if turn.role == "assistant" else "user"
    message = _Message(role, turn.at, _blocks(turn, parts, notes))
    if not message.blocks:
        notes.append(nothing_sent(turn.at))
    return message


def _blocks(turn: Turn, parts: Parts, notes: list[Note]) -> list[Block]:
    if turn.name:
        notes.append(Note(f"{turn.at}.name", "dropped", detail="Messages have no name."))
    ordered = _with_reasoning_ahead(turn.parts) if turn.role == "assistant" else turn.parts
    return [block for part in ordered if (block := parts.block(part, turn.role)) is not None]


def _with_reasoning_ahead(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """A message may not end with reasoning: what a client lists last had come first."""
    end = len(parts)
    while end and isinstance(parts[end - 1], Reasoning | RedactedReasoning):
        end -= 1
    return parts[end:] + parts[:end]


def _merged(messages: Iterable[_Message]) -> list[_Message]:
    """Consecutive messages of one role are one message; those without content are none."""
    merged: list[_Message] = []
    for message in messages:
        if not message.blocks:
            continue
        if merged and merged[-1].role == message.role:
            merged[-1].blocks += message.blocks
        else:
            merged.append(message)
    return merged


def _with_system_settled(messages: list[_Message], profile: Profile, notes: list[Note]) -> Iterable[_Message]:
    """A system message may stay after a user's if the model knows the role there. Anywhere else it becomes user text:
    hoisting it would change its meaning, and break the prompt cache."""
    for place, message in enumerate(messages):
        if message.role == "system":
            after_user = place > 0 and messages[place - 1].role == "user"
            before_user = place + 1 < len(messages) and messages[place + 1].role == "user"
            if not (profile.mid_system and after_user) or before_user:
                message.role = "user"
                for block in message.blocks:
                    block["text"] = _SYSTEM_MARK.format(block["text"])
                why = "A system message in this place is sent as marked user text."
                notes.append(Note(message.at, "approximated", "system", "user", why))
        yield message


def _without_last_thoughts(message: _Message, notes: list[Note]) -> _Message:
    """An assistant's message may not end with reasoning, as one does whose answer was cut while it thought."""
    if message.role != "assistant":
        return message
    end = len(message.blocks)
    while end and "reasoningContent" in message.blocks[end - 1]:
        end -= 1
    if end < len(message.blocks):
        notes.append(led_to_nothing(message.at))
        message.blocks = message.blocks[:end]
    return message


def _put_results_first(message: _Message, parts: Parts, notes: list[Note]) -> None:
    if message.role != "user":
        return
    ordered = sorted(message.blocks, key=lambda block: "toolResult" not in block)
    if ordered != message.blocks:
        at = parts.paths[f"toolResult:{ordered[0]['toolResult']['toolUseId']}"]
        notes.append(Note(at, "moved", detail="Tool results come before the other content of a message."))
        message.blocks = ordered


def _settle_documents(message: _Message, parts: Parts, notes: list[Note]) -> None:
    """At most five documents a message, and a text beside them."""
    names = [block["document"]["name"] for block in message.blocks if "document" in block]
    if len(names) > _MOST_DOCUMENTS:
        at = parts.documents[names[_MOST_DOCUMENTS]]
        why = f"A message to this model has room for {_MOST_DOCUMENTS} documents."
        raise BadRequest(why, param=at or None, code="too_many_documents")
    if names and not any("text" in block for block in message.blocks):
        why = "A document must have a text beside it."
        notes.append(Note(parts.documents[names[0]], "synthesised", detail=why))
        message.blocks.append({"text": _ATTACHED})


def _ids(message: _Message, kind: str) -> list[str]:
    return [block[kind]["toolUseId"] for block in message.blocks if kind in block]


def _check_pairs(messages: list[_Message], parts: Parts) -> None:
    """Every call has its result in the next message, and every result its call in the one before. What the provider's
    own tools did stands in the assistant's message alone, and is not in `paths`."""
    calls: list[str] = []
    for message in [*messages, _Message("end", "")]:
        results = _ids(message, "toolResult") if message.role == "user" else []
        answered, called = set(results), set(calls)
        for id in calls:
            if id not in answered:
                raise BadRequest(
                    f"The tool call '{id[:80]}' has no result in the messages right after it.",
                    param=parts.paths[f"toolUse:{id}"] or "messages",
                )
        for id in results:
            if id not in called:
                raise BadRequest(
                    f"The result of the tool call '{id[:80]}' does not come right after that call.",
                    param=parts.paths[f"toolResult:{id}"] or "messages",
                )
        own = _ids(message, "toolUse") if message.role == "assistant" else []
        calls = [id for id in own if f"toolUse:{id}" in parts.paths]


def _settle_start(messages: list[_Message], notes: list[Note]) -> None:
    if messages[0].role != "user":
        notes.append(Note(messages[0].at, "synthesised", detail="A first message of the user's was put before it."))
        messages.insert(0, _Message("user", messages[0].at, [{"text": _OPENER}]))


def _settle_end(messages: list[_Message], notes: list[Note], *, prefill: bool, schema: bool) -> None:
    """The assistant's last message is continued, or a user's turn asks for the next one."""
    last = messages[-1]
    if last.role != "assistant":
        return
    if not prefill or schema:
        notes.append(continued(last.at, schema=prefill))
        messages.append(_Message("user", last.at, [{"text": CONTINUE}]))
        return
    text = last.blocks[-1].get("text", "")
    if text != text.rstrip():
        last.blocks[-1]["text"] = text.rstrip()
        notes.append(Note(last.at, "approximated", detail="White space at its end is cut off."))


def _loop_without_thinking(messages: list[_Message]) -> bool:
    if len(messages) < 2 or "toolResult" not in messages[-1].blocks[0]:
        return False
    return "reasoningContent" not in messages[-2].blocks[0]
