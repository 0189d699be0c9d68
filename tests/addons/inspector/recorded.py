"""Recorded exchanges out of fixtures: the translators convert what a provider streamed, as the gateway does."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from addons.inspector.recording import Attempt, EventPair, Exchange, Facts, Phase, Tokens
from translators import convert
from translators.convert import Converted
from translators.pipe import Tapped

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
HIDDEN = "[redacted]"
URLS = {
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com/v1beta",
    "openai": "https://api.openai.com/v1",
    "openai-responses": "https://api.openai.com/v1",
}
KEYS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}
ASKED: Mapping[str, dict[str, Any]] = {
    "chat": {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    },
    "completions": {"model": "m", "prompt": "Hi", "stream": True, "stream_options": {"include_usage": True}},
    "responses": {"model": "m", "input": "Hi", "stream": True, "reasoning": {"summary": "auto"}},
}
STREAMS = {
    "anthropic": "parallel_tools_after_thinking.sse",
    "bedrock": "reasoning_and_parallel_tools.eventstream",
    "gemini": "parallel_tools_after_thinking.sse",
    "ollama": "thinking_and_parallel_tools.ndjson",
    "openai": "parallel_tools.sse",
    "openai-responses": "reasoning_and_parallel_calls.sse",
}
"""A recording of each provider's with calls."""
PATHS = {"chat": "/v1/chat/completions", "completions": "/v1/completions", "responses": "/v1/responses"}
STARTED = 1_795_374_000.25


def exchange(
    provider: str,
    data: bytes,
    client: str = "chat",
    *,
    request: Mapping[str, Any] | None = None,
    id: str = "req_1",
    tokens: Tokens | None = None,
    url: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    content_type: str = "",
    host: str = "127.0.0.1:8080",
) -> Exchange:
    """Return the exchange in which `provider` answered `data` to the request of a client."""
    wire = dict(ASKED[client] if request is None else request)
    converted = convert.request(wire, client=client, provider=provider, model="m-1")
    stream = bool(wire.get("stream"))
    events, answer, failed = answered(converted, data, stream, content_type)
    base = url or URLS.get(provider, "https://provider.example")
    key = KEYS.get(provider, "authorization")
    body = json.dumps(converted.body, ensure_ascii=False, separators=(",", ":")).encode()
    sent = (("content-type", "application/json"), *converted.headers.items(), (key, HIDDEN))
    requested = Phase(2.0, f"POST {base}{converted.path}", sent, body, len(body))
    kind = "application/json" if not events else convert_type(provider)
    replied = Phase(30.0, "200", (("content-type", kind),), None if events else data, len(data))
    asked = json.dumps(wire, ensure_ascii=False).encode()
    hello = (("host", host), ("content-type", "application/json"), *headers)
    facts = Facts(id, 1, STARTED, "alice", client, PATHS[client], "m", provider, "m-1", provider, 200, stream)
    facts.end, facts.tokens, facts.events = "failed" if failed else "complete", tokens, len(events)
    facts.timings = facts.timings.__class__(own=1.0, connect=5.0, first_event=28.0, duration=90.0)
    facts.notes = converted.notes
    tried = Attempt(1, 0, 2.0, requested, provider, "m-1", f"{provider}-1", provider, 88.0, 200, response=replied)
    back = "text/event-stream" if stream else "application/json"
    return Exchange(
        facts,
        Phase(0.0, f"POST {PATHS[client]}", hello, asked, len(asked)),
        Phase(31.0, "200", (("content-type", back),), None if stream else answer, len(answer)),
        (tried,),
        events,
    )


def answered(
    converted: Converted, data: bytes, stream: bool, content_type: str
) -> tuple[tuple[EventPair, ...], bytes, bool]:
    pairs: list[EventPair] = []

    def tap(events: Sequence[Tapped], _: bool) -> None:
        for name, provider, client, notes in events:
            at = len(pairs)
            pairs.append(EventPair(at, 30.0 + at, name, provider, client, 0, 1, notes))

    pipe = converted.answering.pipe(stream=stream, content_type=content_type, tap=tap)
    out = pipe.feed(data) + pipe.close()
    if pipe.failure is not None:
        error = pipe.writer.fail(pipe.failure)
        pairs.append(EventPair(len(pairs), 80.0, "", b"", error, 0, 1))
    return tuple(pairs), out, pipe.failure is not None


def convert_type(provider: str) -> str:
    kinds = {"ollama": "application/x-ndjson", "bedrock": "application/vnd.amazon.eventstream"}
    return kinds.get(provider, "text/event-stream")
