"""The clients themselves, on a transport that answers with what we write: OpenAI's SDK and the Agents SDK."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from agents import Agent, ModelSettings, RunConfig, Runner, function_tool
from agents.models.openai_provider import OpenAIProvider
from openai import APIError, AsyncOpenAI, OpenAI
from openai.types.shared import Reasoning as ReasoningSettings
from pydantic import BaseModel
from test_responses_answers import EVERYTHING, LENGTH, TURN

from translators.clients import responses
from translators.conversation import Reasoning, Text, ToolCall, ToolResult
from translators.dialects import Envelope, ParsedRequest
from translators.errors import Failure
from translators.events import (
    Event,
    Finished,
    ReasoningDelta,
    ReasoningSigned,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)

USAGE = UsageReported(Usage(10, 5))


class House:
    """Answers each request with the next of `answers`, and stores the requests."""

    def __init__(self, *answers: Sequence[Event]) -> None:
        self.answers = list(answers)
        self.requests: list[ParsedRequest] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parsed = responses.parse(json.loads(request.content))
        self.requests.append(parsed)
        envelope = Envelope(f"resp_{len(self.requests)}", 1_700_000_000, parsed.model)
        streams = parsed.conversation.stream
        writer = (responses.streamed if streams else responses.whole)(parsed.form, envelope)
        events = self.answers[len(self.requests) - 1]
        out = [b""] if not streams else [responses.keepalive()]
        out += [writer.on(event) for event in events]
        finished = isinstance(events[-1], Finished)
        out.append(writer.close() if finished else writer.fail(Failure(503, "Broke.", "server_error")))
        kind = "text/event-stream" if streams else "application/json"
        return httpx.Response(200, content=b"".join(out), headers={"content-type": kind})


def client(house: House) -> OpenAI:
    transport = httpx.MockTransport(house)
    return OpenAI(base_url="http://gateway/v1", api_key="k", http_client=httpx.Client(transport=transport))


@pytest.mark.parametrize("events", [TURN, EVERYTHING], ids=["a turn", "everything"])
def test_openais_client_makes_the_same_of_both(events: list[Event]) -> None:
    house = House(events, events)
    ask: dict[str, Any] = {"model": "m", "input": "x", "reasoning": {"summary": "auto"}}
    with client(house).responses.stream(**ask) as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_response()
    whole = client(house).responses.create(**ask)
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    ids = {"resp_1": "resp_2"}
    assert len(streamed.output) == len(whole.output)
    assert streamed.output_text == whole.output_text
    assert streamed.usage == whole.usage
    assert {streamed.id: whole.id} == ids


class City(BaseModel):
    name: str


def test_openais_client_parses_what_it_asked_for() -> None:
    events = [Started(), TextDelta('{"name": '), TextDelta('"Berlin"}'), USAGE, Finished("stop")]
    house = House(events)
    parsed = client(house).responses.parse(model="m", input="x", text_format=City)
    assert parsed.output_parsed == City(name="Berlin")
    wanted = house.requests[0].conversation.options["response_format"].value
    assert (wanted.kind, wanted.name, wanted.strict) == ("schema", "City", True)


def test_openais_client_sees_what_was_cut() -> None:
    house = House([Started(), TextDelta("Cu"), USAGE, LENGTH])
    events = list(client(house).responses.create(model="m", input="x", stream=True))
    assert events[-1].type == "response.incomplete"


def test_openais_client_sees_a_failure() -> None:
    house = House([Started(), TextDelta("Ha")])
    stream = client(house).responses.create(model="m", input="x", stream=True)
    last = None
    try:
        for event in stream:
            last = event
    except APIError:  # were it a bare `error` event
        pytest.fail("A failed response is an event like the others.")
    assert last is not None
    assert last.type == "response.failed"


LOOP: list[list[Event]] = [
    [
        Started(),
        ReasoningDelta(0, "Look."),
        ReasoningSigned(0, "sig0", "anthropic:m"),
        TextDelta("Let me."),
        ToolCallStarted(0, "call_a", "look", signature="gsig", issuer="gemini:g"),
        ToolCallDelta(0, '{"place":"x"}'),
        USAGE,
        Finished("tool_calls"),
    ],
    [Started(), TextDelta("Done."), USAGE, Finished("stop")],
]


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_an_agent_without_state_keeps_its_signatures(streams: bool) -> None:
    @function_tool
    def look(place: str) -> str:
        """Looks."""
        return f"seen {place}"

    house = House(*LOOP)

    async def run() -> str:
        http = httpx.AsyncClient(transport=httpx.MockTransport(house))
        provider = OpenAIProvider(
            openai_client=AsyncOpenAI(base_url="http://gateway/v1", api_key="k", http_client=http),
            use_responses=True,
        )
        settings = ModelSettings(
            store=False,
            reasoning=ReasoningSettings(effort="low", summary="auto"),
            response_include=["reasoning.encrypted_content"],
        )
        agent = Agent(name="a", model="m", instructions="Be brief.", tools=[look], model_settings=settings)
        config = RunConfig(model_provider=provider, tracing_disabled=True)
        if streams:
            running = Runner.run_streamed(agent, "Hi", run_config=config)
            async for _ in running.stream_events():
                pass
            return str(running.final_output)
        return str((await Runner.run(agent, "Hi", run_config=config)).final_output)

    assert asyncio.run(run()) == "Done."
    _, second = house.requests
    system, user, model, tool = second.conversation.turns
    assert (system.role, user.role) == ("system", "user")
    assert model.parts == (
        Reasoning("Look.", "sig0", "anthropic:m", "input[1]"),
        Text("Let me.", "input[2].content[0]"),
        ToolCall("call_a", "look", '{"place":"x"}', at="input[4]", signature="gsig", issuer="gemini:g"),
    )
    assert tool.parts == (ToolResult("call_a", (Text("seen x", "input[5].output"),), at="input[5]"),)
    assert second.notes == ()
