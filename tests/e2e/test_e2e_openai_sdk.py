"""OpenAI's own SDK through a real gateway: what it sends is understood, what it gets it understands."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic.types as claude_types
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion
from pydantic import BaseModel, TypeAdapter

from tests.e2e import claude
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.provider import Provider, stream, whole

ASK: Any = {"model": "sonnet", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "Looks.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    for name in ("weather", "time")
]
CALLS = claude.message(
    claude.text("Let me see."),
    claude.tool_use("toolu_1", "weather", city="Paris"),
    claude.tool_use("toolu_2", "time", city="Lima"),
    stop_reason="tool_use",
)


@pytest.fixture
def sdk(gateway: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=0) as client:
        yield client


def asynchronous(gateway: GatewayProcess) -> AsyncOpenAI:
    return AsyncOpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=0)


def answers(provider: Provider, message: dict[str, Any]) -> None:
    """Streamed to whom asks for a stream."""

    async def script(call: Any) -> None:
        await (stream(claude.events(message)) if call.json.get("stream") else whole(message))(call)

    provider.default = script


def plain(completion: Any) -> dict[str, Any]:
    """An answer without what differs from call to call."""
    body: dict[str, Any] = completion.model_dump(exclude_none=True)
    for choice in body["choices"]:
        choice["message"].pop("parsed", None)
        for call in choice["message"].get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
            call.pop("index", None)
    return {name: value for name, value in body.items() if name not in ("id", "created", "object")}


def test_whole(sdk: OpenAI, provider: Provider) -> None:
    completion = sdk.chat.completions.create(**ASK)
    assert completion.choices[0].message.content == "Hello there"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == "sonnet"
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.total_tokens) == (11, 18)
    assert completion._request_id


def test_stream(sdk: OpenAI, provider: Provider) -> None:
    answers(provider, claude.message())
    chunks = list(sdk.chat.completions.create(**ASK, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello there"
    assert [chunk.choices[0].delta.role for chunk in chunks if chunk.choices[0].delta.role] == ["assistant"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


async def test_asynchronous(gateway: GatewayProcess, provider: Provider) -> None:
    answers(provider, claude.message())
    async with asynchronous(gateway) as sdk:
        completion = await sdk.chat.completions.create(**ASK)
        assert completion.choices[0].message.content == "Hello there"
        received = [chunk async for chunk in await sdk.chat.completions.create(**ASK, stream=True)]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in received) == "Hello there"
        async with sdk.chat.completions.stream(**ASK) as events:
            assert (await events.get_final_completion()).choices[0].message.content == "Hello there"


def test_an_answer_that_is_cut_at_its_length(sdk: OpenAI, provider: Provider) -> None:
    """The SDK's accumulator raises for it; `create` does not."""
    answers(provider, claude.message(stop_reason="max_tokens"))
    chunks = list(sdk.chat.completions.create(**ASK, stream=True))
    assert chunks[-1].choices[0].finish_reason == "length"
    assert sdk.chat.completions.create(**ASK).choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    ("message", "options"),
    [
        pytest.param(claude.message(), {}, id="text"),
        pytest.param(CALLS, {"tools": TOOLS}, id="tools"),
        pytest.param(
            claude.message(claude.tool_use("toolu_1", "weather"), stop_reason="tool_use"),
            {"tools": TOOLS},
            id="no-arguments",
        ),
        pytest.param(claude.message(claude.text("\N{CRAB} caf\N{LATIN SMALL LETTER E WITH ACUTE}")), {}, id="unicode"),
    ],
)
def test_whole_is_the_fold_of_the_stream(
    sdk: OpenAI, provider: Provider, message: dict[str, Any], options: dict[str, Any]
) -> None:
    answers(provider, message)
    once = sdk.chat.completions.create(**ASK, **options)
    with sdk.chat.completions.stream(**ASK, **options, stream_options={"include_usage": True}) as events:
        folded = events.get_final_completion()
    assert plain(folded) == plain(once)
    assert [call.json.pop("stream") for call in provider.calls] == [False, True]
    first, second = ({**call.json, "stream": None} for call in provider.calls)
    assert first == second


def test_parallel_tools_and_their_results(sdk: OpenAI, provider: Provider) -> None:
    answers(provider, CALLS)
    message = sdk.chat.completions.create(**ASK, tools=TOOLS).choices[0].message
    assert message.tool_calls is not None
    calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls]
    received = [(one, two, json.loads(given)) for one, two, given in calls]
    assert received == [("toolu_1", "weather", {"city": "Paris"}), ("toolu_2", "time", {"city": "Lima"})]
    answers(provider, claude.message(claude.text("Rain.")))
    results: Any = [{"role": "tool", "tool_call_id": one, "content": "rain"} for one, _, _ in calls]
    history = [*ASK["messages"], message.model_dump(exclude_none=True), *results]
    done = sdk.chat.completions.create(model="sonnet", messages=history, tools=TOOLS, max_tokens=100)
    assert done.choices[0].message.content == "Rain."
    roles = [turn["role"] for turn in provider.calls[-1].json["messages"]]
    assert roles == ["user", "assistant", "user"]
    assert [part["tool_use_id"] for part in provider.calls[-1].json["messages"][-1]["content"]] == [
        "toolu_1",
        "toolu_2",
    ]


