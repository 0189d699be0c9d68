"""Requests in which every value exists once that is no word of the API, with all that the providers of a client dialect
can be asked."""

import copy
import json
from base64 import b64encode
from typing import Any

Json = dict[str, Any]

MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "vertex-anthropic": "claude-sonnet-4-5@20250929",
    "bedrock": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "gemini": "gemini-2.5-flash",
    "openai": "gpt-4.1",
    "openai-responses": "gpt-5",
    "ollama": "qwen3",
    "openai-completions": "davinci",
}
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_IMAGE = f"data:image/png;base64,{_PIXEL}"
_PDF = f"data:application/pdf;base64,{b64encode(b'%PDF-1.4 of a quince').decode()}"
_FIRST = json.dumps({"town": "town-grape", "count": 8123, "deep": {"kind": "kind-hazel"}})
_SECOND = json.dumps({"what": "what-kiwi"})
_SIZES: Json = {
    "type": "object",
    "description": "all-walnut",
    "properties": {
        "size": {"type": "string", "description": "size-yam"},
        "weight": {"type": "number", "minimum": 31.25},
    },
    "required": ["size"],
}
_COLOURS: Json = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["colour-carrot", "colour-dill"]}},
    "required": ["colour"],
    "additionalProperties": False,
}
_TASTES: Json = {
    "type": "object",
    "properties": {"taste": {"type": "string", "description": "taste-iris"}},
    "required": ["taste"],
    "additionalProperties": False,
}
_OPTIONS: Json = {
    "model": "m",
    "temperature": 0.4375,
    "top_p": 0.8125,
    "user": "user_leek",
    "safety_identifier": "safety_mint",
    "parallel_tool_calls": False,
    "service_tier": "flex",
    "metadata": {"team": "team-nettle", "area": "area-oregano"},
    "prompt_cache_key": "cache-parsley",
    "top_logprobs": 4,
}
_SAMPLING: Json = {
    "stop": ["stop-jasmine", "stop-kale"],
    "frequency_penalty": 0.15625,
    "presence_penalty": 0.28125,
    "seed": 7654321,
    "logit_bias": {"50256": 3},
}


def _call(id: str, name: str, arguments: str) -> Json:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


CHAT: Json = {
    **_OPTIONS,
    **_SAMPLING,
    "messages": [
        {"role": "system", "content": "system-apple is brief"},
        {"role": "user", "content": "user-banana asks"},
        {
            "role": "assistant",
            "content": "said-cherry so",
            "reasoning_content": "thought-damson first",
            "tool_calls": [_call("call_elder", "find_fig", _FIRST), _call("call_ivy", "pick_juniper", _SECOND)],
        },
        {"role": "tool", "tool_call_id": "call_elder", "content": "result-lemon came"},
        {"role": "tool", "tool_call_id": "call_ivy", "content": "result-mango came"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "part-nut here"},
                {"type": "text", "text": "part-olive there"},
                {"type": "image_url", "image_url": {"url": _IMAGE, "detail": "high"}},
                {"type": "file", "file": {"file_data": _PDF, "filename": "peach.pdf"}},
            ],
        },
        {"role": "assistant", "content": "said-raisin again"},
        {"role": "user", "name": "name_sloe", "content": "user-tamarind asks"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "do_ugli", "description": "describes-vanilla", "parameters": _SIZES},
        },
        {
            "type": "function",
            "function": {"name": "do_bean", "description": "describes-basil", "strict": True, "parameters": _COLOURS},
        },
        {"type": "function", "function": {"name": "do_endive", "description": "describes-fennel"}},
    ],
    "tool_choice": {"type": "function", "function": {"name": "do_endive"}},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "form_garlic", "description": "form-hop", "strict": True, "schema": _TASTES},
    },
    "max_completion_tokens": 4321,
    "logprobs": True,
    "reasoning_effort": "low",
    "verbosity": "low",
    "store": True,
}
RESPONSES: Json = {
    **_OPTIONS,
    "instructions": "system-apple is brief",
    "input": [
        {"role": "developer", "content": "develops-bran more"},
        {"role": "user", "content": "user-banana asks"},
        {
            "type": "reasoning",
            "id": "rs_plum",
            "summary": [{"type": "summary_text", "text": "thought-damson first"}],
            "encrypted_content": None,
        },
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_quinoa",
            "status": "completed",
            "content": [{"type": "output_text", "text": "said-cherry so", "annotations": []}],
        },
        {"type": "function_call", "id": "fc_rue", "call_id": "call_elder", "name": "find_fig", "arguments": _FIRST},
        {"type": "function_call", "call_id": "call_ivy", "name": "pick_juniper", "arguments": _SECOND},
        {"type": "function_call_output", "call_id": "call_elder", "output": "result-lemon came"},
        {
            "type": "function_call_output",
            "call_id": "call_ivy",
            "output": [{"type": "input_text", "text": "result-mango came"}],
        },
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "part-nut here"},
                {"type": "input_text", "text": "part-olive there"},
                {"type": "input_image", "image_url": _IMAGE, "detail": "high"},
                {"type": "input_file", "file_data": _PDF, "filename": "peach.pdf"},
            ],
        },
        {"role": "assistant", "content": "said-raisin again"},
        {"role": "user", "content": "user-tamarind asks"},
    ],
    "tools": [
        {
            "type": "function",
            "name": "do_ugli",
            "description": "describes-vanilla",
            "strict": False,
            "parameters": _SIZES,
        },
        {
            "type": "function",
            "name": "do_bean",
            "description": "describes-basil",
            "strict": True,
            "parameters": _COLOURS,
        },
        {
            "type": "function",
            "name": "do_endive",
            "description": "describes-fennel",
            "strict": False,
            "parameters": {"type": "object", "properties": {}},
        },
    ],
    "tool_choice": {"type": "function", "name": "do_endive"},
    "text": {
        "verbosity": "low",
        "format": {
            "type": "json_schema",
            "name": "form_garlic",
            "description": "form-hop",
            "strict": True,
            "schema": _TASTES,
        },
    },
    "max_output_tokens": 4321,
    "include": ["message.output_text.logprobs"],
    "reasoning": {"effort": "low", "summary": "auto"},
    "store": False,
    "truncation": "disabled",
}
COMPLETIONS: Json = {
    **_SAMPLING,
    "model": "m",
    "prompt": "prompt-apple goes on",
    "max_tokens": 4321,
    "temperature": 0.4375,
    "top_p": 0.8125,
    "logprobs": 4,
    "user": "user_leek",
}
BODIES = {"chat": CHAT, "responses": RESPONSES, "completions": COMPLETIONS}
LEAST = {"chat": 40, "responses": 40, "completions": 9}
"""The fields that are judged by their value in each request; a completion has no more."""
_NO_LOGPROBS = ("anthropic", "vertex-anthropic", "bedrock")


