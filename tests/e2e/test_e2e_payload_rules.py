"""The operator's rules, an effort behind a model's name, and copied headers, in a real gateway."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.e2e.answers import CHAT, CLAUDE, GEMINI, OLLAMA, RESPONSES, Speech
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import Provider, whole

SPEECHES = {"chat": CHAT, "claude": CLAUDE, "responses": RESPONSES, "ollama": OLLAMA, "gemini": GEMINI}
"""How the models of these names are answered."""


def for_clients(tier: str, params: dict[str, Any]) -> dict[str, Any]:
    """A rule for requests with a header, so that one gateway has many."""
    return {"models": [{"name": "*", "headers": {"X-Tier": tier}}], "params": params}


RULES = {
    "default": [for_clients("default", {"top_p": 0.5})],
    "override": [
        for_clients("effort", {"reasoning_effort": "high"}),
        for_clients("streamed", {"stream": True}),
        for_clients("whole", {"stream": False}),
        for_clients("model", {"model": "another"}),
        for_clients("choices", {"n": 3}),
    ],
    "filter": [{"models": [{"name": "*", "headers": {"X-Tier": "filter"}}], "params": ["messages", "contents"]}],
}


def settings(url: str, **more: Any) -> dict[str, Any]:
    compatible = {"base-url": f"{url}/v1", "api-key-entries": [{"api-key": "k-1"}]}
    return config(
        url,
        claude_api_key=[
            {
                "api-key": "k-1",
                "base-url": url,
                "models": [{"name": "claude-opus-4-6", "alias": "claude"}],
                "headers": {"X-Session-Id": "$X-Session", "User-Agent": "$User-Agent", "X-Literal": "$$X-Session"},
            }
        ],
        openai_compatibility=[
            {"name": "c", **compatible, "models": [{"name": "m", "alias": "chat"}]},
            {"name": "r", **compatible, "models": [{"name": "m", "alias": "responses"}], "endpoints": ["responses"]},
        ],
        gemini_api_key=[{"api-key": "k-1", "base-url": url, "models": [{"name": "gemini-2.5-pro", "alias": "gemini"}]}],
        ollama=[{"base-url": url, "models": [{"name": "m", "alias": "ollama"}]}],
        **more,
    )


@pytest.fixture(scope="module")
def ruled(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("ruled"), settings(running_provider.url, payload=RULES)) as process:
        yield process


@pytest.fixture
def sdk(ruled: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{ruled.url}/v1", max_retries=0) as made:
        yield made


def notes(headers: Any) -> str:
    return str(headers.get("x-gateway-notes", ""))


def say(sdk: OpenAI, model: str, stream: bool, tier: str = "none", **fields: Any) -> tuple[str, str, str]:
    """The text of a chat's answer, its model, the notes on it."""
    asked = sdk.chat.completions.with_raw_response.create(
        model=model,
        messages=[{"role": "user", "content": "secret words"}],
        max_tokens=100,
        stream=stream,
        extra_headers={"X-Tier": tier},
        **fields,
    )
    answer: Any = asked.parse()
    if not stream:
        return answer.choices[0].message.content, answer.model, notes(asked.headers)
    chunks = list(answer)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    return text, chunks[0].model, notes(asked.headers)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("model", SPEECHES)
def test_a_default_reaches_the_provider_and_the_notes(
    sdk: OpenAI, provider: Provider, model: str, stream: bool
) -> None:
    provider.default = SPEECHES[model].answer()
    text, _, noted = say(sdk, model, stream, "default")
    assert text == "Hello there"
    assert provider.call().json["top_p"] == 0.5
    assert "top_p" in noted
    assert "secret words" not in noted


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_override_says_what_it_replaced(sdk: OpenAI, provider: Provider, stream: bool) -> None:
    provider.default = CHAT.answer()
    _, _, noted = say(sdk, "chat", stream, "effort", reasoning_effort="low")
    assert provider.call().json["reasoning_effort"] == "high"
    assert "reasoning_effort" in noted


@pytest.mark.parametrize("stream", [False, True], ids=["asked whole", "asked streamed"])
@pytest.mark.parametrize("model", ["chat", "claude", "responses", "ollama"])
def test_the_client_gets_its_form_whatever_a_rule_asks_for(
    sdk: OpenAI, provider: Provider, model: str, stream: bool
) -> None:
    provider.default = SPEECHES[model].answer()
    for number, tier in enumerate(("streamed", "whole")):
        text, named, _ = say(sdk, model, stream, tier)
        assert (text, named) == ("Hello there", model)
        assert provider.call(number).json["stream"] is (tier == "streamed")