class Weather(BaseModel):
    city: str
    degrees: int


def test_parse(sdk: OpenAI, provider: Provider) -> None:
    answers(provider, claude.message(claude.text('{"city": "Paris", "degrees": 21}')))
    parsed = sdk.chat.completions.parse(**ASK, response_format=Weather)
    assert parsed.choices[0].message.parsed == Weather(city="Paris", degrees=21)
    assert provider.call().json["output_config"]["format"]["type"] == "json_schema"
    with sdk.chat.completions.stream(**ASK, response_format=Weather) as events:
        assert events.get_final_completion().choices[0].message.parsed == Weather(city="Paris", degrees=21)


@pytest.mark.parametrize(
    ("status", "kind", "raised"),
    [
        pytest.param(400, "invalid_request_error", openai.BadRequestError, id="400"),
        pytest.param(401, "authentication_error", openai.InternalServerError, id="the-gateway's-own-key"),
        pytest.param(404, "not_found_error", openai.NotFoundError, id="404"),
        pytest.param(429, "rate_limit_error", openai.RateLimitError, id="429"),
        pytest.param(500, "api_error", openai.InternalServerError, id="500"),
        pytest.param(529, "overloaded_error", openai.InternalServerError, id="529"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_errors(
    sdk: OpenAI, provider: Provider, status: int, kind: str, raised: type[Exception], streamed: bool
) -> None:
    provider.default = whole(claude.error(kind), status)
    with pytest.raises(raised, match="said by the provider"):
        sdk.chat.completions.create(**ASK, stream=streamed)


def test_a_wrong_key_is_the_clients(gateway: GatewayProcess) -> None:
    with (
        OpenAI(api_key="wrong", base_url=f"{gateway.url}/v1", max_retries=0) as sdk,
        pytest.raises(openai.AuthenticationError),
    ):
        sdk.models.list()


def test_an_error_in_the_stream_is_raised(sdk: OpenAI, provider: Provider) -> None:
    provider.default = stream([*claude.HELLO[:4], claude.error("overloaded_error", "too much")])
    texts: list[str] = []
    chunks = sdk.chat.completions.create(**ASK, stream=True)
    with pytest.raises(openai.APIError, match="too much") as raised:
        texts.extend(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert "".join(texts) == "Hello "
    assert raised.value.code == "server_overloaded"


def test_the_sdk_tries_again_when_told_to(gateway: GatewayProcess, provider: Provider) -> None:
    provider.scripts = [whole(claude.error("rate_limit_error"), 429, {"retry-after-ms": "1"})]
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{gateway.url}/v1", max_retries=1) as sdk:
        assert sdk.chat.completions.create(**ASK).choices[0].message.content == "Hello there"
    assert len(provider.calls) == 2


def test_models(sdk: OpenAI) -> None:
    assert [model.id for model in sdk.models.list()] == ["sonnet", "team/small/haiku"]
    assert sdk.models.retrieve("team/small/haiku").owned_by == "anthropic"
    with pytest.raises(openai.NotFoundError):
        sdk.models.retrieve("nobody")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="least"),
        pytest.param({"tools": TOOLS, "tool_choice": "required", "parallel_tool_calls": False}, id="tools"),
        pytest.param({"stop": ["a", "b"], "user": "u", "seed": 1, "n": 1}, id="knobs"),
        pytest.param({"stream": True, "stream_options": {"include_usage": True}}, id="stream"),
    ],
)
def test_what_leaves_is_what_anthropics_sdk_describes(sdk: OpenAI, provider: Provider, options: dict[str, Any]) -> None:
    answers(provider, claude.message())
    made: Any = sdk.chat.completions.create(**ASK, **options)
    assert isinstance(made, ChatCompletion) or list(made)
    body = provider.call().json
    adapter: TypeAdapter[Any] = TypeAdapter(claude_types.MessageCreateParams)
    valid = adapter.validate_python(body)
    assert set(valid) == set(body)
    assert [TypeAdapter(claude_types.MessageParam).validate_python(turn) for turn in body["messages"]]
    assert len([TypeAdapter(claude_types.ToolUnionParam).validate_python(tool) for tool in body.get("tools", [])]) == (
        len(options.get("tools", []))
    )
