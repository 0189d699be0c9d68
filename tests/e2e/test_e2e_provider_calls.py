"""Every provider's section of config.yaml by OpenAI's own SDK: a whole call, a stream, a tool loop. What arrived at the
provider is looked at as it came."""

import json
from typing import Any

from openai import OpenAI

from tests.e2e.answers import USAGE, Told
from tests.e2e.every_provider import CANARIES
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.provider import Provider
from tests.e2e.provider_cases import ASKED, CALLING, EVERY, FORMS, SYSTEM, TOOL, Case, arrived, asks, plain


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
    told: Any = by.chat.completions.create(
        model=case.model,
        messages=[SYSTEM, ASKED],
        max_tokens=100,
        stream=True,
    )
    chunks = list(told)
    assert [each for chunk in chunks if (each := chunk.choices[0].delta.content)] == Told().pieces
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
    said = {"role": "assistant", "content": "I look.", "tool_calls": [plain(call)]}
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    done = asks(by, case, False, said, result, tools=[TOOL])
    assert done.choices[0].message.content == "Hello there"
    first, second = provider.calls
    arrived(case, first, streamed)
    arrived(case, second, False)
    assert second.json == case.loop


def test_no_key_is_in_the_log(many: GatewayProcess) -> None:
    """All that the tests of this file have made the gateway say."""
    assert [canary for canary in CANARIES if canary in many.output] == []
    assert [line for line in many.lines if "Traceback" in line or "Signature=" in line] == []
