"""The real model through a real gateway: tokens from a process of our own, by OpenAI's SDK, both ways."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import OpenAI

from addons.embedded import available
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.wire import Wire, asking, request

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")

ASK: Any = {
    "model": "smollm2",
    "messages": [{"role": "user", "content": "Is the sky blue? Answer yes or no."}],
    "max_tokens": 60,
    "temperature": 0,
}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    settings = {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}],
        "embedded": {"enable": True, "alias": "smollm2"},
        "log-format": "json",
    }
    with GatewayProcess(tmp_path_factory.mktemp("embedded"), settings) as process:
        yield process


@pytest.fixture
def sdk(embedded: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{embedded.url}/v1", max_retries=0) as client:
        yield client


def test_it_is_the_only_model(sdk: OpenAI) -> None:
    assert [(model.id, model.owned_by) for model in sdk.models.list()] == [("smollm2", "embedded")]


def test_whole(sdk: OpenAI) -> None:
    completion = sdk.chat.completions.create(**ASK)
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 5
    assert 0 < completion.usage.completion_tokens <= 60


def test_stream(sdk: OpenAI) -> None:
    chunks = list(sdk.chat.completions.create(**ASK, stream=True))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert len(pieces) > 1
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_whole_and_stream_have_one_shape(sdk: OpenAI) -> None:
    once = sdk.chat.completions.create(**ASK)
    with sdk.chat.completions.stream(**ASK, stream_options={"include_usage": True}) as events:
        folded = events.get_final_completion()
    assert folded.choices[0].finish_reason == once.choices[0].finish_reason
    assert folded.choices[0].message.content == once.choices[0].message.content
    assert folded.usage is not None
    assert once.usage is not None
    assert set(folded.usage.model_dump(exclude_none=True)) == set(once.usage.model_dump(exclude_none=True))


def test_a_client_leaves_a_running_answer(embedded: GatewayProcess) -> None:
    with Wire(embedded.port) as wire:
        wire.send(request(body=asking(True, model="smollm2", max_tokens=2000), x_request_id="leaves-the-model"))
        wire.until(b'"content":')
    assert embedded.record("leaves-the-model")["end"] == "cancelled"
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    again = httpx.post(f"{embedded.url}/v1/chat/completions", json=ASK, headers=headers, timeout=30, trust_env=False)
    assert again.status_code == 200
