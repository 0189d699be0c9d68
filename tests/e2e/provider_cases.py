"""Every section of config.yaml that names a provider, as a table: where its calls arrive, and with what."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from openai import OpenAI

from tests.e2e.answers import BEDROCK, CHAT, CLAUDE, GEMINI, OLLAMA, RESPONSES, Reply, Speech
from tests.e2e.every_provider import ACCESS_KEY, ENTRA_TOKEN, GOOGLE_TOKEN, KEYS, PROFILE_KEY
from tests.e2e.gateway_process import CLIENT_KEY
from tests.e2e.provider import Call

SYSTEM, ASKED = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weather in Rome?"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL: Any = {"type": "function", "function": {"name": "weather", "description": "Looks.", "parameters": SCHEMA}}
CALLING = Reply("I look.", (("call_1", "weather", {"city": "Rome"}),))
FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@dataclass(frozen=True)
class Case:
    """One entry of the configuration, by the model that clients ask for. `path` and `streaming` are where a whole
    answer and a stream are asked for; `header` is what lets the gateway in, its value whole or as a pattern; `loop` is
    the body that brings a tool's result."""

    model: str
    provider: str
    speech: Speech
    path: str
    streaming: str
    header: tuple[str, str]
    loop: dict[str, Any]


def _gemini(*, ids: bool, signature: str | None = None) -> dict[str, Any]:
    id = {"id": "call_1"} if ids else {}
    call = {"functionCall": {**id, "name": "weather", "args": {"city": "Rome"}}}
    result = {**id, "name": "weather", "response": {"output": "sunny"}}
    declared = {"name": "weather", "description": "Looks.", "parametersJsonSchema": SCHEMA}
    return {
        "contents": [
            {"role": "user", "parts": [{"text": ASKED["content"]}]},
            {
                "role": "model",
                "parts": [{"text": "I look."}, {**call, **({"thoughtSignature": signature} if signature else {})}],
            },
            {"role": "user", "parts": [{"functionResponse": result}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [{"functionDeclarations": [declared]}],
        "generationConfig": {"maxOutputTokens": 100},
    }


def _chat(model: str, limit: str) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [
            SYSTEM,
            ASKED,
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        ],
        "tools": [TOOL],
        limit: 100,
    }


VERTEX_CLAUDE = {
    "anthropic_version": "vertex-2023-10-16",
    "max_tokens": 100,
    "system": [{"type": "text", "text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": ASKED["content"]}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rome"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "sunny"}]}
            ],
        },
    ],
    "tools": [{"name": "weather", "description": "Looks.", "input_schema": SCHEMA}],
    "stream": False,
}
CONVERSE = {
    "system": [{"text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [{"text": ASKED["content"]}]},
        {
            "role": "assistant",
            "content": [
                {"text": "I look."},
                {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Rome"}}},
            ],
        },
        {"role": "user", "content": [{"toolResult": {"toolUseId": "call_1", "content": [{"text": "sunny"}]}}]},
    ],
    "inferenceConfig": {"maxTokens": 100},
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "weather", "description": "Looks.", "inputSchema": {"json": SCHEMA}}}]
    },
}
CODEX = {
    "model": "gpt-5-codex",
    "input": [
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be brief."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASKED["content"]}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city": "Rome"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
    ],
    "tools": [{"type": "function", "name": "weather", "description": "Looks.", "parameters": SCHEMA, "strict": False}],
    "max_output_tokens": 100,
    "include": ["reasoning.encrypted_content"],
    "store": False,
    "stream": False,
}
NATIVE = {
    "model": "qwen3:8b",
    "messages": [
        SYSTEM,
        ASKED,
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [{"id": "call_1", "function": {"name": "weather", "arguments": {"city": "Rome"}}}],
        },
        {"role": "tool", "content": "sunny", "tool_name": "weather", "tool_call_id": "call_1"},
    ],
    "tools": [TOOL],
    "options": {"num_ctx": 8192, "num_predict": 100},
    "keep_alive": "30m",
    "truncate": False,
    "shift": False,
    "stream": False,
}
CONVERSED = "/bedrock/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
VERTEX = "/vertex/v1/projects/a-project/locations/europe-west4/publishers"


def _google(model: str, at: str, key: tuple[str, str], loop: dict[str, Any]) -> Case:
    whole, streaming = f"{at}:generateContent", f"{at}:streamGenerateContent?alt=sse"
    return Case(model, "gemini" if model.startswith("gemini") else "vertex", GEMINI, whole, streaming, key, loop)


def _bearer(key: str) -> tuple[str, str]:
    return "authorization", f"Bearer {key}"


