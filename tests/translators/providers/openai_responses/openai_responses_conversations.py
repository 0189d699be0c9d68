"""Short words for turns and items, for the tests of whole bodies."""

import copy
from collections.abc import Mapping
from typing import Any

from openai_responses_oracles import check

from translators.conversation import Conversation, Option, Text, ToolCall, ToolResult, Turn
from translators.dialects import FORGETFUL, Memory, Model, Rendered
from translators.providers import openai_responses as dialect

MODEL = "gpt-5.6"
BODY: dict[str, Any] = {
    "model": MODEL,
    "include": ["reasoning.encrypted_content"],
    "store": False,
    "stream": True,
}
HI = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}


def turn(role: Any, *parts: Any, at: str = "", name: str | None = None) -> Turn:
    return Turn(role, tuple(Text(part, f"{at}.content") if isinstance(part, str) else part for part in parts), name, at)


def call(id: str = "c1", name: str = "f", arguments: str = '{"a": 1}', kind: Any = "function") -> ToolCall:
    return ToolCall(id, name, arguments, kind, at=f"calls[{id}]")


def result(id: str = "c1", *parts: Any, failed: bool = False) -> Turn:
    content = tuple(Text(part) if isinstance(part, str) else part for part in parts or ("ok",))
    return Turn("tool", (ToolResult(id, content, failed, at=f"results[{id}]"),), at=f"results[{id}]")


def render(
    *turns: Turn,
    model: str = MODEL,
    overrides: Mapping[str, Any] | None = None,
    memory: Memory = FORGETFUL,
    by_spec: bool = True,
    stream: bool = True,
    **more: Any,
) -> Rendered:
    conversation = Conversation(turns or (turn("user", "Hi"),), stream=stream, **more)
    before = copy.deepcopy(conversation)
    rendered = dialect.render(conversation, Model(model, overrides or {}, memory))
    assert conversation == before
    if stream and overrides is None:
        check(rendered.body, by_spec=by_spec)
    return rendered


def options(**values: Any) -> dict[str, Option]:
    return {name: Option(value, f"client.{name}") for name, value in values.items()}


def user(*content: Any) -> dict[str, Any]:
    texts = [{"type": "input_text", "text": part} if isinstance(part, str) else part for part in content]
    return {"type": "message", "role": "user", "content": texts}


def assistant(*content: Any) -> dict[str, Any]:
    texts = [{"type": "output_text", "text": part} if isinstance(part, str) else part for part in content]
    return {"type": "message", "role": "assistant", "content": texts}


def called(id: str = "c1", name: str = "f", arguments: str = '{"a": 1}') -> dict[str, Any]:
    return {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}


def output(id: str = "c1", output: Any = "ok") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": output}
