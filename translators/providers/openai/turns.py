"""Turns -> messages, one for one but where OpenAI's order asks otherwise (chat_completion_message_param.py)."""

import json
from typing import Any

from translators.conversation import (
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
from translators.dialects import Model
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.openai.parts import content_part, only_text
from translators.providers.openai.quirks import Quirks, developer_note
from translators.providers.openai.reasoning import OPAQUE_FIELDS
from translators.providers.openai.strictness import in_strict_order, says_nothing
from translators.providers.shared import custom_tools
from translators.providers.shared.histories import foreign_block, nothing_sent, unsent
from translators.providers.shared.wire_names import SHORT_CALL_ID, CallIds, call_ids

Message = dict[str, Any]
_CALL_ID = r"(?s).{1,40}"
"""OpenAI refuses longer ones."""


class Turns:
    """The messages of one request, and images of tool results that wait for a place."""

    def __init__(self, model: Model, quirks: Quirks, notes: list[Note]) -> None:
        self._model, self._quirks, self._notes = model, quirks, notes
        self._media: list[Message] = []  # images and files of tools, which wait for the end of their results
        self._media_at = ""

    def written(self, turns: tuple[Turn, ...]) -> list[Message]:
        """Return the messages: `[{"role": ..., "content": ..., "tool_calls": [...]}]`. Raises `BadRequest` for what
        cannot be carried."""
        messages: list[Message] = []
        paths: list[str] = []  # where the client wrote each
        self._ids = CallIds(call_ids(turns), SHORT_CALL_ID if self._quirks.short_call_ids else _CALL_ID)
        for turn in turns:
            if turn.role != "tool":
                messages += self._tools_media()
                paths += [self._media_at] * (len(messages) - len(paths))
            message = self._message(turn)
            if says_nothing(message):
                self._notes.append(nothing_sent(turn.at))
                continue
            if turn.name and turn.role != "tool":
                message["name"] = turn.name
            last = messages[-1] if messages else {}
            if turn.role == "assistant" and last.get("role") == "assistant" and "tool_calls" in last:
                _continue(last, message)  # results follow right after the message of their calls
            else:
                messages.append(message)
                paths.append(turn.at)
        messages += self._tools_media()
        paths += [self._media_at] * (len(messages) - len(paths))
        if not messages:
            raise BadRequest("There is no message with content.", param="messages")
        self._reason_everywhere(messages)
        return in_strict_order(messages, paths, self._notes) if self._quirks.strict_roles else messages

    def _message(self, turn: Turn) -> Message:
        match turn.role:
            case "assistant":
                return self._assistant(turn)
            case "tool":
                return self._result(turn)
            case "user":
                parts = [content_part(part) for part in turn.parts]
                return {"role": "user", "content": _content(parts)}
            case _:
                return {"role": self._system_role(turn), "content": _content([only_text(p) for p in turn.parts])}

    def _system_role(self, turn: Turn) -> str:
        if turn.role == "developer" and not self._quirks.developer_role:
            self._notes.append(developer_note(turn.at))
            return "system"
        return turn.role

    # --- the assistant's ----------------------------------------------------------------------------

    def _assistant(self, turn: Turn) -> Message:
        message: Message = {"role": "assistant", "content": None}
        content: list[Message] = []
        calls: list[Message] = []
        thoughts: list[str] = []
        for part in turn.parts:
            match part:
                case Text() | Refusal():
                    content.append(_text_or_refusal(part))
                case ToolCall():
                    calls.append(self._call(part))
                case Reasoning() | RedactedReasoning():
                    thoughts += self._reasoning(part)
                case Foreign():
                    message |= self._foreign(part)
                case _:
                    raise BadRequest("An assistant's message can hold text and calls only.", param=_at(part))
        if content or not calls:
            message["content"] = _content(content)
        if calls:
            message["tool_calls"] = calls
        if thoughts and self._quirks.rendered_reasoning:
            message[self._quirks.rendered_reasoning] = "".join(thoughts)
        return message

    def _call(self, part: ToolCall) -> Message:
        """Return a call. Arguments of nothing but white space are `{}`: the server reads them as JSON."""
        call: Message = {"id": self._ids.of_call(part.id)}
        if part.kind == "custom" and self._quirks.custom_tools:
            call |= {"type": "custom", "custom": {"name": part.name, "input": part.arguments}}
        else:
            arguments = part.arguments if part.arguments.strip() else "{}"
            if part.kind == "custom":
                arguments = json.dumps(custom_tools.wrapped(part.arguments), ensure_ascii=False)
            call |= {"type": "function", "function": {"name": part.name, "arguments": arguments}}
        if part.cache is not None:
            self._notes.append(Note(part.at, "dropped", detail="A prompt-cache breakpoint cannot stand at a call."))
        if part.signature and self._ours(part.issuer):
            call["extra_content"] = {"google": {"thought_signature": part.signature}}
        elif part.signature:
            self._notes.append(Note(part.at, "dropped", detail="The signature of this call is another provider's."))
        return call

    def _reasoning(self, part: Reasoning | RedactedReasoning) -> list[str]:
        if isinstance(part, RedactedReasoning):
            self._notes.append(Note(part.at, "dropped", detail="Only the model that wrote it can read it."))
            return []
        if not self._ours(part.issuer):
            why = "It is another model's."
        elif self._quirks.rendered_reasoning is None:
            why = "This provider takes no reasoning back."
        else:
            if part.signature:
                self._notes.append(Note(part.at, "approximated", detail="It is sent without its signature."))
            return [part.text]
        self._notes.append(unsent(part, why))
        return []

    def _foreign(self, part: Foreign) -> Message:
        names = [name for name in part.payload if name in OPAQUE_FIELDS and self._quirks.takes(name)]
        if part.dialect == "openai" and names:
            return {name: part.payload[name] for name in names}
        self._notes.append(foreign_block(part.at))
        return {}

    def _ours(self, issuer: str | None) -> bool:
        """Return whether this model signed a part. One without an issuer gets the benefit of the doubt."""
        if issuer is None:
            return True
        dialect, _, name = issuer.partition(":")
        return dialect == "openai" and name in ("", self._model.name)

    def _reason_everywhere(self, messages: list[Message]) -> None:
        """Add empty reasoning to messages that lack it: DeepSeek wants that of every message with calls, or of none."""
        name = self._quirks.rendered_reasoning
        if name is None or not any(name in message for message in messages):
            return
        for message in messages:
            if "tool_calls" in message:
                message.setdefault(name, "")

    # --- results --------------------------------------------------------------------------------

    def _result(self, turn: Turn) -> Message:
        result = next(part for part in turn.parts if isinstance(part, ToolResult))
        texts: list[Message] = []
        for part in result.parts:
            if isinstance(part, Image | Document):
                self._media.append(content_part(part))
                self._media_at = part.at
                why = "A tool's result is text only: the user shows it after the results."
                self._notes.append(Note(part.at, "moved", detail=why))
            else:
                texts.append(only_text(part))
        if result.failed:
            self._notes.append(Note(result.at, "dropped", detail="That the call failed has no field of its own."))
        if result.cache is not None and texts:
            texts[-1] = content_part(Text(texts[-1]["text"], cache=result.cache))
        return {
            "role": "tool",
            "tool_call_id": self._ids.of_result(result.call_id, result.at),
            "content": _content(texts),
        }

    def _tools_media(self) -> list[Message]:
        media, self._media = self._media, []
        return [{"role": "user", "content": media}] if media else []


def _text_or_refusal(part: Text | Refusal) -> Message:
    return only_text(part) if isinstance(part, Text) else {"type": "refusal", "refusal": part.text}


def _content(parts: list[Message]) -> Any:
    """Return content; a lone text is a string, which every server takes."""
    if not parts:
        return ""
    return parts[0]["text"] if len(parts) == 1 and parts[0].keys() == {"type", "text"} else parts


def _continue(message: Message, more: Message) -> None:
    """Add `more` of the same assistant's to the message of its first calls."""
    for name, value in more.items():
        before = message.get(name)
        if name == "content" and value and before:
            message[name] = _parts(before) + _parts(value)
        elif name == "tool_calls" and before:
            message[name] = before + value
        elif value and name not in ("role", "name"):
            message[name] = before + value if isinstance(before, str) and name != "content" else value


def _parts(content: Any) -> list[Message]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _at(part: Part) -> str | None:
    return part.at or None
