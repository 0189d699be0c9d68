"""Programs with SDKs, run by the real SDKs against a scripted server."""

import builtins
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from addons.inspector.exports import SDKS, Unexportable, export
from addons.inspector.recording import Exchange
from tests.addons.inspector.recorded import ASKED, FIXTURES, exchange
from tests.e2e.provider import Provider, stream, whole

KEY = "sk-the-real-key-0123456789"
HOSTILE = "it's \"\"\" ''' \\ \n __import__('os').system('touch hacked') \u2028 \u202e <script> {} % 👩‍👩‍👧"
HISTORY = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": HOSTILE},
]
MORE = {"temperature": 0.5, "top_p": 0.9, "x_unknown": {"self": 1}, "extra_headers": {"a": "b"}}


@pytest.fixture
def server(running_provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("GATEWAY_KEY", KEY)
    monkeypatch.setenv("PROVIDER_KEY", KEY)
    running_provider.reset()
    yield running_provider
    assert not running_provider.errors


def recorded(server: Provider, provider: str, client: str, path: str = "", **wire: Any) -> Exchange:
    name = "text.ndjson" if provider == "ollama" else "text.sse"
    data = (FIXTURES / provider / name).read_bytes()
    asked = ASKED[client] | ({"messages": HISTORY} if client == "chat" else {}) | wire
    headers = (("x-session-id", "s'1"), ("user-agent", "OpenAI/Python"), ("x-stainless-lang", "python"))
    host = urlsplit(server.url).netloc
    return exchange(provider, data, client, request=asked, url=server.url + path, host=host, headers=headers)


def run(code: str) -> list[str]:
    """Run a program, and return what it prints."""
    printed: list[str] = []
    compiled = compile(code, "exported.py", "exec")
    exec(compiled, {"__builtins__": {**vars(builtins), "print": printed.append}})
    return printed


@pytest.mark.parametrize(
    ("client", "name", "path"),
    [
        pytest.param("chat", "openai/text.sse", "/v1/chat/completions", id="chat"),
        pytest.param("responses", "openai-responses/text.sse", "/v1/responses", id="responses"),
        pytest.param("completions", "openai-completions/text.sse", "/v1/completions", id="completions"),
    ],
)
def test_the_clients_leg_with_openai(server: Provider, client: str, name: str, path: str) -> None:
    server.scripts = [stream([(FIXTURES / name).read_bytes()])]
    provider = "anthropic" if client != "completions" else "openai-completions"
    it = recorded(server, provider, client, **MORE)
    code = export(it.detail(), "python", sdk="openai").text
    assert KEY not in code
    assert "\u2028" not in code
    printed = run(code)
    call = server.call()
    assert it.client_request is not None
    assert call.json == json.loads(it.client_request.body or b"")
    assert (call.path, call.headers["authorization"]) == (path, f"Bearer {KEY}")
    assert call.headers["x-session-id"] == "s'1"
    assert len(printed) > 2


def test_a_whole_answer(server: Provider) -> None:
    body = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
    server.scripts = [whole(body)]
    it = recorded(server, "anthropic", "chat", stream=False, stream_options=None)
    assert json.loads(run(export(it.detail(), "python").text)[0])["id"] == "c1"


def test_the_providers_leg_with_anthropic(server: Provider) -> None:
    server.scripts = [stream([(FIXTURES / "anthropic/text.sse").read_bytes()])]
    it = recorded(server, "anthropic", "chat", temperature=0.5)
    printed = run(export(it.detail(), "python", "provider", "anthropic").text)
    call = server.call()
    assert call.json == json.loads(it.attempts[0].request.body or b"")
    assert call.path == "/v1/messages"
    assert KEY in (call.headers.get("x-api-key"), call.headers.get("authorization", "").removeprefix("Bearer "))
    assert call.headers["anthropic-version"] == "2023-06-01"
    assert "message_stop" in printed[-1]


@pytest.mark.parametrize("streamed", [True, False])
def test_the_providers_leg_with_google_genai(server: Provider, streamed: bool) -> None:
    answer = (FIXTURES / "gemini/text.sse").read_bytes()
    one = json.loads(answer.split(b"\n")[0].removeprefix(b"data: "))
    server.scripts = [stream([answer]) if streamed else whole(one)]
    it = recorded(
        server,
        "gemini",
        "chat",
        "/v1beta",
        temperature=0.5,
        stream=streamed,
        stream_options=None,
        tools=[{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}],
    )
    printed = run(export(it.detail(), "python", "provider", "google-genai").text)
    call = server.call()
    assert call.json == json.loads(it.attempts[0].request.body or b"")
    way = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    assert (call.path, call.headers["x-goog-api-key"]) == (f"/v1beta/models/m-1:{way}", KEY)
    assert "Hello" in printed[0]


def test_signatures_go_back_to_gemini_unchanged(server: Provider) -> None:
    server.scripts = [stream([(FIXTURES / "gemini/text.sse").read_bytes()])]
    it = recorded(server, "gemini", "chat", "/v1beta")
    part = {"functionCall": {"name": "look", "args": {"a": [1, None]}}, "thoughtSignature": "c2lnbmF0dXJl"}
    body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}, {"role": "model", "parts": [part]}]}
    it.attempts[0].request = replace(it.attempts[0].request, body=json.dumps(body).encode())
    run(export(it.detail(), "python", "provider").text)
    assert server.call().json == {**body, "generationConfig": {}}  # which the SDK adds


@pytest.mark.parametrize(("provider", "path"), [("openai", "/v1"), ("openai-responses", "/v1")])
def test_the_providers_leg_with_openai(server: Provider, provider: str, path: str) -> None:
    server.scripts = [stream([(FIXTURES / provider / "text.sse").read_bytes()])]
    it = recorded(server, provider, "chat", path)
    run(export(it.detail(), "python", "provider", "openai").text)
    assert server.call().json == json.loads(it.attempts[0].request.body or b"")


@pytest.mark.parametrize(
    ("provider", "leg", "sdk", "why"),
    [
        pytest.param("ollama", "provider", None, "curl", id="no SDK"),
        pytest.param("anthropic", "provider", "openai", "anthropic", id="the SDK of another dialect"),
        pytest.param("anthropic", "client", "google-genai", "openai", id="a client speaks OpenAI's"),
    ],
)
def test_a_leg_that_an_sdk_does_not_speak(server: Provider, provider: str, leg: Any, sdk: Any, why: str) -> None:
    with pytest.raises(Unexportable, match=why):
        export(recorded(server, provider, "chat").detail(), "python", leg, sdk)


def test_a_body_that_an_sdk_does_not_send(server: Provider) -> None:
    it = recorded(server, "anthropic", "chat")
    assert it.client_request is not None
    for body in (b"[]", b"{half", b'{"model": "m"}'):
        it.client_request = replace(it.client_request, body=body)
        with pytest.raises(Unexportable, match="curl"):
            export(it.detail(), "python")


def test_the_sdks() -> None:
    assert SDKS == ("anthropic", "google-genai", "openai")
