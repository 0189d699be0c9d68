"""The fields of a chat completion's request, `POST /v1/chat/completions`."""

from typing import Any

from scripts.tools.fields.field import CLOSED, IMAGE, LARK, OBJECT, PDF, TEXT, WAV, Field, Json

_USER: Json = {"role": "user", "content": "Hi"}
_BASE: Json = {"model": "m", "max_completion_tokens": 4000, "messages": [_USER]}
_LOOK = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": OBJECT}}
_FIND = {"type": "function", "function": {"name": "find", "parameters": OBJECT}}
_LOOK_CLOSED = {"type": "function", "function": {"name": "look", "parameters": CLOSED}}
_STRICT = {"type": "function", "function": {"name": "look", "parameters": CLOSED, "strict": True}}
_CUSTOM = {"type": "custom", "custom": {"name": "sql", "description": "Runs."}}
_BOUND = {"type": "custom", "custom": {"name": "sql", "format": LARK}}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Rome"}'}}
_CALLED: Json = {"role": "assistant", "content": None, "tool_calls": [_CALL]}
_RESULT: Json = {"role": "tool", "tool_call_id": "call_1", "content": "sun"}
_SCHEMA = {"name": "answer", "schema": CLOSED, "strict": True}
_IMAGE: Json = {"type": "image_url", "image_url": {"url": IMAGE}}
_LEGACY = {name: value for name, value in _BASE.items() if name != "max_completion_tokens"}
_LOGPROBS = {**_BASE, "logprobs": True, "top_logprobs": 3}
_NAMED = {"type": "function", "function": {"name": "look"}}
_ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [_NAMED]}}
_WITH_TOOLS = {**_BASE, "tools": [_LOOK, _FIND]}
_AUDIO = {**_BASE, "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}


def _option(name: str, value: Any, gateway: bool = False, **beside: Any) -> Field:
    return Field(name, name, {**_BASE, **beside, name: value}, {**_BASE, **beside}, gateway)


def _messages(name: str, path: str, *messages: Json, tools: Any = None, without: tuple[Json, ...] = (_USER,)) -> Field:
    around = {} if tools is None else {"tools": tools}
    return Field(name, path, {**_BASE, **around, "messages": [*messages]}, {**_BASE, **around, "messages": [*without]})


def _part(name: str, value: Json, without: Json | None = None) -> Field:
    text = {"type": "text", "text": "Hi"}
    plain = [text] if without is None else [text, without]
    return Field(
        name,
        "messages[0].content[1]",
        {**_BASE, "messages": [{"role": "user", "content": [text, value]}]},
        {**_BASE, "messages": [{"role": "user", "content": plain}]},
    )


MESSAGES = (
    _messages("system message", "messages[0]", {"role": "system", "content": "Be brief."}, _USER),
    _messages("developer message", "messages[0]", {"role": "developer", "content": "Be brief."}, _USER),
    _messages("system message in the middle", "messages[1]", _USER, {"role": "system", "content": "Be brief."}, _USER),
    _messages("assistant message", "messages[1]", _USER, {"role": "assistant", "content": "Hello"}, _USER),
    _messages("assistant message at the end", "messages[1]", _USER, {"role": "assistant", "content": "Hel"}),
    _messages(
        "assistant refusal", "messages[1]", _USER, {"role": "assistant", "content": None, "refusal": "No."}, _USER
    ),
    _messages(
        "reasoning_content in history",
        "messages[1]",
        _USER,
        {"role": "assistant", "content": "Hello", "reasoning_content": "Hm."},
        _USER,
        without=(_USER, {"role": "assistant", "content": "Hello"}, _USER),
    ),
    _messages("tool_calls and their results", "messages[1]", _USER, _CALLED, _RESULT, tools=[_LOOK]),
    _messages(
        "an image in a tool's result",
        "messages[2]",
        _USER,
        _CALLED,
        {**_RESULT, "content": [{"type": "image_url", "image_url": {"url": IMAGE}}]},
        tools=[_LOOK],
        without=(_USER, _CALLED, _RESULT),
    ),
    _messages("message name", "messages[0].name", {**_USER, "name": "ann"}),
)
PARTS = (
    _part("text part", {"type": "text", "text": "there"}),
    _part("image_url (data:)", _IMAGE),
    _part("image_url (https:)", {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
    _part("image_url.detail", {"type": "image_url", "image_url": {"url": IMAGE, "detail": "low"}}, _IMAGE),
    _part("input_audio", {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}),
    _part("file (PDF)", {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}}),
    _part("file (text)", {"type": "file", "file": {"file_data": TEXT, "filename": "a.txt"}}),
    _part("file_id", {"type": "file", "file": {"file_id": "file-1"}}),
    _part(
        "prompt_cache_breakpoint",
        {"type": "text", "text": "there", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
        {"type": "text", "text": "there"},
    ),
)
SAMPLING = (
    Field("max_completion_tokens", "max_completion_tokens", {**_BASE, "max_completion_tokens": 50}, _BASE),
    Field("max_tokens (legacy)", "max_tokens", {**_LEGACY, "max_tokens": 50}, _LEGACY),
    _option("temperature", 0.5),
    Field("temperature above 1", "temperature", {**_BASE, "temperature": 1.5}, _BASE),
    _option("top_p", 0.5),
    _option("frequency_penalty", 0.5),
    _option("presence_penalty", 0.5),
    _option("seed", 7),
    _option("stop", ["END"]),
    _option("n", 2),
    Field("logprobs, top_logprobs", ("logprobs", "top_logprobs"), _LOGPROBS, _BASE),
    _option("logit_bias", {"50": 1}),
)
TOOLS = (
    _option("tools", [_LOOK]),
    Field("tools: strict", "tools[0]", {**_BASE, "tools": [_STRICT]}, {**_BASE, "tools": [_LOOK_CLOSED]}),
    Field("tools: custom", "tools[0]", {**_BASE, "tools": [_CUSTOM]}, _BASE),
    Field("tools: custom with a grammar", "tools[0]", {**_BASE, "tools": [_BOUND]}, _BASE),
    *(
        Field(f"tool_choice: {called}", "tool_choice", {**_WITH_TOOLS, "tool_choice": choice}, _WITH_TOOLS)
        for called, choice in {
            "none": "none",
            "required": "required",
            "a function": _NAMED,
            "allowed_tools": _ALLOWED,
        }.items()
    ),
    _option("parallel_tool_calls", False, tools=[_LOOK, _FIND]),
    Field(
        "functions (legacy)",
        "functions",
        {**_BASE, "functions": [{"name": "look", "parameters": OBJECT}]},
        _BASE,
    ),
    _option("function_call", "none", functions=[{"name": "look", "parameters": OBJECT}]),
)
ANSWER = (
    Field(
        "response_format: json_object", "response_format", {**_BASE, "response_format": {"type": "json_object"}}, _BASE
    ),
    Field(
        "response_format: json_schema",
        "response_format",
        {**_BASE, "response_format": {"type": "json_schema", "json_schema": _SCHEMA}},
        _BASE,
    ),
    *(
        Field(f"reasoning_effort: {effort}", "reasoning_effort", {**_BASE, "reasoning_effort": effort}, _BASE)
        for effort in ("none", "low", "high", "max")
    ),
    _option("verbosity", "low"),
)
ACCOUNT = (
    _option("service_tier", "flex"),
    _option("user", "u-1"),
    _option("safety_identifier", "s-1"),
    _option("metadata", {"a": "b"}),
    _option("store", True),
    _option("prompt_cache_key", "k"),
    _option("prompt_cache_options", {"mode": "implicit", "ttl": "30m"}),
    _option("prompt_cache_retention", "24h"),
    _option("prediction", {"type": "content", "content": "x"}),
    Field("modalities: audio", ("modalities", "audio"), _AUDIO, _BASE),
    _option("web_search_options", {"search_context_size": "low"}),
    _option("moderation", {"model": "omni-moderation-latest"}),
    _option("stream", True, gateway=True),
    _option("stream_options", {"include_usage": True}, gateway=True, stream=True),
)
OTHERS = (
    _option("top_k", 5),
    _option("thinking", {"type": "enabled", "budget_tokens": 2000}),
    _option("cache_control", {"type": "ephemeral"}),
    _option("speed", "fast"),
    _option("inference_geo", "us"),
    _option("container", "container_1"),
    _option("context_management", {"edits": [{"type": "clear_tool_uses_20250919"}]}),
    Field("an unknown field", "surprise", {**_BASE, "surprise": 1}, _BASE),
)
FIELDS = (*MESSAGES, *PARTS, *SAMPLING, *TOOLS, *ANSWER, *ACCOUNT, *OTHERS)