@pytest.mark.parametrize("stream", [False, True], ids=["asked whole", "asked streamed"])
def test_a_responses_client_too(sdk: OpenAI, provider: Provider, stream: bool) -> None:
    provider.default = RESPONSES.answer()
    for tier in ("streamed", "whole"):
        answer: Any = sdk.responses.create(model="responses", input="hi", stream=stream, extra_headers={"X-Tier": tier})
        done = list(answer)[-1].response if stream else answer
        assert (done.output_text, done.status) == ("Hello there", "completed")


def test_another_model_by_rule_stays_the_clients_name(sdk: OpenAI, provider: Provider) -> None:
    provider.default = CHAT.answer()
    _, named, noted = say(sdk, "chat", False, "model")
    assert provider.call().json["model"] == "another"
    assert named == "chat"
    assert "model" in noted


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_more_choices_than_were_asked_for_are_not_mixed(sdk: OpenAI, provider: Provider, stream: bool) -> None:
    provider.default = CHAT.answer()
    assert say(sdk, "chat", stream, "choices")[0] == "Hello there"
    assert provider.call().json["n"] == 3


def test_a_rule_that_breaks_a_request_gives_the_clients_error(sdk: OpenAI, provider: Provider) -> None:
    provider.default = whole({"error": {"message": "messages is required", "type": "invalid_request_error"}}, 400)
    with pytest.raises(Exception, match="messages is required"):
        say(sdk, "chat", False, "filter")
    assert "messages" not in provider.call().json


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("model", "speech", "sent"),
    [
        pytest.param("claude", CLAUDE, {"output_config": {"effort": "high"}}, id="claude"),
        pytest.param("chat", CHAT, {"reasoning_effort": "high"}, id="passed through"),
        pytest.param("responses", RESPONSES, {"reasoning": {"effort": "high"}}, id="responses"),
    ],
)
def test_an_effort_behind_the_name(
    sdk: OpenAI, provider: Provider, model: str, speech: Speech, sent: dict[str, Any], stream: bool
) -> None:
    provider.default = speech.answer()
    _, named, noted = say(sdk, f"{model}(High)", stream, reasoning_effort="low")
    body = provider.call().json
    assert {name: body[name] for name in sent} == sent
    assert named == f"{model}(High)"
    assert "model" in noted


def test_an_unknown_word_behind_a_name_is_a_model_that_nobody_serves(sdk: OpenAI, provider: Provider) -> None:
    with pytest.raises(Exception, match=r"chat\(ultra\).*not served"):
        say(sdk, "chat(ultra)", False)
    assert provider.calls == []


@pytest.mark.parametrize(
    "value",
    [pytest.param(b"s-1", id="a word"), pytest.param(b'a;"\\\tb', id="signs"), pytest.param(b"\xe9\xff", id="bytes")],
)
def test_headers_are_copied(sdk: OpenAI, provider: Provider, ruled: GatewayProcess, value: bytes) -> None:
    provider.default = CLAUDE.answer()
    fields = [(b"X-Session", value), (b"User-Agent", b"codex/1"), (b"Authorization", f"Bearer {CLIENT_KEY}".encode())]
    body = {"model": "claude", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
    httpx.post(f"{ruled.url}/v1/chat/completions", json=body, headers=fields, trust_env=False).raise_for_status()
    say(sdk, "claude", False)
    first, second = provider.call(0).headers, provider.call(1).headers
    assert (first["x-session-id"], first["user-agent"]) == (value.decode("latin-1"), "codex/1")
    assert first["x-literal"] == second["x-literal"] == "$X-Session"
    assert "x-session-id" not in second


def test_a_rule_with_a_mistake_stops_the_start(tmp_path: Path, provider: Provider) -> None:
    text = json.dumps({**settings(provider.url), "payload": {"override-raw": [for_clients("x", {"a": "{"})]}}, indent=1)
    process = GatewayProcess(tmp_path, text)
    assert process.wait() == process.stop() == 1
    line = next(at for at, each in enumerate(text.split("\n"), 1) if '"a": "{"' in each)
    assert f"{process.config}:{line}: payload.override-raw[0].params.a: must be JSON text" in process.output
