"""Short words for turns, parts and options, for the tests of whole bodies."""

import copy
from typing import Any

from gemini_oracles import check

from translators.conversation import Conversation, FunctionTool, Option, Text, ToolCall, ToolResult, Turn
from translators.dialects import FORGETFUL, Memory, Model, Rendered
from translators.providers import gemini as dialect

NEW, PRO, FLASH, OLD, GEMMA = (
    "gemini-3.8-flash",
    "gemini-3.1-pro-preview",
    "gemini-2.5-flash",
    "gemini-2.0-flash",
    "gemma-3-27b-it",
)
VERTEX = {"platform": "vertex"}


def turn(role: Any, *parts: Any, at: str = "", name: str | None = None) -> Turn:
    return Turn(role, tuple(Text(part, f"{at}.content") if isinstance(part, str) else part for part in parts), name, at)


def call(id: str = "c1", name: str = "f", arguments: str = '{"a": 1}', kind: Any = "function", **more: Any) -> ToolCall:
    return ToolCall(id, name, arguments, kind, at=f"calls[{id}]", **more)


def result(id: str = "c1", *parts: Any, failed: bool = False) -> Turn:
    content = tuple(Text(part) if isinstance(part, str) else part for part in parts or ("ok",))
    return Turn("tool", (ToolResult(id, content, failed, at=f"results[{id}]"),), at=f"results[{id}]")


HI = turn("user", "Hi", at="messages[0]")
TOOL = FunctionTool("f", "Does it.", {"type": "object", "properties": {"a": {"type": "integer"}}}, at="tools[0]")
TOOL_ON_WIRE = {"name": "f", "description": "Does it.", "parametersJsonSchema": TOOL.parameters}


def render(
    *turns: Turn,
    model: str = NEW,
    options: dict[str, Any] | None = None,
    overrides: dict[str, Any] | None = None,
    memory: Memory = FORGETFUL,
    stream: bool = True,
    judged: bool = True,
    **more: Any,
) -> Rendered:
    given = {name: Option(value, f"at.{name}") for name, value in (options or {}).items()}
    conversation = Conversation(turns or (HI,), options=given, stream=stream, **more)
    before = copy.deepcopy(conversation)
    rendered = dialect.render(conversation, Model(model, overrides or {}, memory))
    assert conversation == before
    if judged:
        check(rendered.body, vertex=(overrides or {}).get("platform") == "vertex")
    return rendered


def extra(rendered: Rendered) -> dict[str, Any]:
    """What was added to the smallest body, `generationConfig` laid open."""
    body = {key: value for key, value in rendered.body.items() if key != "contents"}
    return body.pop("generationConfig", {}) | body


def fates(rendered: Rendered) -> list[tuple[str, str]]:
    return [(note.path.removeprefix("at."), note.fate) for note in rendered.notes]


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def model_turn(*parts: Any) -> dict[str, Any]:
    return {**user(*parts), "role": "model"}


def called(id: str = "c1", name: str = "f", args: Any = None, **more: Any) -> dict[str, Any]:
    return {"functionCall": {"id": id, "name": name, "args": {"a": 1} if args is None else args}, **more}


def answered(id: str = "c1", output: str = "ok", name: str = "f", key: str = "output", **more: Any) -> dict[str, Any]:
    return {"functionResponse": {"id": id, "name": name, "response": {key: output}, **more}}
