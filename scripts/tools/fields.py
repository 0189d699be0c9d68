"""The fields of a request that the support matrix tells of, by client dialect, each with a request that has it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = f"data:image/png;base64,{PIXEL}"
PDF = "data:application/pdf;base64,JVBERi0xLjQK"
TEXT = "data:text/plain;base64,aGVsbG8="
WAV = "UklGRg=="
OBJECT: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED: Json = {**OBJECT, "additionalProperties": False}
LARK = {"type": "grammar", "grammar": {"syntax": "lark", "definition": 'start: "a"'}}
FLAT_LARK = {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a request. `with_it` is a request with the field, `without` the same without; `path` is where a note
    or a refusal of it must point. `gateway`: it says how the gateway is to answer, so nothing of it needs to reach a
    provider."""

    name: str
    path: str | tuple[str, ...]
    with_it: Json
    without: Json
    gateway: bool = False


def _chat() -> Iterable[Field]:
    user: Json = {"role": "user", "content": "Hi"}
    base: Json = {"model": "m", "max_completion_tokens": 4000, "messages": [user]}

    def option(name: str, value: Any, gateway: bool = False, **beside: Any) -> Field:
        return Field(name, name, {**base, **beside, name: value}, {**base, **beside}, gateway)

    def said(name: str, path: str, *messages: Json, tools: Any = None, without: tuple[Json, ...] = (user,)) -> Field:
        around = {} if tools is None else {"tools": tools}
        return Field(
            name, path, {**base, **around, "messages": [*messages]}, {**base, **around, "messages": [*without]}
        )

    def part(name: str, value: Json, without: Json | None = None) -> Field:
        text = {"type": "text", "text": "Hi"}
        plain = [text] if without is None else [text, without]
        return Field(
            name,
            "messages[0].content[1]",
            {**base, "messages": [{"role": "user", "content": [text, value]}]},
            {**base, "messages": [{"role": "user", "content": plain}]},
        )

    look = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": OBJECT}}
    find = {"type": "function", "function": {"name": "find", "parameters": OBJECT}}
    closed = {"type": "function", "function": {"name": "look", "parameters": CLOSED}}
    strict = {"type": "function", "function": {"name": "look", "parameters": CLOSED, "strict": True}}
    custom = {"type": "custom", "custom": {"name": "sql", "description": "Runs."}}
    bound = {"type": "custom", "custom": {"name": "sql", "format": LARK}}
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Rome"}'}}
    asked: Json = {"role": "assistant", "content": None, "tool_calls": [call]}
    seen: Json = {"role": "tool", "tool_call_id": "call_1", "content": "sun"}
    schema = {"name": "answer", "schema": CLOSED, "strict": True}
    yield said("system message", "messages[0]", {"role": "system", "content": "Be brief."}, user)
    yield said("developer message", "messages[0]", {"role": "developer", "content": "Be brief."}, user)
    yield said("system message in the middle", "messages[1]", user, {"role": "system", "content": "Be brief."}, user)
    yield said("assistant message", "messages[1]", user, {"role": "assistant", "content": "Hello"}, user)
    yield said("assistant message at the end", "messages[1]", user, {"role": "assistant", "content": "Hel"})
    yield said("assistant refusal", "messages[1]", user, {"role": "assistant", "content": None, "refusal": "No."}, user)
    yield said(
        "reasoning_content in history",
        "messages[1]",
        user,
        {"role": "assistant", "content": "Hello", "reasoning_content": "Hm."},
        user,
        without=(user, {"role": "assistant", "content": "Hello"}, user),
    )
    yield said("tool_calls and their results", "messages[1]", user, asked, seen, tools=[look])
    yield said(
        "an image in a tool's result",
        "messages[2]",
        user,
        asked,
        {**seen, "content": [{"type": "image_url", "image_url": {"url": IMAGE}}]},
        tools=[look],
        without=(user, asked, seen),
    )
    yield said("message name", "messages[0].name", {**user, "name": "ann"})
    yield part("text part", {"type": "text", "text": "there"})
    image: Json = {"type": "image_url", "image_url": {"url": IMAGE}}
    yield part("image_url (data:)", image)
    yield part("image_url (https:)", {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})
    yield part("image_url.detail", {"type": "image_url", "image_url": {"url": IMAGE, "detail": "low"}}, image)
    yield part("input_audio", {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}})
    yield part("file (PDF)", {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}})
    yield part("file (text)", {"type": "file", "file": {"file_data": TEXT, "filename": "a.txt"}})
    yield part("file_id", {"type": "file", "file": {"file_id": "file-1"}})
    yield part(
        "prompt_cache_breakpoint",
        {"type": "text", "text": "there", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
        {"type": "text", "text": "there"},
    )
    yield Field("max_completion_tokens", "max_completion_tokens", {**base, "max_completion_tokens": 50}, base)
    older = {name: value for name, value in base.items() if name != "max_completion_tokens"}
    yield Field("max_tokens (legacy)", "max_tokens", {**older, "max_tokens": 50}, older)
    yield option("temperature", 0.5)
    yield Field("temperature above 1", "temperature", {**base, "temperature": 1.5}, base)
    yield option("top_p", 0.5)
    yield option("frequency_penalty", 0.5)
    yield option("presence_penalty", 0.5)
    yield option("seed", 7)
    yield option("stop", ["END"])
    yield option("n", 2)
    logprobs = {**base, "logprobs": True, "top_logprobs": 3}
    yield Field("logprobs, top_logprobs", ("logprobs", "top_logprobs"), logprobs, base)
    yield option("logit_bias", {"50": 1})
    yield option("tools", [look])
    yield Field("tools: strict", "tools[0]", {**base, "tools": [strict]}, {**base, "tools": [closed]})
    yield Field("tools: custom", "tools[0]", {**base, "tools": [custom]}, base)
    yield Field("tools: custom with a grammar", "tools[0]", {**base, "tools": [bound]}, base)
    named = {"type": "function", "function": {"name": "look"}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    around = {**base, "tools": [look, find]}
    for called, choice in {
        "none": "none",
        "required": "required",
        "a function": named,
        "allowed_tools": allowed,
    }.items():
        yield Field(f"tool_choice: {called}", "tool_choice", {**around, "tool_choice": choice}, around)
    yield option("parallel_tool_calls", False, tools=[look, find])
    yield Field(
        "functions (legacy)",
        "functions",
        {**base, "functions": [{"name": "look", "parameters": OBJECT}]},
        base,
    )
    yield option("function_call", "none", functions=[{"name": "look", "parameters": OBJECT}])
    yield Field(
        "response_format: json_object", "response_format", {**base, "response_format": {"type": "json_object"}}, base
    )
    yield Field(
        "response_format: json_schema",
        "response_format",
        {**base, "response_format": {"type": "json_schema", "json_schema": schema}},
        base,
    )
    for effort in ("none", "low", "high", "max"):
        yield Field(f"reasoning_effort: {effort}", "reasoning_effort", {**base, "reasoning_effort": effort}, base)
    yield option("verbosity", "low")
    yield option("service_tier", "flex")
    yield option("user", "u-1")
    yield option("safety_identifier", "s-1")
    yield option("metadata", {"a": "b"})
    yield option("store", True)
    yield option("prompt_cache_key", "k")
    yield option("prompt_cache_options", {"mode": "implicit", "ttl": "30m"})
    yield option("prompt_cache_retention", "24h")
    yield option("prediction", {"type": "content", "content": "x"})
    spoken = {**base, "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    yield Field("modalities: audio", ("modalities", "audio"), spoken, base)
    yield option("web_search_options", {"search_context_size": "low"})
    yield option("moderation", {"model": "omni-moderation-latest"})
    yield option("stream", True, gateway=True)
    yield option("stream_options", {"include_usage": True}, gateway=True, stream=True)
    yield option("top_k", 5)
    yield option("thinking", {"type": "enabled", "budget_tokens": 2000})
    yield option("cache_control", {"type": "ephemeral"})
    yield option("speed", "fast")
    yield option("inference_geo", "us")
    yield option("container", "container_1")
    yield option("context_management", {"edits": [{"type": "clear_tool_uses_20250919"}]})
    yield Field("an unknown field", "surprise", {**base, "surprise": 1}, base)


def _responses() -> Iterable[Field]:
    base: Json = {"model": "m", "max_output_tokens": 4000, "input": "Hi"}
    user: Json = {"role": "user", "content": "Hi"}

    def option(name: str, value: Any, gateway: bool = False, **beside: Any) -> Field:
        return Field(name, name, {**base, **beside, name: value}, {**base, **beside}, gateway)

    def items(name: str, path: str, *said: Json, tools: Any = None, without: tuple[Json, ...] = (user,)) -> Field:
        around = base if tools is None else {**base, "tools": tools}
        return Field(name, path, {**around, "input": [*said]}, {**around, "input": [*without]})

    def part(name: str, value: Json) -> Field:
        text = {"type": "input_text", "text": "Hi"}
        return Field(
            name,
            "input[0].content[1]",
            {**base, "input": [{"role": "user", "content": [text, value]}]},
            {**base, "input": [{"role": "user", "content": [text]}]},
        )

    look = {"type": "function", "name": "look", "description": "Looks.", "parameters": CLOSED, "strict": False}
    strict = {**look, "strict": True}
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"city": "Rome"}'}
    seen = {"type": "function_call_output", "call_id": "c1", "output": "sun"}
    custom = {"type": "custom", "name": "sql", "description": "Runs."}
    schema = {"type": "json_schema", "name": "answer", "schema": CLOSED, "strict": True}
    yield option("instructions", "Be brief.")
    yield items("message: developer", "input[0]", {"role": "developer", "content": "Be brief."}, user)
    yield items("message: assistant", "input[1]", user, {"role": "assistant", "content": "Hello"}, user)
    yield part("input_text", {"type": "input_text", "text": "there"})
    yield part("input_image (data:)", {"type": "input_image", "image_url": IMAGE, "detail": "auto"})
    yield part("input_image (https:)", {"type": "input_image", "image_url": "https://example.com/a.png"})
    yield part("input_file (PDF)", {"type": "input_file", "file_data": PDF, "filename": "a.pdf"})
    yield items("function_call and its output", "input[1]", user, call, seen, tools=[look])
    yield items(
        "custom_tool_call and its output",
        "input[1]",
        user,
        {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "select 1"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "1"},
        tools=[custom],
    )
    yield items(
        "reasoning of another provider",
        "input[1]",
        user,
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
        {"role": "assistant", "content": "Hello"},
        user,
        without=(user, {"role": "assistant", "content": "Hello"}, user),
    )
    yield items("item_reference", "input[0]", {"type": "item_reference", "id": "msg_1"}, user)
    yield items(
        "web_search_call in history",
        "input[1]",
        user,
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
        user,
        without=(user, user),
    )
    yield Field("tools: function", "tools", {**base, "tools": [look]}, base)
    yield Field("tools: function, strict", "tools[0]", {**base, "tools": [strict]}, {**base, "tools": [look]})
    yield Field("tools: custom", "tools[0]", {**base, "tools": [custom]}, base)
    yield Field("tools: custom with a grammar", "tools[0]", {**base, "tools": [{**custom, "format": FLAT_LARK}]}, base)
    yield Field("tools: web_search", "tools[0]", {**base, "tools": [{"type": "web_search"}]}, base)
    yield Field(
        "tools: file_search",
        "tools[0]",
        {**base, "tools": [{"type": "file_search", "vector_store_ids": ["v"]}]},
        base,
    )
    yield Field(
        "tools: mcp",
        "tools[0]",
        {**base, "tools": [{"type": "mcp", "server_label": "s", "server_url": "https://s"}]},
        base,
    )
    named = {"type": "function", "name": "look"}
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [named]}
    around = {**base, "tools": [look, custom]}
    for called, choice in {
        "none": "none",
        "required": "required",
        "a function": named,
        "allowed_tools": allowed,
    }.items():
        yield Field(f"tool_choice: {called}", "tool_choice", {**around, "tool_choice": choice}, around)
    yield option("parallel_tool_calls", False, tools=[look])
    yield Field("max_output_tokens", "max_output_tokens", {**base, "max_output_tokens": 50}, base)
    yield option("temperature", 0.5)
    yield option("top_p", 0.5)
    yield Field("text.format: json_schema", "text", {**base, "text": {"format": schema}}, base)
    yield Field("text.format: json_object", "text", {**base, "text": {"format": {"type": "json_object"}}}, base)
    yield Field("text.verbosity", "text", {**base, "text": {"verbosity": "low"}}, base)
    yield Field("reasoning.effort", "reasoning", {**base, "reasoning": {"effort": "low"}}, base)
    yield Field("reasoning.summary", "reasoning", {**base, "reasoning": {"summary": "auto"}}, base, gateway=True)
    yield option("include", ["reasoning.encrypted_content"], gateway=True)
    logprobs = {**base, "include": ["message.output_text.logprobs"], "top_logprobs": 2}
    yield Field("top_logprobs", ("top_logprobs", "include"), logprobs, base)
    yield option("metadata", {"a": "b"})
    yield option("user", "u-1")
    yield option("safety_identifier", "s-1")
    yield option("service_tier", "flex")
    yield option("prompt_cache_key", "k")
    yield option("prompt_cache_options", {"mode": "implicit", "ttl": "30m"})
    yield option("prompt_cache_retention", "24h")
    yield option("truncation", "auto")
    yield option("moderation", {"model": "omni-moderation-latest"})
    yield option("store", False, gateway=True)
    yield option("previous_response_id", "resp_1")
    yield option("conversation", "conv_1")
    yield option("background", True)
    yield option("background_options", {"completion_window": "2h"})
    yield option("context_management", [{"type": "compaction"}])
    yield option("prompt", {"id": "pmpt_1"})
    yield option("max_tool_calls", 3)
    yield option("image", {"detail": "low"})
    yield option("access_programs", {"a": "b"})
    yield option("stream", True, gateway=True)
    yield option("stream_options", {"include_obfuscation": False}, gateway=True, stream=True)
    yield Field("an unknown field", "surprise", {**base, "surprise": 1}, base)


def _completions() -> Iterable[Field]:
    base: Json = {"model": "m", "max_tokens": 400, "prompt": "Hi"}

    def option(name: str, value: Any, gateway: bool = False, **beside: Any) -> Field:
        return Field(name, name, {**base, **beside, name: value}, {**base, **beside}, gateway)

    yield option("prompt", "Hello")
    yield Field("prompt: a list of texts", "prompt", {**base, "prompt": ["Hi", "Ho"]}, base, gateway=True)
    yield Field("prompt: tokens", "prompt", {**base, "prompt": [1, 2]}, base)
    yield Field("max_tokens", "max_tokens", {**base, "max_tokens": 50}, base)
    yield option("echo", True, gateway=True)
    yield option("suffix", "end")
    yield option("best_of", 3)
    yield option("logprobs", 2)
    yield option("n", 2)
    yield option("temperature", 0.5)
    yield option("top_p", 0.5)
    yield option("frequency_penalty", 0.5)
    yield option("presence_penalty", 0.5)
    yield option("seed", 7)
    yield option("stop", ["END"])
    yield option("logit_bias", {"50": 1})
    yield option("user", "u-1")
    yield option("stream", True, gateway=True)
    yield option("stream_options", {"include_usage": True}, gateway=True, stream=True)
    yield Field("an unknown field", "surprise", {**base, "surprise": 1}, base)


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "chat": tuple(_chat()),
    "responses": tuple(_responses()),
    "completions": tuple(_completions()),
}
