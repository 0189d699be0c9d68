"""A conversation with reasoning and tools moves from one provider to another and back: what one has signed never
reaches another, and calls and their results stay together."""

import base64
import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from openai import OpenAI

from tests.e2e.answers import Reply
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, free_port
from tests.e2e.pools import MEMBERS, NAMES, Cast, settings
from tests.e2e.provider import Call, Provider, Script, whole
from tests.e2e.provider_cases import SCHEMA, TOOL, plain

FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
SIGNING = ("claude", "gemini", "bedrock", "responses")
FLAT_TOOL = {"type": "function", "name": "weather", "description": "Looks.", "parameters": SCHEMA, "strict": False}
CALL_AND_RESULT = {
    "claude": ("id", "tool_use_id"),
    "gemini": ("id", "id"),
    "bedrock": ("toolUseId", "toolUseId"),
    "chat": ("id", "tool_call_id"),
    "responses": ("call_id", "call_id"),
    "ollama": ("id", "tool_call_id"),
}
"""The fields in which each dialect has the id of a call, and that of its result."""
HOLDERS = {
    "claude": ("tool_use", "tool_result"),
    "gemini": ("functionCall", "functionResponse"),
    "bedrock": ("toolUse", "toolResult"),
    "responses": ("function_call", "function_call_output"),
}


@pytest.fixture(scope="module")
def pools(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    made = settings(running_provider.url, f"http://127.0.0.1:{free_port()}/v1")
    with GatewayProcess(tmp_path_factory.mktemp("histories"), made) as process:
        yield process


@pytest.fixture(scope="module")
def sdk(pools: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(api_key=CLIENT_KEY, base_url=f"{pools.url}/v1", max_retries=0) as made:
        yield made


def signature(place: str) -> str:
    return base64.b64encode(f"signature of {place}, which is long enough".encode()).decode()


def calling(place: str, turn: int) -> Script:
    """A thought with a signature, a text, and a call of a tool."""
    name = place.split("/")[1]
    call = (f"call_{turn}_of_{name}", "weather", {"city": "Rome"})
    return MEMBERS[name].speech.answer(Reply("I look.", (call,), "Hm.", signature(place), name))


def failing() -> Script:
    return whole({"error": {"message": "no", "type": "x"}}, 503)


class Chat:
    """A client that keeps a conversation as OpenAI documents it, through chat completions."""

    def __init__(self, sdk: OpenAI, model: str, stream: bool) -> None:
        self.sdk, self.model, self.stream = sdk, model, stream
        self.messages: list[Any] = [{"role": "user", "content": "What is the weather?"}]

    def turn(self) -> str:
        """Ask, and bring the results of tools; return the text."""
        options: Any = {"model": self.model, "messages": self.messages, "tools": [TOOL], "max_tokens": 3000}
        if self.stream:
            with self.sdk.chat.completions.stream(**options) as chunks:
                message: Any = chunks.get_final_completion().choices[0].message
        else:
            message = self.sdk.chat.completions.create(**options).choices[0].message
        calls = [plain(call) for call in message.tool_calls or ()]
        self.messages.append({"role": "assistant", "content": message.content, "tool_calls": calls})
        self.messages += [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in calls]
        return message.content or ""


class Responses:
    """The same through Responses, whose items it hands back as they came."""

    def __init__(self, sdk: OpenAI, model: str, stream: bool) -> None:
        self.sdk, self.model, self.stream = sdk, model, stream
        self.input: list[Any] = [{"role": "user", "content": "What is the weather?"}]

    def turn(self) -> str:
        options: Any = {"model": self.model, "input": self.input, "tools": [FLAT_TOOL], "max_output_tokens": 3000}
        options |= {"store": False, "include": ["reasoning.encrypted_content"]}
        if self.stream:
            with self.sdk.responses.stream(**options) as events:
                response: Any = events.get_final_response()
        else:
            response = self.sdk.responses.create(**options)
        for item in response.output:
            self.input.append(item.model_dump(exclude_none=True, exclude={"parsed_arguments"}))
            if item.type == "function_call":
                self.input.append({"type": "function_call_output", "call_id": item.call_id, "output": "sunny"})
        return str(response.output_text)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(each)


def ids(name: str, call: Call) -> tuple[list[str], list[str]]:
    """The ids of the calls, and of the results, in a request to a provider of that dialect."""
    every, (of_call, of_result) = list(objects(call.json)), CALL_AND_RESULT[name]
    match name:
        case "chat" | "ollama":
            calls = [each for holder in every for each in holder.get("tool_calls", ())]
            results = [each for each in every if each.get("role") == "tool"]
        case "gemini" | "bedrock":
            calls, results = ([each[kind] for each in every if kind in each] for kind in HOLDERS[name])
        case _:
            calls, results = ([each for each in every if each.get("type") == kind] for kind in HOLDERS[name])
    return [each[of_call] for each in calls], [each[of_result] for each in results]


@FORMS
@pytest.mark.parametrize("client", [Chat, Responses])
@pytest.mark.parametrize(("first", "second"), [*permutations(NAMES, 2)])
def test_a_conversation_moves_and_comes_back(
    sdk: OpenAI, provider: Provider, first: str, second: str, client: type[Chat | Responses], stream: bool
) -> None:
    here, there = f"first/{first}", f"second/{second}"
    talk = client(sdk, f"{first}-{second}", stream)
    provider.default = cast = Cast()
    for turn, works in enumerate((here, there, here, there)):
        cast.scripts = {here: calling(here, turn) if works == here else failing(), there: calling(there, turn)}
        assert talk.turn() == "I look."
    assert cast.asked == [here, here, there, here, here, there]
    for place, call in zip(cast.asked, cast.calls, strict=True):
        other = there if place == here else here
        body = call.body.decode()
        assert signature(other) not in body
        assert base64.b64encode(signature(other).encode()).decode().rstrip("=") not in body
        calls, results = ids(place.split("/")[1], call)
        assert calls == results
        assert len(set(calls)) == len(calls)
    assert [len(ids(place.split("/")[1], call)[0]) for place, call in zip(cast.asked, cast.calls, strict=True)] == [
        *(0, 1, 1, 2, 3, 3)
    ]
    if first in SIGNING:
        assert signature(here) in cast.calls[3].body.decode()
    if second in SIGNING:
        assert signature(there) in cast.calls[5].body.decode()
    assert json.dumps(talk.__dict__.get("messages") or talk.__dict__["input"]).count("sunny") == 4
