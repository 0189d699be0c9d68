"""Short words for turns and blocks, for the tests of whole bodies."""

import copy
from typing import Any

from translators.conversation import Conversation, FunctionTool, Option, Text, ToolCall, ToolResult, Turn
from translators.dialects import Model, Rendered
from translators.providers import anthropic as dialect

OLD, MIDDLE, NEW = "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-5-5"
LIMIT = {"max_tokens": Option(100, "max_tokens")}


def turn(role: Any, *parts: Any, at: str = "", name: str | None = None) -> Turn:
    return Turn(role, tuple(Text(part, f"{at}.content") if isinstance(part, str) else part for part in parts), name, at)


def call(id: str = "c1", name: str = "f", arguments: str = '{"a": 1}', kind: Any = "function") -> ToolCall:
    return ToolCall(id, name, arguments, kind, at=f"calls[{id}]")


def result(id: str = "c1", *parts: Any, failed: bool = False) -> Turn:
    content = tuple(Text(part) if isinstance(part, str) else part for part in parts or ("ok",))
    return Turn("tool", (ToolResult(id, content, failed, at=f"results[{id}]"),), at=f"results[{id}]")


def render(*turns: Turn, model: str = OLD, options: Any = None, **more: Any) -> Rendered:
    conversation = Conversation(turns, options=LIMIT | (options or {}), stream=True, **more)
    before = copy.deepcopy(conversation)
    rendered = dialect.render(conversation, Model(model))
    assert conversation == before
    return rendered


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [text(block) if isinstance(block, str) else block for block in blocks]}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def use(id: str = "c1", name: str = "f", **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": given or {"a": 1}}


def answered(id: str = "c1", *blocks: Any, **more: Any) -> dict[str, Any]:
    content = [text(block) if isinstance(block, str) else block for block in blocks or ("ok",)]
    return {"type": "tool_result", "tool_use_id": id, "content": content, **more}


def paths(rendered: Rendered) -> list[tuple[str, str]]:
    return [(note.path, note.fate) for note in rendered.notes]


TOOL = FunctionTool("f", "Does it.", {"type": "object", "properties": {"a": {"type": "integer"}}}, at="tools[0]")
TOOL_ON_WIRE = {"name": "f", "description": "Does it.", "input_schema": TOOL.parameters}
MARKED = "<system_message>\n{}\n</system_message>"
HI = turn("user", "Hi", at="messages[0]")
