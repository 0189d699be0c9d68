"""Every format that a strict provider speaks, with its models, and how it signs what it says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.e2e import claude
from tests.e2e.answers import BEDROCK, CHAT, CLAUDE, GEMINI, OLLAMA, RESPONSES, Reply, Speech, data
from tests.e2e.gateway_process import PROVIDER_KEY
from tests.e2e.provider import sse
from tests.e2e.strict import anthropic, bedrock, gemini, ollama, openai
from tests.e2e.strict.request import Objection, Request, Saying, sign
from tests.translators.providers.bedrock.bedrock_frames import framed

Signed = tuple[Reply, dict[str, Any]]
"""A reply, and by the ids of its calls and items what must come back with them."""


@dataclass(frozen=True)
class Format:
    speech: Speech
    check: Callable[[Request], None]
    error: Callable[[Objection], Any]
    sayings: Callable[[Request], Iterator[Saying]]
    tools: Callable[[Request], list[dict[str, Any]]]
    signed: Callable[[Reply, Request], Signed]
    overloaded: Objection
    broken: Callable[[Any], bytes]
    """An error as an event of a stream."""
    call_prefix: str = "call_"


def _thinking(reply: Reply, request: Request, model: str, seen: bool) -> Signed:
    thought = f"I think of {reply.id}." if seen else ""
    reply = replace(reply, thought=thought, signature=sign(model, thought, reply.id))
    blocks = [claude.thinking(thought, reply.signature), *({"type": "tool_use", "id": id} for id, _, _ in reply.calls)]
    return reply, {id: blocks for id, _, _ in reply.calls}


def _by_claude(reply: Reply, request: Request) -> Signed:
    return (
        _thinking(reply, request, request.model, anthropic.seen(request)) if anthropic.thinks(request) else (reply, {})
    )


def _by_bedrock(reply: Reply, request: Request) -> Signed:
    return _thinking(reply, request, bedrock.name(request.model), True) if bedrock.thinks(request) else (reply, {})


def _by_gemini(reply: Reply, request: Request) -> Signed:
    content = [*reply.calls[0][1:]] if reply.calls else ""
    return replace(reply, thought=f"I think of {reply.id}.", signature=sign(request.model, content, reply.id)), {}


def _by_responses(reply: Reply, request: Request) -> Signed:
    sealed = "reasoning.encrypted_content" in (request.body.get("include") or [])
    reply = replace(reply, thought="", signature=sign("openai", "reasoning", reply.id) if sealed else "")
    thought = f"rs_{reply.id}"
    return reply, {thought: None, f"msg_{reply.id}": thought, **{f"fc_{id}": thought for id, _, _ in reply.calls}}


def _by_ollama(reply: Reply, request: Request) -> Signed:
    return replace(reply, thought=f"I think of {reply.id}." if request.body.get("think") else None), {}


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
        CHAT, openai.check_chat, openai.error, openai.chat_sayings, openai.chat_tools, lambda reply, _: (reply, {}),
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


def parse_request(path: str, body: Any, given: Any) -> tuple[Format, Request]:
    """Return the format of a request, by its path, and its fields."""
    bare, streamed = path.partition("?")[0], bool(body.get("stream"))
    parts = bare.rsplit("/", 2)
    if "enerateContent" in bare:
        model, _, method = parts[-1].partition(":")
        return FORMATS["gemini"], Request(model, body, method.startswith("stream"), given)
    if bare.startswith("/bedrock/"):
        return FORMATS["bedrock"], Request(parts[-2], body, parts[-1] == "converse-stream", given)
    by_end = {"messages": "anthropic", "completions": "chat", "responses": "responses", "chat": "ollama"}
    return FORMATS[by_end[parts[-1]]], Request(body["model"], body, streamed, given)


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
"""Models that answer in turn, with the history so far."""
