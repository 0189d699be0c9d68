"""Anthropic's Messages API (version 2023-06-01), as it objects."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.e2e.strict.request import (
    Called,
    Objection,
    Prompt,
    Request,
    Result,
    Saying,
    fits,
    flat,
    is_genuine,
    object_to_unknown,
    repeated,
)


@dataclass(frozen=True)
class Facts:
    thinking: tuple[str, ...]
    thinks_unasked: bool = False
    sampling: bool = False
    prefill: bool = False
    mid_system: bool = False
    forced_tools: bool = True


MODELS = {
    "claude-sonnet-4-5": Facts(("enabled", "disabled"), sampling=True, prefill=True),
    "claude-sonnet-4-6": Facts(("adaptive", "enabled", "disabled"), sampling=True),
    "claude-opus-4-8": Facts(("adaptive", "disabled"), mid_system=True),
    "claude-opus-5": Facts(("adaptive", "disabled"), thinks_unasked=True, mid_system=True),
    "claude-opus-5-5": Facts(("adaptive",), thinks_unasked=True, mid_system=True, forced_tools=False),
}
THOUGHTS = ("thinking", "redacted_thinking")
_KEPT = (*THOUGHTS, "tool_use")
_FIELDS = {
    *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config"),
    *("temperature", "top_p", "top_k", "stop_sequences", "service_tier", "metadata", "stream", "container", "speed"),
    "cache_control",
}
_BLOCKS = {
    "text": {"type", "text", "cache_control", "citations"},
    "image": {"type", "source", "cache_control"},
    "document": {"type", "source", "title", "context", "citations", "cache_control"},
    "tool_use": {"type", "id", "name", "input", "cache_control", "caller"},
    "tool_result": {"type", "tool_use_id", "content", "is_error", "cache_control"},
    "thinking": {"type", "thinking", "signature"},
    "redacted_thinking": {"type", "data"},
}
_TOOL = {"type", "name", "description", "input_schema", "strict", "cache_control", "defer_loading", "allowed_callers"}
_EXTRA = "{}: Extra inputs are not permitted"
_CONSULT = (
    "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
    "#max-tokens-and-context-window-size"
)


def check(request: Request) -> None:
    body, facts = request.body, MODELS[request.model]
    object_to_unknown(body, _FIELDS, _EXTRA)
    if not isinstance(body.get("max_tokens"), int):
        raise Objection("max_tokens: Field required")
    _check_tools(body.get("tools", []))
    _check_messages(body["messages"], facts)
    thinks = check_settings(body, facts)
    check_thoughts(request, merged(body["messages"]), thinks)


def error(objection: Objection) -> Any:
    return {"type": "error", "error": {"type": objection.code, "message": objection.message}, "request_id": "req_1"}


# --- tools ------------------------------------------------------------------------------------------------


def _check_tools(tools: list[dict[str, Any]]) -> None:
    for at, tool in enumerate(tools):
        if tool.get("type", "custom") != "custom":
            continue  # the server's own
        path = f"tools.{at}.custom"
        object_to_unknown(tool, _TOOL, path + "." + _EXTRA)
        if not fits("[a-zA-Z0-9_-]{1,128}", tool["name"]):
            raise Objection(f"{path}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        check_schema(tool.get("input_schema", {}), f"{path}.input_schema")
    if repeated(tool["name"] for tool in tools):
        raise Objection("tools: Tool names must be unique.")


def check_schema(schema: dict[str, Any], path: str) -> None:
    if schema.get("type") != "object":
        raise Objection(f"{path}.type: Field required")
    if {"oneOf", "allOf", "anyOf"} & schema.keys():
        raise Objection(f"{path}: input_schema does not support oneOf, allOf, or anyOf at the top level")
    if not all(fits("[a-zA-Z0-9_.-]{1,64}", key) for key in schema.get("properties", {})):
        raise Objection(f"{path}.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'")


# --- messages ---------------------------------------------------------------------------------------------


def blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def merged(messages: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Consecutive messages of one role are read as one."""
    grouped = itertools.groupby(messages, key=lambda message: message["role"])
    return [(role, [block for message in group for block in blocks(message["content"])]) for role, group in grouped]


