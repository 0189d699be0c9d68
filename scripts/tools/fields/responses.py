"""The fields of a response's request, `POST /v1/responses`."""

from typing import Any

from scripts.tools.fields.field import CLOSED, FLAT_LARK, IMAGE, PDF, Field, Json

_BASE: Json = {"model": "m", "max_output_tokens": 4000, "input": "Hi"}
_USER: Json = {"role": "user", "content": "Hi"}
_LOOK = {"type": "function", "name": "look", "description": "Looks.", "parameters": CLOSED, "strict": False}
_STRICT = {**_LOOK, "strict": True}
_CALL = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"city": "Rome"}'}
_RESULT = {"type": "function_call_output", "call_id": "c1", "output": "sun"}
_CUSTOM = {"type": "custom", "name": "sql", "description": "Runs."}
_SCHEMA = {"type": "json_schema", "name": "answer", "schema": CLOSED, "strict": True}
_NAMED = {"type": "function", "name": "look"}
_ALLOWED = {"type": "allowed_tools", "mode": "required", "tools": [_NAMED]}
_WITH_TOOLS = {**_BASE, "tools": [_LOOK, _CUSTOM]}
_LOGPROBS = {**_BASE, "include": ["message.output_text.logprobs"], "top_logprobs": 2}


def _option(name: str, value: Any, gateway: bool = False, **beside: Any) -> Field:
    return Field(name, name, {**_BASE, **beside, name: value}, {**_BASE, **beside}, gateway)


def _items(name: str, path: str, *items: Json, tools: Any = None, without: tuple[Json, ...] = (_USER,)) -> Field:
    around = _BASE if tools is None else {**_BASE, "tools": tools}
    return Field(name, path, {**around, "input": [*items]}, {**around, "input": [*without]})


def _part(name: str, value: Json) -> Field:
    text = {"type": "input_text", "text": "Hi"}
    return Field(
        name,
        "input[0].content[1]",
        {**_BASE, "input": [{"role": "user", "content": [text, value]}]},
        {**_BASE, "input": [{"role": "user", "content": [text]}]},
    )


INPUT = (
    _option("instructions", "Be brief."),
    _items("message: developer", "input[0]", {"role": "developer", "content": "Be brief."}, _USER),
    _items("message: assistant", "input[1]", _USER, {"role": "assistant", "content": "Hello"}, _USER),
    _part("input_text", {"type": "input_text", "text": "there"}),
    _part("input_image (data:)", {"type": "input_image", "image_url": IMAGE, "detail": "auto"}),
    _part("input_image (https:)", {"type": "input_image", "image_url": "https://example.com/a.png"}),
    _part("input_file (PDF)", {"type": "input_file", "file_data": PDF, "filename": "a.pdf"}),
    _items("function_call and its output", "input[1]", _USER, _CALL, _RESULT, tools=[_LOOK]),
    _items(
        "custom_tool_call and its output",
        "input[1]",
        _USER,
        {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "select 1"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "1"},
        tools=[_CUSTOM],
    ),
    _items(
        "reasoning of another provider",
        "input[1]",
        _USER,
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
        {"role": "assistant", "content": "Hello"},
        _USER,
        without=(_USER, {"role": "assistant", "content": "Hello"}, _USER),
    ),
    _items("item_reference", "input[0]", {"type": "item_reference", "id": "msg_1"}, _USER),
    _items(
        "web_search_call in history",
        "input[1]",
        _USER,
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
        _USER,
        without=(_USER, _USER),
    ),
)
TOOLS = (
    Field("tools: function", "tools", {**_BASE, "tools": [_LOOK]}, _BASE),
    Field("tools: function, strict", "tools[0]", {**_BASE, "tools": [_STRICT]}, {**_BASE, "tools": [_LOOK]}),
    Field("tools: custom", "tools[0]", {**_BASE, "tools": [_CUSTOM]}, _BASE),
    Field("tools: custom with a grammar", "tools[0]", {**_BASE, "tools": [{**_CUSTOM, "format": FLAT_LARK}]}, _BASE),
    Field("tools: web_search", "tools[0]", {**_BASE, "tools": [{"type": "web_search"}]}, _BASE),
    Field(
        "tools: file_search",
        "tools[0]",
        {**_BASE, "tools": [{"type": "file_search", "vector_store_ids": ["v"]}]},
        _BASE,
    ),
    Field(
        "tools: mcp",
        "tools[0]",
        {**_BASE, "tools": [{"type": "mcp", "server_label": "s", "server_url": "https://s"}]},
        _BASE,
    ),
    *(
        Field(f"tool_choice: {called}", "tool_choice", {**_WITH_TOOLS, "tool_choice": choice}, _WITH_TOOLS)
        for called, choice in {
            "none": "none",
            "required": "required",
            "a function": _NAMED,
            "allowed_tools": _ALLOWED,
        }.items()
    ),
    _option("parallel_tool_calls", False, tools=[_LOOK]),
)
ANSWER = (
    Field("max_output_tokens", "max_output_tokens", {**_BASE, "max_output_tokens": 50}, _BASE),
    _option("temperature", 0.5),
    _option("top_p", 0.5),
    Field("text.format: json_schema", "text", {**_BASE, "text": {"format": _SCHEMA}}, _BASE),
    Field("text.format: json_object", "text", {**_BASE, "text": {"format": {"type": "json_object"}}}, _BASE),
    Field("text.verbosity", "text", {**_BASE, "text": {"verbosity": "low"}}, _BASE),
    Field("reasoning.effort", "reasoning", {**_BASE, "reasoning": {"effort": "low"}}, _BASE),
    Field("reasoning.summary", "reasoning", {**_BASE, "reasoning": {"summary": "auto"}}, _BASE, gateway=True),
    _option("include", ["reasoning.encrypted_content"], gateway=True),
    Field("top_logprobs", ("top_logprobs", "include"), _LOGPROBS, _BASE),
)
ACCOUNT = (
    _option("metadata", {"a": "b"}),
    _option("user", "u-1"),
    _option("safety_identifier", "s-1"),
    _option("service_tier", "flex"),
    _option("prompt_cache_key", "k"),
    _option("prompt_cache_options", {"mode": "implicit", "ttl": "30m"}),
    _option("prompt_cache_retention", "24h"),
)
OTHERS = (
    _option("truncation", "auto"),
    _option("moderation", {"model": "omni-moderation-latest"}),
    _option("store", False, gateway=True),
    _option("previous_response_id", "resp_1"),
    _option("conversation", "conv_1"),
    _option("background", True),
    _option("background_options", {"completion_window": "2h"}),
    _option("context_management", [{"type": "compaction"}]),
    _option("prompt", {"id": "pmpt_1"}),
    _option("max_tool_calls", 3),
    _option("image", {"detail": "low"}),
    _option("access_programs", {"a": "b"}),
    _option("stream", True, gateway=True),
    _option("stream_options", {"include_obfuscation": False}, gateway=True, stream=True),
    Field("an unknown field", "surprise", {**_BASE, "surprise": 1}, _BASE),
)
FIELDS = (*INPUT, *TOOLS, *ANSWER, *ACCOUNT, *OTHERS)
