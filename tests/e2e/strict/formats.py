"""Every format that a strict provider speaks, with its models, and how it signs what it says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.e2e import claude
from tests.e2e.answers import BEDROCK, CHAT, CLAUDE, GEMINI, OLLAMA, RESPONSES, Speech, Told, data
from tests.e2e.gateway_process import PROVIDER_KEY
from tests.e2e.provider import sse
from tests.e2e.strict import anthropic, bedrock, gemini, ollama, openai
from tests.e2e.strict.asked import Asked, Objection, Saying, sign
from tests.translators.providers.bedrock.bedrock_frames import framed

Signed = tuple[Told, dict[str, Any]]
"""What is said, and by the ids of its calls and items what must come back with them."""


@dataclass(frozen=True)
class Format:
    speech: Speech
    check: Callable[[Asked], None]
    error: Callable[[Objection], Any]
    sayings: Callable[[Asked], Iterator[Saying]]
    tools: Callable[[Asked], list[dict[str, Any]]]
    signed: Callable[[Told, Asked], Signed]
    overloaded: Objection
    broken: Callable[[Any], bytes]
    """An error as an event of a stream."""
    call_prefix: str = "call_"


def _thinking(told: Told, asked: Asked, model: str, seen: bool) -> Signed:
    thought = f"I think of {told.id}." if seen else ""
    told = replace(told, thought=thought, signature=sign(model, thought, told.id))
    blocks = [claude.thinking(thought, told.signature), *({"type": "tool_use", "id": id} for id, _, _ in told.calls)]
    return told, {id: blocks for id, _, _ in told.calls}


def _by_claude(told: Told, asked: Asked) -> Signed:
    return _thinking(told, asked, asked.model, anthropic.seen(asked)) if anthropic.thinks(asked) else (told, {})


def _by_bedrock(told: Told, asked: Asked) -> Signed:
    return _thinking(told, asked, bedrock.name(asked.model), True) if bedrock.thinks(asked) else (told, {})


def _by_gemini(told: Told, asked: Asked) -> Signed:
    content = [*told.calls[0][1:]] if told.calls else ""
    return replace(told, thought=f"I think of {told.id}.", signature=sign(asked.model, content, told.id)), {}


def _by_responses(told: Told, asked: Asked) -> Signed:
    sealed = "reasoning.encrypted_content" in (asked.body.get("include") or [])
    told = replace(told, thought="", signature=sign("openai", "reasoning", told.id) if sealed else "")
    thought = f"rs_{told.id}"
    return told, {thought: None, f"msg_{told.id}": thought, **{f"fc_{id}": thought for id, _, _ in told.calls}}


def _by_ollama(told: Told, asked: Asked) -> Signed:
    return replace(told, thought=f"I think of {told.id}." if asked.body.get("think") else None), {}


def _in_responses(error: Any) -> bytes:
    return sse({**error["error"], "type": "error", "sequence_number": 9})


_BUSY = "The engine is currently overloaded, please try again later"
# fmt: off
FORMATS = {
    "anthropic": Format(
        CLAUDE, anthropic.check, anthropic.error, anthropic.sayings, anthropic.tools, _by_claude,
        Objection("Overloaded", 529, "overloaded_error"), sse, "toolu_",
    ),
    "bedrock": Format(
        BEDROCK, bedrock.check, bedrock.error, bedrock.sayings, bedrock.tools, _by_bedrock,
        Objection("Too many requests, please wait before trying again.", 429, "ThrottlingException"),
        lambda error: framed({":exception": "throttlingException", "message": error["message"]}), "tooluse_",
    ),
    "gemini": Format(
        GEMINI, gemini.check, gemini.error, gemini.sayings, gemini.tools, _by_gemini,
        Objection("The model is overloaded. Please try again later.", 503, "UNAVAILABLE"), data, "g",
    ),
    "chat": Format(
        CHAT, openai.check_chat, openai.error, openai.chat_sayings, openai.chat_tools, lambda told, asked: (told, {}),
        Objection(_BUSY, 503, "server_is_overloaded"), data,
    ),
    "responses": Format(
        RESPONSES, openai.check_responses, openai.error, openai.responses_sayings, openai.responses_tools,
        _by_responses, Objection(_BUSY, 503, "server_is_overloaded"), _in_responses,
    ),
    "ollama": Format(
        OLLAMA, ollama.check, ollama.error, ollama.sayings, ollama.tools, _by_ollama,
        Objection("server busy, please try again.  maximum pending requests exceeded", 503, "busy"),
        lambda error: json.dumps(error).encode() + b"\n",
    ),
}
# fmt: on


def asked(path: str, body: Any, given: Any) -> tuple[Format, Asked]:
    """Which format a request is in, by its path, and what it asks."""
    bare, streamed = path.partition("?")[0], bool(body.get("stream"))
    parts = bare.rsplit("/", 2)
    if "enerateContent" in bare:
        model, _, method = parts[-1].partition(":")
        return FORMATS["gemini"], Asked(model, body, method.startswith("stream"), given)
    if bare.startswith("/bedrock/"):
        return FORMATS["bedrock"], Asked(parts[-2], body, parts[-1] == "converse-stream", given)
    by_end = {"messages": "anthropic", "completions": "chat", "responses": "responses", "chat": "ollama"}
    return FORMATS[by_end[parts[-1]]], Asked(body["model"], body, streamed, given)


def settings(at: str) -> dict[str, Any]:
    """The sections of config.yaml for a strict provider at that address."""

    def entry(base_url: str, models: dict[str, str], **more: Any) -> dict[str, Any]:
        named = [{"name": name, "alias": alias} for alias, name in models.items()]
        return {"api-key": PROVIDER_KEY, "base-url": base_url, "models": named, **more}

    chat = entry(f"{at}/v1", {"chat": "gpt-5.5"}, name="openai", endpoints=["chat"])
    keys = [{"api-key": chat.pop("api-key")}]
    claudes = {"claude": "claude-opus-4-8", "claude-4.5": "claude-sonnet-4-5", "claude-5": "claude-opus-5"}
    return {
        "claude_api_key": [entry(at, claudes)],
        "bedrock": [entry(f"{at}/bedrock", {"bedrock": "us.anthropic.claude-sonnet-4-6"}, region="us-east-1")],
        "gemini_api_key": [entry(at, {"gemini": "gemini-3.1-pro-preview", "gemini-flash": "gemini-3-flash-preview"})],
        "openai_compatibility": [{**chat, "api-key-entries": keys}],
        "codex_api_key": [entry(f"{at}/v1", {"responses": "gpt-5.5"})],
        "ollama": [entry(f"{at}/ollama", {"ollama": "qwen3"})],
    }


MODELS = ("claude", "claude-4.5", "claude-5", "bedrock", "gemini", "chat", "responses", "ollama")
ONE_OF_EACH_FORMAT = ("claude", "bedrock", "gemini", "chat", "responses", "ollama")
"""What goes wrong on the way is a format's, not a model's."""
SWITCHES = (
    ("claude", "gemini", "responses", "claude"),
    ("gemini", "gemini-flash", "bedrock", "gemini"),
    ("claude-4.5", "claude-5", "chat", "ollama", "claude-4.5"),
    ("responses", "claude", "bedrock", "responses"),
)
"""Asked in turn, with the history so far."""
