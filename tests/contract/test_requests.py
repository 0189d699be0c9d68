"""What is true of every request, whoever asks it and whoever is asked."""

import contextlib
import copy
from typing import Any

import pytest

from translators import conversation as vocabulary
from translators.conversation import (
    Conversation,
    FunctionTool,
    Option,
    OutputFormat,
    PromptCache,
    Text,
    Turn,
    WebSearch,
)
from translators.dialects import Model
from translators.errors import BadRequest
from translators.registry import CLIENTS, PROVIDERS

MODELS = {
    "anthropic": ("claude-opus-4-6", "claude-opus-5-5", "claude-haiku-4-5", "some-local-model"),
    "vertex-anthropic": ("claude-opus-4-6@default",),
    "bedrock": (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "global.anthropic.claude-opus-4-6-v1",
        "us.anthropic.claude-opus-5-5",
        "us.amazon.nova-2-lite-v1:0",
        "amazon.nova-lite-v1:0",
        "openai.gpt-oss-120b-1:0",
        "meta.llama3-3-70b-instruct-v1:0",
    ),
    "ollama": ("llama3.2", "gpt-oss:20b"),
    "gemini": ("gemini-3.8-flash", "gemini-3.1-pro-preview", "gemini-2.5-flash", "gemini-2.0-flash", "gemma-3-27b-it"),
    "openai-responses": ("gpt-5.6", "gpt-4o", "some-local-model"),
    "openai": ("gpt-5.5",),
}
"""By provider dialect, one model of each kind."""

# `reasoning_visible` is not here: hiding reasoning is the client dialect's part.
OPTIONS: dict[str, Any] = {
    "max_tokens": 50,
    "seed": 1,
    "n": 2,
    "top_k": 3,
    "top_logprobs": 2,
    "reasoning_budget": 2000,
    "temperature": 0.5,
    "top_p": 0.5,
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "stop": ("END",),
    "logit_bias": {"5": 1},
    "logprobs": True,
    "parallel_tool_calls": False,
    "store": True,
    "reasoning_effort": "low",
    "verbosity": "low",
    "service_tier": "flex",
    "user": "u-1",
    "safety_identifier": "s-1",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "response_format": OutputFormat("schema", {"type": "object", "properties": {}}, "answer"),
    "web_search": WebSearch("low"),
    "prompt_cache": PromptCache("implicit", "30m"),
    "metadata": {"a": "b"},
    "modalities": ("text", "audio"),
    "audio": {"voice": "alloy", "format": "wav"},
    "prediction": {"type": "content", "content": "x"},
    "moderation": {"model": "m"},
    "thinking": {"type": "enabled", "budget_tokens": 2000},
    "unknown_field": {"a": 1},
}


def test_every_option_has_a_value_here() -> None:
    assert OPTIONS.keys() - {"unknown_field"} == vocabulary.OPTIONS - {"reasoning_visible"}


def conversation(**options: Any) -> Conversation:
    tool = FunctionTool("look", "Looks.", {"type": "object", "properties": {}}, at="tools[0]")
    turns = (Turn("user", (Text("hi", "messages[0].content"),), at="messages[0]"),)
    return Conversation(turns, (tool,), None, {name: Option(value, name) for name, value in options.items()})


KINDS = [
    pytest.param(provider, model, id=f"{provider}: {model}") for provider in PROVIDERS for model in MODELS[provider]
]


@pytest.mark.parametrize(("provider", "model"), KINDS)
@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_used_or_noted_or_refused(provider: str, model: str, option: str) -> None:
    render = PROVIDERS[provider].render
    base: dict[str, Any] = {} if option == "max_tokens" else {"max_tokens": 4000}
    without = render(conversation(**base), Model(model))
    try:
        rendered = render(conversation(**base, **{option: OPTIONS[option]}), Model(model))
    except BadRequest as refused:
        failure = refused.failure
    else:
        failure = None
    if failure is not None:
        assert failure.status == 400
        assert (failure.param or "").startswith(option)
        return
    noted = any(note.path.startswith(option) for note in rendered.notes)
    assert noted or rendered.body != without.body or rendered.headers != without.headers
    assert "unknown_field" not in rendered.body


@pytest.mark.parametrize(("provider", "model"), KINDS)
def test_a_conversation_is_not_changed(provider: str, model: str) -> None:
    for option, value in OPTIONS.items():
        asked = conversation(**{option: value})
        before = copy.deepcopy(asked)
        with contextlib.suppress(BadRequest):
            first = PROVIDERS[provider].render(asked, Model(model))
            assert PROVIDERS[provider].render(asked, Model(model)) == first
        assert asked == before


BODIES: dict[str, dict[str, Any]] = {
    "chat": {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "s"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "t"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "seen"},
        ],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "surprise": [1],
    },
    "completions": {
        "model": "m",
        "prompt": ["one", "two"],
        "echo": True,
        "n": 2,
        "stop": ["END"],
        "logit_bias": {"5": 1},
        "stream": True,
        "stream_options": {"include_usage": True},
        "surprise": [1],
    },
    "responses": {
        "model": "m",
        "stream": True,
        "instructions": "s",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "t"},
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
                ],
            },
            {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}", "status": "completed"},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "seen"}]},
        ],
        "tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}],
        "tool_choice": {"type": "function", "name": "look"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "surprise": [1],
    },
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_body_is_not_changed(client: str) -> None:
    body = BODIES[client]
    before = copy.deepcopy(body)
    first = CLIENTS[client].parse(body)
    assert body == before
    assert CLIENTS[client].parse(body) == first


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "body", [None, 5, "text", [], {}, {"model": 5}, {"model": "m", "messages": "x"}, {"model": "m", "messages": [5]}]
)
def test_what_is_no_request_is_refused(client: str, body: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        CLIENTS[client].parse(body)
    assert caught.value.failure.status == 400
    assert caught.value.failure.type == "invalid_request_error"
