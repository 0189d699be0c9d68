"""Short words for turns and blocks, for the tests of whole bodies. Every body is put before botocore's model."""

import copy
from typing import Any

from bedrock_oracles import check

from translators.conversation import Conversation, FunctionTool, Option, Text, ToolCall, ToolResult, Turn
from translators.dialects import Model, Rendered
from translators.providers import bedrock as dialect

OLD = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
MIDDLE = "global.anthropic.claude-opus-4-6-v1"
NEW = "us.anthropic.claude-opus-5-5"
NOVA = "us.amazon.nova-2-lite-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
LLAMA = "meta.llama3-3-70b-instruct-v1:0"


def turn(role: Any, *parts: Any, at: str = "", name: str | None = None) -> Turn:
    return Turn(role, tuple(Text(part, f"{at}.content") if isinstance(part, str) else part for part in parts), name, at)


def call(id: str = "c1", name: str = "f", arguments: str = '{"a": 1}', kind: Any = "function") -> ToolCall:
    return ToolCall(id, name, arguments, kind, at=f"calls[{id}]")


def result(id: str = "c1", *parts: Any, failed: bool = False) -> Turn:
    content = tuple(Text(part) if isinstance(part, str) else part for part in parts or ("ok",))
    return Turn("tool", (ToolResult(id, content, failed, at=f"results[{id}]"),), at=f"results[{id}]")


HI = turn("user", "Hi")


def render(
    *turns: Turn, model: str = OLD, options: Any = None, overrides: Any = None, stream: bool = True, **more: Any
) -> Rendered:
    given = {
        name: value if isinstance(value, Option) else Option(value, name) for name, value in (options or {}).items()
    }
    conversation = Conversation(turns or (HI,), options=given, stream=stream, **more)
    before = copy.deepcopy(conversation)
    rendered = dialect.render(conversation, Model(model, overrides or {}))
    assert conversation == before
    check(rendered)
    return rendered


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": block} if isinstance(block, str) else block for block in blocks]}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def use(id: str = "c1", name: str = "f", **given: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": id, "name": name, "input": given or {"a": 1}}}


def answered(id: str = "c1", *blocks: Any, **more: Any) -> dict[str, Any]:
    content = [{"text": block} if isinstance(block, str) else block for block in blocks or ("ok",)]
    return {"toolResult": {"toolUseId": id, "content": content, **more}}


def spec(name: str = "f", **more: Any) -> dict[str, Any]:
    return {"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object", "properties": {}}}, **more}}


def paths(rendered: Rendered) -> list[tuple[str, str]]:
    return [(note.path, note.fate) for note in rendered.notes]


POINT = {"cachePoint": {"type": "default"}}
TOOL = FunctionTool("f", at="tools[0]")
OTHER = FunctionTool("g", at="tools[1]")
