"""Every provider's section of config.yaml by OpenAI's own SDK: a whole call, a stream, a tool loop. What arrived at the
provider is looked at as it came."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI
from pydantic import BaseModel

from tests.e2e.answers import USAGE, Reply
from tests.e2e.every_provider import CANARIES
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.provider import Provider
from tests.e2e.provider_cases import ASKED, CALLING, CASES, EVERY, FORMS, SYSTEM, TOOL, Case, arrived, asks, plain


@FORMS
@EVERY
def test_a_call(by: OpenAI, provider: Provider, case: Case, streamed: bool) -> None:
    provider.default = case.speech.answer()
    answer = asks(by, case, streamed)
    [choice] = answer.choices
    assert (choice.message.content, choice.finish_reason, answer.model) == ("Hello there", "stop", case.model)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (
        *USAGE,
        sum(USAGE),
    )
    [call] = provider.calls
    arrived(case, call, streamed)


@EVERY
def test_a_stream_comes_as_it_is_told(by: OpenAI, provider: Provider, case: Case) -> None:
    provider.default = case.speech.answer()
    answer: Any = by.chat.completions.create(
        model=case.model,
        messages=[SYSTEM, ASKED],
        max_tokens=100,
        stream=True,
    )
    chunks = list(answer)
    assert [each for chunk in chunks if (each := chunk.choices[0].delta.content)] == Reply().pieces
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


@FORMS
@EVERY
def test_a_tool_loop(by: OpenAI, provider: Provider, case: Case, streamed: bool) -> None:
    provider.scripts = [case.speech.answer(CALLING), case.speech.answer()]
    [choice] = asks(by, case, streamed, tools=[TOOL]).choices
    [call] = choice.message.tool_calls
    assert (choice.message.content, choice.finish_reason) == ("I look.", "tool_calls")
    assert (call.id, call.function.name, json.loads(call.function.arguments)) == ("call_1", "weather", {"city": "Rome"})
    turn = {"role": "assistant", "content": "I look.", "tool_calls": [plain(call)]}
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    done = asks(by, case, False, turn, result, tools=[TOOL])
    assert done.choices[0].message.content == "Hello there"
    first, second = provider.calls
    arrived(case, first, streamed)
    arrived(case, second, False)
    assert second.json == case.loop


class City(BaseModel):
    name: str


def _converse(body: Any) -> Any:
    return json.loads(body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])


SCHEMAS: dict[str, Callable[[Any], Any]] = {
    "gemini": lambda body: body["generationConfig"]["responseJsonSchema"],
    "express": lambda body: body["generationConfig"]["responseJsonSchema"],
    "vertex-claude": lambda body: body["output_config"]["format"]["schema"],
    "bedrock": _converse,
    "quirky": lambda body: body["response_format"]["json_schema"]["schema"],
    "codex": lambda body: body["text"]["format"]["schema"],
    "azure": lambda body: body["response_format"]["json_schema"]["schema"],
    "ollama": lambda body: body["format"],
}
"""Where a schema for the answer is, by provider."""


@pytest.mark.parametrize("model", SCHEMAS)
def test_a_parsed_answer(by: OpenAI, provider: Provider, model: str) -> None:
    case = CASES[model]
    provider.default = case.speech.answer(Reply('{"name": "Rome"}'))
    request: Any = {"model": model, "messages": [ASKED], "max_tokens": 100, "response_format": City}
    assert by.chat.completions.parse(**request).choices[0].message.parsed == City(name="Rome")
    with by.chat.completions.stream(**request) as events:
        assert events.get_final_completion().choices[0].message.parsed == City(name="Rome")
    for call in provider.calls:
        schema = SCHEMAS[model](call.json)
        assert (schema["type"], schema["required"], schema["additionalProperties"]) == ("object", ["name"], False)
        assert schema["properties"]["name"]["type"] == "string"


def test_no_key_is_in_the_log(many: GatewayProcess) -> None:
    """All that the tests of this file have made the gateway say."""
    assert [canary for canary in CANARIES if canary in many.output] == []
    assert [line for line in many.lines if "Traceback" in line or "Signature=" in line] == []
