"""The real model through a real gateway: tokens from a process of our own, by OpenAI's SDK, both ways."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import BadRequestError, OpenAI

from addons.embedded.child import available
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


TOOL: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
PNG = "data:image/png;base64,iVBORw0KGgo="


@pytest.mark.parametrize(
    ("more", "param"),
    [
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]}]},
            "messages[0].content[0]",
            id="an image",
        ),
        pytest.param({"tools": [TOOL], "tool_choice": "required"}, "tool_choice", id="a call is required"),
    ],
)
def test_what_it_cannot_do_is_refused_before_it_is_asked(sdk: OpenAI, more: Any, param: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        sdk.chat.completions.create(**{**ASK, **more})
    assert (refused.value.param or "").startswith(param)


def test_tools_are_left_out_with_a_note(sdk: OpenAI) -> None:
    call = {"id": "x", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    history: Any = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "x", "content": "A tree."},
    ]
    answer = sdk.chat.completions.with_raw_response.create(**{**ASK, "messages": history, "tools": [TOOL]})
    assert '"path":"tools","fate":"dropped"' in answer.headers["x-gateway-notes"]
    assert answer.parse().choices[0].message.content