def _signed(key: str) -> tuple[str, str]:
    return "authorization", f"AWS4-HMAC-SHA256 Credential={key}/[0-9]{{8}}/us-west-2/bedrock/aws4_request, .*"


def _bedrock(model: str, header: tuple[str, str]) -> Case:
    return Case(model, "bedrock", BEDROCK, CONVERSED, f"{CONVERSED}-stream", header, CONVERSE)


def _openai(model: str, provider: str, path: str, header: tuple[str, str], name: str, limit: str) -> Case:
    return Case(model, provider, CHAT, path, path, header, _chat(name, limit))


DATED = "/azure/openai/deployments/gpt-4.1-mini/chat/completions?api-version=2024-10-21"
UNSIGNED = "skip_thought_signature_validator"
"""What Google documents for a call that it did not sign."""
CASES = {
    case.model: case
    for case in (
        _google(
            "gemini",
            "/gemini/v1beta/models/gemini-3-flash-preview",
            ("x-goog-api-key", KEYS["gemini"]),
            _gemini(ids=True, signature=UNSIGNED),
        ),
        _google(
            "gemini-old",
            "/gemini/v1beta/models/gemini-2.0-flash",
            ("x-goog-api-key", KEYS["gemini"]),
            _gemini(ids=True),
        ),
        _google(
            "express",
            "/express/v1/publishers/google/models/gemini-2.5-flash",
            ("x-goog-api-key", KEYS["express"]),
            _gemini(ids=False),
        ),
        _google(
            "vertex-gemini",
            f"{VERTEX}/google/models/gemini-2.5-pro",
            _bearer(GOOGLE_TOKEN),
            _gemini(ids=False),
        ),
        Case(
            "vertex-claude",
            "vertex",
            CLAUDE,
            f"{VERTEX}/anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
            f"{VERTEX}/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict",
            _bearer(GOOGLE_TOKEN),
            VERTEX_CLAUDE,
        ),
        _bedrock("bedrock", _signed(ACCESS_KEY)),
        _bedrock("bedrock-bearer", _bearer(KEYS["bedrock"])),
        _bedrock("bedrock-profile", _signed(PROFILE_KEY)),
        _openai(
            "relayed",
            "relayed",
            "/relayed/v1/chat/completions",
            _bearer(f"({KEYS['first']}|{KEYS['second']})"),
            "theirs",
            "max_tokens",
        ),
        _openai("quirky", "quirky", "/quirky/v1/chat/completions", ("authorization", ""), "theirs", "max_tokens"),
        Case("codex", "openai", RESPONSES, "/codex/v1/responses", "/codex/v1/responses", _bearer(KEYS["codex"]), CODEX),
        _openai(
            "azure",
            "azure",
            "/azure/openai/v1/chat/completions",
            ("api-key", KEYS["azure"]),
            "mine",
            "max_completion_tokens",
        ),
        _openai("azure-dated", "azure", DATED, ("api-key", KEYS["dated"]), "gpt-4.1-mini", "max_completion_tokens"),
        _openai(
            "azure-entra",
            "azure",
            "/azure/openai/v1/chat/completions",
            _bearer(ENTRA_TOKEN),
            "mine",
            "max_completion_tokens",
        ),
        Case("ollama", "ollama", OLLAMA, "/ollama/api/chat", "/ollama/api/chat", _bearer(KEYS["ollama"]), NATIVE),
    )
}
EVERY = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])


def asks(sdk: OpenAI, case: Case, streamed: bool, *more: Any, **fields: Any) -> Any:
    """The answer, which the SDK puts together where it is a stream."""
    options: Any = {"model": case.model, "messages": [SYSTEM, ASKED, *more], "max_tokens": 100, **fields}
    if not streamed:
        return sdk.chat.completions.create(**options)
    with sdk.chat.completions.stream(**options, stream_options={"include_usage": True}) as events:
        return events.get_final_completion()


def arrived(case: Case, call: Call, streamed: bool) -> None:
    """At the right place, with the gateway's own credential and nobody else's."""
    assert (call.method, call.path) == ("POST", case.streaming if streamed else case.path)
    name, value = case.header
    assert re.fullmatch(value, call.headers.get(name, "")), call.headers
    own = {"x-goog-api-key", "authorization", "api-key", "x-api-key", "cookie"} - {name}
    assert not own & call.headers.keys()
    request = json.dumps([call.path, call.headers, call.body.decode()])
    assert CLIENT_KEY not in request
    assert call.headers["content-type"] == "application/json"
    assert call.headers["accept-encoding"] == "identity"


def plain(call: Any) -> dict[str, Any]:
    """As a client keeps it that knows only what OpenAI documents."""
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.function.name, "arguments": call.function.arguments},
    }
