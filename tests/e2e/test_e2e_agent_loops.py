"""Agents over /v1/responses onto Claude: parallel calls and a handoff by the Agents SDK, and what is kept for those
who come back by an id."""

import json
from collections.abc import Iterator
from typing import Any

import claude
import openai
import pytest
from agents import Agent, ModelSettings, RunConfig, Runner, function_tool
from agents.models.openai_provider import OpenAIProvider
from gateway_process import CLIENT_KEY, GatewayProcess, config
from openai import AsyncOpenAI, OpenAI
from provider import Provider, Script, stream, whole
from pydantic import BaseModel

OTHER_KEY = "canary-of-another-client-0d77a1"


@pytest.fixture(scope="module")
def keeping(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    keys = [{"key": CLIENT_KEY, "name": "tester"}, {"key": OTHER_KEY, "name": "other"}]
    settings = config(running_provider.url, response_store={"enable": True}, api_keys=keys)
    with GatewayProcess(tmp_path_factory.mktemp("keeping"), settings) as process:
        yield process


@pytest.fixture
def client(keeping: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{keeping.url}/v1", api_key=CLIENT_KEY, max_retries=0) as made:
        yield made


def answering(body: dict[str, Any]) -> Script:
    """Whole or streamed, as requested."""
    as_whole, as_stream = whole(body), stream(claude.events(body))

    async def script(call: Any) -> None:
        await (as_stream if call.json.get("stream") else as_whole)(call)

    return script


def acting(*blocks: claude.Block) -> dict[str, Any]:
    return claude.message(*blocks, stop_reason="tool_use")


STEPS = [
    acting(
        claude.thinking("Both.", "c2lnMA=="),
        claude.tool_use("toolu_1", "look", place="x"),
        claude.tool_use("toolu_2", "look", place="y"),
    ),
    acting(claude.thinking("Bob's.", "c2lnMQ=="), claude.tool_use("toolu_3", "transfer_to_bob")),
    acting(claude.thinking("Again.", "c2lnMg=="), claude.text("Wait."), claude.tool_use("toolu_4", "look", place="z")),
    claude.message(claude.text("Done.")),
]


@function_tool
def look(place: str) -> str:
    """Looks."""
    return f"seen {place}"


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("stateless", [True, False], ids=["stateless", "by previous_response_id"])
async def test_parallel_calls_and_a_handoff(
    keeping: GatewayProcess, provider: Provider, streams: bool, stateless: bool
) -> None:
    """Claude reads its own words as it wrote them, in the last question as in the first."""
    provider.scripts = [answering(step) for step in STEPS]
    async with AsyncOpenAI(base_url=f"{keeping.url}/v1", api_key=CLIENT_KEY, max_retries=0) as asking:
        models = OpenAIProvider(openai_client=asking, use_responses=True)
        settings = ModelSettings(store=not stateless)
        bob = Agent(name="bob", model="sonnet", instructions="You are Bob.", tools=[look], model_settings=settings)
        al = Agent(
            name="al",
            model="sonnet",
            instructions="You are Al.",
            tools=[look],
            handoffs=[bob],
            model_settings=settings,
        )
        how = {
            "run_config": RunConfig(model_provider=models, tracing_disabled=True),
            "auto_previous_response_id": not stateless,
        }
        if streams:
            running = Runner.run_streamed(al, "Hi", **how)
            async for _ in running.stream_events():
                pass
            output = running.final_output
        else:
            output = (await Runner.run(al, "Hi", **how)).final_output
    assert output == "Done."
    last = provider.calls[-1].json
    assert last["system"] == [{"type": "text", "text": "You are Bob."}]
    assert [turn["content"] for turn in last["messages"][1::2]] == [step["content"] for step in STEPS[:-1]]
    results = [[result["tool_use_id"] for result in turn["content"]] for turn in last["messages"][2::2]]
    assert results == [["toolu_1", "toolu_2"], ["toolu_3"], ["toolu_4"]]
    assert "seen z" in json.dumps(last["messages"][-1])


def test_an_answer_is_gone_on_with_fetched_and_deleted(client: OpenAI, provider: Provider) -> None:
    first = client.responses.create(model="sonnet", input="One", instructions="Be brief.")
    second = client.responses.create(model="sonnet", input="Two", previous_response_id=first.id)
    body = provider.calls[1].json
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert "system" not in body  # instructions are not carried over
    assert (second.previous_response_id, second.store) == (first.id, True)
    assert client.responses.retrieve(second.id) == second
    client.responses.delete(second.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(second.id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="sonnet", input="Three", previous_response_id=second.id)
    assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")


def test_a_stream_is_kept_like_a_whole_answer(client: OpenAI, provider: Provider) -> None:
    provider.scripts = [stream(claude.events(STEPS[0]))]
    with client.responses.stream(model="sonnet", input="One") as events:
        for _ in events:
            pass
        first = events.get_final_response()
    results: Any = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "ok"}
        for call in first.output
        if call.type == "function_call"
    ]
    client.responses.create(model="sonnet", input=results, previous_response_id=first.id)
    assert provider.calls[1].json["messages"][1]["content"] == STEPS[0]["content"]


class City(BaseModel):
    name: str


def test_parse_goes_on_too(client: OpenAI, provider: Provider) -> None:
    provider.default = whole(claude.message(claude.text('{"name": "Rome"}')))
    first = client.responses.parse(model="sonnet", input="Where?", text_format=City)
    second = client.responses.parse(model="sonnet", input="Why?", text_format=City, previous_response_id=first.id)
    assert first.output_parsed == second.output_parsed == City(name="Rome")


def test_what_was_not_to_be_stored_is_not_kept(client: OpenAI, provider: Provider) -> None:
    answer = client.responses.create(model="sonnet", input="One", store=False)
    assert answer.store is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(answer.id)


def test_another_client_knows_nothing_of_it(keeping: GatewayProcess, client: OpenAI, provider: Provider) -> None:
    answer = client.responses.create(model="sonnet", input="One")
    with OpenAI(base_url=f"{keeping.url}/v1", api_key=OTHER_KEY, max_retries=0) as other:
        with pytest.raises(openai.NotFoundError):
            other.responses.retrieve(answer.id)
        with pytest.raises(openai.BadRequestError):
            other.responses.create(model="sonnet", input="Two", previous_response_id=answer.id)
        with pytest.raises(openai.NotFoundError):
            other.responses.delete(answer.id)
    assert client.responses.retrieve(answer.id).id == answer.id


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": [{"type": "item_reference", "id": "msg_nobody"}]}, "input[0].id"),
    ],
    ids=str,
)
def test_state_that_cannot_be_had_is_refused_by_name(
    client: OpenAI, provider: Provider, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**{"model": "sonnet", "input": "x", **fields})
    assert caught.value.param == param
    assert provider.calls == []
