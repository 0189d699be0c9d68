"""Turns as input items: messages, reasoning, calls and their results, one after the other as they happened.

Reference: https://platform.openai.com/docs/api-reference/responses/create (`input`).
"""

from collections.abc import Iterable
from typing import Any

from translators.conversation import (
    Conversation,
    Foreign,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from translators.dialects import Memory
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.openai_responses.call_pairs import CallPairs
from translators.providers.openai_responses.parts import Content, breakpoint, contents
from translators.providers.openai_responses.signatures import DIALECT, Item, remembered, unpacked
from translators.providers.shared.histories import foreign_block, led_to_nothing, nothing_sent, shown_by_user, unsent
from translators.providers.shared.turns import note_name
from translators.providers.shared.wire_names import ToolNames

_SYSTEM = ("system", "developer")
_WRITTEN_HERE = frozenset(
    (
        "message",
        "reasoning",
        "item_reference",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
    )
)
"""Types of items that a provider's own block cannot be: they are made of turns."""


class Turns:
    """Writes the turns of one conversation. `notes` collects what comes up on the way."""

    def __init__(self, conversation: Conversation, names: ToolNames, memory: Memory, notes: list[Note]) -> None:
        self._turns = shown_by_user(conversation.turns, notes, attached=False)
        self._names, self._memory, self._notes = names, memory, notes
        self._calls = CallPairs(conversation)

    def items(self, *, skipped: int = 0) -> list[Item]:
        """Return the items of all turns but the first `skipped`, such as `{"type": "message", "role": ..., "content":
        [...]}`. Raises `BadRequest`."""
        items: list[Item] = []
        turns = self._turns[skipped:]
        for place, turn in enumerate(turns):
            goes_on = place + 1 < len(turns) and turns[place + 1].role == "assistant"
            items += self._of_turn(turn, goes_on)
        self._calls.close()
        if not items:
            raise BadRequest("There is no message with content.", param="messages")
        return items

    def instructions(self) -> tuple[str | None, int]:
        """Return the system's and the developer's first turns as one text, and their number."""
        texts: list[str] = []
        count = 0
        for turn in self._turns:
            if turn.role not in _SYSTEM or not all(isinstance(part, Text) for part in turn.parts):
                break
            texts += [part.text for part in turn.parts if isinstance(part, Text) and part.text]
            self._notes += [
                Note(part.at, "dropped", detail="Instructions have no prompt-cache breakpoint.")
                for part in turn.parts
                if isinstance(part, Text) and part.cache
            ]
            if turn.name:
                self._notes.append(Note(f"{turn.at}.name", "dropped", detail="Instructions have no name."))
            count += 1
        return "\n\n".join(texts) or None, count

    def _of_turn(self, turn: Turn, goes_on: bool) -> list[Item]:
        note_name(turn, self._notes)
        if turn.role == "assistant":
            items = self._of_assistant(turn)
            items = items if goes_on else self._without_last_thoughts(items, turn)
        elif turn.role == "tool":
            items = [self._result(part) for part in turn.parts if isinstance(part, ToolResult)]
        else:
            items = list(self._message(turn.role, turn.parts))
        if not items:
            self._notes.append(nothing_sent(turn.at))
        return items

    def _message(self, role: str, parts: Iterable[Part]) -> Iterable[Item]:
        others: list[Part] = []
        for part in parts:
            if isinstance(part, ToolResult):
                yield self._result(part)
            else:
                others.append(part)
        if content := contents(others, self._notes):
            yield {"type": "message", "role": role, "content": content}

    # --- the assistant's ----------------------------------------------------------------------------

    def _of_assistant(self, turn: Turn) -> list[Item]:
        items: list[Item] = []
        reasoning = [self._reasoning(part) for part in turn.parts if isinstance(part, Reasoning | RedactedReasoning)]
        recall = not any(reasoning)
        thoughts = iter(reasoning)
        for part in turn.parts:
            match part:
                case Reasoning() | RedactedReasoning():
                    if (thought := next(thoughts)) is not None:
                        items.append(thought)
                case Text() | Refusal():
                    self._add_text(part, items)
                case ToolCall():
                    if recall:
                        items += remembered(self._memory, part.id)
                    items.append(self._call(part))
                case Foreign():
                    items += self._foreign(part)
                case _:
                    raise BadRequest("This cannot stand in an assistant's message.", param=part.at or None)
        return items

    def _reasoning(self, part: Reasoning | RedactedReasoning) -> Item | None:
        item = unpacked(part.signature, part.issuer) if isinstance(part, Reasoning) else None
        if item is None:
            why = "Only reasoning that came from this API can be sent back to it."
            self._notes.append(unsent(part, why))
        return item

    def _add_text(self, part: Text | Refusal, items: list[Item]) -> None:
        """Add a part of the assistant's message to the message that is open at the end of `items`."""
        if not part.text:
            return
        if isinstance(part, Refusal):
            content: Content = {"type": "refusal", "refusal": part.text}
        else:
            content = {"type": "output_text", "text": part.text}
            if part.cache is not None:
                why = "A prompt-cache breakpoint cannot stand in an assistant's message."
                self._notes.append(Note(part.at, "dropped", detail=why))
        if items and items[-1]["type"] == "message":
            items[-1]["content"].append(content)
        else:
            items.append({"type": "message", "role": "assistant", "content": [content]})

    def _call(self, call: ToolCall) -> Item:
        id, name = self._calls.of_call(call), self._names[call.name]
        if call.signature is not None:
            self._notes.append(Note(call.at, "dropped", detail="The signature of another provider's call."))
        if call.cache is not None:
            self._notes.append(Note(call.at, "dropped", detail="A prompt-cache breakpoint cannot stand at a call."))
        if call.kind == "custom":
            return {"type": "custom_tool_call", "call_id": id, "name": name, "input": call.arguments}
        arguments = call.arguments if call.arguments.strip() else "{}"
        return {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}

    def _foreign(self, part: Foreign) -> list[Item]:
        kind = part.payload.get("type")
        if part.dialect != DIALECT or not isinstance(kind, str):
            self._notes.append(foreign_block(part.at))
            return []
        if kind in _WRITTEN_HERE:
            raise BadRequest("This is no item of a provider's own tool.", param=f"{part.at}.block")
        return [dict(part.payload)]

    def _without_last_thoughts(self, items: list[Item], turn: Turn) -> list[Item]:
        """Return the items without reasoning at their end, which is refused, as in an answer that was cut while the
        model thought."""
        end = len(items)
        while end and items[end - 1]["type"] == "reasoning":
            end -= 1
        if end < len(items):
            self._notes.append(led_to_nothing(turn.at))
        return items[:end]

    # --- results ------------------------------------------------------------------------------------

    def _result(self, result: ToolResult) -> Item:
        id, kind = self._calls.of_result(result.call_id, result.at)
        if result.failed:
            self._notes.append(Note(result.at, "dropped", detail="There is no mark for a tool that failed."))
        parts = [part for part in result.parts if not isinstance(part, Text) or part.text]
        output: Any = ""
        if parts:
            output = contents(parts, self._notes)
            if result.cache is not None:
                output[-1].setdefault("prompt_cache_breakpoint", breakpoint(result.cache, result.at, self._notes))
            if len(output) == 1 and output[0].keys() == {"type", "text"}:
                output = output[0]["text"]
        elif result.cache is not None:
            self._notes.append(Note(result.at, "dropped", detail="An empty result cannot end a cached prompt."))
        type = "custom_tool_call_output" if kind == "custom" else "function_call_output"
        return {"type": type, "call_id": id, "output": output}
