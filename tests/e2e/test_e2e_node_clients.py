"""Clients of Node.js's: OpenAI's own library, and Vercel's AI SDK with its two OpenAI providers."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import claude, node_packages
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import Provider, Script, stream, whole

CALL = claude.message(claude.tool_use("toolu_1", "weather", city="Rome"), stop_reason="tool_use")
THINKING = claude.thinking("Rome, then.", "c2lnbmVkIGJ5IENsYXVkZQ==")
THOUGHT_CALL = claude.message(THINKING, claude.text("I look it up."), *CALL["content"], stop_reason="tool_use")
ANSWER = claude.message(claude.text("It is sunny in Rome."))

STREAMED = [
    pytest.param("ai-sdk-openai-chat", id="AI SDK, chat"),
    pytest.param("ai-sdk-compatible", id="AI SDK, openai-compatible"),
    pytest.param("ai-sdk-openai", id="AI SDK, responses"),
]
LOOPED = [
    pytest.param("ai-sdk-compatible-tools", id="AI SDK, openai-compatible"),
    pytest.param("ai-sdk-openai-tools", id="AI SDK, responses"),
]


@pytest.fixture(scope="session")
def installed() -> Path:
    return node_packages.installed()


@pytest.fixture(scope="module")
def keeping(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway that keeps responses."""
    settings = config(running_provider.url, response_store={"enable": True})
    with GatewayProcess(tmp_path_factory.mktemp("keeping"), settings) as process:
        yield process


def run(installed: Path, gateway: GatewayProcess, client: str) -> Any:
    command = ["node", "clients.mjs", client, f"{gateway.url}/v1", CLIENT_KEY, "sonnet"]
    done = subprocess.run(command, check=False, cwd=installed, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def answering(body: dict[str, Any]) -> Script:
    """Whole or streamed, as requested."""
    as_whole, as_stream = whole(body), stream(claude.events(body))

    async def script(call: Any) -> None:
        await (as_stream if call.json.get("stream") else as_whole)(call)

    return script


def test_openai_chat(installed: Path, gateway: GatewayProcess, provider: Provider) -> None:
    provider.default = stream(claude.HELLO)
    assert run(installed, gateway, "openai-chat") == {"text": "Hello there", "finish": "stop"}


def test_openai_responses(installed: Path, gateway: GatewayProcess, provider: Provider) -> None:
    provider.default = stream(claude.HELLO)
    result = run(installed, gateway, "openai-responses")
    assert (result["text"], result["status"]) == ("Hello there", "completed")
    assert (result["types"][0], result["types"][-1]) == ("response.created", "response.completed")


@pytest.mark.parametrize("client", STREAMED)
def test_a_stream(installed: Path, gateway: GatewayProcess, provider: Provider, client: str) -> None:
    provider.default = stream(claude.HELLO)
    result = run(installed, gateway, client)
    assert (result["text"], result["finish"], result["output"]) == ("Hello there", "stop", 7)
    assert "error" not in result["kinds"]


@pytest.mark.parametrize("client", LOOPED)
def test_a_tool_loop(installed: Path, gateway: GatewayProcess, provider: Provider, client: str) -> None:
    provider.scripts = [answering(CALL), answering(ANSWER)]
    assert run(installed, gateway, client) == {
        "text": "It is sunny in Rome.",
        "steps": 2,
        "calls": [{"city": "Rome"}],
    }
    [result] = provider.calls[1].json["messages"][-1]["content"]
    assert (result["type"], result["tool_use_id"]) == ("tool_result", "toolu_1")
    assert "sunny in Rome" in json.dumps(result["content"])


@pytest.mark.parametrize(
    ("stored", "client"),
    [
        pytest.param(False, "ai-sdk-openai-tools-stateless", id="without state"),
        pytest.param(True, "ai-sdk-openai-tools", id="by references to what is kept"),
    ],
)
def test_thinking_comes_back_as_it_was_signed(
    installed: Path,
    gateway: GatewayProcess,
    keeping: GatewayProcess,
    provider: Provider,
    stored: bool,
    client: str,
) -> None:
    provider.scripts = [answering(THOUGHT_CALL), answering(ANSWER)]
    result = run(installed, keeping if stored else gateway, client)
    assert (result["text"], result["steps"]) == ("It is sunny in Rome.", 2)
    assert provider.calls[1].json["messages"][1]["content"] == THOUGHT_CALL["content"]