def _check_messages(messages: list[dict[str, Any]], facts: Facts) -> None:
    if not messages:
        raise Objection("messages: at least one message is required")
    for at, message in enumerate(messages):
        roles = ("user", "assistant", "system") if facts.mid_system else ("user", "assistant")
        if message["role"] not in roles:
            raise Objection(
                f'messages: Unexpected role "{message["role"]}". The Messages API accepts a top-level `system` '
                'parameter, not "system" as an input message role.'
            )
        if not message["content"] and at < len(messages) - 1:
            raise Objection(
                f"messages.{at}: all messages must have non-empty content except for the optional final assistant "
                "message"
            )
        for place, block in enumerate(blocks(message["content"])):
            _check_block(block, f"messages.{at}.content.{place}")
    if messages[0]["role"] != "user":
        raise Objection('messages: first message must use the "user" role')
    _check_pairs(merged(messages))
    _check_end(messages[-1], facts)


def _check_block(block: dict[str, Any], path: str) -> None:
    kind = block["type"]
    if kind not in _BLOCKS:
        raise Objection(f"{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    object_to_unknown(block, _BLOCKS[kind], f"{path}.{kind}.{_EXTRA}")
    if kind == "text" and not block["text"]:
        raise Objection("messages: text content blocks must be non-empty")
    if kind == "text" and not block["text"].strip():
        raise Objection("messages: text content blocks must contain non-whitespace text")
    if kind == "tool_use" and not fits("[a-zA-Z0-9_-]+", block["id"]):
        raise Objection(f"{path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if kind == "tool_use" and not isinstance(block["input"], dict):
        raise Objection(f"{path}.tool_use.input: Input should be a valid dictionary")
    if kind == "tool_result" and isinstance(block.get("content"), list):
        for at, part in enumerate(block["content"]):
            _check_block(part, f"{path}.tool_result.content.{at}")


def _check_pairs(messages: list[tuple[str, list[dict[str, Any]]]]) -> None:
    calls: list[str] = []
    for at, (_, content) in enumerate([*messages, ("end", [])]):
        leading = itertools.takewhile(lambda block: block["type"] == "tool_result", content)
        answered = [block["tool_use_id"] for block in leading]
        if missing := [id for id in calls if id not in answered]:
            raise Objection(
                f"messages.{at - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
                "next message."
            )
        for place, block in enumerate(content):
            if block["type"] == "tool_result" and block["tool_use_id"] not in calls:
                raise Objection(
                    f"messages.{at}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{block['tool_use_id']}. Each `tool_result` block must have a corresponding `tool_use` block in "
                    "the previous message."
                )
        if repeated(answered):
            raise Objection(
                f"messages.{at}.content: each tool_use must have a single result. Found multiple `tool_result` blocks "
                f"with id: {repeated(answered)}"
            )
        calls = [block["id"] for block in content if block["type"] == "tool_use"]
    if repeated(block["id"] for _, content in messages for block in content if block["type"] == "tool_use"):
        raise Objection("messages: `tool_use` ids must be unique")


def _check_end(last: dict[str, Any], facts: Facts) -> None:
    if last["role"] != "assistant":
        return
    if not facts.prefill:
        raise Objection(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    content = blocks(last["content"])
    if content and content[-1].get("text", "").endswith((" ", "\n", "\t")):
        raise Objection("messages: final assistant content cannot end with trailing whitespace")


# --- thinking ---------------------------------------------------------------------------------------------


def check_settings(body: dict[str, Any], facts: Facts) -> bool:
    """Whether the model is to think."""
    thinking = body.get("thinking", {})
    kind = thinking.get("type")
    if kind is not None and kind not in facts.thinking:
        raise Objection(f"thinking: '{kind}' is not supported by this model. Supported: {', '.join(facts.thinking)}")
    if kind == "enabled" and thinking["budget_tokens"] < 1024:
        raise Objection("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if kind == "enabled" and body["max_tokens"] <= thinking["budget_tokens"]:
        raise Objection(f"`max_tokens` must be greater than `thinking.budget_tokens`. {_CONSULT}")
    if "effort" in body.get("output_config", {}) and "adaptive" not in facts.thinking:
        raise Objection("This model does not support the effort parameter.")
    thinks = facts.thinks_unasked if kind is None else kind != "disabled"
    _check_sampling(body, facts, thinks)
    forced = body.get("tool_choice", {}).get("type") in ("any", "tool")
    if forced and not facts.forced_tools:
        raise Objection("tool_choice: This model does not support forced tool use.")
    if forced and kind == "enabled":
        raise Objection("Thinking may not be enabled when tool_choice forces tool use.")
    return thinks


def _check_sampling(body: dict[str, Any], facts: Facts, thinks: bool) -> None:
    for name in ("temperature", "top_p", "top_k"):
        if name in body and not facts.sampling:
            raise Objection(f"`{name}` is deprecated for this model.")
    if "temperature" in body and not 0 <= body["temperature"] <= 1:
        raise Objection("temperature: Input should be less than or equal to 1")
    if {"temperature", "top_p"} <= body.keys():
        raise Objection("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    if not thinks:
        return
    if body.get("temperature", 1) != 1:
        raise Objection(f"`temperature` may only be set to 1 when thinking is enabled. {_CONSULT}")
    if "top_k" in body:
        raise Objection(f"`top_k` must be unset when thinking is enabled. {_CONSULT}")
    if body.get("top_p", 1) < 0.95:
        raise Objection(f"`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {_CONSULT}")


def check_thoughts(request: Request, messages: list[tuple[str, list[dict[str, Any]]]], thinks: bool) -> None:
    for at, (role, content) in enumerate(messages):
        for place, block in enumerate(content):
            _check_thought(block, request.model, f"messages.{at}.content.{place}")
        if role == "assistant" and content and content[-1]["type"] in THOUGHTS:
            raise Objection(f"messages.{at}: The final block in an assistant message cannot be `thinking`.")
    spoken = [at for at, (role, _) in enumerate(messages) if role == "assistant"]
    if not spoken:
        return
    at, content = spoken[-1], messages[spoken[-1]][1]
    _check_unmodified(request, content, at)
    loops = any(block["type"] == "tool_use" for block in content)
    budgeted = request.body.get("thinking", {}).get("type") == "enabled"
    if thinks and budgeted and (loops or at == len(messages) - 1) and content[0]["type"] not in THOUGHTS:
        kind = content[0]["type"]
        raise Objection(
            f"messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{kind}`. "
            "When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the "
            "lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from "
            "previous turns. To avoid this requirement, disable `thinking`."
        )


def _check_thought(block: dict[str, Any], model: str, path: str) -> None:
    if block["type"] == "thinking" and not is_genuine(block.get("signature"), model, block["thinking"]):
        raise Objection(f"{path}: Invalid `signature` in `thinking` block")
    if block["type"] == "redacted_thinking" and not is_genuine(block["data"], model, "redacted"):
        raise Objection(f"{path}: Invalid `data` in `redacted_thinking` block")


def _check_unmodified(request: Request, content: list[dict[str, Any]], at: int) -> None:
    """Thinking of the latest message may be left out, but not moved, halved or doubled.

    The rest of an answer that was cut before its call may go before it, with its text.
    """
    answers = [request.given[block["id"]] for block in content if block.get("id") in request.given]
    wanted = [block for _, answer in itertools.groupby(answers, key=id) for block in _bare(next(answer))]
    thoughts = [place for place, block in enumerate(content) if block["type"] in THOUGHTS]
    if not thoughts or not wanted:
        return
    first = [place for place, block in enumerate(content) if block["type"] in _KEPT][-len(wanted) :][0]
    doubled = first - 1 in thoughts
    if doubled or _bare(content[first:]) != wanted:
        raise Objection(
            f"messages.{at}.content.{thoughts[0]}: `thinking` or `redacted_thinking` blocks in the latest "
            "assistant message cannot be modified. These blocks must remain as they were in the original response."
        )


def _bare(content: list[dict[str, Any]]) -> list[Any]:
    """Thoughts as they are, and calls by their ids."""
    return [block.get("id") or block for block in content if block["type"] in _KEPT]


# --- the conversation -------------------------------------------------------------------------------------


def sayings(request: Request) -> Iterator[Saying]:
    for message in request.body["messages"]:
        for block in blocks(message["content"]):
            match block:
                case {"type": "text", "text": text} if message["role"] == "user":
                    yield Prompt(text)
                case {"type": "tool_use", "id": id, "name": name, "input": given}:
                    yield Called(id, name, given)
                case {"type": "tool_result", "tool_use_id": id}:
                    yield Result(id, flat(block.get("content", "")))


def tools(request: Request) -> list[dict[str, Any]]:
    """`{name, schema}` each."""
    return [
        {"name": tool["name"], "schema": tool["input_schema"]}
        for tool in request.body.get("tools", [])
        if "input_schema" in tool
    ]


def thinks(request: Request) -> bool:
    kind = request.body.get("thinking", {}).get("type")
    return MODELS[request.model].thinks_unasked if kind is None else kind != "disabled"


def seen(request: Request) -> bool:
    """Newer models show their thoughts to those only who ask."""
    return request.body.get("thinking", {}).get("display") == "summarized" or not MODELS[request.model].thinks_unasked
