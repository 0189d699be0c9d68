"""The real model by every endpoint of a real llama.cpp server: relayed where client and server speak the same, else
through our own words. What it says is not the matter, but that all ways say the same."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from addons.embedded.child import Embedded, available
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")

SAID = "Is the sky blue? Answer yes or no."
FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
WAYS = ("relay", "chat-only", "responses-only", "messages")
"""The models, one of each entry."""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    server = Embedded("smollm2")
    server.start()
    try:
        at = asyncio.run(server.ready())

        def entry(alias: str, **more: Any) -> dict[str, Any]:
            return {"base-url": f"{at}/v1", "models": [{"name": "smollm2", "alias": alias}], **more}

        keys = {"api-key-entries": [{"api-key": server.key}]}
        settings = {
            "api-keys": [CLIENT_KEY],
            "log-format": "json",
            "openai-compatibility": [
                entry("relay", name="llama.cpp", endpoints=["chat", "completions", "responses"], **keys),
                entry("chat-only", name="chat", endpoints=["chat"], quirks={"max-tokens-field": "max_tokens"}, **keys),
            ],
            "codex-api-key": [entry("responses-only", **{"api-key": server.key})],
            "claude-api-key": [entry("messages", **{"api-key": server.key})],
        }
        with (
            GatewayProcess(tmp_path_factory.mktemp("llama"), settings) as process,
            OpenAI(api_key=CLIENT_KEY, base_url=f"{process.url}/v1", max_retries=0) as made,
        ):
            yield made
    finally:
        server.stop()


@FORMS
@pytest.mark.parametrize("model", WAYS)
def test_chat(sdk: OpenAI, model: str, streamed: bool) -> None:
    request: Any = {
        "model": model,
        "messages": [{"role": "user", "content": SAID}],
        "max_tokens": 40,
        "temperature": 0,
    }
    if streamed:
        with sdk.chat.completions.stream(**request, stream_options={"include_usage": True}) as events:
            pieces = [event.delta for event in events if event.type == "content.delta"]
            answer: Any = events.get_final_completion()
        assert len(pieces) > 1
    else:
        answer = sdk.chat.completions.create(**request)
    [choice] = answer.choices
    assert choice.message.content
    assert (choice.finish_reason, answer.model) == ("stop", model)
    assert answer.usage.prompt_tokens > 5
    assert 0 < answer.usage.completion_tokens <= 40


@FORMS
@pytest.mark.parametrize("model", WAYS)
def test_completions(sdk: OpenAI, model: str, streamed: bool) -> None:
    prompt = "Once upon a time there was a"
    answer: Any = sdk.completions.create(model=model, prompt=prompt, max_tokens=8, temperature=0, stream=streamed)
    chunks = list(answer) if streamed else [answer]
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.text for choice in choices)
    assert choices[-1].finish_reason in ("stop", "length")
    assert {(chunk.object, chunk.model) for chunk in chunks} == {("text_completion", model)}


@FORMS
@pytest.mark.parametrize("model", WAYS)
def test_responses(sdk: OpenAI, model: str, streamed: bool) -> None:
    request: Any = {"model": model, "input": SAID, "max_output_tokens": 40, "temperature": 0}
    if streamed:
        with sdk.responses.stream(**request) as events:
            answer: Any = events.get_final_response()
    else:
        answer = sdk.responses.create(**request)
    assert answer.output_text
    assert (answer.status, answer.model) == ("completed", model)
    assert answer.usage.output_tokens > 0
