"""Clients that people build on: OpenAI's Agents SDK in a tool loop, over chat and responses, and the `llm` tool."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, Model, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool
from agents import set_tracing_disabled as set_agents_tracing_disabled
from openai import AsyncOpenAI

from tests.e2e import claude
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess
from tests.e2e.provider import Provider, Script, stream, whole

CALL = claude.message(
    claude.thinking("The user wants weather."),
    claude.tool_use("toolu_1", "weather", city="Rome"),
    stop_reason="tool_use",
)
ANSWER = claude.message(claude.text("It is sunny in Rome."))


def answering(body: dict[str, Any]) -> Script:
    """Whole or streamed, as requested."""
    as_whole, as_stream = whole(body), stream(claude.events(body))

    async def script(call: Any) -> None:
        await (as_stream if call.json.get("stream") else as_whole)(call)

    return script


@function_tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def chat(client: AsyncOpenAI) -> Model:
    return OpenAIChatCompletionsModel("sonnet", client)


def responses(client: AsyncOpenAI) -> Model:
    return OpenAIResponsesModel("sonnet", client)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("made", [chat, responses])
async def test_the_agents_sdk_in_a_tool_loop(
    gateway: GatewayProcess, provider: Provider, made: Any, streamed: bool
) -> None:
    set_agents_tracing_disabled(True)
    provider.scripts = [answering(CALL), answering(ANSWER)]
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=CLIENT_KEY, max_retries=0) as client:
        agent = Agent(name="a", instructions="Be brief.", tools=[weather], model=made(client))
        if streamed:
            run = Runner.run_streamed(agent, "What is the weather in Rome?")
            kinds = {event.type async for event in run.stream_events()}
            assert "run_item_stream_event" in kinds
            output = run.final_output
        else:
            output = (await Runner.run(agent, "What is the weather in Rome?")).final_output
    assert output == "It is sunny in Rome."
    first, second = (call.json for call in provider.calls)
    assert first["system"] == [{"type": "text", "text": "Be brief."}]
    [result] = second["messages"][-1]["content"]
    assert (result["type"], result["tool_use_id"]) == ("tool_result", "toolu_1")
    assert "sunny in Rome" in json.dumps(result["content"])
    called = second["messages"][1]["content"]
    assert called[-1] == {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}}


@pytest.mark.parametrize("arguments", [["--no-stream"], []], ids=["whole", "stream"])
def test_llm(gateway: GatewayProcess, provider: Provider, tmp_path: Path, arguments: list[str]) -> None:
    provider.default = answering(claude.message(claude.text("Hello there")))
    entry = {"model_id": "gateway", "model_name": "sonnet", "api_base": f"{gateway.url}/v1", "api_key_name": "gateway"}
    (tmp_path / "extra-openai-models.yaml").write_text(json.dumps([entry]))
    (tmp_path / "keys.json").write_text(json.dumps({"gateway": CLIENT_KEY}))
    command = [sys.executable, "-m", "llm", "-m", "gateway", "--no-log", *arguments, "Hi"]
    done = subprocess.run(
        command,
        check=False,
        env={**os.environ, "LLM_USER_PATH": str(tmp_path), "LLM_LOAD_PLUGINS": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "Hello there"), done.stderr
