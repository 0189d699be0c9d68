"""What is true of every request, of any client and to any provider."""

import contextlib
import copy
from dataclasses import replace
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
from translators.dialects import Model, Rendered
from translators.errors import BadRequest, Failure
from translators.registry import CLIENTS, PROVIDERS

MODELS = {
    "anthropic": ("claude-opus-4-6", "claude-opus-5-5", "claude-haiku-4-5", "some-local-model"),
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
KINDS = [pytest.param(provider, name, id=f"{provider}: {name}") for provider, names in MODELS.items() for name in names]
SAME_REQUESTS = {"vertex-anthropic": ("anthropic", {"web_search": "web_search_20250305", "fast": False})}
"""Dialects whose requests are those of another, to models of which this is known: only their differences are tried."""

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


def test_every_dialect_is_tried() -> None:
    assert MODELS.keys() | SAME_REQUESTS.keys() == PROVIDERS.keys()


def fate(provider: str, model: str, option: str) -> str:
    """Return what becomes of an option: it is refused, noted, used or, wrongly, lost."""
    render = PROVIDERS[provider].render
    base: dict[str, Any] = {} if option == "max_tokens" else {"max_tokens": 4000}
    without = render(conversation(**base), Model(model))
    try:
        rendered = render(conversation(**base, **{option: OPTIONS[option]}), Model(model))
    except BadRequest as refused:
        rightly = refused.failure.status == 400 and (refused.failure.param or "").startswith(option)
        return "refused" if rightly else f"refused as {refused.failure}"
    if "unknown_field" in rendered.body:
        return "sent, though nobody knows it"
    if any(note.path.startswith(option) for note in rendered.notes):
        return "noted"
    return "used" if (rendered.body, rendered.headers) != (without.body, without.headers) else "lost"


@pytest.mark.parametrize(("provider", "model"), KINDS)
def test_every_option_is_used_or_noted_or_refused(provider: str, model: str) -> None:
    fates = {option: fate(provider, model, option) for option in OPTIONS}
    assert {option: fate for option, fate in fates.items() if fate not in ("used", "noted", "refused")} == {}


@pytest.mark.parametrize(("provider", "model"), KINDS)
def test_a_search_that_is_only_offered_is_never_refused(provider: str, model: str) -> None:
    render = PROVIDERS[provider].render
    without = render(conversation(), Model(model))
    rendered = render(conversation(web_search=WebSearch(offered=True)), Model(model))
    noted = [note.path for note in rendered.notes if note not in without.notes]
    assert (rendered.body == without.body) == (noted == ["web_search"])


@pytest.mark.parametrize(("provider", "model"), KINDS)
def test_a_conversation_is_not_changed(provider: str, model: str) -> None:
    for option, value in OPTIONS.items():
        original = conversation(**{option: value})
        before = copy.deepcopy(original)
        with contextlib.suppress(BadRequest):
            first = PROVIDERS[provider].render(original, Model(model))
            assert PROVIDERS[provider].render(original, Model(model)) == first
        assert original == before


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


def outcome(provider: str, conversation: Conversation, model: Model) -> Rendered | Failure:
    try:
        return PROVIDERS[provider].render(conversation, model)
    except BadRequest as refused:
        return refused.failure


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("name", ["claude-opus-5-5", "claude-haiku-4-5", "claude-opus-4-6"])
@pytest.mark.parametrize(("provider", "other"), [("vertex-anthropic", "anthropic")])
def test_a_dialect_whose_requests_are_those_of_another(provider: str, other: str, name: str, stream: bool) -> None:
    """But for the path, the version and the model's name. `tests/translators` has its own refusals."""
    _, known = SAME_REQUESTS[provider]
    parsed = [CLIENTS[client].parse(body).conversation for client, body in BODIES.items()]
    every = [conversation(**{option: value}) for option, value in OPTIONS.items()]
    for request in (replace(each, stream=stream) for each in (*parsed, *every)):
        ours, theirs = outcome(provider, request, Model(name)), outcome(other, request, Model(name, known))
        if isinstance(theirs, Rendered):
            body = {key: value for key, value in theirs.body.items() if key != "model"}
            headers = {key: value for key, value in theirs.headers.items() if key != "anthropic-version"}
            verb = "streamRawPredict" if theirs.streams else "rawPredict"
            theirs = replace(
                theirs,
                path=f"/models/{name}:{verb}",
                headers=headers,
                body={"anthropic_version": "vertex-2023-10-16", **body},
            )
        assert ours == theirs, request.options


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "body", [None, 5, "text", [], {}, {"model": 5}, {"model": "m", "messages": "x"}, {"model": "m", "messages": [5]}]
)
def test_what_is_no_request_is_refused(client: str, body: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        CLIENTS[client].parse(body)
    assert caught.value.failure.status == 400
    assert caught.value.failure.type == "invalid_request_error"