def asked(client: str, provider: str, *, stream: bool) -> Json:
    """Return the request, without what the provider refuses."""
    body = copy.deepcopy(BODIES[client]) | {"stream": stream}
    if stream and client != "responses":
        body["stream_options"] = {"include_usage": True}
    if provider in _NO_LOGPROBS:
        for name in ("logprobs", "top_logprobs", "include"):
            body.pop(name, None)
    if provider == "ollama":
        body.pop("tool_choice", None)
        for entry in body.get("messages", body.get("input", ())):
            if isinstance(entry.get("content"), list):
                entry["content"] = [part for part in entry["content"] if part["type"] not in ("file", "input_file")]
    return body


CHANGED: dict[tuple[str, str], dict[str, str]] = {
    ("chat", "anthropic"): {
        "reasoning_effort": "thinking.budget_tokens",
        "messages[0].role": "system",
        "messages[2].role": "messages[1].role",
        "messages[2].tool_calls[0].type": "messages[1].content[1].type",
        "messages[3].role": "messages[2].content[0].type messages[2].role",
        "messages[5].content[0].type": "messages[2].content[2].type",
        "messages[5].content[2].image_url.url": "messages[2].content[4].source.data"
        " messages[2].content[4].source.media_type messages[2].content[4].source.type",
        "messages[5].content[2].image_url.detail": "dropped",
        "tools[1].function.strict": "tools[1].strict",
        "parallel_tool_calls": "tool_choice.disable_parallel_tool_use tool_choice.type",
        "response_format.type": "output_config",
        "verbosity": "dropped",
        "stream": "stream",
        "stream_options.include_usage": "computed",
    },
    ("chat", "bedrock"): {
        "reasoning_effort": "additionalModelRequestFields.thinking.budget_tokens",
        "messages[0].role": "system",
        "messages[2].role": "messages[1].role",
        "messages[2].tool_calls[0].type": "messages[1].content[1]",
        "messages[3].role": "messages[2].role",
        "messages[5].content[0].type": "messages[2].content[2]",
        "messages[5].content[2].image_url.url": "messages[2].content[4].image.format"
        " messages[2].content[4].image.source.bytes",
        "messages[5].content[2].image_url.detail": "dropped",
        "tools[1].function.strict": "toolConfig.tools[1].toolSpec.strict",
        "parallel_tool_calls": "additionalModelRequestFields.tool_choice.disable_parallel_tool_use"
        " additionalModelRequestFields.tool_choice.type",
        "response_format.type": "outputConfig",
        "verbosity": "dropped",
        "stream": "computed",
        "stream_options.include_usage": "computed",
    },
    ("chat", "gemini"): {
        "reasoning_effort": "generationConfig.thinkingConfig.thinkingBudget",
        "messages[0].role": "systemInstruction",
        "messages[2].role": "contents[1].role",
        "messages[2].tool_calls[0].type": "contents[1].parts[1]",
        "messages[3].role": "contents[2].role",
        "messages[5].content[0].type": "contents[2].parts[2]",
        "messages[5].content[2].image_url.url": "contents[2].parts[4].inlineData.data"
        " contents[2].parts[4].inlineData.mimeType",
        "messages[5].content[2].image_url.detail": "dropped",
        "tools[1].function.strict": "dropped",
        "parallel_tool_calls": "dropped",
        "response_format.type": "systemInstruction.parts[1]",
        "verbosity": "dropped",
        "stream": "computed",
        "stream_options.include_usage": "computed",
    },
    ("chat", "ollama"): {
        "reasoning_effort": "dropped",
        "messages[0].role": "messages[0].role",
        "messages[2].role": "messages[2].role",
        "messages[2].tool_calls[0].type": "messages[2].tool_calls[0]",
        "messages[3].role": "messages[3].role",
        "messages[5].content[0].type": "messages[5].content",
        "messages[5].content[2].image_url.url": "messages[5].images[0]",
        "messages[5].content[2].image_url.detail": "dropped",
        "tools[1].function.strict": "dropped",
        "parallel_tool_calls": "dropped",
        "response_format.type": "format",
        "verbosity": "dropped",
        "stream": "stream",
        "stream_options.include_usage": "computed",
    },
    ("chat", "openai"): {
        "reasoning_effort": "reasoning_effort",
        "messages[0].role": "messages[0].role",
        "messages[2].role": "messages[2].role",
        "messages[2].tool_calls[0].type": "messages[2].tool_calls[0].type",
        "messages[3].role": "messages[3].role",
        "messages[5].content[0].type": "messages[5].content[0].type",
        "messages[5].content[2].image_url.url": "messages[5].content[2].image_url.url",
        "messages[5].content[2].image_url.detail": "messages[5].content[2].image_url.detail",
        "tools[1].function.strict": "tools[1].function.strict",
        "parallel_tool_calls": "parallel_tool_calls",
        "response_format.type": "response_format.type",
        "verbosity": "verbosity",
        "stream": "stream stream_options.include_usage",
        "stream_options.include_usage": "computed",
    },
    ("chat", "openai-responses"): {
        "reasoning_effort": "reasoning.effort",
        "messages[0].role": "input[0].role",
        "messages[2].role": "input[2].role",
        "messages[2].tool_calls[0].type": "input[3].type",
        "messages[3].role": "input[5].type",
        "messages[5].content[0].type": "input[7].content[0].type",
        "messages[5].content[2].image_url.url": "input[7].content[2].image_url",
        "messages[5].content[2].image_url.detail": "input[7].content[2].detail",
        "tools[1].function.strict": "tools[1].strict",
        "parallel_tool_calls": "parallel_tool_calls",
        "response_format.type": "text.format",
        "verbosity": "text.verbosity",
        "stream": "stream",
        "stream_options.include_usage": "computed",
    },
    ("chat", "vertex-anthropic"): {
        "reasoning_effort": "thinking.budget_tokens",
        "messages[0].role": "system",
        "messages[2].role": "messages[1].role",
        "messages[2].tool_calls[0].type": "messages[1].content[1].type",
        "messages[3].role": "messages[2].content[0].type messages[2].role",
        "messages[5].content[0].type": "messages[2].content[2].type",
        "messages[5].content[2].image_url.url": "messages[2].content[4].source.data"
        " messages[2].content[4].source.media_type",
        "messages[5].content[2].image_url.detail": "dropped",
        "tools[1].function.strict": "tools[1].strict",
        "parallel_tool_calls": "tool_choice.disable_parallel_tool_use tool_choice.type",
        "response_format.type": "output_config",
        "verbosity": "dropped",
        "stream": "computed stream",
        "stream_options.include_usage": "computed",
    },
    ("responses", "anthropic"): {
        "reasoning.effort": "thinking.budget_tokens",
        "input[0].role": "system",
        "input[4].type": "messages[1].content[1].type messages[1].role",
        "input[6].type": "messages[2].content[0].type messages[2].role",
        "input[8].content[0].type": "messages[2].content[2].type",
        "input[8].content[2].image_url": "messages[2].content[4].source.data"
        " messages[2].content[4].source.media_type messages[2].content[4].source.type",
        "input[8].content[2].detail": "dropped",
        "tools[1].strict": "tools[1].strict",
        "parallel_tool_calls": "tool_choice.disable_parallel_tool_use tool_choice.type",
        "text.format.type": "output_config",
        "text.verbosity": "dropped",
        "stream": "stream",
        "store": "dropped",
    },
    ("responses", "bedrock"): {
        "reasoning.effort": "additionalModelRequestFields.thinking.budget_tokens",
        "input[0].role": "system",
        "input[4].type": "messages[1].role",
        "input[6].type": "messages[2].role",
        "input[8].content[0].type": "messages[2].content[2]",
        "input[8].content[2].image_url": "messages[2].content[4].image.format"
        " messages[2].content[4].image.source.bytes",
        "input[8].content[2].detail": "dropped",
        "tools[1].strict": "toolConfig.tools[1].toolSpec.strict",
        "parallel_tool_calls": "additionalModelRequestFields.tool_choice.disable_parallel_tool_use"
        " additionalModelRequestFields.tool_choice.type",
        "text.format.type": "outputConfig",
        "text.verbosity": "dropped",
        "stream": "computed",
        "store": "dropped",
    },
    ("responses", "gemini"): {
        "reasoning.effort": "generationConfig.thinkingConfig.thinkingBudget",
        "input[0].role": "systemInstruction",
        "input[4].type": "contents[1].role",
        "input[6].type": "contents[2].role",
        "input[8].content[0].type": "contents[2].parts[2]",
        "input[8].content[2].image_url": "contents[2].parts[4].inlineData.data"
        " contents[2].parts[4].inlineData.mimeType",
        "input[8].content[2].detail": "dropped",
        "tools[1].strict": "computed",
        "parallel_tool_calls": "dropped",
        "text.format.type": "systemInstruction.parts[2]",
        "text.verbosity": "dropped",
        "stream": "computed",
        "store": "dropped",
    },
    ("responses", "ollama"): {
        "reasoning.effort": "computed",
        "input[0].role": "messages[1].role",
        "input[4].type": "messages[3].role",
        "input[6].type": "messages[4].role",
        "input[8].content[0].type": "messages[6].content",
        "input[8].content[2].image_url": "messages[6].images[0]",
        "input[8].content[2].detail": "dropped",
        "tools[1].strict": "dropped",
        "parallel_tool_calls": "dropped",
        "text.format.type": "format",
        "text.verbosity": "dropped",
        "stream": "stream",
        "store": "dropped",
    },
    ("responses", "openai"): {
        "reasoning.effort": "reasoning_effort",
        "input[0].role": "messages[1].role",
        "input[4].type": "messages[3].role messages[3].tool_calls[0].type",
        "input[6].type": "messages[4].role",
        "input[8].content[0].type": "messages[6].content[0].type",
        "input[8].content[2].image_url": "messages[6].content[2].image_url.url",
        "input[8].content[2].detail": "messages[6].content[2].image_url.detail",
        "tools[1].strict": "tools[1].function.strict",
        "parallel_tool_calls": "parallel_tool_calls",
        "text.format.type": "response_format",
        "text.verbosity": "verbosity",
        "stream": "stream stream_options.include_usage",
        "store": "dropped",
    },
    ("responses", "openai-responses"): {
        "reasoning.effort": "reasoning.effort",
        "input[0].role": "input[0].role",
        "input[4].type": "input[4].type",
        "input[6].type": "input[6].type",
        "input[8].content[0].type": "input[8].content[0].type",
        "input[8].content[2].image_url": "input[8].content[2].image_url",
        "input[8].content[2].detail": "input[8].content[2].detail",
        "tools[1].strict": "tools[1].strict",
        "parallel_tool_calls": "parallel_tool_calls",
        "text.format.type": "text.format.type",
        "text.verbosity": "text.verbosity",
        "stream": "stream",
        "store": "store",
    },
    ("responses", "vertex-anthropic"): {
        "reasoning.effort": "thinking.budget_tokens",
        "input[0].role": "system",
        "input[4].type": "messages[1].content[1].type messages[1].role",
        "input[6].type": "messages[2].content[0].type messages[2].role",
        "input[8].content[0].type": "messages[2].content[2].type",
        "input[8].content[2].image_url": "messages[2].content[4].source.data messages[2].content[4].source.media_type",
        "input[8].content[2].detail": "dropped",
        "tools[1].strict": "tools[1].strict",
        "parallel_tool_calls": "tool_choice.disable_parallel_tool_use tool_choice.type",
        "text.format.type": "output_config",
        "text.verbosity": "dropped",
        "stream": "computed stream",
        "store": "dropped",
    },
}
"""What becomes of words that providers have others for, as each dialect means them: the places that they decide, or the
rule where there are none."""
